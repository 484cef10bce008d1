"""Answers, samples and instances as compressed columns (Parquet), one block each; any text comes back as it was."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ._types import compact_json
from .records import Item

_ABSENT = object()


def pack_answers(answers: Sequence[str | None], truncated: Collection[int] = ()) -> bytes:
    """Outputs in the order of rows; None stays None. ``truncated``: rows that were cut."""
    import pyarrow as pa

    column = pa.array([None if answer is None else _bytes(answer) for answer in answers], pa.large_binary())
    cut = frozenset(truncated)
    marks = {"truncated": pa.array([row in cut for row in range(len(answers))])} if cut else {}
    return _parquet({"output": column, **marks})


def unpack_answers(data: bytes) -> list[str | None]:
    """The outputs that ``pack_answers`` was given."""
    return [None if value is None else _text(value) for value in _columns(data)["output"].to_pylist()]


def unpack_truncated(data: bytes) -> frozenset[int]:
    """The rows that ``pack_answers`` was told were cut."""
    columns = _columns(data)
    marks = columns["truncated"].to_pylist() if "truncated" in columns else ()
    return frozenset(row for row, cut in enumerate(marks) if cut)


def pack_items(items: Sequence[Item]) -> bytes:
    """Instances with their references."""
    import pyarrow as pa

    return _parquet(
        {
            "row": pa.array([item.row for item in items], pa.int64()),
            "task_id": pa.array([_bytes(item.task_id) for item in items], pa.large_binary()),
            "instance_id": pa.array([_bytes(item.instance_id) for item in items], pa.large_binary()),
            "part": pa.array([item.part for item in items]),
            "input": pa.array([_bytes(item.input) for item in items], pa.large_binary()),
            "outputs": pa.array([[_bytes(o) for o in item.outputs] for item in items], pa.list_(pa.large_binary())),
        }
    )


def unpack_items(data: bytes) -> Iterator[Item]:
    """What ``pack_items`` was given."""
    columns = _columns(data)
    names = ("row", "task_id", "instance_id", "part", "input", "outputs")
    for row, task, instance, part, text, outputs in zip(*(columns[name].to_pylist() for name in names), strict=True):
        yield Item(row, _text(task), _text(instance), part, _text(text), tuple(map(_text, outputs)))


def pack_samples(samples: Sequence[Mapping[str, Any]]) -> bytes:
    """Records of JSON values. Each path of keys (``["metrics", "f1"]``) is one column; values of one type are kept as
    that type, others as JSON.
    """
    import pyarrow as pa

    columns: dict[tuple[str, ...], list[Any]] = {}
    for index, sample in enumerate(samples):
        for path, value in _leaves(sample):
            column = columns.setdefault(path, [])
            column.extend([_ABSENT] * (index - len(column)))
            column.append(value)
    arrays = {"rows": pa.nulls(len(samples))}
    for path, column in columns.items():
        column.extend([_ABSENT] * (len(samples) - len(column)))
        arrays[compact_json(path)] = _array(column)
    return _parquet(arrays)


def unpack_samples(data: bytes) -> tuple[dict[str, Any], ...]:
    """What ``pack_samples`` was given."""
    import pyarrow as pa

    columns = _columns(data)
    samples: list[dict[str, Any]] = [{} for _ in range(len(columns.pop("rows")))]
    for name, column in columns.items():
        *parents, last = json.loads(name)
        as_json = pa.types.is_large_binary(column.type)
        for sample, value in zip(samples, column.to_pylist(), strict=True):
            if value is not None:
                place = sample
                for key in parents:
                    place = place.setdefault(key, {})
                place[last] = json.loads(value) if as_json else value
    return tuple(samples)


def _leaves(value: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, item in value.items():
        if isinstance(item, Mapping) and item:
            yield from _leaves(item, (*path, str(key)))
        else:
            yield (*path, str(key)), item


def _array(column: list[Any]) -> Any:
    import pyarrow as pa

    kinds = {type(value) for value in column if value is not _ABSENT}
    types = {int: pa.int64(), float: pa.float64(), bool: pa.bool_(), str: pa.large_string()}
    if len(kinds) == 1 and (kind := kinds.pop()) in types:
        try:
            return pa.array([None if value is _ABSENT else value for value in column], types[kind])
        except (OverflowError, UnicodeEncodeError, pa.ArrowInvalid):
            pass  # a number or a text that only JSON holds
    texts = [None if value is _ABSENT else compact_json(value).encode() for value in column]
    return pa.array(texts, pa.large_binary())


def _parquet(columns: Mapping[str, Any]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), stream, compression="zstd", compression_level=3, write_statistics=False)
    return stream.getvalue()


def _columns(data: bytes) -> dict[str, Any]:
    import pyarrow.parquet as pq

    table = pq.read_table(io.BytesIO(data))
    return {name: table.column(name) for name in table.column_names}


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
