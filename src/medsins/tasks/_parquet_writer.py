"""Write ``.parquet`` task files in segments, each closed with a footer of its own and then durable.

The last footer gathers the row groups of all segments; readers only ever look at the last. So a conversion that was
interrupted goes on after its last segment, and nothing is encoded twice.
"""

from __future__ import annotations

import json
import mmap
import os
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from medsins.core import Card

from ._arrow import arrow_of, schema
from ._columns import Columns
from ._parquet import CARD_KEY
from ._stream import Batch
from .writer import InstanceWriter, card_document

GROUP_BYTES = 1 << 19  # of text in a row group: what a single instance costs to read
GROUP_ROWS = 8192
_FLUSH_BYTES = 1 << 20
_BUFFER = 4 << 20  # bytes written at once; each write waits for Python's lock
_SYNC = 32 << 20  # bytes after which the disk gets to work, so that little is left when they have to be durable
_SAMPLE = 1 << 20
_WORTH = 0.75
"""Share of its size that text is packed to, at most: packing takes as long as all else, and reading is slower."""


class _Tail:
    """The end of a file as Arrow's output; while ``muted`` it swallows what is written."""

    closed = False

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")
        self.muted = True
        self._written = 0
        self._syncing: threading.Thread | None = None
        self._failed: OSError | None = None

    def write(self, data: Any) -> int:
        """Append bytes."""
        if self.muted:
            return len(data)
        self._written += len(data)
        if self._written >= _SYNC and not (self._syncing and self._syncing.is_alive()):
            self._written = 0
            self._syncing = threading.Thread(target=self._sync)
            self._syncing.start()
        return self._file.write(data)

    def _sync(self) -> None:
        try:
            os.fdatasync(self._file.fileno())
        except OSError as error:  # the system tells of it once
            self._failed = error

    def flush(self) -> None:
        """Flush."""
        self._file.flush()

    def close(self) -> None:
        """Make everything durable and close."""
        self.closed = True
        if self._syncing:
            self._syncing.join()
        if self._file.closed:
            return
        with self._file:
            if self._failed:
                raise self._failed
            self._file.flush()
            os.fsync(self._file.fileno())


class ParquetWriter(InstanceWriter):
    """Writes a ``.parquet`` task file to ``path``, going on after the segments that end at ``resumed``.

    Encoding and compression run in a thread of their own, one table behind; Arrow works without Python's lock.
    """

    def __init__(self, path: Path, card: Card, resumed: Sequence[int] = ()) -> None:
        self.path, self.card = path, card
        self._segments = list(resumed)
        self._footers = [_footer_at(path, end) for end in self._segments]
        with path.open("ab") as stream:
            stream.truncate(self._segments[-1] if self._segments else 0)
        self._writer: Any = None
        self._pending: list[Any] = []  # record batches
        self._rows = self._weight = 0
        self._thread = ThreadPoolExecutor(1)
        self._behind: Future[None] | None = None

    def write_columns(self, columns: Columns) -> None:
        """Add instances."""
        self._add(arrow_of(columns))

    def write_batch(self, batch: Batch) -> None:
        """Add a reader's batch; what is in Arrow already stays there."""
        self._add(arrow_of(batch.rows) if isinstance(batch.rows, Columns) else batch.rows)

    def _add(self, rows: Any) -> None:
        self._pending.append(rows)
        self._rows += rows.num_rows
        self._weight += rows.nbytes
        if self._weight >= _FLUSH_BYTES or self._rows >= GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        pending, weight = self._pending, self._weight
        self._pending, self._rows, self._weight = [], 0, 0
        if not pending:
            return
        table = pa.Table.from_batches(pending)
        share = min(1.0, GROUP_BYTES / max(1, weight))
        group = min(GROUP_ROWS, max(1, round(share * table.num_rows)))
        self._wait()
        self._open(table)
        self._behind = self._thread.submit(self._writer.write_table, table, row_group_size=group)

    def _wait(self) -> None:
        if self._behind is not None:
            self._behind.result()
            self._behind = None

    def _open(self, table: Any = None) -> None:
        """Start a segment, which may begin with a table. The offsets it notes must count from the start of the file, so
        what is there is skipped.
        """
        if self._writer is not None:
            return
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._tail = _Tail(self.path)
        self._stream = pa.BufferedOutputStream(pa.PythonFile(self._tail, mode="w"), _BUFFER)
        there = self._segments[-1] if self._segments else 0
        self._tail.muted = there > 0
        self._writer = pq.ParquetWriter(
            self._stream,
            schema(),
            compression=_compression(table),
            use_dictionary=False,
            write_statistics=False,
        )
        blank = pa.py_buffer(mmap.mmap(-1, 1 << 30)) if there else None
        while there - self._stream.tell() > 0 and blank is not None:
            self._stream.write(blank.slice(0, min(len(blank), there - self._stream.tell())))
        self._stream.flush()
        self._tail.muted = False

    def checkpoint(self) -> dict[str, Any]:
        """Make all instances so far durable; what a later writer needs to go on."""
        self._flush()
        self._wait()
        self._close_segment()
        return {"resumed": self._segments}

    def _close_segment(self) -> None:
        if self._writer is None:
            return
        self._writer.close()
        self._stream.close()
        self._tail.close()
        self._writer = None
        self._segments.append(self.path.stat().st_size)
        self._footers.append(_footer_at(self.path, self._segments[-1]))

    def finish(self, card: Card) -> None:
        """Write the card and the footer of all segments."""
        import pyarrow as pa

        self.checkpoint()
        self._open()
        self._writer.add_key_value_metadata({CARD_KEY: json.dumps(card_document(card), ensure_ascii=False)})
        self._close_segment()
        whole = self._footers.pop()
        for footer in self._footers:
            whole.append_row_groups(footer)
        tail = _Tail(self.path)
        tail.muted = False
        stream = pa.PythonFile(tail, mode="w")
        whole.write_metadata_file(stream)
        stream.close()
        tail.close()
        self._thread.shutdown()

    def abandon(self) -> None:
        """Close what is open."""
        self._thread.shutdown()
        if self._writer is not None:
            self._tail.muted = True
            with suppress(OSError):  # what is still in the buffer has nowhere to go
                self._writer.close()
                self._stream.close()
            self._tail.close()


def _compression(table: Any) -> str:
    """``lz4`` where that is worth it for the inputs of a table, else ``none``."""
    import pyarrow as pa

    texts = table.column("input").chunk(0) if table is not None and table.num_rows else None
    held = texts.buffers()[2] if texts is not None else None
    sample = memoryview(held)[:_SAMPLE] if held is not None else b""
    return "lz4" if len(pa.compress(sample, codec="lz4_raw")) <= _WORTH * len(sample) else "none"


def _footer_at(path: Path, end: int) -> Any:
    """The footer of the segment that ends at byte ``end``."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with path.open("rb") as stream:
        stream.seek(end - 8)
        length = int.from_bytes(stream.read(4), "little") + 8
        stream.seek(end - length)
        return pq.read_metadata(pa.BufferReader(b"PAR1" + stream.read(length)))
