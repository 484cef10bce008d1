"""What every export format has in common: what it is given, what it returns, and folders that appear whole."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsins.catalog import categories, find_task
from medsins.core import Instance, InvalidFile, Message, Problem, Prompt, Task, UsageError

from ..card import About
from ..card_facts import TaskFacts, survey
from ..reader import find_task_files, read_task
from ..stream import open_reader


@dataclass(frozen=True, slots=True)
class Asked:
    """How a protocol asks a task: ``prompts`` gives one prompt an instance, in order, anew at each call.

    ``max_new_tokens`` is what an answer may take.
    """

    protocol: str
    prompts: Callable[[], Iterator[Prompt]]
    max_new_tokens: int


@dataclass(frozen=True, slots=True)
class Options:
    """What a user chooses for an export. ``ask`` is only called by formats for evaluation; ``seed`` draws the wordings
    of formats for training.
    """

    ask: Callable[[Task], Asked]
    about: About
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Exported:
    """The files written, relative to the export's folder, and what their reader should know."""

    files: tuple[Path, ...]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A task file that was read through once and found sound."""

    path: Path
    facts: TaskFacts

    def instances(self) -> Iterator[Instance]:
        """Its instances, as a stream in bounded memory."""
        return iter(open_reader(self.path))

    def task(self) -> Task:
        """The whole task in memory, as protocols need it."""
        return read_task(self.path)


def read_each(paths: Sequence[Path], say: Callable[[Path], None]) -> Iterator[Source]:
    """The task files of files and folders; those with problems are passed over until the end.

    Raises:
        UsageError: paths that are not there, or hold no task files (at the first task).
        InvalidFile: after the last task, with every problem of every file.
    """
    problems: list[Problem] = []
    for path in find_task_files(paths):
        say(path)
        try:
            facts = survey(path)
        except InvalidFile as error:
            problems += error.problems
            continue
        if not problems:
            yield Source(path, facts)
    if problems:
        raise InvalidFile(*problems)


@contextmanager
def fresh_folder(folder: Path) -> Iterator[Path]:
    """A folder to write into that takes the name ``folder`` only when all went well.

    Raises:
        UsageError: there is something in ``folder`` already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(Problem("is not an empty folder", str(folder), "choose a new folder with -o"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        yield staging
        staging.chmod(0o755)
        os.replace(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


class JsonLines:
    """JSON Lines files of a folder, opened at their first row. ``rows`` counts what each file got."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: dict[str, int] = {}
        self._open: dict[str, Any] = {}

    def put(self, name: str, row: Mapping[str, Any]) -> None:
        """Add one row to the file ``name`` (a path inside the folder)."""
        if name not in self._open:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open[name] = path.open("w", encoding="utf-8", newline="")
            self.rows[name] = 0
        self._open[name].write(json.dumps(row, ensure_ascii=False) + "\n")
        self.rows[name] += 1

    def close(self, *names: str) -> None:
        """Close the named files, or all."""
        for name in names or tuple(self._open):
            self._open.pop(name).close()


def turns(prompt: Prompt) -> tuple[str, tuple[Message, ...], str]:
    """A prompt as system text, the turns of its shots, and what is asked last."""
    if prompt.text is not None:
        return "", (), prompt.text
    messages = list(prompt.messages)
    system = messages.pop(0).content if messages and messages[0].role == "system" else ""
    query = messages.pop().content if messages else ""
    return system, tuple(messages), query


def is_closed(task: Task) -> bool:
    """Whether an answer is one of a few, so that comparing whole answers means something."""
    entry = find_task(task.id)
    category = categories().get(task.category)
    metric = (entry.metric if entry else "") or (category.metric if category else "")
    return metric.startswith(("accuracy", "macro_f1"))


def listing(folder: Path) -> tuple[Path, ...]:
    """Every file of a folder, relative to it, sorted."""
    return tuple(sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file()))


def unique(names: Iterable[str]) -> bool:
    """Whether no name occurs twice."""
    found = list(names)
    return len(set(found)) == len(found)
