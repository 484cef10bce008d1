"""Which rows repeat a key, over any number of rows in bounded memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

_BUCKETS = 32
_IN_MEMORY = 2_000_000  # rows; 24 bytes each


@dataclass(frozen=True, slots=True)
class Repeat:
    """A row whose key an earlier row has; ``differs``: with another value beside it."""

    row: int
    first: int
    differs: bool


class Repeats:
    """Collects (key hash, value hash) of consecutive rows and finds the keys that come again.

    Hashes have 64 bits: at 13.5 million rows a false alarm has a chance of 5 in a million. Rows beyond two million go
    to temporary files by the hash of their key, and are looked through bucket by bucket.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._pending: list[Any] = []
        self._held = 0
        self._files: list[IO[bytes]] = []

    def add(self, keys: Sequence[int], values: Sequence[int]) -> None:
        """Add the next rows."""
        import numpy as np

        records = np.empty((len(keys), 3), np.int64)
        records[:, 0], records[:, 1] = keys, values
        records[:, 2] = np.arange(self.rows, self.rows + len(keys))
        self.rows += len(keys)
        self._pending.append(records)
        self._held += len(keys)
        if self._held >= _IN_MEMORY:
            self._spill()

    def _spill(self) -> None:
        import numpy as np

        if not self._files:
            self._files = [tempfile.TemporaryFile() for _ in range(_BUCKETS)]  # noqa: SIM115 (closed by close)
        records = np.concatenate(self._pending)
        buckets = records[:, 0] & (_BUCKETS - 1)
        for number, file in enumerate(self._files):
            file.write(records[buckets == number].tobytes())
        self._pending, self._held = [], 0

    def found(self) -> Iterator[Repeat]:
        """Every row that repeats an earlier one; within a bucket by key, then in the order of rows."""
        for records in self._parts():
            yield from _repeats_in(records)

    def _parts(self) -> Iterator[Any]:
        import numpy as np

        if not self._files:
            yield np.concatenate(self._pending) if self._pending else np.empty((0, 3), np.int64)
            return
        if self._pending:
            self._spill()
        for file in self._files:
            file.seek(0)
            yield np.frombuffer(file.read(), np.int64).reshape(-1, 3)

    def close(self) -> None:
        """Remove the temporary files."""
        for file in self._files:
            file.close()


def _repeats_in(records: Any) -> Iterator[Repeat]:
    import numpy as np

    records = records[np.lexsort((records[:, 2], records[:, 0]))]
    again = np.flatnonzero(records[1:, 0] == records[:-1, 0]) + 1
    first = -1
    for position in again.tolist():
        if first < 0 or records[position, 0] != records[first, 0]:
            first = position - 1
        yield Repeat(int(records[position, 2]), int(records[first, 2]), bool(records[position, 1] != records[first, 1]))
