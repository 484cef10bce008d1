"""chrF: character n-gram F-score (Popović 2015)."""

from __future__ import annotations


def chrf(candidate: str, reference: str) -> float:
    """chrF2 of one sentence: character n-grams up to 6, beta 2, whitespace removed, as sacrebleu computes it. 0-1."""
    raise NotImplementedError
