"""What a card says of tasks and of the files that hold them, gathered once."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from medsins.catalog import resolve_category, task_access, task_definition, task_language
from medsins.core import Card, Problem, sha256_file

from ._bytes import split_name
from .card_terms import corpus_of, strictest
from .stream import open_reader

SPLITS = ("train", "validation", "test")
_SPLIT_NAMES = {"train": "train", "training": "train", "test": "test", "testing": "test", "eval": "test"}
_SPLIT_NAMES.update(dict.fromkeys(("validation", "valid", "val", "dev"), "validation"))
_ENCODINGS = {
    ".json": "application/json",
    ".jsonl": "application/jsonlines",
    ".parquet": "application/x-parquet",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """One task as its card and its catalogue entry describe it.

    ``card`` always has a definition. ``documented``: every output is a list, so that other tools can read the file as
    it is; ``named``: every instance has an id of its own in the file.
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
        """The licence as the card has it, else that of the catalogued corpus; empty when neither states one."""
        found = (self.card.extra.get(key) for key in ("License", "Licence", "license", "licence"))
        stated = next((text.strip() for text in found if isinstance(text, str) and text.strip()), "")
        corpus = corpus_of(self.id)
        return stated or (corpus.licence if corpus and corpus.licence != "none stated" else "")


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
    name = split_name(path)[0].lower()
    ending = name.rpartition(".")[2] if "." in name else name.rpartition("_")[2]
    for word in (path.parent.name.lower(), ending, card.split_type.strip().lower()):
        if word in _SPLIT_NAMES:
            return _SPLIT_NAMES[word]
    return "train"


def survey(path: Path) -> TaskFacts:
    """Read a task file once, in bounded memory, and gather what a card says of it.

    Raises:
        InvalidFile: with every problem of the file.
    """
    reader = open_reader(path)
    count, documented, unsure = 0, True, False
    for batch in reader.batches():
        for instance in batch.instances:
            documented = documented and instance.listed
            unsure = unsure or instance.id == f"{reader.name}-{count}"
            count += 1
    if not count and not reader.problems:
        reader.shape.problem("$.Instances", "has no instances", "a task needs at least one")
    card = reader.card  # exact only after the last instance
    category = resolve_category(reader.name, card.categories)
    if isinstance(category, Problem):
        reader.shape.problem("$.Categories", category.what, category.mend)
    reader.check()
    if not card.definition:
        card = replace(card, definition=(task_definition(reader.name, str(category)),))
    return TaskFacts(
        id=reader.name,
        card=card,
        category=str(category),
        language=task_language(reader.name, card.output_language, card.input_language),
        access=task_access(reader.name, card.extra.get("Access")),
        split=split_of(path, card),
        instances=count,
        documented=documented,
        named=not unsure or _count(path, b'"id"') >= count,
    )


def _count(path: Path, word: bytes) -> int:
    """How often a word occurs in a JSON file, compressed or not: it tells ids of the file from ids the reader gave."""
    _, form, packing = split_name(path)
    if form not in (".json", ".jsonl") or packing not in ("", ".gz"):
        return 0
    found, tail = 0, b""
    with gzip.open(path) if packing else path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            found += (tail + chunk).count(word)
            tail = chunk[-len(word) + 1 :]
    return found


def data_file(path: Path, folder: Path, access: str) -> DataFile:
    """Measure and hash one file; its name is relative to ``folder``, which need not hold it."""
    _, form, packing = split_name(path)
    encoding = _ENCODINGS.get(form) if packing in ("", ".gz") else None
    return DataFile(
        name=relative(path, folder),
        size=path.stat().st_size,
        sha256=sha256_file(path),
        encoding=encoding or "application/octet-stream",
        access=access,
    )


def relative(path: Path, folder: Path) -> str:
    """The path as seen from ``folder``, with forward slashes."""
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def newest(paths: Sequence[Path]) -> date:
    """The day (UTC) on which the newest of the files was last changed."""
    return datetime.fromtimestamp(max(path.stat().st_mtime for path in paths), UTC).date()
