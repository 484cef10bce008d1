"""Instances as Arrow record batches: the schema of ``.parquet`` task files, from and to columns, out of JSON text."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache
from typing import Any

from ._columns import Columns

_JSON_HEAD, _JSON_TAIL = b'{"Instances":[', b"]}"


@cache
def schema() -> Any:
    """The Arrow schema of a task file."""
    import pyarrow as pa

    fields = [pa.field("id", pa.string(), nullable=False), pa.field("input", pa.string(), nullable=False)]
    fields += [pa.field("output", pa.list_(pa.field("element", pa.string(), nullable=False)), nullable=False)]
    return pa.schema([*fields, pa.field("extra", pa.string())])


def arrow_of(rows: Columns) -> Any:
    """A record batch of columns."""
    import pyarrow as pa

    texts: list[str | None] = [None] * len(rows)
    if rows.extras is not None:
        texts = [json.dumps(dict(extra), ensure_ascii=False) if extra else None for extra in rows.extras]
    columns = zip((rows.ids, rows.inputs, rows.outputs, texts), schema().types, strict=True)
    return pa.record_batch([pa.array(column, type=kind) for column, kind in columns], schema=schema())


def columns_of(table: Any, row: int, name: str) -> Columns | None:
    """The columns of a record batch in our own schema; None for any other. What has no id is numbered from ``row``."""
    types = dict(zip(table.schema.names, table.schema.types, strict=True))
    if not _is_own(types) or any(table.column(key).null_count for key in types if key != "extra"):
        return None
    inputs, outputs = table.column("input").to_pylist(), table.column("output")
    if outputs.flatten().null_count:
        return None
    ids = table.column("id").to_pylist() if "id" in types else [""] * table.num_rows
    extras: list[Any] | None = None
    if "extra" in types and table.column("extra").null_count < table.num_rows:
        extras = [extra_of(text) for text in table.column("extra").to_pylist()]
    return Columns(named(ids, row, name), inputs, outputs.to_pylist(), [True] * table.num_rows, extras)


def named(ids: list[Any], row: int, name: str) -> list[str]:
    """The ids, those that are missing or empty as ``name`` and the number of their row, counted from ``row``."""
    return ids if all(ids) else [given or f"{name}-{number}" for number, given in enumerate(ids, row)]


def extra_of(value: Any) -> dict[str, Any]:
    """Further keys from their JSON text; what is none of ours becomes the key ``extra``."""
    if value is None:
        return {}
    with suppress(ValueError, TypeError, RecursionError):
        found = json.loads(value)
        if isinstance(found, dict):
            return found
    return {"extra": value}


def _is_own(types: dict[str, Any]) -> bool:
    import pyarrow as pa

    listed: Any = types.get("output")
    texts = all(types[key] == pa.string() for key in types if key != "output")
    known = set(types) <= set(schema().names)
    return bool(known and texts and pa.types.is_list(listed) and listed.value_type == pa.string())


def arrow_of_json(text: bytes) -> Any:
    """A record batch of comma-separated instances in the documented shape, null where one has no id. None where the
    strict parser has to look.

    Arrow's parser works without Python's lock and is strict: it refuses other types, keys that are absent, unknown or
    there twice, and all that is no JSON (but for bytes that are no UTF-8, which are looked for after it).
    """
    import pyarrow as pa
    import pyarrow.json as pj

    document = b"".join((_JSON_HEAD, text, _JSON_TAIL))
    whole = pj.ReadOptions(use_threads=False, block_size=len(document) + 1)
    for options in _json_options():
        with suppress(pa.ArrowException, UnicodeDecodeError):  # a message that quotes such bytes is an error itself
            table = pj.read_json(pa.BufferReader(document), whole, options)
            table.validate(full=True)
            chunks = table.column(0).chunks
            return _rows_of(chunks[0]) if [len(chunk) for chunk in chunks] == [1] else None
    return None


@cache
def _json_options() -> list[Any]:
    """How to parse outputs that are lists, and outputs that are strings."""
    import pyarrow as pa
    import pyarrow.json as pj

    found = []
    for output in (schema().field("output"), pa.field("output", pa.string(), nullable=False)):
        row = pa.struct([pa.field("id", pa.string()), schema().field("input"), output])
        rows = pa.list_(pa.field("element", row, nullable=False))
        document = pa.schema([pa.field("Instances", rows, nullable=False)])
        found.append(pj.ParseOptions(explicit_schema=document, unexpected_field_behavior="error"))
    return found


def _rows_of(document: Any) -> Any:
    import pyarrow as pa

    rows = document.flatten()
    ids, inputs, outputs = rows.flatten()
    if outputs.type == pa.string():
        each = pa.array(range(len(rows) + 1), pa.int32())
        outputs = pa.ListArray.from_arrays(each, outputs, type=schema().field("output").type)
    return pa.RecordBatch.from_arrays([ids, inputs, outputs, pa.nulls(len(rows), pa.string())], schema=schema())


def with_ids(rows: Any, first: int, name: str) -> Any:
    """The record batch with its missing and empty ids filled in, numbered from ``first``."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = rows.column("id")
    if not ids.null_count and not pc.any(pc.equal(ids, "")).as_py():
        return rows
    filled = pa.array(named(ids.to_pylist(), first, name), pa.string())
    return pa.RecordBatch.from_arrays([filled, *rows.columns[1:]], schema=rows.schema)
