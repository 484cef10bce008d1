"""Instances whose inputs are equal but for case, punctuation and blanks, over any number of task files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from medsins.core.buckets import Buckets
from medsins.tasks import Batch

from ._files import SPLITS, split_of
from ._words import I64, words_of

LABEL_LENGTH = 80
"""Characters up to which an answer may be a label."""

SHORT = 5
"""Words below which an input may be the same by chance: headings, numbers of sections."""

_ROW_BITS, _SPLIT_BITS = 40, 2
_LABEL_AT = _ROW_BITS + _SPLIT_BITS
_SHORT_AT, _FILE_AT = _LABEL_AT + 1, _LABEL_AT + 2
_COLUMNS = 4


class Member(NamedTuple):
    """One instance of a group: its file and row, its split, and numbers that are equal where inputs (to the letter) or
    answers (but for case, punctuation and blanks) are. ``label``: no accepted answer is longer than a label; ``short``:
    the input has fewer than ``SHORT`` words.
    """

    file: int
    row: int
    split: str
    exact: int
    answer: int
    label: bool
    short: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Two or more instances with the same input, in the order of files and rows."""

    members: Sequence[Member]


class Inputs:
    """Takes the instances of many files, and gives back the groups. 32 bytes an instance, beyond 1.5 million on disk.

    Inputs without any letter or digit are compared to the letter; blank ones are left out.
    """

    def __init__(self) -> None:
        self._buckets = Buckets(_COLUMNS)

    def add(self, file: int, first_row: int, batch: Batch, split: str) -> tuple[list[str], int]:
        """Add a batch of a file; instances that name no split are of the file's. Returns the splits, and how many
        inputs are short.
        """
        columns = batch.columns
        extras = columns.extras or [{}] * len(columns)
        splits = [split_of(dict(extra)) or split for extra in extras]
        rows = np.empty((len(columns), _COLUMNS), np.int64)
        exact = [hash(text) for text in columns.inputs]
        words = words_of(columns.inputs)
        whole, short = words.whole.view(np.int64), words.sizes < SHORT
        rows[:, 1] = exact
        rows[:, 0] = np.where(whole == 0, rows[:, 1], whole)
        rows[:, 2] = _answers(columns.outputs)
        labels = [max(map(len, outputs), default=0) <= LABEL_LENGTH for outputs in columns.outputs]
        places = np.arange(first_row, first_row + len(columns), dtype=np.int64)
        places |= np.array([SPLITS.index(name) for name in splits], np.int64) << _ROW_BITS
        places |= np.array(labels, np.int64) << _LABEL_AT
        places |= short.astype(np.int64) << _SHORT_AT
        rows[:, 3] = places | (file << _FILE_AT)
        blank = (whole == 0) & np.array([not text or text.isspace() for text in columns.inputs])
        self._buckets.add(rows[~blank])
        return splits, int(short.sum())

    def groups(self) -> Iterator[Group]:
        """Every group of two or more."""
        for part in self._buckets.parts():
            yield from _groups_in(part)

    def close(self) -> None:
        """Remove what is on disk."""
        self._buckets.close()


class Keys:
    """The instances that have a further key (a patient, a document), and those with the same value of it."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.found = 0  # instances that have it
        self._buckets = Buckets(2)

    def add(self, file: int, first_row: int, batch: Batch, splits: Sequence[str]) -> None:
        """Add a batch of a file."""
        extras = batch.columns.extras or ()
        rows = [
            (hash(str(extra[self.key])), _place(file, first_row + row, splits[row]))
            for row, extra in enumerate(extras)
            if self.key in extra
        ]
        self.found += len(rows)
        if rows:
            self._buckets.add(np.array(rows, np.int64))

    def groups(self) -> Iterator[Group]:
        """Every value that two or more instances have; their inputs and answers are not told apart."""
        for part in self._buckets.parts():
            wide = np.zeros((len(part), _COLUMNS), np.int64)
            wide[:, 0], wide[:, 3] = part[:, 0], part[:, 1]
            yield from _groups_in(wide)

    def close(self) -> None:
        """Remove what is on disk."""
        self._buckets.close()


def _place(file: int, row: int, split: str) -> int:
    return (file << _FILE_AT) | (SPLITS.index(split) << _ROW_BITS) | row


def _answers(outputs: Sequence[Sequence[str]]) -> I64:
    """A number for the accepted answers of each instance, whatever their order."""
    counts = np.fromiter(map(len, outputs), np.int64, len(outputs))
    flat = [text for texts in outputs for text in texts]
    whole = words_of(flat).whole.view(np.int64)
    numbers = [number or hash(text) for number, text in zip(whole.tolist(), flat, strict=True)]
    ends = np.cumsum(counts).tolist()
    single = counts == 1
    sets = [hash(frozenset(numbers[end - n : end])) for end, n in zip(ends, counts.tolist(), strict=True)]
    found = np.array(sets, np.int64).reshape(-1)
    if single.any():
        found[single] = np.array(numbers, np.int64)[np.array(ends)[single] - 1]
    return found


def _groups_in(rows: I64) -> Iterator[Group]:
    rows = rows[np.lexsort((_order(rows[:, 3]), rows[:, 0]))]
    same = rows[1:, 0] == rows[:-1, 0]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]]).astype(np.int8)))
    member = partial(map, _member)
    for start, end in edges.reshape(-1, 2).tolist():
        yield Group(tuple(member(rows[start : end + 1].tolist())))


def _order(places: I64) -> Any:
    """File and row of packed places, without what lies between."""
    file = places >> _FILE_AT
    return (file << _ROW_BITS) | (places & ((1 << _ROW_BITS) - 1))


def _member(row: Sequence[int]) -> Member:
    _, exact, answer, place = row
    split = SPLITS[(place >> _ROW_BITS) & ((1 << _SPLIT_BITS) - 1)]
    label, short = bool((place >> _LABEL_AT) & 1), bool((place >> _SHORT_AT) & 1)
    return Member(place >> _FILE_AT, place & ((1 << _ROW_BITS) - 1), split, exact, answer, label, short)
