"""Which rows repeat a key, over any number of rows in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from medsins.core.buckets import Buckets


@dataclass(frozen=True, slots=True)
class Repeat:
    """A row whose key an earlier row has; ``differs``: with another value beside it."""

    row: int
    first: int
    differs: bool


class Repeats:
    """Collects (key hash, value hash) of consecutive rows and finds the keys that come again.

    Hashes have 64 bits: at 13.5 million rows a false alarm has a chance of 5 in a million. Beyond two million rows they
    are on disk, see ``Buckets``.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._buckets = Buckets(3)

    def add(self, keys: Sequence[int], values: Sequence[int]) -> None:
        """Add the next rows."""
        import numpy as np

        records = np.empty((len(keys), 3), np.int64)
        records[:, 0], records[:, 1] = keys, values
        records[:, 2] = np.arange(self.rows, self.rows + len(keys))
        self.rows += len(keys)
        self._buckets.add(records)

    def found(self) -> Iterator[Repeat]:
        """Every row that repeats an earlier one; within a bucket by key, then in the order of rows."""
        for records in self._buckets.parts():
            yield from _repeats_in(records)

    def close(self) -> None:
        """Remove the temporary files."""
        self._buckets.close()


def _repeats_in(records: Any) -> Iterator[Repeat]:
    import numpy as np

    records = records[np.lexsort((records[:, 2], records[:, 0]))]
    again = np.flatnonzero(records[1:, 0] == records[:-1, 0]) + 1
    first = -1
    for position in again.tolist():
        if first < 0 or records[position, 0] != records[first, 0]:
            first = position - 1
        yield Repeat(int(records[position, 2]), int(records[first, 2]), bool(records[position, 1] != records[first, 1]))
