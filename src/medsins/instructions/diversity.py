"""How different the wordings of a task are from each other.

distinct-n: J. Li et al., "A diversity-promoting objective function for neural conversation models" (NAACL 2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

from .near import bag_of, jaccard
from .rules import words

_PAIRS = 2_000


@dataclass(frozen=True, slots=True)
class Diversity:
    """Of one task: ``wordings`` in number; ``distinct_1`` and ``distinct_2``, different words and pairs of words to all
    of them (0 to 1; they fall as wordings get more); ``similarity``, the mean Jaccard similarity of two wordings (0 to
    1, high: all alike). Nan where there is nothing to compare.
    """

    wordings: int
    distinct_1: float
    distinct_2: float
    similarity: float


def diversity(texts: Sequence[str]) -> Diversity:
    """The diversity of wordings of one task. Of many wordings evenly spread pairs are compared, 2,000 at most."""
    return Diversity(len(texts), distinct(texts, 1), distinct(texts, 2), mean_similarity(texts))


def distinct(texts: Sequence[str], n: int) -> float:
    """Different n-grams of words to all n-grams."""
    grams = [gram for text in texts for gram in _grams(words(text), n)]
    return len(set(grams)) / len(grams) if grams else float("nan")


def _grams(found: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(found[start : start + n]) for start in range(len(found) - n + 1)]


def mean_similarity(texts: Sequence[str]) -> float:
    """The mean Jaccard similarity of pairs."""
    bags = list(map(bag_of, texts))
    total = len(bags) * (len(bags) - 1) // 2
    step = -(-total // _PAIRS) or 1
    pairs = (pair for number, pair in enumerate(combinations(bags, 2)) if number % step == 0)
    found = [jaccard(a, b) for a, b in pairs]
    return fmean(found) if found else float("nan")
