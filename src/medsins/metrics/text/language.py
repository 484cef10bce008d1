"""Tokens by language: the published segmentation, and ours for the strict profile."""

from __future__ import annotations

import re
import unicodedata

from ._chinese import chinese
from ._english import words
from ._japanese import japanese

# decimal points and combining accents stay in their word
WORD = re.compile(r"[^\W_]+(?:(?:(?<=\d)[.,](?=\d)|[\u0300-\u036f]+)[^\W_]*)*")


def segment(text: str, language: str) -> tuple[str, ...]:
    """The published scorers' tokens: jieba for ``zh``, janome for ``ja``, NLTK words for all others. Case and
    punctuation are kept; blanks are tokens in ``zh`` and ``ja``.
    """
    if language == "zh":
        return chinese(text)
    return japanese(text) if language == "ja" else words(text)


def tokens(text: str, language: str) -> tuple[str, ...]:
    """Lower-cased words for language-proper overlap, after compatibility normalisation (NFKC): jieba for ``zh``, janome
    for ``ja``, runs of letters and digits for all others. Punctuation and blanks are dropped; a decimal number is one.
    """
    text = unicodedata.normalize("NFKC", text).lower()
    if language in ("zh", "ja"):
        return tuple(token for token in segment(text, language) if WORD.search(token))
    return tuple(WORD.findall(text))
