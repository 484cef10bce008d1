"""Find task files and read them whole: ``.json``, ``.jsonl`` (plain, ``.gz``, ``.zst``), ``.xlsx``, ``.parquet``."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from medsins.catalog import resolve_category, task_access, task_definition, task_language
from medsins.core import Card, Instance, InvalidFile, Problem, Task, UsageError, canonical_json

from ._bytes import SUFFIXES, split_name, task_id_of
from .stream import open_reader
from .writer import card_document

SIDECARS = (
    ".stats.json",
    ".provenance.json",
    ".dropped.jsonl",
    ".variants.jsonl",
    ".answers.jsonl",
    "removals.jsonl",
    "croissant.json",
)  # stand beside task files and are none

__all__ = [
    "SIDECARS",
    "SUFFIXES",
    "find_task_files",
    "read_task",
    "read_tasks",
    "split_name",
    "task_digest",
    "task_id_of",
]


def find_task_files(paths: Iterable[Path]) -> list[Path]:
    """The task files that ``paths`` name: files as they are, folders searched (not below hidden ones), sorted.

    Raises:
        UsageError: a path that is not there, is no task file, or a folder without any.
    """
    files: list[Path] = []
    problems = []
    for path in paths:
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if split_name(p)[1] and not p.name.startswith((".", "~$")))
            found = [p for p in found if not p.name.endswith(SIDECARS)]
            files += found
            if not found:
                problems.append(
                    Problem("no task files in this folder", str(path), f"known endings: {', '.join(SUFFIXES)}")
                )
        elif path.name.endswith(SIDECARS):
            continue
        elif not path.exists():
            problems.append(Problem("no such file or folder", str(path), "check the path"))
        elif not split_name(path)[1]:
            problems.append(Problem("not a task file", str(path), f"known endings: {', '.join(SUFFIXES)}"))
        else:
            files.append(path)
    if not files and not problems:
        problems.append(Problem("no task files were named"))
    if problems:
        raise UsageError(*problems)
    return files


def read_tasks(paths: Iterable[Path]) -> list[Task]:
    """Read many task files. Where two share a task id (``task77.dev.json``, ``task77.test.json``), their whole stems
    tell them apart. All problems of all files come at once.

    Raises:
        InvalidFile, UsageError: with every problem found.
    """
    tasks: list[Task] = []
    problems: list[Problem] = []
    for path in find_task_files(paths):
        try:
            task = read_task(path)
        except InvalidFile as error:
            problems += error.problems
            continue
        tasks.append(task)
    shared = {task_id for task_id, number in Counter(task.id for task in tasks).items() if number > 1}
    tasks = [replace(task, id=split_name(Path(task.path))[0]) if task.id in shared else task for task in tasks]
    seen: dict[str, str] = {}
    for task in tasks:
        if task.id in seen:
            mend = "rename one of them; the id is the leading task<N> of the name, else the stem"
            problems.append(Problem(f"has the same task id '{task.id}' as {seen[task.id]}", task.path, mend))
        seen[task.id] = task.path
    if problems:
        raise InvalidFile(*problems)
    return tasks


def read_task(path: Path) -> Task:
    """Read one task file.

    Raises:
        InvalidFile: with every problem, each with its line, JSON path or cell.
        UsageError: no such file, or its name ends in no known format.
        OSError: the file cannot be opened.
    """
    reader = open_reader(path)
    instances = [instance for batch in reader.batches() for instance in batch.instances]
    shape = reader.shape
    if not instances and not shape.problems:
        shape.problem(reader.card_place("Instances"), "has no instances", "a task needs at least one")
    category = resolve_category(reader.name, reader.card.categories)
    if isinstance(category, Problem) and not reader.unread:
        shape.problem(reader.card_place("Categories"), category.what, category.mend)
    reader.check()
    return _assemble(path, reader.name, reader.card, instances, str(category))


def _assemble(path: Path, name: str, card: Card, instances: list[Instance], category: str) -> Task:
    if not card.definition:
        card = replace(
            card, definition=(task_definition(name, category),), extra={**card.extra, "default_definition": True}
        )
    return Task(
        id=name,
        card=card,
        instances=tuple(instances),
        category=category,
        language=task_language(name, card.output_language, card.input_language),
        access=task_access(name, card.extra.get("Access")),
        digest=task_digest(card, instances),
        path=str(path),
    )


def task_digest(card: Card, instances: Iterable[Instance]) -> str:
    """SHA-256 over the card and each instance's id, input and outputs, whatever the format of the file.

    It equals ``core.digest([card_document(card), [[id, input, outputs], …]])`` without holding that text.
    """
    sha = hashlib.sha256(f"[{canonical_json(card_document(card))},[".encode())
    comma = ""
    for instance in instances:
        sha.update(f"{comma}{canonical_json([instance.id, instance.input, list(instance.outputs)])}".encode())
        comma = ","
    sha.update(b"]]")
    return sha.hexdigest()
