"""Answers that repeat the question, which are none where something had to be added to it or picked from it."""

from __future__ import annotations

import re
from collections.abc import Collection

_LONGEST = 20_000
_INPUT = re.compile(r"\bInput:")
_END = re.compile(r"\n\s*Output:|<\||\[/INST\]")


def last_query(given: str) -> str:
    """The question of an input, which may be a whole prompt with shots: what follows the last ``Input:``, up to
    ``Output:`` or the template's next mark; at most its last 20,000 characters.
    """
    given = given[-_LONGEST:]
    begins = [mark.end() for mark in _INPUT.finditer(given)]
    question = given[begins[-1] :] if begins else given
    end = _END.search(question) if begins else None
    return question[: end.start()] if end else question


def likeness(a: Collection[str], b: Collection[str]) -> float:
    """Jaccard's index of two sets of words (1912): what they share of all they have; 0 where both are empty."""
    a, b = frozenset(a), frozenset(b)
    return len(a & b) / len(a | b) if a | b else 0.0
