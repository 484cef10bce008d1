"""Lists in answers: split at commas, outside brackets and numbers; compared without case and stray blanks."""

from __future__ import annotations

import ast
import json
import re
import unicodedata
from functools import lru_cache
from typing import Any

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-")
_NOTHING = re.compile(
    r"(?:there (?:is|are|were|was) )?(?:no|not any|none of the|without)\b(?: \w+){0,4} (?:entit|enetit|chemical|disease"
    r"|disorder|species|organism|gene|protein|drug|mention|phrase|information|participant|intervention|outcome|name|term"
    r"|dose)\w*(?: (?:is|are|was|were))?"
    r"(?: (?:found|present|mentioned|recognized|identified|provided|given|here|in .{0,60}))*"
    r"|none(?: (?:found|mentioned|present))?"
    r"|not (?:found|mentioned|applicable|specified|stated|given|provided|reported|available)"
    r"|no|nothing|n/a|nil|null|empty|\[\s*\]|no (?:answer|result)s?(?: found)?",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^(?:the |these |here (?:is|are) (?:the |all )?)?(?:(?:\w+[ -]){0,4})"
    r"(?:entit(?:y|ies)|chemicals?|diseases?|disorders?|species|organisms?|genes?|proteins?|drugs?|medicines?|names?|phrases?"
    r"|participants?|interventions?|outcomes?|answers?|output|result|doses?|dosage|terms?|mentions?)"
    r"(?: (?:mentioned|found|recognized|identified|names?|of the study|taken|phrases?|in (?:the|this) \w+))*"
    r"\s*(?:is|are|include|includes)?\s*:\s*|^(?:the )?(?:answer|output|dose|dosage)(?: of [\w-]+)? is\s+",
    re.IGNORECASE,
)
_LOCANTS = re.compile(
    r"(?<![\w])(?:\d{1,3}[a-z]?|[NOSDLH])'{0,3}(?:\s*,\s*(?:\d{1,3}[a-z]?|[NOSDLH])'{0,3}){1,8}(?=\s*-)"
    r"|(?<=\d),(?=\d{3}(?!\d))"
)
_GUARD = "\ufffe"
_BULLET = re.compile(r"^\s*(?:[-*•·–]|\(?\d{1,3}[.)])\s+")
_OPEN, _CLOSE = "([{", ")]}"


def items(text: str) -> frozenset[str]:
    """The set of items of a list, each as ``item_key`` gives it; empty for every way of saying that there is none.

    JSON and Python lists, bullets, semicolons and line breaks separate too. A comma inside brackets, between locants
    ("1,2-dichloroethane") or within a number ("8,000") does not.
    """
    text = text.strip()
    if says_nothing(text):
        return frozenset()
    found = frozenset(key for key in map(item_key, pieces(text)) if key)
    return frozenset() if all(map(says_nothing, found)) else found


def pieces(text: str) -> list[str]:
    """The items of a list as they stand there, in their order, without blanks and full stops around them."""
    text = _OPENING.sub("", text.strip())
    found = _literal(text)
    if found is None:
        found = [piece for line in text.splitlines() for piece in _split(_BULLET.sub("", line))]
        if len(found) > 1:
            found[-1] = re.sub(r"^\s*(?:and|or)\s+", "", found[-1])
    return [piece for each in found if (piece := each.strip(" \t\n."))]


def says_nothing(text: str) -> bool:
    """Whether the text says that there is nothing to list ("There is no related entity.", "not found", "none")."""
    return _NOTHING.fullmatch(text.strip(" \t\n.!\"'")[:200]) is not None


@lru_cache(maxsize=65_536)
def item_key(text: str) -> str:
    """What two items are compared by: lower case, one kind of dash and quote, no blanks around punctuation."""
    text = unicodedata.normalize("NFKC", text).translate(_DASHES).casefold()
    text = text.replace("’", "'").replace("‘", "'")
    text = " ".join(text.split()).strip(" \"'`“”.;:,")
    return re.sub(r"\s*([^\w\s])\s*", r"\1", text)


def _split(line: str) -> list[str]:
    line = _LOCANTS.sub(lambda m: m[0].replace(",", _GUARD), line)
    pieces, depth, start = [], 0, 0
    if not _balanced(line):
        return [piece.replace(_GUARD, ",") for piece in re.split(r"[,;，、；]", line)]
    for i, letter in enumerate(line):
        if letter in _OPEN:
            depth += 1
        elif letter in _CLOSE:
            depth -= 1
        elif letter in ",;，、；" and not depth:
            pieces.append(line[start:i])
            start = i + 1
    return [piece.replace(_GUARD, ",") for piece in (*pieces, line[start:])]


def _balanced(line: str) -> bool:
    depth = 0
    for letter in line:
        depth += (letter in _OPEN) - (letter in _CLOSE)
        if depth < 0:
            return False
    return depth == 0


def _literal(text: str) -> list[str] | None:
    """The leaves of a JSON or Python list or object, or None where the text is neither."""
    if (
        text[:1] not in "[{"
        or text[-1:] not in "]}"
        or len(text) > 100_000
        or text.count("[") + text.count("{") > 5_000
    ):
        return None
    for parse in (json.loads, ast.literal_eval):
        try:
            return _leaves(parse(text))
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
    return None


def _leaves(value: Any, path: str = "") -> list[str]:
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in _leaves(inner, f"{path}{name}=" if path else "")]
    if isinstance(value, list | tuple | set):
        return [leaf for inner in value for leaf in _leaves(inner, path)]
    return [] if value is None else [f"{path}{value}"]
