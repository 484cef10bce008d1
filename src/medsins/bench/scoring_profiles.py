"""One profile over all tasks: figures, baselines, bootstrap replicates, and averages by category."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from medsins.core import Score
from medsins.metrics import Row, TaskSpec
from medsins.metrics.official import OfficialScores, TaskScore, category_metrics, score_official
from medsins.metrics.stats import Array, RowTable, bootstrap, generator, means, ratio
from medsins.metrics.strict import majority_rows, random_rows, score_likelihood, score_task

from .scoring_source import Source

Figures = dict[str, float]
"""Metric to percent."""


@dataclass(frozen=True, slots=True)
class TaskResult:
    """One task (or pooled group) in one profile. ``metrics`` and ``baselines`` in percent; ``replicates`` are bootstrap
    draws of every metric, as fractions, shape [resamples].
    """

    id: str
    category: str
    language: str
    scorer: str
    primary: str
    rows: int
    counted: int
    metrics: Figures
    baselines: Mapping[str, Figures]
    replicates: Mapping[str, Array]
    unscored: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CategoryResult:
    """A category's averages over tasks; ``replicates`` keep each task a stratum of its own."""

    primary: str
    metrics: Figures
    baselines: Mapping[str, Figures]
    replicates: Mapping[str, Array]
    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProfileResult:
    """All of one profile: tasks, categories, row scores, and (official) rows the published scripts stop on."""

    tasks: Mapping[str, TaskResult]
    categories: Mapping[str, CategoryResult]
    samples: tuple[Score, ...]
    would_crash: tuple[tuple[int | None, str, str], ...] = field(default=())


def strict_profile(source: Source, resamples: int, listen: Callable[[str], None], workers: int) -> ProfileResult:
    """Score every task with the strict scorers; absent instances count as wrong."""
    results: dict[str, TaskResult] = {}
    samples: list[Score] = []
    for task_id, rows in by_task([*source.rows, *source.absent]).items():
        spec = source.specs[task_id]
        listen(task_id)
        scored = score_task(rows, spec, workers)
        likely = score_likelihood(rows, spec, resamples, generator("likelihood", task_id))
        samples += scored.scores
        drawn = {"majority": majority_rows(rows, spec), "random": random_rows(rows, spec)}
        baselines = {name: percent(score_task(made, spec).table.point()) for name, made in drawn.items()}
        results[task_id] = TaskResult(
            id=task_id,
            category=spec.category,
            language=source.languages[task_id],
            scorer=spec.scorer,
            primary=scored.primary,
            rows=len(rows),
            counted=len(rows),
            metrics=percent({**scored.table.point(), **likely.metrics}),
            baselines={name: _main(figures) for name, figures in baselines.items()},
            replicates={**bootstrap(scored.table, resamples, generator("strict", task_id)), **likely.replicates},
            unscored=Counter(score.unscored for score in scored.scores if score.unscored),
        )
    return ProfileResult(results, _strict_categories(results), tuple(sorted(samples, key=lambda score: score.row)))


def _strict_categories(tasks: Mapping[str, TaskResult]) -> dict[str, CategoryResult]:
    """Plain means over the tasks of a category that have the metric."""
    found = {}
    for category, members in _by_category(tasks).items():
        names = list(dict.fromkeys(name for task in members for name in task.metrics))
        having = {name: [task for task in members if name in task.metrics] for name in names}
        found[category] = CategoryResult(
            primary=Counter(task.primary for task in members).most_common(1)[0][0],
            metrics={name: _mean([task.metrics[name] for task in having[name]]) for name in names},
            baselines=_mean_baselines(members),
            replicates={name: np.mean([task.replicates[name] for task in having[name]], axis=0) for name in names},
            tasks=tuple(task.id for task in members),
        )
    return found


def official_profile(source: Source, resamples: int, listen: Callable[[str], None], workers: int) -> ProfileResult:
    """Score every task by the published rules; tasks of categories without one are left out."""
    listen("published rules")
    scores = score_official(source.rows, source.specs, workers=workers)
    baselines = {
        "majority": _official_baseline(source, partial(majority_rows, silence=True), workers),
        "random": _official_baseline(source, random_rows, workers),
    }
    results = {}
    for task_id, task in scores.tasks.items():
        results[task_id] = TaskResult(
            id=task_id,
            category=task.category,
            language=source.languages.get(task_id, "English"),
            scorer=task.kind,
            primary=OFFICIAL_PRIMARY[task.kind],
            rows=len(task.rows),
            counted=sum(row.counted for row in task.rows),
            metrics=dict(task.metrics),
            baselines={
                name: dict(made.tasks[task_id].metrics) for name, made in baselines.items() if task_id in made.tasks
            },
            replicates=bootstrap(official_table(task), resamples, generator("official", task_id)) if task.rows else {},
            unscored={},
        )
    return ProfileResult(
        tasks=results,
        categories=_official_categories(scores, baselines, results),
        samples=tuple(
            Score(row.row, row.task_id, row.metrics)
            for task_id, task in scores.tasks.items() if task_id in source.specs
            for row in task.rows
        ),
        would_crash=tuple((crash.row, crash.task_id, crash.reason) for crash in scores.would_crash),
    )  # fmt: skip


OFFICIAL_PRIMARY = {"accuracy": "accuracy", "overlap": "rouge_l_f", "entities": "f1", "labels": "macro_f1"}
"""Kind of task to the metric that stands for it."""


def _official_baseline(
    source: Source, answer: Callable[[Sequence[Row], TaskSpec], list[Row]], workers: int
) -> OfficialScores:
    rows = [row for task_id, found in by_task(source.rows).items() for row in answer(found, source.specs[task_id])]
    return score_official(rows, source.specs, workers=workers)


def _official_categories(
    scores: OfficialScores, baselines: Mapping[str, OfficialScores], tasks: Mapping[str, TaskResult]
) -> dict[str, CategoryResult]:
    found = {}
    for name, category in scores.categories.items():
        members = {task_id: tasks[task_id] for task_id in tasks if tasks[task_id].category == name}
        primaries = Counter(task.primary for task in members.values() if task.primary in category.metrics)
        found[name] = CategoryResult(
            primary=primaries.most_common(1)[0][0] if primaries else next(iter(category.metrics), ""),
            metrics=dict(category.metrics),
            baselines={
                kind: dict(made.categories[name].metrics) for kind, made in baselines.items() if name in made.categories
            },
            replicates=_published_average(name, members),
            tasks=category.tasks,
        )
    return found


def _published_average(category: str, members: Mapping[str, TaskResult]) -> dict[str, Array]:
    """Replicates of the published average. It is linear in the tasks' figures, absent tasks entering as constants, so
    each task's weight is found by raising its figure by one.
    """
    figures = {task_id: task.metrics for task_id, task in members.items()}
    point = category_metrics(category, figures)
    drawn: dict[str, Array] = {}
    for metric, value in point.items():
        total: Array | float = value
        for task_id, task in members.items():
            if metric in task.metrics:
                raised = {**figures, task_id: {**task.metrics, metric: task.metrics[metric] + 1}}
                weight = category_metrics(category, raised)[metric] - value
                total = total + weight * (100 * task.replicates[metric] - task.metrics[metric])
        if not isinstance(total, float):
            drawn[metric] = total / 100
    return drawn


def official_table(task: TaskScore) -> RowTable:
    """The statistics of an official task with their measure, for resampling."""
    values = np.array([row.stats for row in task.rows], dtype=np.float64)
    if task.kind == "accuracy":
        return RowTable(values, means(("accuracy",)))
    if task.kind == "overlap":
        return RowTable(values, means(("bleu1", "rouge_l_f")))
    return RowTable(values, _official_entities if task.kind == "entities" else _official_labels)


def _official_entities(sums: Array) -> dict[str, Array]:
    tp, fp, fn = (sums[:, i] for i in range(3))
    return {"f1": ratio(2 * tp, 2 * tp + fp + fn), "precision": ratio(tp, tp + fp), "recall": ratio(tp, tp + fn)}


def _official_labels(sums: Array) -> dict[str, Array]:
    tp, fp, fn = np.split(sums, 3, axis=1)
    return {
        "macro_f1": ratio(2 * tp, 2 * tp + fp + fn).mean(axis=1),
        "macro_precision": ratio(tp, tp + fp).mean(axis=1),
        "macro_recall": ratio(tp, tp + fn).mean(axis=1),
    }


def by_task(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows of each task, tasks in the order they appear in."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.task_id, []).append(row)
    return found


def percent(fractions: Mapping[str, float]) -> Figures:
    """Fractions as percentages; undefined figures (NaN) are left out."""
    return {name: 100 * value for name, value in fractions.items() if value == value}


def _main(figures: Figures) -> Figures:
    return {name: value for name, value in figures.items() if not name.endswith("_answered")}


def _by_category(tasks: Mapping[str, TaskResult]) -> dict[str, list[TaskResult]]:
    found: dict[str, list[TaskResult]] = {}
    for task in tasks.values():
        found.setdefault(task.category, []).append(task)
    return found


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _mean_baselines(members: Sequence[TaskResult]) -> dict[str, Figures]:
    found = {}
    for kind in dict.fromkeys(kind for task in members for kind in task.baselines):
        figures = [task.baselines[kind] for task in members if kind in task.baselines]
        names = dict.fromkeys(name for values in figures for name in values)
        found[kind] = {name: _mean([values[name] for values in figures if name in values]) for name in names}
    return found
