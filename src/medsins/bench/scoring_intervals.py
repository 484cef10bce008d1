"""The 95 % intervals of scores: bootstrap percentiles, and Wilson's interval where resampling has nothing to vary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from medsins.metrics.official import category_metrics
from medsins.metrics.stats import Array, intervals, wilson

from .scoring_profiles import CategoryResult, TaskResult

Bounds = dict[str, tuple[float, float]]
"""Metric to lowest and highest percent."""

_PROPORTIONS = {"accuracy": False, "accuracy_answered": True}
"""Metrics that are shares of rows, and whether of the answered ones only."""


def task_bounds(task: TaskResult) -> Bounds:
    """The intervals of a task. Rows that are all right, or all wrong, resample to no width at all, which is no
    certainty: a proportion then gets Wilson's interval (1927), whose width is about 4 / rows.
    """
    found = _percentiles(task.replicates, task.metrics)
    for metric, (low, high) in found.items():
        if low == high and metric in _PROPORTIONS:
            rows = task.counted - (sum(task.unscored.values()) if _PROPORTIONS[metric] else 0)
            low, high = wilson(task.metrics[metric] / 100, rows)
            found[metric] = 100 * low, 100 * high
    return found


def category_bounds(profile: str, name: str, category: CategoryResult, members: Sequence[TaskResult]) -> Bounds:
    """The intervals of a category's averages; those without width span the averages of its tasks' bounds."""
    found = _percentiles(category.replicates, category.metrics)
    bounds = {task.id: task_bounds(task) for task in members}
    for metric, (low, high) in found.items():
        sides = {task_id: own[metric] for task_id, own in bounds.items() if metric in own}
        if low == high and metric in _PROPORTIONS and sides:
            low, high = (_average(profile, name, metric, sides, side) for side in (0, 1))
            found[metric] = low, high
    return found


def _average(profile: str, name: str, metric: str, sides: Mapping[str, tuple[float, float]], side: int) -> float:
    values = {task_id: pair[side] for task_id, pair in sides.items()}
    if profile == "strict":
        return fmean(values.values())
    return category_metrics(name, {task_id: {metric: value} for task_id, value in values.items()})[metric]


def _percentiles(replicates: Mapping[str, Array], metrics: Mapping[str, float]) -> Bounds:
    """Bootstrap percentiles in percent, freed of what rounding puts beyond the ends of the scale."""
    found = {}
    for name, (low, high) in intervals(replicates).items():
        if name in metrics:
            low, high = 100 * low, min(100.0, 100 * high)
            found[name] = (0.0 if -1e-9 < low < 0 else min(low, high)), high
    return found
