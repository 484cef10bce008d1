"""Which of a set of phrases a text asserts: whole words, longest phrase first, negated ones left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_BEFORE = re.compile(
    r"(?:\b(?:not|no|nor|neither|never|without|cannot be|unlikely|exclud(?:e|es|ed|ing)"
    r"|rules? out|ruled out|rather than|instead of|against|absence of|negative for"
    r"|pas|sans|sin|tampoco|не|нет|ни|без|ni)|n't|不是|并非|非|无)"
    r"[\s\"'(]*(?:(?:a|an|the|any|have|be|likely|consistent with|indicative of|suggestive of|evidence of|un|une|el|la"
    r"|le|classified as|considered|of|case of|diagnosis of)[\s\"'(]+){0,4}\Z"
)
_AFTER = re.compile(
    r"\A[\s\"')]*(?:(?:is|are|was|were|can be|has been|would be|seems|est|es|son|sont)\s+)?"
    r"(?:not\b(?!\s+only)|un\w*likely|unlikely|excluded|ruled out|incorrect|wrong|false\b"
    r"|n'est|no es|неверн|неправильн|не\b|ではな|ではありませ|じゃな|不正确|不对|错误|誤り|間違)"
)


@dataclass(frozen=True, slots=True)
class Mention:
    """One asserted phrase: its place in the text and which phrase it is."""

    start: int
    end: int
    phrase: str


@lru_cache(maxsize=4_096)
def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(phrases, key=len, reverse=True)
    return re.compile("|".join(map(_flexible, longest_first)) or r"(?!)")


def _flexible(phrase: str) -> str:
    """The phrase as whole words with any punctuation between them; scripts without blanks have no word borders."""
    words = re.findall(r"\w+", phrase) or [phrase]
    body = r"[\W_]+".join(map(re.escape, words))
    before = r"(?<!\w)" if _spaced(words[0][0]) else ""
    after = r"(?!\w)" if _spaced(words[-1][-1]) else ""
    return f"({before}{body}{after})"


def _spaced(letter: str) -> bool:
    return not "\u2e80" <= letter <= "\uffef"


_JOINING = re.compile(r"(?:\b(?:or|and|vs|either|both|neither|nor|the|answer|is|ou|et|o|y|или|и)\b|[\W_])*\Z")


def only_lists(text: str, phrases: Sequence[str]) -> bool:
    """Whether a folded text is nothing but two or more different phrases and the words that join them."""
    pattern = _pattern(tuple(phrase for phrase in dict.fromkeys(phrases) if phrase))
    named = {match[0] for match in pattern.finditer(text)}
    return len(named) > 1 and _JOINING.match(pattern.sub(" ", text)) is not None


def mentions(text: str, phrases: Sequence[str]) -> list[Mention]:
    """Asserted mentions in order. Both text and phrases are folded (``_text.fold``) by the caller.

    The longest phrase wins where several fit ("not entailment" over "entailment"); a negation right before or after
    a phrase takes it out ("this is not pneumonia", "pneumonia is unlikely").
    """
    known = tuple(phrase for phrase in dict.fromkeys(phrases) if phrase)
    ordered = sorted(known, key=len, reverse=True)
    found = []
    for match in _pattern(known).finditer(text):
        before = text[max(0, match.start() - 60) : match.start()]
        clause = re.split(r"[.;!?\n。；！？]", before)[-1]
        if _BEFORE.search(clause) or _AFTER.search(text[match.end() : match.end() + 40]):
            continue
        found.append(Mention(match.start(), match.end(), ordered[(match.lastindex or 1) - 1]))
    return found
