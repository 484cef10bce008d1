"""Tokens by language: the published segmentation, and ours for the strict profile."""

from __future__ import annotations


def segment(text: str, language: str) -> tuple[str, ...]:
    """The published scorers' tokens: jieba for ``zh``, janome for ``ja``, NLTK words for all others. Case and
    punctuation are kept; blanks are tokens in ``zh`` and ``ja``.
    """
    raise NotImplementedError


def tokens(text: str, language: str) -> tuple[str, ...]:
    """Lower-cased Unicode words for language-proper overlap: jieba for ``zh``, janome for ``ja``, runs of letters,
    marks and digits for all others. Punctuation and blanks are dropped.
    """
    raise NotImplementedError
