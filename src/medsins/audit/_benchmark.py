"""The instances of a benchmark and what of their texts is telling enough to be looked for elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ._grams import I32
from ._index import TextIndex, index_of
from ._sources import Portion, Reading, Source
from ._words import I64, U64, Words, words_of

MIN_INPUT, MIN_OUTPUT = 5, 8
"""Words from which on an input or an output is looked for. Less is found by chance: an output like "yes" is no leak by
itself, and counts only together with its input."""

INPUT, OUTPUT = 0, 1


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Instances, numbered over all files, and the index of their distinct texts.

    Attributes:
        sources: the files.
        counts, searched: instances of each file, and those of them that have a telling text.
        files, rows, ids: where each instance is.
        whole_outputs: hash of each instance's outputs but for case, punctuation and blanks.
        exact: hashes of each instance's input and outputs as they are, of shape [instances, 2].
        index: the distinct texts.
        owner_starts, owners: the instances that have each text, as instance * 2 + (0: input, 1: output).
    """

    sources: Sequence[Source]
    counts: Sequence[int]
    searched: Sequence[int]
    files: I32
    rows: I32
    ids: Sequence[str]
    whole_outputs: U64
    exact: U64
    index: TextIndex
    owner_starts: I64
    owners: I64

    def owners_of(self, text: int) -> list[int]:
        """The instances that have a text, as instance * 2 + (0: input, 1: output)."""
        owners: list[int] = self.owners[self.owner_starts[text] : self.owner_starts[text + 1]].tolist()
        return owners


def exact_hash(text: str) -> int:
    """64 bits of a text as it is."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def read_benchmark(reading: Reading) -> Benchmark:
    """Read every file.

    Raises:
        InvalidFile: a file cannot be read.
    """
    texts = _Texts()
    files: list[int] = []
    rows: list[int] = []
    ids: list[str] = []
    for portion in reading.portions():
        files += [portion.file] * len(portion.rows)
        rows += portion.rows
        ids += portion.ids
        texts.add(portion)
    index = index_of(texts.parts)
    owned = np.concatenate([np.zeros(0, np.int64), *texts.owned])
    owners = np.flatnonzero(owned >= 0)
    searched = np.bincount(np.array(files, np.int64)[np.unique(owners // 2)], minlength=len(reading.counts))
    order = np.argsort(owned[owners], kind="stable")
    return Benchmark(
        sources=reading.sources,
        counts=tuple(reading.counts),
        searched=tuple(searched.tolist()),
        files=np.array(files, np.int32),
        rows=np.array(rows, np.int32),
        ids=ids,
        whole_outputs=np.concatenate([np.zeros(0, np.uint64), *texts.whole_outputs]),
        exact=np.array(texts.exact, np.uint64).reshape(-1, 2),
        index=index,
        owner_starts=np.searchsorted(owned[owners][order], np.arange(len(index) + 1)).astype(np.int64),
        owners=owners[order],
    )


class _Texts:
    """Collects distinct telling texts, portion by portion. ``owned`` says which text each field is, -1 for none."""

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        self.parts: list[Words] = []
        self.owned: list[I64] = []
        self.whole_outputs: list[U64] = []
        self.exact: list[int] = []

    def add(self, portion: Portion) -> None:
        words = words_of(portion.texts)
        self.exact += [exact_hash(text) for text in portion.texts]
        self.whole_outputs.append(words.whole[OUTPUT::2])
        least = np.tile([MIN_INPUT, MIN_OUTPUT], len(portion.rows))
        owned = np.full(len(words), -1, np.int64)
        fresh = []
        for text in np.flatnonzero(words.sizes >= least).tolist():
            whole = int(words.whole[text])
            if whole not in self.numbers:
                self.numbers[whole] = len(self.numbers)
                fresh.append(text)
            owned[text] = self.numbers[whole]
        self.owned.append(owned)
        self.parts.append(words.pick(fresh))
