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
    folder = FOLDER / base
    released = json.loads((folder / "suite.json").read_text(encoding="utf-8"))
    if version and version != released["version"]:
        raise UsageError(Problem(f"suite {base} is here in version {released['version']}, not {version}"))
    tasks = tuple(read_task(folder / "test" / f"{task_id}.json") for task_id in released["tasks"])
    changed = [task.id for task in tasks if task.digest != released["tasks"][task.id]]
    if changed:
        mend = "restore the files, or release the change as a new version of the suite"
        raise InvalidFile(*(Problem("differs from the released suite", task_id, mend) for task_id in changed))
    return Suite(base, released["version"], tasks)


def suite_of_files(paths: Sequence[Path]) -> Suite:
    """A suite made of task files.

    Raises:
        UsageError, InvalidFile: every problem of every file.
    """
    tasks = tuple(read_tasks(paths))
    return Suite(tasks[0].id if len(tasks) == 1 else f"{len(tasks)} task files", "", tasks)
