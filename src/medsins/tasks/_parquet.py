"""Read ``.parquet`` task files: columns ``id``, ``input``, ``output`` (list of strings) and ``extra`` (JSON),
the card in the file's metadata. Columns of other people's files are kept as further keys.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, overload

from medsins.core import Card, Instance, InvalidFile, Problem

from ._arrow import columns_of, extra_of
from ._columns import Columns
from ._shape import Shape
from ._stream import Batch, Mark, TaskReader

CARD_KEY = "medsins.card"
MAX_GROUP = 4 << 30  # unpacked bytes of a row group of a foreign file
_BATCH = 1024


class ParquetReader(TaskReader):
    """Reads a ``.parquet`` file with columns ``input`` and ``output``; other columns are kept as further keys."""

    def where(self, number: int, field: str = "") -> str:
        """A row and a column."""
        return f"row {number + 1}" + (f", column '{field}'" if field else "")

    def _open(self) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            file = pq.ParquetFile(self.path)
            names = file.schema_arrow.names
        except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
            if isinstance(error, OSError) and error.errno:
                raise
            raise self._refused(
                f"is not a whole Parquet file ({_first_line(error)})", "fetch or write it again"
            ) from error
        missing = [f"'{name}'" for name in ("input", "output") if name not in names]
        if missing:
            what = f"has no column {' and no column '.join(missing)} (columns: {', '.join(names)})"
            raise self._refused(what, "rename the columns")
        meta = file.metadata
        if any(meta.row_group(group).num_rows < 0 for group in range(meta.num_row_groups)):
            raise self._refused("says that it has less than no rows", "fetch or write it again")
        if any(meta.row_group(group).total_byte_size > MAX_GROUP for group in range(meta.num_row_groups)):
            raise self._refused(f"has a row group of more than {MAX_GROUP >> 30} GiB", "write smaller row groups")
        return file

    def _refused(self, what: str, mend: str) -> InvalidFile:
        return InvalidFile(Problem(what, str(self.path), mend))

    def _read_card(self) -> Card:
        shape = Shape(str(self.path))
        with suppress(InvalidFile):
            return shape.card(self._card_keys(self._open(), shape))
        return Card()

    def _card_keys(self, file: Any, shape: Shape) -> dict[str, Any]:
        text = (file.metadata.metadata or {}).get(CARD_KEY.encode(), b"{}")
        with suppress(ValueError, RecursionError):
            keys = json.loads(text)
            if isinstance(keys, dict):
                return keys
        shape.problem(f"metadata '{CARD_KEY}'", "is not a JSON object", "write the file again")
        return {}

    def _batches(self, start: Mark) -> Iterator[Batch]:
        file = self._open()
        self._card = self.shape.card(self._card_keys(file, self.shape))
        ends = _group_ends(file.metadata)
        first = bisect_right(ends, start.offset)
        row = ends[first - 1] if first else 0
        groups = range(first, file.metadata.num_row_groups)
        size = self.path.stat().st_size
        tables = iter(file.iter_batches(_BATCH, row_groups=list(groups), use_threads=False) if groups else ())
        while not self.full():
            with self.refusing(row):
                table = next(tables, None)
                if table is None:
                    return
                skipped = max(0, min(table.num_rows, start.offset - row))
                batch = self._batch(table.slice(skipped), row + skipped)
            row += table.num_rows
            self.taken = size * row // max(1, ends[-1])
            if batch.numbers:
                yield batch

    @contextmanager
    def refusing(self, row: int) -> Iterator[None]:
        """Faults of the file met in the block, at a row (0-based) or after it, are raised as ``InvalidFile``."""
        import pyarrow as pa

        try:
            yield
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            what, place = f"cannot be read ({_first_line(error)})", f"{self.path}: row {row + 1} or after"
            raise InvalidFile(Problem(what, place, "fetch or write it again")) from error

    def _batch(self, table: Any, row: int) -> Batch:
        numbers = range(row, row + table.num_rows)
        end = Mark(numbers.stop, numbers.stop)
        plain = columns_of(table, row, self.name)
        if plain is not None:
            return Batch(plain, numbers, end)
        instances, kept = [], []
        for number, raw in zip(numbers, table.to_pylist(), strict=True):
            raw.update(extra_of(raw.pop("extra", None)))
            instance = self.shape.instance(_jsonable(raw), self.where(number), f"{self.name}-{number}")
            if instance is not None:
                instances.append(instance)
                kept.append(number)
        return Batch(Columns.of(instances), kept, end)


def _jsonable(raw: dict[str, Any]) -> dict[str, Any]:
    """A foreign row without what JSON cannot hold: absent values are left out, dates and bytes are spelled out."""
    given = {key: value for key, value in raw.items() if value is not None or key == "output"}
    loaded: dict[str, Any] = json.loads(json.dumps(given, default=str), parse_constant=lambda _: None)
    return loaded


def _group_ends(meta: Any) -> list[int]:
    ends, total = [], 0
    for group in range(meta.num_row_groups):
        total += meta.row_group(group).num_rows
        ends.append(total)
    return ends


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


class IndexedTask(Sequence[Instance]):
    """The instances of a ``.parquet`` task file by index, read when asked for; the last row group is kept.

    Raises:
        InvalidFile: the file is no task file.
    """

    def __init__(self, path: Path) -> None:
        self._reader = ParquetReader(path)
        self._file = self._reader._open()
        self._ends = _group_ends(self._file.metadata)
        self._group = -1
        self._table: Any = None
        self.card = self._reader.card

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> Instance: ...
    @overload
    def __getitem__(self, index: slice) -> list[Instance]: ...
    def __getitem__(self, index: int | slice) -> Instance | list[Instance]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"instance {index} of {len(self)}")
        index %= len(self)
        group = bisect_right(self._ends, index)
        first = self._ends[group - 1] if group else 0
        if group != self._group:
            self._group = -1
            with self._reader.refusing(first):
                self._table = self._file.read_row_group(group, use_threads=False).combine_chunks()
            self._group = group
        rows = self._table.slice(index - first, 1).to_batches()
        if not rows:
            raise self._reader._refused(f"has no row {index + 1}, though it says so", "fetch or write it again")
        with self._reader.refusing(index):
            batch = self._reader._batch(rows[0], index)
        self._reader.check()
        return batch.instances[0]
