"""Official scores of any rows: each task by the rule of its category."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from .._types import Row, TaskSpec
from ._records import CategoryScore, Crash, OfficialScores, Result, TaskScore, WouldCrash
from ._rule import Rule
from .aggregate import running_sum, task_metrics
from .cells import as_cell
from .classes import Classes
from .overlap import Overlap, raw, stripped
from .parallel import Column, places_by_task, score_columns
from .published import METRICS
from .scripts import FACT_TEXT, SCRIPTS, YES_NO, Script


def score_official(rows: Sequence[Row], specs: Mapping[str, TaskSpec], *, workers: int = 1) -> OfficialScores:
    """Score rows by the published rule of each task's category.

    An output is taken as the cell of a CSV written from the run: empty, ``None``, ``NA`` and the other spellings pandas
    reads as missing are missing here too.

    Args:
        rows: predictions in file order (sums run in this order, which decides their last bits).
        specs: task id to spec; rows of other tasks are ignored.
        workers: processes; the result does not depend on it.
    """
    rules = {task_id: rule_for(spec) for task_id, spec in specs.items()}
    columns = _columns(rows, rules)
    results = score_columns(columns, workers)
    tasks = {
        task_id: _task(task_id, specs[task_id].category, [(task_id, columns[task_id], found)])
        for task_id, found in results.items()
    }
    crashes = [
        Crash(place, task.task_id, str(result))
        for task in tasks.values()
        for place, result in zip(task.places, task.results, strict=True)
        if isinstance(result, WouldCrash)
    ]
    seen = {row.task_id for row in rows}
    return OfficialScores(
        tasks=tasks | _groups(columns, results),
        categories=_categories(tasks),
        would_crash=tuple(sorted(crashes, key=lambda crash: crash.row or 0)),
        unruled=tuple(task_id for task_id, rule in rules.items() if rule is None and task_id in seen),
    )


def rule_for(spec: TaskSpec) -> Rule | None:
    """The published rule of a task: its own where a script names it, else that of its category's script, else, for a
    generated text, plain BLEU-1 and "Rouge"; None where nothing published applies.
    """
    scripts = _scripts_of(spec.category)
    for script in scripts:
        if spec.id in script.rules:
            return script.rules[spec.id]
    match spec.category, spec.scorer:
        case "Rationale", _:
            return Overlap(stripped, spec.language)
        case "Fact Verification", "text":
            return FACT_TEXT
        case "Natural Language Inference", "text":
            return Overlap(raw, spec.language)
        case "Text Classification", _:
            return Classes(tuple(label.lower() for label in spec.labels)) if spec.labels else Classes()
        case "MCQA", _ if spec.labels and all(label[:1].lower() in ("y", "n", "m") for label in spec.labels):
            return YES_NO
    if not scripts:
        return Overlap(raw, spec.language) if spec.scorer == "text" else None
    rule = next(iter(scripts[0].rules.values()))
    return Overlap(rule.clean, spec.language) if isinstance(rule, Overlap) else rule


def category_metrics(category: str, metrics: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """A category's average in percent from its tasks' figures (task id to metric to percent).

    Where any of the tasks is one of the published ids, the published rule: the plain mean over all ids of the script,
    absent ones included (0, or -1 for summarization), other tasks left out. Else the plain mean over the tasks present.
    """
    scripts = [script for script in _scripts_of(category) if any(task in script.rules for task in metrics)]
    if not scripts:
        return _mean(metrics.values())
    averages: dict[str, float] = {}
    for script in scripts:
        if not script.averages:
            averages |= _mean(figures for task, figures in metrics.items() if task in script.rules)
            continue
        names = METRICS[script.rules[script.single[0]].kind]
        absent = dict.fromkeys(names, script.absent)
        found = [metrics.get(task, absent) for task in script.single]
        averages |= {name: running_sum(figures[name] for figures in found) / len(found) for name in names}
    return averages


def absent_tasks(category: str, tasks: Collection[str]) -> tuple[str, ...]:
    """The published ids that a category's published average counts although they are not among ``tasks``; none where
    that average is not taken.
    """
    scripts = [script for script in _scripts_of(category) if any(task in script.rules for task in tasks)]
    return tuple(task for script in scripts if script.averages for task in script.single if task not in tasks)


def _scripts_of(category: str) -> list[Script]:
    return [script for script in SCRIPTS.values() if script.category == category]


def _columns(rows: Sequence[Row], rules: Mapping[str, Rule | None]) -> dict[str, Column]:
    columns = {}
    for task_id, places in places_by_task([row.task_id for row in rows]).items():
        rule = rules.get(str(task_id))
        if rule:
            found = [rows[place] for place in places]
            columns[str(task_id)] = Column(
                rule,
                [row.row for row in found],
                [as_cell(row.references[0] if row.references else None) for row in found],
                [as_cell(row.output) for row in found],
            )
    return columns


def _task(name: str, category: str, members: Sequence[tuple[str, Column, list[Result]]]) -> TaskScore:
    """One task, or several pooled under a name."""
    rule = members[0][1].rule
    results = [result for _, _, found in members for result in found]
    return TaskScore(
        task_id=name,
        category=category,
        kind=rule.kind,
        metrics=task_metrics(rule.kind, results, rule.wrong),
        places=[place for _, column, _ in members for place in column.places],
        owners=[task_id for task_id, column, _ in members for _ in column.places],
        results=results,
        wrong=rule.wrong,
    )


def _groups(columns: Mapping[str, Column], results: Mapping[str, list[Result]]) -> dict[str, TaskScore]:
    """The tasks the scripts pool over rows, under the pool's name."""
    groups = {}
    for script in SCRIPTS.values():
        for name, ids in script.groups.items():
            members = [(task, columns[task], results[task]) for task in ids if task in columns]
            if members:
                groups[name] = _task(name, script.category, members)
    return groups


def _categories(tasks: Mapping[str, TaskScore]) -> dict[str, CategoryScore]:
    members: dict[str, list[TaskScore]] = defaultdict(list)
    for task in tasks.values():
        members[task.category].append(task)
    scores = {}
    for name, found in members.items():
        published = any(task.task_id in script.rules for script in _scripts_of(name) for task in found)
        averages = category_metrics(name, {task.task_id: task.metrics for task in found})
        scores[name] = CategoryScore(name, averages, tuple(task.task_id for task in found), published)
    return scores


def _mean(figures: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Plain mean of every metric over the tasks that have it."""
    values: dict[str, list[float]] = defaultdict(list)
    for task in figures:
        for name, value in task.items():
            values[name].append(value)
    return {name: running_sum(found) / len(found) for name, found in values.items()}
