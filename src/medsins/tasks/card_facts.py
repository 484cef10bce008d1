"""What a card says of tasks and of the files that hold them, gathered once."""

from __future__ import annotations

import gzip
import mimetypes
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from medsins.core import Card, Task, sha256_file

from .card_terms import strictest

SPLITS = ("train", "validation", "test")
_SPLIT_NAMES = {"train": "train", "training": "train", "test": "test", "testing": "test", "eval": "test"}
_SPLIT_NAMES.update(dict.fromkeys(("validation", "valid", "val", "dev"), "validation"))
_ENCODINGS = {".json": "application/json", ".jsonl": "application/jsonlines", ".parquet": "application/x-parquet"}


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """One task as its card and its catalogue entry describe it.

    ``documented``: every output is a list, so that other tools can read the file as it is; ``named``: every instance
    has an id of its own.
    """

    id: str
    card: Card
    category: str
    language: str
    access: str
    split: str
    instances: int
    documented: bool = True
    named: bool = True

    @property
    def licence(self) -> str:
        """The licence as the card has it; empty when it has none."""
        found = (self.card.extra.get(key) for key in ("License", "Licence", "license", "licence"))
        return next((text.strip() for text in found if isinstance(text, str) and text.strip()), "")


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of a data set. ``name`` is its path inside the set's folder, ``size`` is in bytes."""

    name: str
    size: int
    sha256: str
    encoding: str
    access: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """A set of tasks to be described. ``released`` is the day of its newest file."""

    name: str
    tasks: tuple[TaskFacts, ...]
    released: date
    url: str = ""
    version: str = "1.0.0"
    licence: str = ""

    @property
    def access(self) -> str:
        """The strictest access terms of any task."""
        return strictest(*(task.access for task in self.tasks))

    @property
    def instances(self) -> int:
        """Instances in all."""
        return sum(task.instances for task in self.tasks)

    @property
    def licences(self) -> tuple[str, ...]:
        """The licences of its tasks, or the one stated for the whole set; empty when none is known."""
        return (self.licence,) if self.licence else distinct(task.licence for task in self.tasks)


def distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts that are not empty, each once, in their order."""
    return tuple(dict.fromkeys(text for text in texts if text))


def split_of(path: Path, card: Card) -> str:
    """The split a task file holds: from its folder (``test/``), its name (``task77.dev.json``), else the card.

    A card of ``Train/Test`` or without ``Split Type`` counts as ``train``.
    """
    name = path.name.lower().split(".json")[0]
    ending = name.rpartition(".")[2] if "." in name else name.rpartition("_")[2]
    for word in (path.parent.name.lower(), ending, card.split_type.strip().lower()):
        if word in _SPLIT_NAMES:
            return _SPLIT_NAMES[word]
    return "train"


def facts_of(task: Task) -> TaskFacts:
    """Gather what a card says of a task."""
    given = {f"{task.id}-{number}" for number in range(len(task.instances))}
    unsure = any(instance.id in given for instance in task.instances)
    return TaskFacts(
        id=task.id,
        card=task.card,
        category=task.category,
        language=task.language,
        access=task.access,
        split=split_of(Path(task.path), task.card),
        instances=len(task.instances),
        documented=all(instance.listed for instance in task.instances),
        named=not unsure or _count(Path(task.path), b'"id"') >= len(task.instances),
    )


def _count(path: Path, word: bytes) -> int:
    """How often a word occurs in a file, compressed or not; ids the reader gave are told from ids in the file so."""
    found, tail = 0, b""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            found += (tail + chunk).count(word)
            tail = chunk[-len(word) + 1 :]
    return found


def data_file(path: Path, folder: Path, access: str) -> DataFile:
    """Measure and hash one file; its name is relative to ``folder``, which need not hold it."""
    encoding = _ENCODINGS.get(Path(path.name.removesuffix(".gz")).suffix)
    return DataFile(
        name=relative(path, folder),
        size=path.stat().st_size,
        sha256=sha256_file(path),
        encoding=encoding or mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        access=access,
    )


def relative(path: Path, folder: Path) -> str:
    """The path as seen from ``folder``, with forward slashes."""
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def newest(paths: Sequence[Path]) -> date:
    """The day (UTC) on which the newest of the files was last changed."""
    return datetime.fromtimestamp(max(path.stat().st_mtime for path in paths), UTC).date()
