"""Overlap of two token lists: BLEU-1, ROUGE-N, ROUGE-L."""

from __future__ import annotations

from collections.abc import Sequence


def bleu1(candidate: Sequence[str], reference: Sequence[str]) -> float:
    """Sentence BLEU with unigrams only, one reference (Papineni et al. 2002), as NLTK's ``sentence_bleu`` with
    weights (1, 0, 0, 0) computes it, to the last bit. 0-1.
    """
    raise NotImplementedError


def rouge_n(candidate: Sequence[str], reference: Sequence[str], n: int) -> float:
    """ROUGE-N F1 over n-gram multisets (Lin 2004). 0-1; 0 when either side has no n-gram."""
    raise NotImplementedError


def rouge_l(candidate: Sequence[str], reference: Sequence[str]) -> float:
    """ROUGE-L F1 of two whole token lists (Lin 2004). 0-1; 0 when either is empty."""
    raise NotImplementedError


def lcs_length(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of a longest common subsequence, in tokens."""
    raise NotImplementedError
