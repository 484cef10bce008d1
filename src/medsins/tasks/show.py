"""One instance of a task file with what the file says about itself; reads no further than it has to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from medsins.catalog import resolve_category, task_access, task_language
from medsins.core import Card, Instance, Problem, UsageError

from ._parquet import IndexedTask
from .stream import format_of, open_reader


@dataclass(frozen=True, slots=True)
class Shown:
    """One instance and its task. ``category`` is empty where it cannot be told."""

    task_id: str
    category: str
    language: str
    access: str
    card: Card
    instance: Instance


def show_instance(path: Path, index: int) -> Shown:
    """The instance at ``index`` (0-based) of a task file.

    Raises:
        UsageError: there is no such instance.
        InvalidFile: what is wrong with the file up to it.
    """
    reader = open_reader(path)
    category = resolve_category(reader.name, reader.card.categories)
    return Shown(
        task_id=reader.name,
        category="" if isinstance(category, Problem) else category,
        language=task_language(reader.name, reader.card.output_language, reader.card.input_language),
        access=task_access(reader.name, reader.card.extra.get("Access")),
        card=reader.card,
        instance=_instance(path, index),
    )


def _instance(path: Path, index: int) -> Instance:
    count = 0
    if format_of(path) == ".parquet":
        task = IndexedTask(path)
        if 0 <= index < len(task):
            return task[index]
        count = len(task)
    else:
        reader = open_reader(path)
        for batch in reader.batches():
            reader.check()
            if 0 <= index - count < len(batch.columns):
                return batch.columns.pick([index - count]).instances()[0]
            count += len(batch.columns)
        reader.check()
    mend = f"0 to {count - 1}" if count else "the file has none"
    raise UsageError(Problem(f"there is no instance {index}", str(path), mend))
