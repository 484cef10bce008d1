"""chrF: character n-gram F-score (Popović 2015)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

ORDER = 6  # longest n-gram, characters
BETA_SQUARED = 4.0  # recall counts twice as much as precision


def chrf(candidate: str, reference: str) -> float:
    """chrF2 of one sentence: character n-grams up to 6, beta 2, whitespace removed, as sacrebleu computes it. 0-1.

    Precision and recall are averaged over the orders that both texts are long enough for.
    """
    candidate, reference = "".join(candidate.split()), "".join(reference.split())
    orders = min(ORDER, len(candidate), len(reference))
    precision = recall = 0.0
    for n in range(1, orders + 1):
        wanted = Counter(_grams(reference, n))
        found = Counter(filter(wanted.__contains__, _grams(candidate, n)))
        matches = sum(min(count, wanted[gram]) for gram, count in found.items())
        precision += matches / (len(candidate) - n + 1)
        recall += matches / (len(reference) - n + 1)
    if not precision + recall:
        return 0.0
    precision, recall = precision / orders, recall / orders
    return (1 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall)


def _grams(text: str, n: int) -> Iterator[str]:
    return (text[start : start + n] for start in range(len(text) - n + 1))
