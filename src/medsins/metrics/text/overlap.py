"""Overlap of two token lists: BLEU-1, ROUGE-N, ROUGE-L."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ._lcs import lcs_length

__all__ = ["bleu1", "lcs_length", "rouge_l", "rouge_n"]


def bleu1(candidate: Sequence[str], reference: Sequence[str]) -> float:
    """Sentence BLEU with unigrams only, one reference (Papineni et al. 2002), as NLTK's ``sentence_bleu`` with
    weights (1, 0, 0, 0) computes it, to the last bit. 0-1; 0 when nothing matches.
    """
    matches = _shared(Counter(candidate), Counter(reference))
    if not matches:
        return 0.0
    length, wanted = len(candidate), len(reference)
    brevity = 1.0 if length > wanted else math.exp(1 - wanted / length)
    return brevity * math.exp(math.log(matches / length))  # exp(log(x)) is not x in the last bit


def rouge_n(candidate: Sequence[str], reference: Sequence[str], n: int) -> float:
    """ROUGE-N F1 over n-gram multisets (Lin 2004). 0-1; 0 when either side has no n-gram."""
    return _f1(_shared(_ngrams(candidate, n), _ngrams(reference, n)), len(candidate) - n + 1, len(reference) - n + 1)


def rouge_l(candidate: Sequence[str], reference: Sequence[str]) -> float:
    """ROUGE-L F1 of two whole token lists (Lin 2004). 0-1; 0 when either is empty."""
    return _f1(lcs_length(candidate, reference), len(candidate), len(reference))


def _shared(a: Counter[Any], b: Counter[Any]) -> int:
    if len(a) > len(b):
        a, b = b, a
    return sum(min(count, b[gram]) for gram, count in a.items() if gram in b)


def _ngrams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(tokens[start:] for start in range(n)), strict=False))


def _f1(matches: int, candidate: int, reference: int) -> float:
    return 2 * matches / (candidate + reference) if matches else 0.0
