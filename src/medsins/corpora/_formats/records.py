"""Records of any table or JSON file: CSV, TSV, JSON, JSON lines, Excel, Parquet; fields by name or dotted path."""

from __future__ import annotations

import codecs
import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from medsins.corpora._raw import RawFile

from .xlsx import sheet_rows

Placed = tuple[str, dict[str, Any]]

TABLES = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
LINES = (".jsonl", ".ndjson")
KINDS = (*TABLES, ".json", *LINES, ".xlsx", ".parquet")


@dataclass(frozen=True, slots=True)
class Layout:
    """How records stand in a file.

    ``records``: in JSON, the dotted path to the list of records; lists on the way are gone through. ``delimiter``:
    what parts the cells of a table; empty means by suffix. ``columns``: names of the columns of a table without a head.
    ``quoted``: whether cells may stand in double quotes. ``encoding``: of text files.
    """

    records: str = ""
    delimiter: str = ""
    columns: tuple[str, ...] = ()
    quoted: bool = True
    encoding: str = "utf-8"


def read_records(file: RawFile, layout: Layout) -> Iterator[Placed]:
    """(place, record) of each record; tables and JSON lines are streamed.

    Raises:
        InvalidFile: the file is of no known kind, does not hold what its suffix says, or has another encoding.
    """
    suffix = PurePosixPath(file.place.removesuffix(".gz")).suffix.lower()
    if layout.delimiter or suffix in TABLES:
        return _table(file, layout, layout.delimiter or TABLES[suffix])
    if suffix in LINES:
        return _json_lines(file, layout)
    if suffix == ".json":
        return _json(file, layout)
    if suffix == ".xlsx":
        return iter(sheet_rows(file))
    if suffix == ".parquet":
        return _parquet(file)
    return file.invalid(f"is of no kind that is read ({', '.join(KINDS)}); of a table, name the delimiter")


def decoded_lines(file: RawFile, encoding: str) -> Iterator[str]:
    """The lines of a text file with their ends, streaming.

    Raises:
        InvalidFile: the file has another encoding, or is cut off.
    """
    if codecs.lookup(encoding).name == "utf-8":
        for _, line in file.lines():
            yield f"{line}\n"
        return
    number = 0
    try:
        with file.open() as stream:
            for line in io.TextIOWrapper(stream, encoding=encoding, newline=""):
                number += 1
                yield line
    except UnicodeDecodeError as error:
        file.invalid(f"is not {encoding} ({error.reason})", f"line {number + 1}")


def value_at(record: Mapping[str, Any], field: str) -> Any:
    """The value of a field; a dotted name goes into objects, and through lists to a list of values. None where it is
    not there.
    """
    if field in record:
        return record[field]
    return _follow(record, field.split("."))


def _follow(value: Any, path: Sequence[str]) -> Any:
    if not path:
        return value
    if isinstance(value, list):
        return [found for item in value if (found := _follow(item, path)) is not None] or None
    return _follow(value.get(path[0]), path[1:]) if isinstance(value, Mapping) else None


def texts_of(value: Any) -> list[str]:
    """A value as texts: none for null, one for a string, number or truth value, those of each item for a list."""
    if value is None:
        return []
    if isinstance(value, list):
        return [text for item in value for text in texts_of(item)]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, float) and value.is_integer():
        return [str(int(value))]
    return [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)]


def _table(file: RawFile, layout: Layout, delimiter: str) -> Iterator[Placed]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    reader = csv.reader(
        decoded_lines(file, layout.encoding),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if layout.quoted else csv.QUOTE_NONE,
    )
    try:
        head = list(layout.columns) or [name.strip() for name in next(reader, [])]
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(head):
                what = f"has {len(cells)} cells where {len(head)} are expected ({', '.join(head)})"
                file.invalid(f"{what}; where quotes are text: quotes = false", f"line {reader.line_num}")
            yield f"{file.place}: line {reader.line_num}", dict(zip(head, cells, strict=True))
    except csv.Error as error:
        file.invalid(f"is not a table: {error}", f"line {reader.line_num + 1}")


def _json_lines(file: RawFile, layout: Layout) -> Iterator[Placed]:
    for number, line in enumerate(decoded_lines(file, layout.encoding), start=1):
        if line.strip():
            value = _parsed(file, line, f"line {number}")
            if not isinstance(value, dict):
                file.invalid(f"must have one JSON object a line, found {type(value).__name__}", f"line {number}")
            yield f"{file.place}: line {number}", value


def _json(file: RawFile, layout: Layout) -> Iterator[Placed]:
    """One document, or, as many corpora name them so, one object a line."""
    if _is_one_object_a_line(file, layout.encoding):
        yield from _json_lines(file, layout)
        return
    document = _parsed(file, "".join(decoded_lines(file, layout.encoding)), "")
    path = layout.records.split(".") if layout.records else []
    for number, record in enumerate(_descend(file, document, path, {})):
        yield f"{file.place}: record {number}", record


def _is_one_object_a_line(file: RawFile, encoding: str) -> bool:
    """Whether the first two lines that are not blank are an object each."""
    lines = (line for line in decoded_lines(file, encoding) if line.strip())
    for line in (next(lines, ""), next(lines, "")):
        try:
            if not isinstance(json.loads(line), dict):
                return False
        except json.JSONDecodeError:
            return False
    return True


def _parsed(file: RawFile, text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        file.invalid(f"is not JSON: {error.msg}", where or f"line {error.lineno}, column {error.colno}")


def _descend(file: RawFile, value: Any, path: Sequence[str], outer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The records under a path. A record also has the single values of the objects around it."""
    if isinstance(value, list):
        for item in value:
            yield from _descend(file, item, path, outer)
    elif not isinstance(value, dict):
        file.invalid(f"has {type(value).__name__} where an object with fields is expected")
    elif path:
        if path[0] not in value:
            file.invalid(f"has no '{path[0]}' on the way to the records; found {', '.join(list(value)[:8])}")
        plain = {name: item for name, item in value.items() if not isinstance(item, dict | list)}
        yield from _descend(file, value[path[0]], path[1:], {**outer, **plain})
    elif value and all(isinstance(item, dict) for item in value.values()):
        for key, item in value.items():  # records by their ids
            yield {"key": key, **outer, **item}
    else:
        yield {**outer, **value}


def _parquet(file: RawFile) -> Iterator[Placed]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(io.BytesIO(file.read()))
    except pa.ArrowInvalid as error:
        file.invalid(f"is not a whole Parquet file ({error})")
    number = 0
    for batch in table.iter_batches():
        for record in batch.to_pylist():
            yield f"{file.place}: row {number}", record
            number += 1
