"""Japanese words: surfaces of janome's morphological analysis."""

from __future__ import annotations

from functools import cache
from typing import Any

from .._memo import Memo

_texts: Memo[tuple[str, ...]] = Memo(entries=4_000, characters=4_000)


def japanese(text: str) -> tuple[str, ...]:
    """The surfaces of ``janome.tokenizer.Tokenizer().tokenize(text)``; blanks and punctuation are tokens."""
    return _texts.get(text, lambda missing: tuple(_tokenizer().tokenize(missing, wakati=True)))


@cache
def _tokenizer() -> Any:
    from janome.tokenizer import Tokenizer

    return Tokenizer(wakati=True)
