"""Official scores of any rows: each task by the rule of its category."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from .._types import Row, TaskSpec
from ._records import CategoryScore, Crash, OfficialScores, RowScore, Rule, TaskScore
from .aggregate import running_sum
from .cells import as_cell
from .classes import Classes
from .overlap import Overlap, raw, stripped
from .parallel import score_jobs
from .published import METRICS
from .scoring import Job, task_metrics
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
    members: dict[str, list[RowScore]] = defaultdict(list)
    for scored in score_jobs(_jobs(rows, rules), workers):
        members[scored.task_id].append(scored)
    tasks = {
        task_id: TaskScore(task_id, specs[task_id].category, rule.kind, tuple(found), task_metrics(rule.kind, found))
        for task_id, found in members.items()
        if (rule := rules[task_id])
    }
    present = {row.task_id for row in rows}
    categories = _categories(tasks)
    crashes = [Crash(row.row, row.task_id, row.crash) for task in tasks.values() for row in task.rows if row.crash]
    return OfficialScores(
        tasks=tasks | _groups(tasks),
        categories=categories,
        would_crash=tuple(sorted(crashes, key=lambda crash: crash.row or 0)),
        unruled=tuple(task_id for task_id in specs if task_id in present and not rules[task_id]),
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


def _scripts_of(category: str) -> list[Script]:
    return [script for script in SCRIPTS.values() if script.category == category]


def _jobs(rows: Iterable[Row], rules: Mapping[str, Rule | None]) -> list[Job]:
    jobs = []
    for row in rows:
        rule = rules.get(row.task_id)
        if rule:
            reference = as_cell(row.references[0] if row.references else None)
            jobs.append(Job(row.row, row.task_id, rule, reference, as_cell(row.output)))
    return jobs


def _groups(tasks: Mapping[str, TaskScore]) -> dict[str, TaskScore]:
    """The tasks the scripts pool over rows, under the pool's name."""
    groups = {}
    for script in SCRIPTS.values():
        for name, ids in script.groups.items():
            rows = [row for task in ids if task in tasks for row in tasks[task].rows]
            if rows:
                kind = script.rules[ids[0]].kind
                groups[name] = TaskScore(name, script.category, kind, tuple(rows), task_metrics(kind, rows))
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
