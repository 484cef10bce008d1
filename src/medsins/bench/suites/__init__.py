"""Suites: named, versioned lists of tasks with digests, and the train pools their shots come from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from medsins.core import InvalidFile, Problem, Task, UsageError, digest, unknown_name
from medsins.tasks import read_task, read_tasks

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Suite:
    """A list of test tasks; ``train`` maps a task id to the task its shots may come from."""

    name: str
    version: str
    tasks: tuple[Task, ...]
    train: Mapping[str, Task] = field(default_factory=dict)

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
    train = {task.id: read_task(folder / "train" / f"{task.id}.json") for task in tasks}
    return Suite(base, released["version"], tasks, train)


def suite_of_files(paths: Sequence[Path], shots_from: Path | None = None) -> Suite:
    """A suite made of task files; shots may come from the task files of ``shots_from`` (a file or a folder).

    A single file serves every task; in a folder the file with the same task id does.

    Raises:
        UsageError, InvalidFile: every problem of every file.
    """
    tasks = tuple(read_tasks(paths))
    name = tasks[0].id if len(tasks) == 1 else f"{len(tasks)} task files"
    return Suite(name, "", tasks, train_pool(tasks, shots_from) if shots_from else {})


def train_pool(tasks: Sequence[Task], shots_from: Path) -> dict[str, Task]:
    """The task each of ``tasks`` takes its shots from.

    Raises:
        UsageError: a task has no counterpart in the folder.
    """
    pool = read_tasks([shots_from])
    if len(pool) == 1:
        return {task.id: pool[0] for task in tasks}
    by_id = {task.id: task for task in pool}
    missing = [task.id for task in tasks if task.id not in by_id]
    if missing:
        mend = f"add a task file with that id, there are: {', '.join(by_id)}"
        raise UsageError(*(Problem(f"no train file for task '{m}'", str(shots_from), mend) for m in missing))
    return {task.id: by_id[task.id] for task in tasks}
