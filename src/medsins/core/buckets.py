"""Rows of 64-bit numbers put together by their first number, over any number of rows in bounded memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

_BUCKETS = 32
_IN_MEMORY = 6_000_000  # numbers of 8 bytes


class Buckets:
    """Collects rows and gives them back in parts: rows whose first number is the same are in the same part.

    Few rows stay in memory as one part; more go to temporary files, so that a part is a 32nd of all.
    """

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self._pending: list[Any] = []
        self._held = 0
        self._files: list[IO[bytes]] = []

    def add(self, rows: Rows) -> None:
        """Add rows, shape [rows, columns]."""
        self._pending.append(rows)
        self._held += rows.size
        if self._held >= _IN_MEMORY:
            self._spill()

    def _spill(self) -> None:
        import numpy as np

        if not self._files:
            self._files = [tempfile.TemporaryFile() for _ in range(_BUCKETS)]  # noqa: SIM115 (closed by close)
        rows = np.concatenate(self._pending)
        buckets = rows[:, 0] & (_BUCKETS - 1)
        for number, file in enumerate(self._files):
            file.write(rows[buckets == number].tobytes())
        self._pending, self._held = [], 0

    def parts(self) -> Iterator[Rows]:
        """The rows, part by part, shape [rows, columns] each."""
        import numpy as np

        if not self._files:
            yield np.concatenate(self._pending) if self._pending else np.empty((0, self.columns), np.int64)
            return
        if self._pending:
            self._spill()
        for file in self._files:
            file.seek(0)
            yield np.frombuffer(file.read(), np.int64).reshape(-1, self.columns)

    def close(self) -> None:
        """Remove the temporary files."""
        for file in self._files:
            file.close()

    def __enter__(self) -> Buckets:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()
