"""Tokens and overlap metrics: pure functions of texts, values as fractions 0-1."""

from __future__ import annotations

from ._english import words
from .chrf import chrf
from .language import segment, tokens
from .overlap import bleu1, lcs_length, rouge_l, rouge_n
from .summary_rouge import RougeError, summary_rouge

__all__ = [
    "RougeError",
    "bleu1",
    "chrf",
    "lcs_length",
    "rouge_l",
    "rouge_n",
    "segment",
    "summary_rouge",
    "tokens",
    "words",
]
