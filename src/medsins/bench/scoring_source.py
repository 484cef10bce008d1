"""What is scored: rows with their references and specs, from prediction files or from a run directory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from medsins.catalog import find_category, find_task, task_language
from medsins.core import Instance, Problem, RunError, Task, digest
from medsins.metrics import Row, TaskSpec
from medsins.metrics.strict import Options, infer_spec
from medsins.tasks import read_task, read_tasks

from .scoring_csv import CsvRow, Listener, read_csv
from .spec import read_manifest
from .store import read_rows
from .suites import FOLDER


@dataclass(frozen=True, slots=True)
class Source:
    """Everything scoring needs. ``rows`` in file order; rows whose task is unknown are counted in ``lost``.

    ``origin`` is the part of the signature that says which data, model and protocol the answers come from. ``absent``
    are instances nobody answered: the strict profile counts them as wrong.
    """

    label: str
    rows: tuple[Row, ...]
    specs: Mapping[str, TaskSpec]
    languages: Mapping[str, str]
    origin: str
    absent: tuple[Row, ...] = ()
    instances: Mapping[int, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    lost: int = 0


def source_of_csv(
    paths: Sequence[Path], tasks: Sequence[Path] = (), listen: Listener = lambda what, done, total: None
) -> Source:
    """Prediction files. A task's category and language come from the given task files, else the bundled suites, else
    the catalogue, else the file's own columns ``category`` and ``language``. References come from given task files
    (all accepted ones) where the instance is found there, else from the column ``GT``.

    Raises:
        UsageError, InvalidFile: as ``read_csv`` and ``read_tasks``.
    """
    table = read_csv(paths, listen)
    given = {task.id: task for task in (read_tasks(list(tasks)) if tasks else [])}
    problems, lost = list(table.problems), table.lost
    kinds: dict[str, tuple[str, str]] = {}
    by_task: dict[str, list[CsvRow]] = {}
    for row in table.rows:
        by_task.setdefault(row.task_id, []).append(row)
    for task_id, members in by_task.items():
        kind = _kind(task_id, members[0], given.get(task_id))
        if isinstance(kind, Problem):
            problems.append(replace(kind, place=f"{members[0].place}, column task_id ({len(members)} rows)"))
            lost += len(members)
        else:
            kinds[task_id] = kind
    references = {task_id: _Lookup(given[task_id]) for task_id in kinds if task_id in given}
    rows = [_row(row, references.get(row.task_id)) for row in table.rows if row.task_id in kinds]
    absent = [row for lookup in references.values() for row in lookup.unanswered()]
    absent = [replace(row, row=table.total + i) for i, row in enumerate(absent)]
    data = digest([[row.task_id, list(row.references)] for row in rows])[:8]
    known = digest({task.id: task.digest for task in given.values()})[:8] if given else ""
    return Source(
        label=", ".join(path.name for path in paths),
        rows=tuple(rows),
        specs=specs_of(rows, kinds),
        languages={task_id: language for task_id, (_, language) in kinds.items()},
        origin=f"data:#{data}" + (f"|tasks:#{known}" if known else "") + "|protocol:not stated|model:not stated",
        absent=tuple(absent),
        instances={row.row: row.instance_id for row in table.rows if row.instance_id},
        problems=tuple(problems),
        notes=tuple(table.notes),
        lost=lost,
    )


def source_of_run(run_dir: Path) -> Source:
    """A run directory; works while the run goes on (what is not there yet counts as missing).

    Raises:
        RunError: no run there, or it is damaged.
    """
    manifest = read_manifest(run_dir)
    rows, instances = [], {}
    options = _options(manifest)
    for number, p in read_rows(run_dir):
        status, scores = p.completion.status, p.completion.option_scores
        names = options[p.task_id].of(p.input) if p.task_id in options else ()
        compared = tuple(zip(names, scores, strict=True)) if len(names) == len(scores) else ()
        rows.append(Row(number, p.task_id, p.input[-20_000:], p.completion.text, p.references, status, compared))
        instances[number] = p.instance_id
    try:
        kinds = {entry["id"]: (entry["category"], entry["language"]) for entry in manifest["tasks"]}
        expected = [(entry["id"], int(entry["instances"])) for entry in manifest["tasks"]]
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(Problem(f"has no usable list of tasks ({error})", str(run_dir / "manifest.json"))) from error
    there, absent, number = set(instances), [], 0
    for task_id, count in expected:
        absent += [Row(n, task_id, "", None, (), "missing") for n in range(number, number + count) if n not in there]
        number += count
    return Source(
        label=run_dir.name,
        rows=tuple(rows),
        specs=specs_of(rows, kinds),
        languages={task_id: language for task_id, (_, language) in kinds.items()},
        origin=str(manifest.get("signature", "")),
        absent=tuple(row for row in absent if row.task_id in {r.task_id for r in rows}),
        instances=instances,
        notes=_notes(len(absent), number, bool(options) and not any(row.option_scores for row in rows)),
    )


def _options(manifest: Mapping[str, Any]) -> dict[str, Options]:
    """The answers that were compared by their likelihood, of the tasks that have such."""
    described = {entry["id"]: entry["options"] for entry in manifest.get("tasks", ()) if entry.get("options")}
    return {task: Options(tuple(found["texts"]), found["lead"]) for task, found in described.items()}


def _notes(absent: int, total: int, without_odds: bool) -> tuple[str, ...]:
    notes = []
    if absent:
        notes.append(f"{absent} of {total} samples have no answer yet; strict counts them as wrong")
    if without_odds:
        notes.append("the model's backend gave no log-probabilities, so options could not be compared")
    return tuple(notes)


def _kind(task_id: str, row: CsvRow, given: Task | None) -> tuple[str, str] | Problem:
    """Category and language of a task, or why they are unknown."""
    task = given or _bundled(task_id)
    if task:
        return task.category, task.language
    entry = find_task(task_id)
    if entry and entry.scored_as and not row.category:
        return entry.scored_as, row.language or entry.output_language or "English"
    category = find_category(row.category) if row.category else None
    if category:
        return category, row.language or task_language(task_id)
    what = f"unknown category '{row.category[:80]}' of task" if row.category else "unknown task"
    mend = "give its task file with --tasks, or add the columns category and language (medsins catalog categories)"
    return Problem(f"{what} '{task_id[:80]}'", mend=mend)


def _bundled(task_id: str) -> Task | None:
    """The task of a bundled suite with this id."""
    if "/" in task_id or task_id.startswith("."):
        return None
    path = next(iter(sorted(FOLDER.glob(f"*/test/{_literal(task_id)}.json"))), None)
    return read_task(path) if path else None


def _literal(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def specs_of(rows: Iterable[Row], kinds: Mapping[str, tuple[str, str]]) -> dict[str, TaskSpec]:
    """How the tasks of some rows are scored. ``kinds``: category and language of each, by task id."""
    references: dict[str, list[str]] = {}
    for row in rows:
        references.setdefault(row.task_id, []).extend(row.references[:1])
    return {
        task_id: infer_spec(task_id, kinds[task_id][0], found, kinds[task_id][1])
        for task_id, found in references.items()
    }


class _Lookup:
    """The instances of a task file, by id and by what they say."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._by_id = {instance.id: i for i, instance in enumerate(task.instances) if instance.id}
        self._by_text = {(instance.input, instance.reference): i for i, instance in enumerate(task.instances)}
        self._seen: set[int] = set()

    def find(self, row: CsvRow) -> Instance | None:
        """The instance a row answers."""
        place = self._by_id.get(row.instance_id) if row.instance_id else None
        if place is None:
            place = self._by_text.get((row.input, row.reference))
        if place is None:
            return None
        self._seen.add(place)
        return self._task.instances[place]

    def unanswered(self) -> list[Row]:
        """Rows for the instances nobody asked for, if any was found at all."""
        if not self._seen:
            return []
        rest = [instance for i, instance in enumerate(self._task.instances) if i not in self._seen]
        return [Row(-1, self._task.id, instance.input, None, instance.outputs, "missing") for instance in rest]


def _row(row: CsvRow, lookup: _Lookup | None) -> Row:
    instance = lookup.find(row) if lookup else None
    references = instance.outputs if instance and instance.outputs else (row.reference,)
    given = instance.input if instance else row.input
    return Row(row.row, row.task_id, given, row.output, references, row.status)
