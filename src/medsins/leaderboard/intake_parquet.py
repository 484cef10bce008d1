"""A stranger's Parquet file as a stream of rows, a few at a time and only the columns that are needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from medsins.core import InvalidFile, Problem

from ._upload import COLUMNS, Limits, UploadRow, too_large

_BATCH = 64  # rows; a value that a dictionary repeats is only as large as this many times a cell
_WANTED = (*COLUMNS, "GT", "instance_id", "status")


def parquet_rows(stream: IO[bytes], limits: Limits) -> Iterator[UploadRow]:
    """The rows of a Parquet file; null outputs are empty answers.

    Raises:
        InvalidFile: it is damaged, lacks columns, or is too large.
    """
    import pyarrow
    import pyarrow.parquet as pq

    try:
        caps = {"thrift_string_size_limit": 1 << 24, "thrift_container_size_limit": 1 << 20}
        file = pq.ParquetFile(stream, **caps)
        names = _check(file.metadata, file.schema_arrow, limits)
        texts = [name for name in names if pyarrow.types.is_string(file.schema_arrow.field(name).type)]
        file = pq.ParquetFile(stream, metadata=file.metadata, read_dictionary=texts, **caps)
        number = spent = 0
        for batch in file.iter_batches(_BATCH, columns=names, use_threads=False):
            columns = {name: _texts(batch.column(name), name, limits) for name in names}
            for at in range(batch.num_rows):
                row = _row(columns, at, number)
                spent += len(row.input) + len(row.output or "")
                if spent > limits.bytes:
                    raise too_large("after unpacking", limits.bytes, "bytes")
                yield row
                number += 1
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InvalidFile(Problem(f"is a damaged Parquet file ({str(error)[:160]})", mend="write it again")) from error


def _check(metadata: Any, schema: Any, limits: Limits) -> list[str]:
    """The columns to read, once the file says that it is small enough."""
    if metadata.num_rows > limits.rows:
        raise too_large("", limits.rows, "rows")
    if metadata.num_columns > limits.columns:
        raise too_large("", limits.columns, "columns")
    names = [name for name in _WANTED if name in schema.names]
    absent = [name for name in COLUMNS if name not in names]
    if absent:
        seen = ", ".join(schema.names)[:200]
        raise InvalidFile(
            Problem(f"has no column {', '.join(absent)}", mend=f"needed: {', '.join(COLUMNS)}; here: {seen}")
        )
    return names


def _texts(column: Any, name: str, limits: Limits) -> list[str | None]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        longest = pc.max(pc.binary_length(column.dictionary)).as_py() if len(column.dictionary) else 0
        if (longest or 0) > 4 * limits.cell:
            raise too_large(f"in a cell of {name}", limits.cell, "characters")
    values: list[Any] = column.to_pylist()
    if any(not isinstance(value, str | int | None) or isinstance(value, bool) for value in values):
        raise InvalidFile(Problem(f"the column {name} holds no texts", mend="store it as strings"))
    texts = [value if value is None or isinstance(value, str) else str(value) for value in values]
    if name == "output" and any(len(text or "") > limits.cell for text in texts):
        raise too_large("in an output", limits.cell, "characters")
    return texts


def _row(columns: dict[str, list[str | None]], at: int, number: int) -> UploadRow:
    def cell(name: str) -> str:
        return columns[name][at] or "" if name in columns else ""

    output: str | None = cell("output")
    status = cell("status").strip().lower()
    if not output and status in ("missing", "error"):
        output = None
    reference = cell("GT") if "GT" in columns else None
    task_id, instance_id = cell("task_id").strip(), cell("instance_id").strip()
    return UploadRow(number, 0, task_id, cell("input"), output, reference, instance_id, status == "truncated")
