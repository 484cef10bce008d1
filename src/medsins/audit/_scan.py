"""What runs over every training text, many at once: which texts of a benchmark may stand in it, and how common each
run of words is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._grams import I32, LONG, SHORT, grams_of
from ._index import F32, TextIndex
from ._words import I64, Words, words_of

MIN_SHARE = 0.15
"""Runs of words that two texts share, of those of the shorter one, from which on they are compared word by word. Of a
text of ten words and more with every tenth word changed, at least a sixth of the runs of five are left."""

MIN_SIZE = 10  # words of a training text that is looked for in longer benchmark texts


@dataclass(frozen=True, slots=True)
class Hits:
    """Grams of an index in some texts: the text, the place of the first word (counted over all texts) and the gram."""

    words: Words
    texts: I64
    places: I64
    grams: I32

    def distinct(self, count: int) -> tuple[I64, I64]:
        """(text, gram) pairs without repetition, in their order; ``count`` grams are in the index."""
        keys = np.unique(self.texts * count + self.grams)
        return keys // max(count, 1), keys % max(count, 1)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Training texts and the benchmark texts that they share runs of words with, and the weight of those runs."""

    texts: I64
    tests: I64
    shared: F32


@dataclass(frozen=True, slots=True)
class Scanned:
    """What was met: grams with the number of training texts that have them, and the texts to be looked at again."""

    grams: I32
    counts: I32
    texts: I32


def look_up(index: TextIndex, words: Words) -> Hits:
    """Every gram of the index in some texts, ordered by text."""
    known = index.set
    places, grams = [], []
    for size in (LONG, SHORT) if index.has_short else (LONG,):
        hashes, begins = grams_of(words, size)
        positions, numbers = known.find(hashes)
        places.append(begins[positions])
        grams.append(numbers)
    place = np.concatenate(places)
    order = np.argsort(place, kind="stable")
    place = place[order]
    texts = np.searchsorted(words.starts, place, side="right") - 1
    return Hits(words, texts, place, np.concatenate(grams)[order])


def pair_up(index: TextIndex, texts: I64, grams: I64, weights: F32 | None = None) -> Pairs:
    """The benchmark texts that distinct (text, gram) pairs point to, with the sum of the grams' weights (1 each)."""
    begins = index.post_starts[grams]
    counts = index.post_starts[grams + 1] - begins
    rows = np.repeat(np.arange(len(grams)), counts)
    ends = np.cumsum(counts)
    tests = index.post_texts[np.arange(len(rows)) - np.repeat(ends - counts, counts) + begins[rows]]
    keys, which = np.unique(texts[rows] * max(len(index), 1) + tests, return_inverse=True)
    worth = None if weights is None else weights[grams[rows]]
    shared = np.bincount(which, weights=worth, minlength=len(keys)).astype(np.float32)
    return Pairs(keys // max(len(index), 1), keys % max(len(index), 1), shared)


def scan(index: TextIndex, texts: list[str]) -> Scanned:
    """The first look at training texts."""
    words = words_of(texts)
    in_text, grams = look_up(index, words).distinct(len(index.grams))
    met, counts = np.unique(grams, return_counts=True)
    pairs = pair_up(index, in_text, grams)
    lengths = np.diff(words.starts)[pairs.texts]
    near = pairs.shared >= MIN_SHARE * index.pointers[pairs.tests]
    near |= (lengths >= MIN_SIZE) & (pairs.shared >= MIN_SHARE * (lengths - LONG + 1))
    equal = np.flatnonzero(index.find_whole(words.whole) >= 0)
    again = np.union1d(pairs.texts[near], equal)
    return Scanned(met.astype(np.int32), counts.astype(np.int32), again.astype(np.int32))
