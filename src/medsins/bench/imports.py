"""Logs of other harnesses as runs: what a model said, put beside the task files it was asked from, so that it is scored
by both profiles and compared like any other run.

Only answers, prompts and usage come from a log. Inputs and references come from the task files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from medsins.core import InvalidFile, Prediction, Problem, Task, UsageError, digest
from medsins.models import ModelInfo
from medsins.prompts import Protocol, ShotSet

from . import imports_inspect, imports_lm_eval
from .imports_log import Answer, Log
from .lock import hold
from .spec import RunSpec, bind_manifest, build_manifest
from .store import RunStore
from .suites import Suite

GROUP = 500  # predictions made durable together


@dataclass(frozen=True, slots=True)
class Imported:
    """What was read: answers, the tasks they belong to, and what a reader of the scores should know."""

    answers: int
    tasks: tuple[str, ...]
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere(Protocol):
    """Prompts that another tool sent; ``prompts`` is the digest of all of them, in the order of their rows."""

    prompts: str = ""

    def select(self, task: Task, pool: Any, seed: int) -> ShotSet:
        """Never asked: an imported run generates nothing."""
        raise UsageError(Problem(f"prompts of {self.name} cannot be built here"))

    def composer(self, task: Task, chosen: ShotSet, seed: int, fit: Any) -> Any:
        """Never asked, as ``select``."""
        raise UsageError(Problem(f"prompts of {self.name} cannot be built here"))


def import_logs(paths: Sequence[Path], spec: RunSpec, run_dir: Path) -> Imported:
    """Make a run directory of logs.

    Args:
        paths: log files of lm-eval or inspect, or folders of them, all of one model.
        spec: names the suite or the task files that were asked; its model and protocol are taken from the logs.
        run_dir: a new or empty directory, or one holding the same import.

    Raises:
        UsageError: no logs there, or logs of several models.
        InvalidFile: damaged logs, answers to unknown tasks or instances, two answers to one instance; all at once.
        RunError: the directory holds another run.
    """
    logs = [_read(path) for path in find_logs(paths)]
    model = _one_model(logs)
    suite = spec.load_suite()
    rows, notices = _join(logs, suite)
    asked = _asked(logs, suite, rows)
    if missing := [task.id for task in suite.tasks if task.id not in asked]:
        notices.append(f"no answers in the logs, left out: {', '.join(missing)}")
        kept = tuple(task for task in suite.tasks if task.id in asked)
        suite = Suite(f"{len(kept)} of {suite.label}", "", kept)
    tool = logs[0].tool.partition(" ")[0]
    ordered = list(_numbered(rows, suite, asked))
    protocol = Elsewhere(name=tool, prompts=digest([prediction.prompt for _, prediction in ordered]))
    entries = [_entry(task, asked[task.id]) for task in suite.tasks]
    run_dir.mkdir(parents=True, exist_ok=True)
    with hold(run_dir):
        own = replace(spec, model=f"{tool}:{model.name}", protocol=tool)
        manifest = build_manifest(own, suite, asdict(model), protocol, entries)
        bind_manifest(run_dir, {**manifest, "imported": logs[0].tool})
        store = RunStore(run_dir)
        try:
            for group in _groups(ordered):
                store.put(group)
        finally:
            store.close()
    return Imported(len(ordered), tuple(task.id for task in suite.tasks), tuple(notices))


def find_logs(paths: Iterable[Path]) -> list[Path]:
    """The log files that ``paths`` name; folders are searched.

    Raises:
        UsageError: a path that is not there, is no log, or a folder without any.
    """
    files: list[Path] = []
    problems: list[Problem] = []
    mend = "give samples_*.jsonl of lm-eval (--log_samples), or .eval or .json logs of inspect"
    for path in paths:
        candidates = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        if not path.exists():
            problems.append(Problem("no such file or folder", str(path), "check the path"))
            continue
        found = [p for p in candidates if imports_lm_eval.is_log(p) or imports_inspect.is_log(p)]
        if not found:
            problems.append(Problem("is no log and holds none", str(path), mend))
        files += found
    if problems:
        raise UsageError(*problems)
    return files


def _read(path: Path) -> Log:
    return imports_lm_eval.read_log(path) if imports_lm_eval.is_log(path) else imports_inspect.read_log(path)


def _one_model(logs: Sequence[Log]) -> ModelInfo:
    found = {log.model.name: log for log in logs if log.model}
    if len(found) > 1:
        mend = "import the logs of one model at a time"
        raise UsageError(*(Problem(f"is a log of {name}", str(log.path), mend) for name, log in found.items()))
    model = next(iter(found.values())).model if found else None
    return model or ModelInfo(name="not stated", engine=logs[0].tool)


def _join(logs: Sequence[Log], suite: Suite) -> tuple[dict[tuple[str, int], Prediction], list[str]]:
    """Predictions by (task id, position); every problem of every log at once."""
    places = {task.id: _Places(task) for task in suite.tasks}
    rows: dict[tuple[str, int], Prediction] = {}
    first: dict[tuple[str, int], str] = {}
    problems: list[Problem] = []
    for log in logs:
        try:
            for answer in log.answers():
                found = _place(answer, places)
                if isinstance(found, Problem):
                    problems.append(found)
                elif found in rows:
                    mend = "name only one of the logs, or only its newest samples file"
                    problems.append(Problem(f"answers what {first[found]} answers too", answer.place, mend))
                else:
                    first[found] = answer.place
                    rows[found] = _prediction(answer, places[found[0]].task, found[1])
        except InvalidFile as error:
            problems += error.problems
    if problems:
        raise InvalidFile(*problems)
    changed = {
        task_id
        for log in logs
        for task_id, exported in log.task_digests.items()
        if exported and task_id in places and places[task_id].task.digest != exported
    }
    notices = [f"{task_id}: the task file is not the one that was exported" for task_id in sorted(changed)]
    return rows, notices


class _Places:
    """Where the instances of a task are, by id; by position where ids repeat."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._by_id: dict[str, list[int]] = {}
        for position, instance in enumerate(task.instances):
            self._by_id.setdefault(instance.id, []).append(position)

    def find(self, instance_id: str, index: int) -> int | None:
        """The position of an instance; None if there is no such id."""
        found = self._by_id.get(instance_id, [])
        return index if index in found else next(iter(found), None)


def _place(answer: Answer, places: Mapping[str, _Places]) -> tuple[str, int] | Problem:
    if not answer.task_id:
        mend = "only logs of tasks from medsins tasks export can be imported: they carry task and instance ids"
        return Problem("does not say which task it answers", answer.place, mend)
    if answer.task_id not in places:
        mend = "give its task file with --tasks, or the suite it belongs to with --suite"
        return Problem(f"answers the unknown task '{answer.task_id}'", answer.place, mend)
    position = places[answer.task_id].find(answer.instance_id, answer.index)
    if position is None:
        mend = "give the task file that was exported"
        return Problem(f"task {answer.task_id} has no instance '{answer.instance_id}'", answer.place, mend)
    return answer.task_id, position


def _prediction(answer: Answer, task: Task, position: int) -> Prediction:
    instance = task.instances[position]
    return Prediction(
        task_id=task.id,
        index=position,
        instance_id=instance.id,
        input=instance.input,
        prompt=answer.prompt,
        references=instance.outputs,
        completion=answer.completion,
    )


def _asked(logs: Sequence[Log], suite: Suite, rows: Mapping[tuple[str, int], Prediction]) -> dict[str, int]:
    """How many instances of each answered task were to be asked: all, unless the logs say that they were limited and
    hold exactly the first ones.
    """
    limited = any(log.limited for log in logs)
    positions: dict[str, set[int]] = {}
    for task_id, position in rows:
        positions.setdefault(task_id, set()).add(position)
    counts = {task.id: len(task.instances) for task in suite.tasks if task.id in positions}
    for task_id, found in positions.items():
        if limited and found == set(range(len(found))):
            counts[task_id] = len(found)
    return counts


def _numbered(
    rows: Mapping[tuple[str, int], Prediction], suite: Suite, asked: Mapping[str, int]
) -> Iterator[tuple[int, Prediction]]:
    """Rows with their number in the run: position in the suite, as for runs of our own."""
    offset = 0
    for task in suite.tasks:
        for position in range(asked[task.id]):
            if (task.id, position) in rows:
                yield offset + position, rows[task.id, position]
        offset += asked[task.id]


def _entry(task: Task, count: int) -> dict[str, Any]:
    return {
        "id": task.id,
        "digest": task.digest,
        "category": task.category,
        "language": task.language,
        "access": task.access,
        "instances": count,
        "shots": ShotSet().description(),
        "max_new_tokens": 0,
    }


def _groups(rows: Iterable[tuple[int, Prediction]]) -> Iterator[list[tuple[int, Prediction]]]:
    left = iter(rows)
    while group := list(islice(left, GROUP)):
        yield group
