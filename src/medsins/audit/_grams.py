"""Runs of words (n-grams) as hashes, and a set of them that is asked millions of times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._words import I64, U64, Bytes, Words, mixed

I32 = NDArray[np.int32]

LONG, SHORT = 5, 3
"""Words in a run. Where every tenth word of a text is changed, runs of five unchanged words are left in any text of
``SHORT_TEXT`` words and more, and runs of three in any shorter one: the changed words cannot be everywhere."""

SHORT_TEXT = 10  # words below which a text is known by its short runs

_BITS_A_GRAM = 16  # of the filter: one hash in sixteen that is not in the set passes it
_PLACE_NUMBERS = mixed(np.arange(11, 11 + LONG * 8, dtype=np.uint64)).reshape(8, LONG) | np.uint64(1)


def grams_of(words: Words, size: int) -> tuple[U64, I64]:
    """Hashes of the runs of ``size`` words that lie within one text, and the place (of all words) where each begins.

    The lowest bit is set for short runs.
    """
    count = len(words.hashes) - size + 1
    if count <= 0:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    total = words.hashes[:count] * _PLACE_NUMBERS[size, 0]
    for step in range(1, size):
        total += words.hashes[step : step + count] * _PLACE_NUMBERS[size, step]
    inside = np.ones(count + size, bool)
    for step in range(1, size):
        ends = words.starts[1:] - step
        inside[ends[ends >= 0]] = False
    places = np.flatnonzero(inside[:count])
    return mixed(total[places]) >> np.uint64(1) << np.uint64(1) | np.uint64(size == SHORT), places


@dataclass(frozen=True, slots=True)
class GramSet:
    """Distinct hashes in ascending order; a gram's number is its place there. ``filter`` has a bit set for the leading
    bits of each hash, so that most hashes that are not in the set are told apart by one look.
    """

    hashes: U64
    filter: Bytes

    @classmethod
    def of(cls, hashes: U64) -> GramSet:
        """The set of ascending, distinct hashes."""
        bits = max(13, (len(hashes) * _BITS_A_GRAM - 1).bit_length()) if len(hashes) else 13
        marks = np.zeros(1 << (bits - 3), np.uint8)
        slots = hashes >> np.uint64(64 - bits)
        np.bitwise_or.at(marks, slots >> np.uint64(3), np.uint8(1) << (slots & np.uint64(7)).astype(np.uint8))
        return cls(hashes, marks)

    def find(self, hashes: U64) -> tuple[I64, I32]:
        """Which of ``hashes`` are in the set (their positions), and the number of each."""
        bits = len(self.filter).bit_length() + 2
        slots = hashes >> np.uint64(64 - bits)
        passed = (self.filter[slots >> np.uint64(3)] >> (slots & np.uint64(7)).astype(np.uint8)) & 1
        maybe = np.flatnonzero(passed)
        if not len(maybe) or not len(self.hashes):
            return np.zeros(0, np.int64), np.zeros(0, np.int32)
        wanted = hashes[maybe]
        numbers = np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)
        found = self.hashes[numbers] == wanted
        return maybe[found], numbers[found].astype(np.int32)
