"""Task files as streams: one reader and one writer for ``.json``, ``.jsonl`` (plain, ``.gz``, ``.zst``), ``.xlsx`` and
``.parquet``, in bounded memory at any size.

    with open_writer(Path("copy.parquet"), reader.card) as writer:
        for batch in (reader := open_reader(Path("task1.json"))).batches():
            writer.write(batch.instances)
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from medsins.core import Card, Problem, Task, UsageError

from ._bytes import SUFFIXES, split_name
from ._json import JsonReader
from ._jsonl import JsonlReader
from ._parquet import ParquetReader
from ._stream import TaskReader
from ._xlsx import XlsxReader
from .writer import ByteTarget, InstanceWriter, JsonWriter

READERS: dict[str, type[TaskReader]] = {
    ".json": JsonReader,
    ".jsonl": JsonlReader,
    ".xlsx": XlsxReader,
    ".parquet": ParquetReader,
}


def open_reader(path: Path) -> TaskReader:
    """The reader of a task file, by the ending of its name.

    Raises:
        UsageError: no such file, a folder, or no known ending.
    """
    if path.is_dir():
        raise UsageError(Problem("is a folder, not a task file", str(path), "name one file of it"))
    if not path.exists():
        raise UsageError(Problem("no such file", str(path), "check the path"))
    return READERS[format_of(path)](path)


def format_of(path: Path) -> str:
    """The format a file name stands for.

    Raises:
        UsageError: none.
    """
    form = split_name(path)[1]
    if not form:
        raise UsageError(Problem("not a task file", str(path), f"known endings: {', '.join(SUFFIXES)}"))
    return form


def writer_to(path: Path, form: str, packing: str, card: Card, state: Mapping[str, Any]) -> InstanceWriter:
    """A writer of a format that writes to ``path`` directly; ``state`` is what its checkpoint gave."""
    if form == ".parquet":
        from ._parquet_writer import ParquetWriter

        return ParquetWriter(path, card, state.get("resumed", ()))
    if form == ".xlsx":
        from ._xlsx_writer import XlsxWriter

        return XlsxWriter(path, card)
    target = ByteTarget(path, packing, int(state.get("length", 0)))
    return JsonWriter(target, card, form == ".jsonl", bool(state), int(state.get("rows", 0)))


@contextmanager
def open_writer(path: Path, card: Card) -> Iterator[InstanceWriter]:
    """A writer for a task file, by the ending of its name (``.json`` where it has none of them). The file takes its
    name when the block ends, and vanishes when anything fails.

    Raises:
        InvalidFile: the format cannot hold an instance (a text longer than an Excel cell).
    """
    _, form, packing = split_name(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    partial = Path(name)
    writer = writer_to(partial, form or ".json", packing, card, {})
    try:
        yield writer
        writer.finish(card)
        partial.chmod(0o644)
        partial.replace(path)
    except BaseException:
        writer.abandon()
        partial.unlink(missing_ok=True)
        raise


def write_task(task: Task, path: Path) -> None:
    """Write a task file atomically, in the format its name says (``.json`` where it says none).

    Raises:
        InvalidFile: the format cannot hold an instance (a text longer than an Excel cell).
    """
    with open_writer(path, task.card) as writer:
        writer.write(task.instances)
