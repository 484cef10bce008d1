"""Two or more runs on the same instances: paired differences, flips, equivalence, and what could have been seen.

Runs are scored again, row by row, so nothing but their predictions is needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

import numpy as np

from medsins.core import Problem, Score, UsageError, digest
from medsins.metrics import Row, TaskSpec
from medsins.metrics.official import TaskScore, score_official
from medsins.metrics.stats import (
    RESAMPLES,
    Array,
    generator,
    holm,
    interval,
    mcnemar,
    p_value,
    paired_bootstrap,
    permutation_test,
    permuted,
    smallest_detectable,
)
from medsins.metrics.strict import Scored, score_task

from .scoring_profiles import OFFICIAL_PRIMARY, by_task, official_table
from .scoring_source import Source, source_of_run
from .spec import read_manifest

MARGIN = 2.0
"""Percentage points within which two models count as equivalent, unless said otherwise."""

_BINARY = {"mcqa", "labels", "fields"}


@dataclass(frozen=True, slots=True)
class _Run:
    name: str
    manifest: Mapping[str, Any]
    source: Source


@dataclass(frozen=True, slots=True)
class _Pair:
    """One task of two runs, on the same rows in the same order."""

    spec: TaskSpec
    metric: str
    a: Scored
    b: Scored
    binary: bool  # rows are right or wrong
    replicates: Array

    @property
    def difference(self) -> float:
        return self.b.table.point()[self.metric] - self.a.table.point()[self.metric]


def compare(runs: Sequence[Path], margin: float = MARGIN, profile: str = "strict") -> dict[str, Any]:
    """Compare every run with the first one, task by task and category by category.

    Args:
        runs: run directories of the same suite; models and protocols may differ.
        margin: equivalence margin in percentage points.
        profile: ``strict`` or ``official``: by whose rules rows are scored. Tasks that no published script scores are
            left out of the latter, and a category is the mean over its tasks that were asked.

    Returns:
        ``runs`` (name, model, signature) and ``pairs``: for each task and category ``metric``, ``a``, ``b``,
        ``difference`` (b - a), ``ci95`` (paired bootstrap), ``p`` (exact McNemar where rows are right or wrong, else a
        paired permutation test), ``p_holm`` (adjusted within the tasks, or the categories, of the pair),
        ``equivalent`` (two one-sided tests at 5 % within ``margin``, never from fewer than 3 / margin rows),
        ``detectable`` (smallest true difference seen with 80 % power) and for tasks ``flips``. All but p in percentage
        points.

    Raises:
        UsageError: fewer than two runs, their instances differ, or no published script scores any of their tasks.
        RunError: a directory is no run, or is damaged.
    """
    loaded = _load(runs)
    first = loaded[0]
    return {
        "format": 1,
        "profile": profile,
        "margin": margin,
        "runs": [_about(run) for run in loaded],
        "pairs": [_compare_pair(first, other, margin / 100, profile) for other in loaded[1:]],
    }


def spread(runs: Sequence[Path]) -> dict[str, Any]:
    """How much results move between runs of one model on the same instances: with other wordings of the instruction,
    other shots, other seeds.

    Returns:
        ``varied`` (the settings in which the runs differ, each with its values by run), for each task and category
        ``metric``, ``values`` by run, ``mean``, ``min``, ``median``, ``max``, ``range`` and ``sd`` (sample standard
        deviation) in percent, for each task its ``category`` too; ``most_moved`` names the tasks whose range is above
        0, the widest first.

    Raises:
        UsageError, RunError: as ``compare``, or the runs are of different models.
    """
    loaded = _load(runs)
    _refuse_other_models(loaded)
    specs = loaded[0].source.specs
    values: dict[str, list[float]] = {task_id: [] for task_id in specs}
    metrics: dict[str, str] = {}
    for run in loaded:
        for task_id, rows in by_task([*run.source.rows, *run.source.absent]).items():
            scored = score_task(rows, specs[task_id])
            metrics[task_id] = scored.primary
            values[task_id].append(100 * scored.table.point()[scored.primary])
    tasks = {
        task_id: {"category": specs[task_id].category, **_moves(metrics[task_id], found)}
        for task_id, found in values.items()
    }
    categories = {}
    for category in dict.fromkeys(spec.category for spec in specs.values()):
        members = _members(specs, category, metrics)
        means = [fmean(column) for column in zip(*(values[task_id] for task_id in members), strict=True)]
        categories[category] = {"tasks": members, **_moves(metrics[members[0]], means)}
    moved = [task_id for task_id in tasks if tasks[task_id]["range"] > 0]
    return {
        "format": 1,
        "profile": "strict",
        "runs": [_about(run) for run in loaded],
        "varied": _varied(loaded),
        "tasks": tasks,
        "categories": categories,
        "most_moved": sorted(moved, key=lambda task_id: -tasks[task_id]["range"]),
    }


def _refuse_other_models(runs: Sequence[_Run]) -> None:
    first = _model(runs[0])
    mend = "spread is about one model; medsins bench compare sets models side by side"
    problems = [
        Problem(f"asks another model than {runs[0].name} ({_model(run)[0]}, not {first[0]})", run.name, mend)
        for run in runs[1:]
        if _model(run) != first
    ]
    if problems:
        raise UsageError(*problems)


def _model(run: _Run) -> tuple[str, str]:
    model = run.manifest.get("model") or {}
    return str(model.get("name", "")), str(model.get("weights", ""))


def _varied(runs: Sequence[_Run]) -> dict[str, list[Any]]:
    """The settings that are not the same in all runs."""
    found: dict[str, list[Any]] = {
        "protocol": [(run.manifest.get("protocol") or {}).get("spec", "") for run in runs],
        "seed": [run.manifest.get("seed") for run in runs],
        "shots": [digest([entry["shots"]["digest"] for entry in run.manifest["tasks"]])[:8] for run in runs],
    }
    return {name: values for name, values in found.items() if any(value != values[0] for value in values)}


def _load(paths: Sequence[Path]) -> list[_Run]:
    if len(paths) < 2:
        raise UsageError(Problem("a comparison needs at least two runs", mend="name two or more run directories"))
    names = [path.name or str(path) for path in paths]
    labels = [f"{name} ({path})" if names.count(name) > 1 else name for name, path in zip(names, paths, strict=True)]
    runs = [_Run(label, read_manifest(path), source_of_run(path)) for label, path in zip(labels, paths, strict=True)]
    problems = [problem for run in runs[1:] for problem in _mismatches(runs[0], run)]
    if problems:
        raise UsageError(*problems)
    return runs


def _mismatches(a: _Run, b: _Run) -> list[Problem]:
    """Why two runs cannot be paired; everything at once."""
    mend = f"run both on the same suite, with the same --limit, then compare again ({a.name} and {b.name})"
    tasks_a, tasks_b = ({entry["id"]: entry for entry in run.manifest["tasks"]} for run in (a, b))
    found = [
        Problem(f"task {task_id} is only in {(a if task_id in tasks_a else b).name}", mend=mend)
        for task_id in sorted(tasks_a.keys() ^ tasks_b.keys())
    ]
    for task_id in sorted(tasks_a.keys() & tasks_b.keys()):
        one, other = tasks_a[task_id], tasks_b[task_id]
        if one["digest"] != other["digest"]:
            found.append(Problem(f"task {task_id} has other instances or references in {b.name}", mend=mend))
        elif one["instances"] != other["instances"]:
            what = f"task {task_id}: {a.name} asks {one['instances']} instances, {b.name} {other['instances']}"
            found.append(Problem(what, mend=mend))
    if not found and not (a.source.rows and b.source.rows):
        empty = a if not a.source.rows else b
        found.append(Problem("has no predictions yet", empty.name, f"medsins bench resume {empty.name}"))
    return found


def _compare_pair(a: _Run, b: _Run, margin: float, profile: str) -> dict[str, Any]:
    pairs = list((_official_pairs if profile == "official" else _strict_pairs)(a, b))
    if not pairs:
        raise UsageError(Problem("no published script scores any of these tasks", a.name, "compare by profile strict"))
    tasks = {pair.spec.id: _task(pair, margin) for pair in pairs}
    categories = {}
    for category in dict.fromkeys(pair.spec.category for pair in pairs):
        members = [pair for pair in pairs if pair.spec.category == category]
        metric = Counter(pair.metric for pair in members).most_common(1)[0][0]
        categories[category] = _category([pair for pair in members if pair.metric == metric], margin)
    for figures in (tasks, categories):
        for entry, adjusted in zip(figures.values(), holm([f["p"] for f in figures.values()]), strict=True):
            entry["p_holm"] = adjusted
    return {"a": a.name, "b": b.name, "tasks": tasks, "categories": categories}


def _strict_pairs(a: _Run, b: _Run) -> Iterator[_Pair]:
    specs = {**b.source.specs, **a.source.specs}
    rows_a, rows_b = _aligned(a.source, b.source)
    for task_id, rows in by_task(rows_a).items():
        spec = specs[task_id]
        yield _paired(spec, score_task(rows, spec), score_task(by_task(rows_b)[task_id], spec), spec.scorer in _BINARY)


def _official_pairs(a: _Run, b: _Run) -> Iterator[_Pair]:
    specs = {**b.source.specs, **a.source.specs}
    one, other = (score_official(rows, specs).tasks for rows in _aligned(a.source, b.source))
    for task_id in (task_id for task_id in one if task_id in specs):
        x, y = one[task_id], other[task_id]
        if all(any(row.counted for row in task.rows) for task in (x, y)):  # the scripts may skip every row
            yield _paired(specs[task_id], _officially(x), _officially(y), x.kind == "accuracy")


def _officially(task: TaskScore) -> Scored:
    scores = tuple(Score(row.row, row.task_id, row.metrics) for row in task.rows)
    return Scored(official_table(task), scores, OFFICIAL_PRIMARY[task.kind])


def _paired(spec: TaskSpec, a: Scored, b: Scored, binary: bool) -> _Pair:
    replicates = paired_bootstrap(a.table, b.table, a.primary, RESAMPLES, generator("paired", spec.id))
    return _Pair(spec, a.primary, a, b, binary, replicates)


def _aligned(a: Source, b: Source) -> tuple[list[Row], list[Row]]:
    """The rows of both runs by place; what one run has not answered is missing there and keeps the other's question."""
    have_a, have_b = {row.row: row for row in a.rows}, {row.row: row for row in b.rows}
    places = sorted(have_a.keys() | have_b.keys())
    rows_a = [have_a.get(place) or _missing(have_b[place]) for place in places]
    rows_b = [have_b.get(place) or _missing(have_a[place]) for place in places]
    return rows_a, rows_b


def _missing(row: Row) -> Row:
    return replace(row, output=None, status="missing")


def _task(pair: _Pair, margin: float) -> dict[str, Any]:
    marks = [
        (_mark(x.metrics, pair.metric), _mark(y.metrics, pair.metric))
        for x, y in zip(pair.a.scores, pair.b.scores, strict=True)
    ]
    gained, lost = sum(y > x for x, y in marks), sum(y < x for x, y in marks)
    if pair.binary:
        p = mcnemar(lost, gained)
    else:
        p = permutation_test(pair.a.table, pair.b.table, pair.metric, generator("permutation", pair.spec.id))
    return {
        "category": pair.spec.category,
        "metric": pair.metric,
        "rows": len(marks),
        "a": 100 * pair.a.table.point()[pair.metric],
        "b": 100 * pair.b.table.point()[pair.metric],
        **_figures(pair.difference, pair.replicates, p, margin, len(marks)),
        "flips": {"gained": gained, "lost": lost},
    }


def _category(members: Sequence[_Pair], margin: float) -> dict[str, Any]:
    """The mean over the tasks of a category that share its metric; each task is a stratum of its own."""
    difference = fmean(pair.difference for pair in members)
    replicates: Array = np.mean([pair.replicates for pair in members], axis=0)
    gains: Array = np.mean(
        [permuted(p.a.table, p.b.table, p.metric, generator("permutation", p.spec.id)) for p in members], axis=0
    )
    rows = sum(len(pair.a.scores) for pair in members)
    return {
        "metric": members[0].metric,
        "rows": rows,
        "tasks": [pair.spec.id for pair in members],
        "a": 100 * fmean(pair.a.table.point()[pair.metric] for pair in members),
        "b": 100 * fmean(pair.b.table.point()[pair.metric] for pair in members),
        **_figures(difference, replicates, p_value(gains, difference), margin, rows),
    }


def _figures(difference: float, replicates: Array, p: float, margin: float, rows: int) -> dict[str, Any]:
    low, high = interval(replicates) or (difference, difference)
    inner = interval(replicates, 0.90) or (difference, difference)
    # "no difference in n rows" still allows a true one of about 3/n (rule of three), which resampling cannot show
    least, most = min(inner[0], difference - 3 / rows), max(inner[1], difference + 3 / rows)
    return {
        "difference": 100 * difference,
        "ci95": [100 * low, 100 * high],
        "p": p,
        "equivalent": bool(-margin < least and most < margin),
        "detectable": 100 * smallest_detectable(replicates, rows),
    }


def _mark(metrics: Mapping[str, float], metric: str) -> float:
    """What a row counts; 0 where the published script skips it."""
    return metrics[metric] if metric in metrics else next(iter(metrics.values()), 0.0)


def _members(specs: Mapping[str, TaskSpec], category: str, metrics: Mapping[str, str]) -> list[str]:
    own = [task_id for task_id, spec in specs.items() if spec.category == category]
    metric = Counter(metrics[task_id] for task_id in own).most_common(1)[0][0]
    return [task_id for task_id in own if metrics[task_id] == metric]


def _moves(metric: str, values: Sequence[float]) -> dict[str, Any]:
    return {
        "metric": metric,
        "values": list(values),
        "mean": fmean(values),
        "min": min(values),
        "median": median(values),
        "max": max(values),
        "range": max(values) - min(values),
        "sd": stdev(values),
    }


def _about(run: _Run) -> dict[str, Any]:
    model = run.manifest.get("model") or {}
    return {"name": run.name, "model": model.get("name", ""), "signature": run.manifest.get("signature", "")}
