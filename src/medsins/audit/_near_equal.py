"""Instances of one task with nearly equal inputs and different labels: of such two, one is often wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from medsins.tasks import open_reader

from ._files import TaskFile
from ._label_facts import folded
from ._words import words_of

LOOKED_AT = 20_000
"""Instances of a task that are compared, the first ones."""

SIMILAR = 0.9
"""Share of different words that both inputs have (Jaccard), from which they are nearly equal."""

LEAST_WORDS = 10
"""Different words an input must have: one word in few is another question."""

_KEYS = 4  # of the rarest words of an input, one of which a nearly equal one has
_MOST_HAVING = 12  # instances that may have a word that is looked up


class NearPair(NamedTuple):
    """Two rows of one file, and the share of different words that both inputs have."""

    first: int
    second: int
    similarity: float


def near_pairs(file: TaskFile) -> list[NearPair]:
    """Pairs of instances of a file with nearly, but not wholly, equal inputs and different labels, in order."""
    words, labels = _read(file)
    groups = _candidates(words)
    found = {
        pair
        for rows in groups
        for a, b in combinations(rows, 2)
        if labels[a] != labels[b] and (pair := _compared(a, b, words)) is not None
    }
    return sorted(found)


def _read(file: TaskFile) -> tuple[list[Any], list[str]]:
    """The different words of each input, sorted, and its label."""
    words: list[Any] = []
    labels: list[str] = []
    for batch in open_reader(file.path).batches():
        columns = batch.columns
        hashed = words_of(columns.inputs)
        words += [np.unique(hashed.of(row)) for row in range(len(columns))]
        labels += [folded(outputs[0]) if outputs else "" for outputs in columns.outputs]
        if len(words) >= LOOKED_AT:
            break
    return words[:LOOKED_AT], labels[:LOOKED_AT]


def _candidates(words: Sequence[Any]) -> Iterator[list[int]]:
    """Groups of rows that share one of their rarest words."""
    if not words:
        return
    known, counts = np.unique(np.concatenate(words), return_counts=True)
    having: dict[int, list[int]] = defaultdict(list)
    for row, own in enumerate(words):
        if len(own) >= LEAST_WORDS:
            often = counts[np.searchsorted(known, own)]
            shared = np.flatnonzero((often > 1) & (often <= _MOST_HAVING))
            for place in shared[np.argsort(often[shared], kind="stable")][:_KEYS].tolist():
                having[int(own[place])].append(row)
    yield from (rows for rows in having.values() if len(rows) > 1)


def _compared(a: int, b: int, words: Sequence[Any]) -> NearPair | None:
    shorter, longer = sorted((len(words[a]), len(words[b])))
    if shorter < SIMILAR * longer:
        return None
    both = len(np.intersect1d(words[a], words[b], assume_unique=True))
    similarity = both / (shorter + longer - both)
    return NearPair(a, b, similarity) if similarity >= SIMILAR else None
