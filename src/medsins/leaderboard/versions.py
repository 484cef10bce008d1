"""Versions of the benchmark: which instances count, and which of them only the board may score in the open.

A version is made once from task files; only its references can be corrected (``amending``). Several live side by
side; a model is compared across two of them only on the tasks whose digests agree.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from medsins.bench.suites import open_suite
from medsins.core import Problem, Task, UsageError, derive_seed, digest

from .records import Item, Part, Scores, Version, VersionTask

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}@[A-Za-z0-9][A-Za-z0-9._-]{0,40}")


@dataclass(frozen=True, slots=True)
class VersionSpec:
    """What a maintainer says of a new version.

    ``source`` is a bundled suite, a ``suite.json``, or task files. ``private_share`` (0 to 1) of every task's instances
    becomes its private part; ``private`` names such instances too, as ``task`` or ``task/instance``. Nobody can tell
    the parts apart who does not know ``seed``, so it is kept with the references. Dates are UTC.
    """

    id: str
    source: str
    active_from: datetime
    active_until: datetime | None = None
    title: str = ""
    private_share: float = 0.0
    private: tuple[str, ...] = ()
    seed: int = 0
    notes: str = ""


def make_version(spec: VersionSpec) -> tuple[Version, tuple[Item, ...]]:
    """A version and its instances, the same for the same spec on every machine.

    Raises:
        UsageError: the spec contradicts itself or names what is not there; everything at once.
        InvalidFile: the task files cannot be read.
    """
    suite = open_suite(spec.source)
    if problems := [*_wrong(spec), *_unknown(spec.private, suite.tasks)]:
        raise UsageError(*problems)
    tasks: list[VersionTask] = []
    items: list[Item] = []
    for task in suite.tasks:
        made = _items(task, len(items), _private(task, spec))
        tasks.append(_task(task, made))
        items += made
    return (
        Version(
            id=spec.id,
            title=spec.title or spec.id.replace("@", " "),
            active_from=spec.active_from,
            active_until=spec.active_until,
            tasks=tuple(tasks),
            notes=spec.notes,
            digest=version_digest(tasks, items),
        ),
        tuple(items),
    )


def version_digest(tasks: Iterable[VersionTask], items: Iterable[Item]) -> str:
    """SHA-256 over all that a score depends on: what decides scorers, inputs, references, parts and their order."""
    kinds = [[task.task_id, task.category, task.language] for task in tasks]
    return digest([kinds, [[item.task_id, item.part, item.input, list(item.outputs)] for item in items]])


def shared_tasks(a: Version, b: Version) -> list[str]:
    """The tasks that are the same in two versions, instances, references and parts alike."""
    other = {task.task_id: task.digest for task in b.tasks}
    return [task.task_id for task in a.tasks if other.get(task.task_id) == task.digest]


@dataclass(frozen=True, slots=True)
class Across:
    """A model in two versions: ``tasks`` that are the same in both, each with its metric and its figures (percent) in
    the first and the second; ``means`` over them, None where there are none.
    """

    tasks: Mapping[str, tuple[str, float, float]]
    means: tuple[float, float] | None


def compare_versions(a: Version, scores_a: Scores, b: Version, scores_b: Scores, profile: str = "strict") -> Across:
    """Two versions' scores of a part side by side, on what they share and nothing else."""
    first, second = (scores.document["profiles"][profile]["tasks"] for scores in (scores_a, scores_b))
    found = {}
    for task_id in shared_tasks(a, b):
        if task_id in first and task_id in second:
            metric = first[task_id]["primary"]
            found[task_id] = (metric, first[task_id]["metrics"][metric], second[task_id]["metrics"][metric])
    means = [fmean(figures[side] for figures in found.values()) for side in (1, 2)] if found else None
    return Across(found, (means[0], means[1]) if means else None)


def _wrong(spec: VersionSpec) -> list[Problem]:
    problems = []
    if not _ID.fullmatch(spec.id):
        problems.append(
            Problem(f"'{spec.id[:80]}' names no version", mend="write NAME@LABEL, such as meds-bench@2026.11")
        )
    if not 0 <= spec.private_share < 1:
        what = f"{spec.private_share} is no share of instances to keep private"
        problems.append(Problem(what, mend="give a number from 0 to below 1, such as 0.2"))
    naive = [moment for moment in (spec.active_from, spec.active_until) if moment and moment.tzinfo is None]
    if naive:
        problems.append(Problem("the dates of a version need a time zone", mend="write them in UTC"))
    elif spec.active_until and spec.active_until <= spec.active_from:
        problems.append(Problem("the version ends before it begins", mend="give a later end, or none"))
    return problems


def _unknown(names: Sequence[str], tasks: Sequence[Task]) -> list[Problem]:
    known = {task.id for task in tasks} | {f"{task.id}/{one.id}" for task in tasks for one in task.instances}
    mend = "name TASK or TASK/INSTANCE as they stand in the task files"
    return [
        Problem(f"no task or instance '{name[:80]}' to keep private", mend=mend) for name in names if name not in known
    ]


def _private(task: Task, spec: VersionSpec) -> set[int]:
    """Places of the private instances. Instances that ask the same are on one side, or the open one would tell the
    other's reference; which side does not depend on the order of the file.
    """
    named = set(spec.private)
    chosen = {
        place
        for place, one in enumerate(task.instances)
        if task.id in named or f"{task.id}/{one.id}" in named
    }  # fmt: skip
    groups: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(task.instances):
        groups[" ".join(one.input.split())].append(place)
    for places in groups.values():
        if chosen.intersection(places):
            chosen.update(places)
    wanted = math.floor(spec.private_share * len(task.instances) + 0.5)
    for text in sorted(groups, key=lambda text: derive_seed(spec.seed, "private part", task.id, text)):
        if len(chosen) >= wanted:
            break
        if len(chosen) + len(groups[text]) <= wanted:
            chosen.update(groups[text])
    return chosen


def _items(task: Task, first: int, private: set[int]) -> list[Item]:
    """The instances of a task; an id that stands twice is told apart by its place."""
    often = Counter(one.id for one in task.instances)
    items = []
    for place, one in enumerate(task.instances):
        part: Part = "private" if place in private else "open"
        name = one.id if often[one.id] == 1 else f"{one.id}#{place}"
        items.append(Item(first + place, task.id, name, part, one.input, one.outputs))
    return items


def _task(task: Task, items: Sequence[Item]) -> VersionTask:
    """The digest is that of the task file where all of it is open, else it covers the parts too."""
    private = [place for place, item in enumerate(items) if item.part == "private"]
    return VersionTask(
        task_id=task.id,
        category=task.category,
        language=task.language,
        digest=digest([task.digest, private]) if private else task.digest,
        rows=len(items),
        private_rows=len(private),
        definition=task.card.definition[0] if task.card.definition else "",
    )
