"""The task files of an audit: each with a name of its own and its split, read one after the other in bounded memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsins.catalog import resolve_category
from medsins.core import Card, Instance, InvalidFile, Problem, sha256_file
from medsins.tasks import Batch, TaskReader, find_task_files, open_reader
from medsins.tasks.reader import split_name, task_id_of

Advance = Callable[[int, int], None]
"""Called with the bytes read so far, and all of them."""

SPLITS = ("", "train", "validation", "test")
"""Empty: not known."""

_SPELLINGS = {
    "train": "train", "training": "train", "dev": "validation", "valid": "validation", "val": "validation",
    "validation": "validation", "development": "validation", "test": "test", "testing": "test", "eval": "test",
}  # fmt: skip
_SPLIT_KEYS = ("split", "Split Type", "split_type")


@dataclass(frozen=True, slots=True)
class TaskFile:
    """One task file. ``name`` is its task id, or as much of its path as tells it from the others; ``size`` in bytes."""

    path: Path
    task_id: str
    name: str
    size: int

    def category(self, card: Card) -> str:
        """The category that decides the scorer; empty where it is not known."""
        found = resolve_category(self.task_id, card.categories)
        return "" if isinstance(found, Problem) else found

    def split(self, card: Card) -> str:
        """The split the whole file is of, by its card, its name or its folder; empty where nothing tells."""
        last_word = re.split(r"[._-]", split_name(self.path)[0])[-1]
        found = (_SPELLINGS.get(word.strip().lower()) for word in (card.split_type, last_word, self.path.parent.name))
        return next((split for split in found if split), "")


def split_of(extra: Mapping[str, Any]) -> str:
    """The split that an instance's further keys name; empty where none does."""
    for key in _SPLIT_KEYS:
        if isinstance(value := extra.get(key), str):
            return _SPELLINGS.get(value.strip().lower(), "")
    return ""


def find_files(paths: Iterable[Path]) -> list[TaskFile]:
    """The task files that paths name, each once.

    Raises:
        UsageError: a path that is not there, is no task file, or a folder without any.
    """
    files = sorted(set(find_task_files(paths)))
    names = [_names(path) for path in files]
    level = [0] * len(files)
    while shared := _shared([name[at] for name, at in zip(names, level, strict=True)]):
        longer = [i for i in shared if level[i] + 1 < len(names[i])]
        if not longer:
            break
        for i in longer:
            level[i] += 1
    return [
        TaskFile(path, task_id_of(path), name[at], path.stat().st_size)
        for path, name, at in zip(files, names, level, strict=True)
    ]


def _names(path: Path) -> list[str]:
    """What a file may be called, from short to whole: task id, stem, folder and stem, …, path."""
    stem = split_name(path)[0]
    folders = path.parts[:-1]
    return [task_id_of(path), stem, *("/".join((*folders[-n:], stem)) for n in range(1, len(folders) + 1)), str(path)]


def _shared(names: Sequence[str]) -> list[int]:
    counts = Counter(names)
    return [i for i, name in enumerate(names) if counts[name] > 1]


def read_files(files: Sequence[TaskFile], advance: Advance) -> Iterator[tuple[int, TaskReader, Batch]]:
    """Every batch of every file, with the number of its file. ``reader.card`` is exact after a file's last batch.

    Raises:
        InvalidFile: at the end, with every problem of every file.
    """
    total, before = sum(file.size for file in files), 0
    problems: list[Problem] = []
    for number, file in enumerate(files):
        reader = open_reader(file.path)
        for batch in reader.batches():
            if len(batch.columns):
                yield number, reader, batch
            advance(before + min(reader.taken, file.size), total)
        problems += reader.problems
        before += file.size
        advance(before, total)
    if problems:
        raise InvalidFile(*problems)


def pick(files: Sequence[TaskFile], wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Instance]:
    """The instances of some places (number of the file, row), read again up to the last one asked for."""
    rows: dict[int, set[int]] = {}
    for number, row in wanted:
        rows.setdefault(number, set()).add(row)
    found = {}
    for number, asked in rows.items():
        start, last = 0, max(asked)
        for batch in open_reader(files[number].path).batches():
            here = sorted(row for row in asked if start <= row < start + len(batch.columns))
            picked = batch.columns.pick([row - start for row in here]).instances()
            found.update({(number, row): instance for row, instance in zip(here, picked, strict=True)})
            start += len(batch.columns)
            if start > last:
                break
    return found


def digests(files: Sequence[TaskFile]) -> dict[str, str]:
    """What a result depends on: the SHA-256 of every file, by name."""
    return {file.name: sha256_file(file.path) for file in files}
