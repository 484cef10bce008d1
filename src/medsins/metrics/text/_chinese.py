"""Chinese words: ``jieba.cut``, accurate mode, hidden Markov model on."""

from __future__ import annotations

import contextlib
from functools import cache
from typing import Any

from medsins.core.assets import cache_folder

from .._memo import Memo

_texts: Memo[tuple[str, ...]] = Memo(entries=4_000, characters=4_000)


def chinese(text: str) -> tuple[str, ...]:
    """The tokens of ``jieba.cut(text)`` with jieba's own dictionary; blanks and punctuation are tokens."""
    return _texts.get(text, lambda missing: tuple(_tokenizer().cut(missing)))


@cache
def _tokenizer() -> Any:
    """A tokenizer of our own: words a program adds to jieba's shared one must not change a score. Its compiled
    dictionary is kept in the user's cache, not in the world-writable temporary folder; where that cannot be written it
    is compiled anew (about a second).
    """
    import logging
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of jieba's own code and its use of pkg_resources
        import jieba
    jieba.setLogLevel(logging.CRITICAL + 1)
    tokenizer = jieba.Tokenizer()
    folder = cache_folder() / "jieba"
    tokenizer.tmp_dir = str(folder)
    tokenizer.cache_file = f"jieba-{jieba.__version__}.cache"
    with contextlib.suppress(OSError):  # jieba goes on without
        folder.mkdir(parents=True, exist_ok=True)
    return tokenizer
