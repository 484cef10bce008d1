"""Any number of texts that look like real ones: each word is one that follows the word before it in some real text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 10_000  # texts
FEWEST, MOST = 80, 220  # words of a text; 150 on average


class TextMaker:
    """Draws texts from the word pairs of real ones."""

    def __init__(self, texts: Sequence[str]) -> None:
        words = [word for text in texts for word in (*text.split(), "\n")]
        self.vocabulary, numbers = np.unique(np.array(words, dtype=object), return_inverse=True)
        order = np.argsort(numbers[:-1], kind="stable")
        self.followers = numbers[1:][order]
        counts = np.bincount(numbers[:-1], minlength=len(self.vocabulary))
        self.starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        self.counts = np.maximum(counts, 1)
        self.first = int(np.searchsorted(self.vocabulary, "\n"))

    def texts(self, count: int, seed: int) -> Iterator[str]:
        """Texts of 80 to 220 words."""
        rng = np.random.default_rng(seed)
        for begin in range(0, count, AT_ONCE):
            size = min(AT_ONCE, count - begin)
            lengths = rng.integers(FEWEST, MOST + 1, size)
            walks = self._walks(rng, size)
            for walk, length in zip(walks, lengths, strict=True):
                yield " ".join(self.vocabulary[walk[:length]].tolist())

    def _walks(self, rng: np.random.Generator, size: int) -> NDArray[np.int64]:
        now = np.full(size, self.first)
        steps = np.empty((MOST, size), np.int64)
        for step in range(MOST):
            now = self.followers[self.starts[now] + rng.integers(0, self.counts[now])]
            now = np.where(now == self.first, self.followers[rng.integers(0, len(self.followers), size)], now)
            steps[step] = now
        return steps.T
