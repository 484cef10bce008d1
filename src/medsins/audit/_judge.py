"""What runs over the training texts that may hold a benchmark text: word by word, boilerplate counted for little."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ._align import common_words
from ._grams import I32, LONG
from ._index import F32, U32, TextIndex, gram_size
from ._scan import MIN_SHARE, MIN_SIZE, Hits, look_up, pair_up
from ._words import U64, Bytes, words_of

COVER = 0.7
"""Share of a text's weight that must stand in the other text in the same order."""

EVERYDAY = 20  # texts that have a run of words, from which on it weighs less: as many times less as more have it
LEAST = 4  # words that a benchmark text must weigh to be looked for in texts that are not equal to it
LONGEST = 20_000  # words up to which two texts are compared word by word; two longer ones by their runs of words
MOST = 64  # benchmark texts that one training text is compared with, the most likely ones


@dataclass(frozen=True, slots=True)
class Weights:
    """How telling each gram is, from 0 to 1, and the sum over the grams that point to each benchmark text."""

    grams: F32
    tests: F32

    def save(self, folder: Path) -> None:
        """Write both into a folder."""
        np.save(folder / "gram_weights.npy", self.grams)
        np.save(folder / "test_weights.npy", self.tests)

    @classmethod
    def load(cls, folder: Path) -> Weights:
        """Read what ``save`` wrote; it stays on disk."""
        names = ("gram_weights.npy", "test_weights.npy")
        return cls(*(np.load(folder / name, mmap_mode="r") for name in names))


@dataclass(frozen=True, slots=True)
class Match:
    """A training text that holds a benchmark text, or (``inside``) the reverse.

    ``score`` is the share of the held text's weight that the other has in the same order, ``weight`` that weight in
    words. ``equal``: but for case, punctuation and blanks; ``unbroken``: all its words stand there in one piece.
    Numbers count the texts that were judged, and those of the index.
    """

    text: int
    test: int
    score: float
    weight: float
    equal: bool = False
    unbroken: bool = False
    inside: bool = False


Judged = tuple[list[Match], U64]
"""Matches, and the hash of each whole text."""


def weigh(index: TextIndex, in_train: I32) -> Weights:
    """Weights from how many texts have each gram: those of the benchmark and ``in_train`` of training.

    A run that few texts have weighs 1. Where all runs of a text are as common, because the whole text stands in many
    places, they weigh the same, and its share in another text is as it would be; the headings and options of a template
    weigh next to nothing beside what is said in it.
    """
    met = index.in_tests + in_train
    grams = np.minimum(1.0, EVERYDAY / np.maximum(met, 1)).astype(np.float32)
    per_post = np.repeat(grams, np.diff(index.post_starts))
    return Weights(grams, np.bincount(index.post_texts, per_post, minlength=len(index)).astype(np.float32))


def judge(index: TextIndex, weights: Weights, texts: list[str]) -> tuple[list[Match], U64]:
    """Matches of training texts, ordered by text and benchmark text, and the hash of each whole text."""
    words = words_of(texts)
    hits = look_up(index, words)
    found: list[Match] = []
    tests = _Tests(index, weights)
    likely = _likely(index, weights, hits)
    whole = index.find_whole(words.whole)
    for text in range(len(texts)):
        if whole[text] < 0 and text not in likely:
            continue
        side = _Side(tests, hits, text)
        if whole[text] >= 0:
            found.append(side.equal(int(whole[text])))
        for test in likely.get(text, ()):
            match = None if test == whole[text] else side.compare(test)
            if match:
                found.append(match)
    return sorted(found, key=lambda match: (match.text, match.test)), words.whole


def _likely(index: TextIndex, weights: Weights, hits: Hits) -> dict[int, list[int]]:
    """For each text the benchmark texts with which it shares runs that weigh enough, the most likely first."""
    in_text, grams = hits.distinct(len(index.grams))
    pairs = pair_up(index, in_text, grams, weights.grams)
    lengths = np.diff(hits.words.starts)
    spared = np.where(index.is_long(grams), 1 - weights.grams[grams], 0)
    totals = np.maximum(lengths - LONG + 1, 0) - np.bincount(in_text, spared, minlength=len(lengths))
    of_test = pairs.shared / np.maximum(weights.tests[pairs.tests], 1e-6)
    of_text = np.where(lengths[pairs.texts] >= MIN_SIZE, pairs.shared / np.maximum(totals[pairs.texts], 1e-6), 0)
    share = np.maximum(of_test, of_text)
    found: dict[int, list[int]] = {}
    for pair in np.lexsort((pairs.tests, -share, pairs.texts)).tolist():
        if share[pair] >= MIN_SHARE:
            tests = found.setdefault(int(pairs.texts[pair]), [])
            if len(tests) < MOST:
                tests.append(int(pairs.tests[pair]))
    return found


class _Tests:
    """Benchmark texts as they are compared: their words, the weight of each, and where each gram stands."""

    def __init__(self, index: TextIndex, weights: Weights) -> None:
        self.index, self.weights = index, weights
        self._known: dict[int, tuple[U32, F32, dict[int, int]]] = {}

    def __getitem__(self, test: int) -> tuple[U32, F32, dict[int, int]]:
        if test not in self._known:
            index = self.index
            first, last = int(index.starts[test]), int(index.starts[test + 1])
            size = gram_size(last - first)
            grams = index.word_grams[first : max(first, last - size + 1)]
            weights = _of_words(self.weights.grams[grams], size, index.halves[first:last])
            places = {gram: place for place, gram in enumerate(grams.tolist())}
            self._known[test] = index.words[first:last], weights, places
        return self._known[test]


class _Side:
    """One training text, to be compared with benchmark texts."""

    def __init__(self, tests: _Tests, hits: Hits, text: int) -> None:
        self.tests, self.text = tests, text
        first, last = np.searchsorted(hits.texts, [text, text + 1])
        begin, end = hits.words.starts[text : text + 2]
        self.words = hits.words.hashes[begin:end].astype(np.uint32)
        self.halves = hits.words.halves[begin:end]
        self.places = hits.places[first:last] - begin
        self.grams = hits.grams[first:last]

    def equal(self, test: int) -> Match:
        """The match with the text that it equals."""
        return Match(self.text, test, 1.0, float(self.tests[test][1].sum()), equal=True, unbroken=True)

    def compare(self, test: int) -> Match | None:
        """The match with a benchmark text; None where too little is shared."""
        other, weights, at = self.tests[test]
        shift = self._shift(len(other), at)
        if shift is None or weights.sum() < LEAST:
            return None
        if min(len(other), len(self.words)) > LONGEST:
            theirs, own = self._runs(at, gram_size(len(other)))
        elif len(self.words) >= len(other):
            theirs, own = self._common(other, self.words, shift)
        else:
            own, theirs = self._common(self.words, other, -shift)
        score, weight = _share(weights, theirs)
        if score >= COVER:
            return Match(self.text, test, score, weight, unbroken=_unbroken(len(other), own))
        if len(self.words) < MIN_SIZE or len(self.words) >= len(other):
            return None
        score, weight = _share(self._of_text(), own)
        if score < COVER:
            return None
        return Match(self.text, test, score, weight, unbroken=_unbroken(len(self.words), theirs), inside=True)

    def _common(self, short: U32, long: U32, shift: int) -> tuple[list[int], list[int]]:
        """Shared words of a text and of the stretch of a longer one where it should stand, with some room around."""
        room = max(10, len(short) // 4)
        begin = max(0, shift - room)
        first, second = common_words(short.tolist(), long[begin : shift + len(short) + room].tolist())
        return first, [place + begin for place in second]

    def _runs(self, at: Mapping[int, int], size: int) -> tuple[list[int], list[int]]:
        """Words of both texts that stand in runs which both have."""
        hits = zip(self.places.tolist(), self.grams.tolist(), strict=True)
        pairs = [(at[gram], place) for place, gram in hits if gram in at]
        theirs, own = ({begin[side] + step for begin in pairs for step in range(size)} for side in (0, 1))
        return sorted(theirs), sorted(own)

    def _shift(self, length: int, at: Mapping[int, int]) -> int | None:
        """How many words later than in the benchmark text the shared runs stand, mostly; None where there are none."""
        hits = zip(self.places.tolist(), self.grams.tolist(), strict=True)
        shifts = np.sort(np.array([place - at[gram] for place, gram in hits if gram in at], np.int64))
        if not len(shifts):
            return None
        begins = np.searchsorted(shifts, shifts - max(10, length // 4))
        best = int(np.argmax(np.arange(len(shifts)) - begins))
        return int(shifts[(int(begins[best]) + best) // 2])

    def _of_text(self) -> F32:
        """The weight of each word of the training text; runs that no benchmark text has weigh 1."""
        long = max(0, len(self.words) - LONG + 1)
        grams = np.ones(long, np.float32)
        inside = self.tests.index.is_long(self.grams)
        np.minimum.at(grams, self.places[inside], self.tests.weights.grams[self.grams[inside]])
        return _of_words(grams, LONG, self.halves)


def _of_words(grams: F32, size: int, halves: Bytes) -> F32:
    """Weights of words: the least of the runs that they stand in, times how much the word itself may tell."""
    weights = np.ones(len(halves), np.float32)
    for step in range(size):
        part = weights[step : step + len(grams)]
        np.minimum(part, grams[: len(part)], out=part)
    return np.asarray(weights * halves / 2, np.float32)


def _share(weights: F32, places: list[int]) -> tuple[float, float]:
    """The weight of some words of all, as a share and as a sum."""
    weight = float(weights[places].sum())
    return weight / max(1e-6, float(weights.sum())), weight


def _unbroken(length: int, places: list[int]) -> bool:
    return len(places) == length and places[-1] - places[0] == length - 1
