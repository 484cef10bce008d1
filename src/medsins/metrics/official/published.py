"""One published script on one file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from medsins.core import unknown_name

from ._records import Kind, RowScore
from .aggregate import running_sum
from .reading import OfficialTable, read_official_csv
from .scoring import Job, score_job, task_metrics
from .scripts import SCRIPTS, Script

METRICS: dict[Kind, tuple[str, ...]] = {
    "accuracy": ("accuracy",),
    "overlap": ("bleu1", "rouge_l_f"),
    "entities": ("f1",),
    "labels": ("macro_precision", "macro_recall", "macro_f1"),
}
"""What the scripts report by kind of rule."""


def run_scorer(path: Path, name: str) -> dict[str, Any]:
    """Run one published script's rule on a CSV exactly as that script would.

    Returns:
        ``scorer``; ``results`` (task to metric to value as the script returns it); ``avg`` (None where the script
        writes none); ``per_row``; ``would_crash`` (row and reason; such rows count as wrong); ``warnings``.

    Raises:
        UsageError: unknown scorer.
        InvalidFile: the file cannot be read, or lacks a column.
    """
    if name not in SCRIPTS:
        raise unknown_name("scorer", name, SCRIPTS)
    script = SCRIPTS[name]
    table = read_official_csv(Path(path), warn_bad_lines=script.warn_bad_lines)
    rows = [score_job(job) for job in _jobs(script, table)]
    results = _results(script, rows)
    crashes = [{"row": row.row, "task_id": row.task_id, "reason": row.crash} for row in rows if row.crash]
    if script.required and not rows:
        tasks = " or ".join(script.rules)
        crashes.append({"row": None, "task_id": tasks, "reason": f"KeyError: the file has no row of {tasks}"})
    return {
        "scorer": name,
        "csv": table.path.name,
        "n_rows_read": table.rows,
        "results": results["all"] if script.every_row else results,
        "avg": _average(script, results) if script.averages else None,
        "per_row": [_row(row) for row in rows],
        "would_crash": crashes,
        "warnings": list(table.warnings),
    }


def _jobs(script: Script, table: OfficialTable) -> list[Job]:
    columns = table.positional() if script.positional else table.named()
    every = next(iter(script.rules.values()))
    jobs = []
    for place, (task_id, reference, output) in enumerate(zip(*columns, strict=True)):
        rule = every if script.every_row else script.rules.get(task_id) if isinstance(task_id, str) else None
        if rule:
            jobs.append(Job(place, str(task_id), rule, reference, output))
    return jobs


def _results(script: Script, rows: Sequence[RowScore]) -> dict[str, dict[str, float]]:
    """Figures by task and group, absent ones included."""
    members: dict[str, list[RowScore]] = defaultdict(list)
    for row in rows:
        members["all" if script.every_row else row.task_id].append(row)
    for group, tasks in script.groups.items():  # pooled task by task, which decides the last bits
        members[group] = [row for task in tasks for row in members[task]]
    kinds = {task: script.rules[task].kind for task in script.single}
    kinds |= {group: script.rules[tasks[0]].kind for group, tasks in script.groups.items()}
    if script.every_row:
        kinds = {"all": next(iter(kinds.values()))}
    results = {}
    for name, kind in kinds.items():
        found = task_metrics(kind, members[name]) if members[name] else dict.fromkeys(METRICS[kind], script.absent)
        results[name] = {metric: found[metric] for metric in METRICS[kind]}
    return results


def _average(script: Script, results: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    tasks = script.single
    metrics = METRICS[script.rules[tasks[0]].kind]
    return {metric: running_sum(results[task][metric] for task in tasks) / len(tasks) for metric in metrics}


def _row(row: RowScore) -> dict[str, Any]:
    figures = {name: row.metrics[name] for name in METRICS["overlap"] if name in row.metrics}
    shown = {"row": row.row, "task_id": row.task_id, **figures, "counted": row.counted, **row.details}
    return shown | {"would_crash": row.crash} if row.crash else shown
