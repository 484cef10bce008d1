"""Chinese words: ``jieba.cut``, accurate mode, hidden Markov model on."""

from __future__ import annotations

import contextlib
import math
from functools import cache
from typing import Any

from medsins.core.assets import cache_folder

from .._memo import Memo

Route = dict[int, tuple[float, int]]

_texts: Memo[tuple[str, ...]] = Memo(entries=4_000, characters=4_000)


def chinese(text: str) -> tuple[str, ...]:
    """The tokens of ``jieba.cut(text)`` with jieba's own dictionary; blanks and punctuation are tokens."""
    return _texts.get(text, lambda missing: tuple(_tokenizer().cut(missing)))


@cache
def _tokenizer() -> Any:
    """A tokenizer of our own: words a program adds to jieba's shared one must not change a score.

    Its compiled dictionary is kept in the user's cache, not in the world-writable temporary folder; where that cannot
    be written, it is compiled anew (about a second).
    """
    import logging
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of jieba's own code and its use of pkg_resources
        import jieba

    class Tokenizer(jieba.Tokenizer):  # type: ignore[misc]
        """jieba's tokenizer with the search for the likeliest path in one pass."""

        def initialize(self) -> None:
            super().initialize()
            self.weights = _Weights(self.total)

        def get_DAG(self, sentence: str) -> None:  # noqa: N802 - jieba's name
            self.check_initialized()

        def calc(self, sentence: str, graph: None, route: Route) -> None:
            route.update(_likeliest(sentence, self.FREQ, self.weights))

    jieba.setLogLevel(logging.CRITICAL + 1)
    tokenizer = Tokenizer()
    folder = cache_folder() / "jieba"
    tokenizer.tmp_dir = str(folder)
    tokenizer.cache_file = f"jieba-{jieba.__version__}.cache"
    with contextlib.suppress(OSError):  # jieba goes on without
        folder.mkdir(parents=True, exist_ok=True)
    return tokenizer


class _Weights(dict[int, float]):
    """Log likelihood of a word by its frequency."""

    def __init__(self, total: int) -> None:
        self.log_total = math.log(total)

    def __missing__(self, frequency: int) -> float:
        weight = self[frequency] = math.log(frequency) - self.log_total
        return weight


def _likeliest(sentence: str, frequencies: dict[str, int], weights: _Weights) -> Route:
    """For every position the log likelihood of the likeliest split of what follows, and where its first word ends; of
    equals the longer word. Prefixes of words are in the dictionary with frequency 0; where no word begins, one
    character is a word of frequency 1.
    """
    size, look_up = len(sentence), frequencies.get
    best = [0.0] * (size + 1)
    route: Route = {size: (0, 0)}
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
        best[start] = top
        route[start] = (top, last)
    return route
