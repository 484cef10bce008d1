"""What runs over the training texts that may hold a text of a benchmark: word by word, boilerplate counted for little."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ._align import common_words
from ._grams import I32, LONG
from ._index import F32, TextIndex, gram_size
from ._scan import MIN_SHARE, MIN_SIZE, Hits, look_up, pair_up
from ._words import I64, U64, words_of

COVER = 0.7
"""Share of a text's weight that must stand in the other text in the same order."""

EVERYDAY = 20  # texts that have a run of words, from which on it weighs less: as many times less as more have it
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
    words. ``equal``: but for case, punctuation and blanks. Numbers count the texts that were judged, and those of the
    index.
    """

    text: int
    test: int
    score: float
    weight: float
    equal: bool = False
    inside: bool = False


def weigh(index: TextIndex, in_train: I64) -> Weights:
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
    likely = _likely(index, weights, hits)
    whole = index.find_whole(words.whole)
    for text in range(len(texts)):
        if whole[text] < 0 and text not in likely:
            continue
        side = _Side(index, weights, hits, text)
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


class _Side:
    """One training text, to be compared with benchmark texts."""

    def __init__(self, index: TextIndex, weights: Weights, hits: Hits, text: int) -> None:
        self.index, self.weights, self.text = index, weights, text
        first, last = np.searchsorted(hits.texts, [text, text + 1])
        begin = hits.words.starts[text]
        self.words = hits.words.of(text).astype(np.uint32)
        self.scale = hits.words.sizes[text] / max(1, len(self.words))
        self.places = hits.places[first:last] - begin
        self.grams = hits.grams[first:last]

    def equal(self, test: int) -> Match:
        """The match with the text that it equals."""
        weight = float(self._of_test(test).sum() * self.index.scale[test])
        return Match(self.text, test, 1.0, weight, equal=True)

    def compare(self, test: int) -> Match | None:
        """The match with a benchmark text; None where too little is shared."""
        index = self.index
        other = index.words[index.starts[test] : index.starts[test + 1]]
        shift = self._shift(test)
        if shift is None:
            return None
        if len(self.words) >= len(other):
            theirs, own = self._common(other, self.words, shift)
        else:
            own, theirs = self._common(self.words, other, -shift)
        weights = self._of_test(test)
        weight = float(weights[theirs].sum())
        score = weight / max(1e-6, float(weights.sum()))
        if score >= COVER:
            return Match(self.text, test, score, weight * float(index.scale[test]))
        if len(self.words) < MIN_SIZE or len(self.words) >= len(other):
            return None
        weights = self._of_text()
        weight = float(weights[own].sum())
        score = weight / max(1e-6, float(weights.sum()))
        return Match(self.text, test, score, weight * self.scale, inside=True) if score >= COVER else None

    def _common(self, short: I32, long: I32, shift: int) -> tuple[list[int], list[int]]:
        """Shared words of a text and of the stretch of a longer one where it should stand, with some room around."""
        room = max(10, len(short) // 4)
        begin = max(0, shift - room)
        first, second = common_words(short.tolist(), long[begin : shift + len(short) + room].tolist())
        return first, [place + begin for place in second]

    def _shift(self, test: int) -> int | None:
        """How many words later than in the benchmark text the shared runs stand, mostly."""
        index = self.index
        first, last = index.starts[test], index.starts[test + 1]
        at = {gram: place for place, gram in enumerate(index.word_grams[first:last].tolist())}
        shifts = [
            place - at[gram]
            for place, gram in zip(self.places.tolist(), self.grams.tolist(), strict=True)
            if gram in at
        ]
        if not shifts:
            return None
        ordered = np.sort(np.array(shifts))
        room = max(10, int(last - first) // 4)
        begins = np.searchsorted(ordered, ordered - room)
        best = int(np.argmax(np.arange(len(ordered)) - begins))
        return int(ordered[(int(begins[best]) + best) // 2])

    def _of_test(self, test: int) -> F32:
        """The weight of each word of a benchmark text."""
        index = self.index
        first, last = int(index.starts[test]), int(index.starts[test + 1])
        size = gram_size(last - first)
        grams = index.word_grams[first : max(first, last - size + 1)]
        return _of_words(self.weights.grams[grams], size, last - first)

    def _of_text(self) -> F32:
        """The weight of each word of the training text; runs that no benchmark text has weigh 1."""
        long = max(0, len(self.words) - LONG + 1)
        grams = np.ones(long, np.float32)
        inside = self.index.is_long(self.grams)
        np.minimum.at(grams, self.places[inside], self.weights.grams[self.grams[inside]])
        return _of_words(grams, LONG, len(self.words))


def _of_words(grams: F32, size: int, length: int) -> F32:
    """Weights of words: the least of the runs that they stand in."""
    weights = np.ones(length, np.float32)
    for step in range(size):
        part = weights[step : step + len(grams)]
        np.minimum(part, grams[: len(part)], out=part)
    return weights
