"""Chinese words: ``jieba.cut``, accurate mode, hidden Markov model on."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from functools import cache

from medsins.core.assets import cache_folder

from .._memo import Memo

_unknown: Memo[list[str]] = Memo(entries=20_000, characters=30)
_texts: Memo[tuple[str, ...]] = Memo(entries=4_000, characters=4_000)
_blocks: Memo[tuple[str, ...]] = Memo(entries=20_000, characters=60)


def chinese(text: str) -> tuple[str, ...]:
    """The tokens of ``jieba.cut(text)`` with jieba's own dictionary; blanks and punctuation are tokens."""
    return _texts.get(text, _cut)


def _cut(text: str) -> tuple[str, ...]:
    """Block by block, as jieba does it: runs of the characters it looks up words in, and what stands between them."""
    tokenizer, split = _tokenizer()
    found: list[str] = []
    for block in split(text):
        if block:
            found += _blocks.get(block, tokenizer)
    return tuple(found)


@cache
def _tokenizer() -> tuple[Callable[[str], tuple[str, ...]], Callable[[str], list[str]]]:
    """The tokens of a block, and how a text is split into blocks, by a tokenizer of our own: words a program adds to
    jieba's shared one must not change a score.

    Its compiled dictionary is kept in the user's cache, not in the world-writable temporary folder; where that cannot
    be written, it is compiled anew (about a second).
    """
    import logging
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of jieba's own code and its use of pkg_resources
        import jieba

    class Tokenizer(jieba.Tokenizer):  # type: ignore[misc]
        """jieba's tokenizer: the likeliest path in one pass, the hidden Markov model's words kept."""

        def initialize(self) -> None:
            super().initialize()
            self.weights = _Weights(self.total)

        def _Tokenizer__cut_DAG(self, block: str) -> list[str]:  # noqa: N802 - jieba's name
            self.check_initialized()
            found: list[str] = []
            start, single = 0, 0  # single: where the run of one-character words began
            for last in _likeliest(block, self.FREQ, self.weights):
                if last > start:
                    found += self._singles(block[single:start])
                    found.append(block[start : last + 1])
                    single = last + 1
                start = last + 1
            return found + self._singles(block[single:])

        def _singles(self, run: str) -> list[str]:
            """A run of one-character words, which may be a word no dictionary has."""
            if len(run) < 2 or self.FREQ.get(run):
                return list(run)
            return _unknown.get(run, lambda run: list(jieba.finalseg.cut(run)))

    jieba.setLogLevel(logging.CRITICAL + 1)
    tokenizer = Tokenizer()
    folder = cache_folder() / "jieba"
    tokenizer.tmp_dir = str(folder)
    tokenizer.cache_file = f"jieba-{jieba.__version__}.cache"
    with contextlib.suppress(OSError):  # jieba goes on without
        folder.mkdir(parents=True, exist_ok=True)
    return lambda block: tuple(tokenizer.cut(block)), jieba.re_han_default.split


class _Weights(dict[int, float]):
    """Log likelihood of a word by its frequency."""

    def __init__(self, total: int) -> None:
        self.log_total = math.log(total)

    def __missing__(self, frequency: int) -> float:
        weight = self[frequency] = math.log(frequency) - self.log_total
        return weight


def _likeliest(sentence: str, frequencies: dict[str, int], weights: _Weights) -> Iterator[int]:
    """Where each word of the likeliest split ends (its last character); of equals the longer word. Prefixes of words
    are in the dictionary with frequency 0; where no word begins, one character is a word of frequency 1.
    """
    size, look_up = len(sentence), frequencies.get
    best = [0.0] * (size + 1)
    lasts = [0] * size
    for start in range(size - 1, -1, -1):
        top = last = None
        end = start + 1
        frequency = look_up(sentence[start])
        while frequency is not None:
            if frequency:
                value = weights[frequency] + best[end]
                if top is None or value >= top:
                    top, last = value, end - 1
            end += 1
            if end > size:
                break
            frequency = look_up(sentence[start:end])
        if top is None or last is None:
            top, last = weights[1] + best[start + 1], start
        best[start], lasts[start] = top, last
    start = 0
    while start < size:
        yield lasts[start]
        start = lasts[start] + 1
