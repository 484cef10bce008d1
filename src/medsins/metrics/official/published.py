"""One published script on one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from medsins.core import unknown_name

from ._records import Cell, Kind, Result, Stats, WouldCrash, row_metrics
from ._rule import Rule
from .aggregate import running_sum, task_metrics
from .parallel import Column, places_by_task, score_columns
from .reading import read_official_csv
from .scripts import SCRIPTS, Script

METRICS: dict[Kind, tuple[str, ...]] = {
    "accuracy": ("accuracy",),
    "overlap": ("bleu1", "rouge_l_f"),
    "entities": ("f1",),
    "labels": ("macro_precision", "macro_recall", "macro_f1"),
}
"""What the scripts report by kind of rule."""

EVERY = "every row"  # the one column of a script that ignores task ids


def run_scorer(path: Path, name: str, *, workers: int = 1) -> dict[str, Any]:
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
    task_ids, references, outputs = table.positional() if script.positional else table.named()
    columns = task_columns(script, task_ids, references, outputs)
    found = score_columns(columns, workers)
    results = task_results(script, found)
    rows = sorted(_rows(task_ids, columns, found), key=lambda row: row["row"])
    crashes = [{"row": row["row"], "task_id": row["task_id"], "reason": row["crash"]} for row in rows if "crash" in row]
    if script.required and not rows:
        tasks = " or ".join(script.rules)
        crashes.append({"row": None, "task_id": tasks, "reason": f"KeyError: the file has no row of {tasks}"})
    return {
        "scorer": name,
        "csv": table.path.name,
        "n_rows_read": table.rows,
        "results": results[EVERY] if script.every_row else results,
        "avg": _average(script, results) if script.averages else None,
        "per_row": rows,
        "would_crash": crashes,
        "warnings": list(table.warnings),
    }


def task_columns(
    script: Script, task_ids: Sequence[Cell], references: Sequence[Cell], outputs: Sequence[Cell]
) -> dict[str, Column]:
    """The rows the script scores, by task."""
    if script.every_row:
        rule = next(iter(script.rules.values()))
        return {EVERY: Column(rule, range(len(task_ids)), references, outputs)}
    places = places_by_task(task_ids)
    return {
        task: Column(rule, found, [references[at] for at in found], [outputs[at] for at in found])
        for task, rule in script.rules.items()
        if (found := places.get(task))
    }


def task_results(script: Script, found: Mapping[str, list[Result]]) -> dict[str, dict[str, float]]:
    """Figures by task and group, absent ones included."""
    results = {}
    for name, tasks in ({EVERY: (EVERY,)} if script.every_row else script.pools).items():
        rule = next(iter(script.rules.values())) if script.every_row else script.rules[tasks[0]]
        # groups are pooled task by task, which decides the last bits
        scored = [result for task in tasks for result in found.get(task, ())]
        figures = dict.fromkeys(METRICS[rule.kind], script.absent)
        if scored:
            figures = task_metrics(rule.kind, scored, rule.wrong)
        results[name] = {metric: figures[metric] for metric in METRICS[rule.kind]}
    return results


def _average(script: Script, results: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    tasks = script.single
    metrics = METRICS[script.rules[tasks[0]].kind]
    return {metric: running_sum(results[task][metric] for task in tasks) / len(tasks) for metric in metrics}


def _rows(
    task_ids: Sequence[Cell], columns: Mapping[str, Column], found: Mapping[str, list[Result]]
) -> Iterator[dict[str, Any]]:
    """One object per scored row, as the golden files have them."""
    for name, column in columns.items():
        rows = zip(column.places, column.references, column.outputs, found[name], strict=True)
        for place, reference, output, result in rows:
            yield {"row": place, "task_id": str(task_ids[place]), **_figures(column.rule, result, (reference, output))}


def _figures(rule: Rule, result: Result, cells: tuple[Cell, Cell]) -> dict[str, Any]:
    if isinstance(result, WouldCrash):
        return {**_shown(rule.kind, rule.wrong), "counted": True, "crash": str(result)}
    if result is None:
        return {"counted": False, **rule.details(*cells)}
    details = rule.details(*cells)
    shown = {} if details.get("scored") is False else _shown(rule.kind, result)
    return {**shown, "counted": True, **details}


def _shown(kind: Kind, stats: Stats) -> dict[str, float]:
    figures = row_metrics(kind, stats)
    return {"correct": int(figures["accuracy"])} if kind == "accuracy" else {} if kind == "labels" else figures
