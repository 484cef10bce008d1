"""Does a wording still ask for the same? Each rule gives a reason where not.

Drift is told without a model: words in common, prohibitions, what is to be done, length. The thresholds are set on the
published wordings (docs/instructions.md says what each rule drops of them).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from medsins.tasks._language import script_of

from ._vocabulary import ABOUT_ITSELF, ACTIONS, FORBIDS, NEGATIVE, PREAMBLE, STOP, SYNONYMS
from .anchors import added, missing, plain

SHORTEST, LONGEST = 0.2, 4.0
"""Words of a wording to those of its definition, which counts as at least ``FEW_WORDS``."""

FEW_WORDS = 10
LEAST_SHARED = 0.15
"""The share of content words in common, of the text that has fewer of them."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a wording is no good. ``rule`` is one of ``RULES``, or ``repeat`` or ``near-duplicate``."""

    rule: str
    what: str


_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_STEM = 5  # letters; enough to join "summarize", "summary" and "summarisation"


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """The words of a text in lower case; in scripts without blanks every pair of neighbours is one."""
    folded = plain(text)
    if folded.isascii() or not _UNSPACED.search(folded):
        return tuple(_WORD.findall(folded))
    pairs = [a + b for a, b in pairwise(_UNSPACED.findall(folded))]
    return (*pairs, *_WORD.findall(_UNSPACED.sub(" ", folded)))


def _stem(word: str) -> str:
    return (word[:-1] if word.endswith("s") and len(word) > 3 else word)[:_STEM]


_SAME = {_stem(word): _stem(group.split()[0]) for group in reversed(SYNONYMS) for word in group.split()}


@lru_cache(maxsize=4096)
def content(text: str) -> frozenset[str]:
    """The stems of a text's content words, synonyms as one."""
    stems = (_stem(word) for word in words(text) if word not in STOP and not word.isdecimal())
    return frozenset(_SAME.get(stem, stem) for stem in stems)


def shared(definition: str, wording: str) -> float:
    """The share of content words in common, of the text that has fewer, 0 to 1."""
    a, b = content(definition), content(wording)
    return len(a & b) / min(len(a), len(b)) if a and b else 1.0


def _answer(definition: str, wording: str) -> str:
    if PREAMBLE.match(wording) and not PREAMBLE.match(definition):
        return "is an answer around a wording, not a wording"
    if ABOUT_ITSELF.search(wording) and not ABOUT_ITSELF.search(definition):
        return "repeats the request to reword"
    return ""


def _length(definition: str, wording: str) -> str:
    ratio = len(words(wording)) / max(FEW_WORDS, len(words(definition)))
    return "" if SHORTEST <= ratio <= LONGEST else f"has {ratio:.2f} times the words of the definition"


def _script(definition: str, wording: str) -> str:
    was, now = script_of(definition), script_of(wording)
    return f"is in {now or 'no'} script, the definition in {was}" if was and now != was else ""


def _lost(definition: str, wording: str) -> str:
    return _named(missing(definition, wording))


def _gained(definition: str, wording: str) -> str:
    return _named(added(definition, wording))


def _named(items: list[tuple[str, str]]) -> str:
    return ", ".join(f"{kind} '{item}'" for kind, item in items)


def _negation(definition: str, wording: str) -> str:
    if FORBIDS.search(definition) and not NEGATIVE.search(wording):
        return "the definition forbids something, the wording nothing"
    if FORBIDS.search(wording) and not NEGATIVE.search(definition):
        return "forbids something, the definition nothing"
    return ""


def _action(definition: str, wording: str) -> str:
    for action, (named, meant) in ACTIONS.items():
        was, now = bool(named.search(definition)), bool(named.search(wording))
        if was and not now and not meant.search(wording):
            return f"does not ask to {action}, the definition does"
        if now and not was and not meant.search(definition):
            return f"asks to {action}, the definition does not"
    return ""


def _drift(definition: str, wording: str) -> str:
    share = shared(definition, wording)
    return f"shares {share:.0%} of its content words" if share < LEAST_SHARED else ""


RULES: dict[str, Callable[[str, str], str]] = {
    "answer": _answer,
    "length": _length,
    "script": _script,
    "lost": _lost,
    "added": _gained,
    "negation": _negation,
    "action": _action,
    "drift": _drift,
}
"""Rule to the function that says what is wrong with a wording, held against its definition; empty where nothing is."""


def judge(definition: str, wording: str) -> list[Fault]:
    """Every rule that a wording breaks; none where it equals its definition."""
    if plain(definition) == plain(wording):
        return []
    found = ((rule, check(definition, wording)) for rule, check in RULES.items())
    return [Fault(rule, what) for rule, what in found if what]
