"""Suites: named, versioned lists of tasks with digests.

A bundled suite is a folder with ``suite.json``, ``test/<task>.json`` and ``train/<task>.json`` (for shots).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from medsins.core import InvalidFile, Problem, Task, UsageError, digest, unknown_name
from medsins.tasks import read_task, read_tasks

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Suite:
    """A list of test tasks."""

    name: str
    version: str
    tasks: tuple[Task, ...]

    @property
    def digest(self) -> str:
        """Changes with any instance, reference or definition of any task."""
        return digest([[task.id, task.digest] for task in self.tasks])

    @property
    def label(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}" if self.version else self.name


def names() -> list[str]:
    """The bundled suites."""
    return sorted(path.parent.name for path in FOLDER.glob("*/suite.json"))


@cache
def load_suite(name: str) -> Suite:
    """A bundled suite by ``name`` or ``name@version``; its tasks are checked against the digests it was released with.

    Raises:
        UsageError: no such suite or version.
        InvalidFile: a task differs from what was released.
    """
    base, _, version = name.partition("@")
    if base not in names():
        raise unknown_name("suite", base, names())
    suite = read_suite(FOLDER / base / "suite.json")
    if version and version != suite.version:
        raise UsageError(Problem(f"suite {base} is here in version {suite.version}, not {version}"))
    return suite


def open_suite(source: str) -> Suite:
    """A suite by whatever names it: a bundled one (``mini``, ``mini@1``), a ``suite.json`` or the folder that holds it,
    a task file, or a folder of task files.

    Raises:
        UsageError: nothing of that name.
        InvalidFile: every problem of every file, or a task differs from what was released.
    """
    path = Path(source)
    if path.name == "suite.json" and path.is_file():
        return read_suite(path)
    if (path / "suite.json").is_file():
        return read_suite(path / "suite.json")
    if path.exists() or path.name != source or path.suffix:
        return suite_of_files([path])
    return load_suite(source)


def read_suite(path: Path) -> Suite:
    """The suite of a ``suite.json``, whose tasks lie beside it in ``test`` and are named after its folder.

    Raises:
        InvalidFile: it is no such file, or a task differs from what was released.
        UsageError: a task has no file.
    """
    try:
        released = json.loads(path.read_text(encoding="utf-8"))
        version, digests = str(released["version"]), dict(released["tasks"])
    except (ValueError, KeyError, TypeError) as error:
        mend = 'it is an object with "version" and "tasks" (task id to digest)'
        raise InvalidFile(Problem(f"is no suite file: {error}", str(path), mend)) from error
    files = {task_id: path.parent / "test" / f"{task_id}.json" for task_id in digests}
    absent = [file for file in files.values() if not file.is_file()]
    if absent:
        raise UsageError(*(Problem("no such file", str(file), "restore the files of the suite") for file in absent))
    tasks = tuple(map(read_task, files.values()))
    changed = [task.id for task in tasks if task.digest != digests.get(task.id)]
    if changed:
        mend = "restore the files, or release the change as a new version of the suite"
        raise InvalidFile(*(Problem("differs from the released suite", task_id, mend) for task_id in changed))
    return Suite(path.parent.resolve().name, version, tasks)


def suite_of_files(paths: Sequence[Path]) -> Suite:
    """A suite made of task files.

    Raises:
        UsageError, InvalidFile: every problem of every file.
    """
    tasks = tuple(read_tasks(paths))
    return Suite(tasks[0].id if len(tasks) == 1 else f"{len(tasks)} task files", "", tasks)
