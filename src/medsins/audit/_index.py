"""The texts of a benchmark, made ready to be found in other texts. In memory: about 30 bytes a word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._grams import I32, LONG, SHORT, SHORT_TEXT, GramSet, grams_of
from ._words import I64, U64, Bytes, Words

COMMON = 50  # benchmark texts that share a run of words, from which on it points to none of them

U32 = NDArray[np.uint32]
F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TextIndex:
    """Distinct texts, numbered from 0, and the runs of words (grams) in them.

    Attributes:
        words: low 32 bits of all word hashes, text by text.
        starts: where each text's words begin, and one more.
        halves: how much each word may tell, as ``Words`` has it.
        whole, whole_text: hashes of whole texts, ascending, and the text of each.
        grams, filter: the set of grams, as ``GramSet`` has it.
        word_grams: the gram that begins at each word; -1 where none does.
        in_tests: how many texts have each gram.
        post_starts, post_texts: the texts that each gram points to; none for common ones.
        pointers: how many grams point to each text.
    """

    words: U32
    starts: I64
    halves: Bytes
    whole: U64
    whole_text: I32
    grams: U64
    filter: Bytes
    word_grams: I32
    in_tests: I32
    post_starts: I64
    post_texts: I32
    pointers: I32

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def set(self) -> GramSet:
        """The grams."""
        return GramSet(self.grams, self.filter)

    @property
    def has_short(self) -> bool:
        """Whether some text is known by its short runs."""
        return bool((np.diff(self.starts) < SHORT_TEXT).any())

    def is_long(self, grams: I64 | I32) -> NDArray[np.bool_]:
        """Which of some grams are long runs of words."""
        return np.asarray(self.grams[grams] & np.uint64(1), bool) ^ True

    def find_whole(self, whole: U64) -> I32:
        """The text that is equal to each of some, by their hashes; -1 where none is."""
        if not len(self.whole):
            return np.full(len(whole), -1, np.int32)
        at = np.minimum(np.searchsorted(self.whole, whole), len(self.whole) - 1)
        return np.where(self.whole[at] == whole, self.whole_text[at], -1).astype(np.int32)

    def save(self, folder: Path) -> None:
        """Write every array into a folder."""
        for field in fields(self):
            np.save(folder / f"{field.name}.npy", getattr(self, field.name))

    @classmethod
    def load(cls, folder: Path) -> TextIndex:
        """Read what ``save`` wrote; the arrays stay on disk, and processes share what is in memory of them."""
        return cls(**{field.name: np.load(folder / f"{field.name}.npy", mmap_mode="r") for field in fields(cls)})


def gram_size(length: int) -> int:
    """Words in the grams by which a text of some number of words is known."""
    return SHORT if length < SHORT_TEXT else LONG


def index_of(parts: Iterable[Words]) -> TextIndex:
    """The index of texts that differ in more than case, punctuation and blanks; numbered in their order."""
    words, wholes, lengths, halves, hashes, places = [], [], [], [], [], []
    offset = 0
    for part in parts:
        counts = np.diff(part.starts)
        words.append(part.hashes.astype(np.uint32))
        wholes.append(part.whole)
        lengths.append(counts)
        halves.append(part.halves)
        is_short = np.repeat(counts < SHORT_TEXT, counts)
        for size, wanted in ((LONG, False), (SHORT, True)):
            found, at = grams_of(part, size)
            right = is_short[at] == wanted
            hashes.append(found[right])
            places.append(at[right] + offset)
        offset += len(part.hashes)
    starts = np.concatenate([[0], np.cumsum(_joined(lengths, np.int64))]).astype(np.int64)
    whole = _joined(wholes, np.uint64)
    order = np.argsort(whole, kind="stable")
    grams = _grams(_joined(hashes, np.uint64), _joined(places, np.int64), starts)
    return TextIndex(
        words=_joined(words, np.uint32),
        starts=starts,
        halves=_joined(halves, np.uint8),
        whole=whole[order],
        whole_text=order.astype(np.int32),
        **grams,
    )


def _grams(hashes: U64, places: I64, starts: I64) -> dict[str, NDArray[Any]]:
    """What the index keeps of the grams that begin at places of its words."""
    order = np.argsort(hashes, kind="stable")  # so the places of a gram stay in their order
    hashes, places = hashes[order], places[order]
    del order
    fresh = np.ones(len(hashes), bool)
    fresh[1:] = hashes[1:] != hashes[:-1]
    numbers = np.cumsum(fresh, dtype=np.int64) - 1
    texts = (np.searchsorted(starts, places, side="right") - 1).astype(np.int32)
    distinct = fresh.copy()
    distinct[1:] |= texts[1:] != texts[:-1]
    count = int(fresh.sum())
    in_tests = np.bincount(numbers[distinct], minlength=count).astype(np.int32)
    pointing = distinct & (in_tests[numbers] <= COMMON)
    per_gram = np.bincount(numbers[pointing], minlength=count)
    word_grams = np.full(int(starts[-1]), -1, np.int32)
    word_grams[places] = numbers
    known = GramSet.of(hashes[fresh])
    return {
        "grams": known.hashes,
        "filter": known.filter,
        "word_grams": word_grams,
        "in_tests": in_tests,
        "post_starts": np.concatenate([[0], np.cumsum(per_gram)]).astype(np.int64),
        "post_texts": texts[pointing],
        "pointers": np.bincount(texts[pointing], minlength=len(starts) - 1).astype(np.int32),
    }


def _joined(parts: list[NDArray[Any]], kind: type[np.generic]) -> NDArray[Any]:
    """One array of all parts, which are let go: both together would be twice the memory."""
    whole = np.concatenate([np.zeros(0, kind), *parts]).astype(kind, copy=False)
    parts.clear()
    return whole
