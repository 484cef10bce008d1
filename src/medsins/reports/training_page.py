"""How a tuning went, as one offline HTML page: the loss by step, and what evaluations on the way found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from .figures import mapping, number, percent, sequence
from .html import render

SMOOTHED = 0.05
"""Share of the steps over which the drawn loss is averaged."""

POINTS = 600
"""Points of a drawn line at most."""

TICKS = (1.0, 2.0, 2.5, 5.0)


@dataclass(frozen=True, slots=True)
class Axis:
    """From ``start`` to ``end``, with ``marks``: values and where they stand, in percent of the axis."""

    start: float
    end: float
    marks: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """A chart: lines as points of an SVG path on a square of 1000 by 1000, dots in percent."""

    x: Axis
    y: Axis
    faint: str
    line: str
    dots: tuple[tuple[float, float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """A category in the first and the last evaluation, in percent."""

    name: str
    first: float
    last: float

    @property
    def change(self) -> str:
        """The difference in percentage points, with its sign."""
        value = self.last - self.first
        return "0.0" if abs(value) < 0.05 else f"{value:+.1f}".replace("-", "−")


def write_training(document: Mapping[str, Any], path: Path) -> Path:
    """Write the page of a tuning.

    Args:
        document: ``recipe``, ``digest``, ``model``; ``losses``: ``step``, ``loss``, ``learning_rate``, ``tokens`` each;
            ``evaluations``: ``step`` and ``scores`` (percent by category) each; ``suite``, ``questions``,
            ``protocol`` of these.
    """
    losses = [mapping(line) for line in sequence(document.get("losses"))]
    judged = [mapping(line) for line in sequence(document.get("evaluations"))]
    values = [number(line.get("loss")) or 0.0 for line in losses]
    tail = values[-max(1, len(values) // 10) :]
    context = {
        "recipe": str(document.get("recipe") or ""),
        "digest": str(document.get("digest") or "")[:12],
        "model": str(document.get("model") or ""),
        "suite": str(document.get("suite") or ""),
        "questions": document.get("questions") or 0,
        "protocol": str(document.get("protocol") or ""),
        "steps": len(losses),
        "tokens": int(number(losses[-1].get("tokens")) or 0) if losses else 0,
        "first_loss": f"{values[0]:.3f}" if values else "–",
        "last_loss": f"{fmean(tail):.3f}" if tail else "–",
        "loss": loss_curve([int(number(line.get("step")) or 0) for line in losses], values),
        "mean": _mean_curve(judged),
        "categories": _categories(judged),
        "percent": percent,
    }
    return render("training.html", path, context)


def loss_curve(steps: Sequence[int], losses: Sequence[float]) -> Curve | None:
    """The losses, faint, and their moving mean; None with fewer than two."""
    if len(losses) < 2:
        return None
    width = max(1, round(SMOOTHED * len(losses)))
    mean = [fmean(losses[max(0, i - width + 1) : i + 1]) for i in range(len(losses))]
    x = axis(0, steps[-1], whole=True)
    # Single steps may stand far out; the axis is for the moving mean, and they are cut off at its end.
    y = axis(min(min(mean), sorted(losses)[len(losses) // 50]), max(mean))
    return Curve(x, y, _path(steps, losses, x, y), _path(steps, mean, x, y))


def _mean_curve(judged: Sequence[Mapping[str, Any]]) -> Curve | None:
    points = [(int(number(line.get("step")) or 0), _mean(line)) for line in judged]
    if len(points) < 2:
        return None
    steps, means = [step for step, _ in points], [mean for _, mean in points]
    x, y = axis(0, steps[-1], whole=True), axis(0, max(*means, 1.0))
    dots = tuple((_at(step, x), 100 - _at(mean, y), f"step {step}: {mean:.1f}") for step, mean in points)
    return Curve(x, y, "", _path(steps, means, x, y), dots)


def _mean(line: Mapping[str, Any]) -> float:
    return fmean([number(value) or 0.0 for value in mapping(line.get("scores")).values()] or [0.0])


def _categories(judged: Sequence[Mapping[str, Any]]) -> list[Judged]:
    if not judged:
        return []
    first, last = mapping(judged[0].get("scores")), mapping(judged[-1].get("scores"))
    return [Judged(name, number(first.get(name)) or 0.0, number(last[name]) or 0.0) for name in last]


def axis(low: float, high: float, whole: bool = False) -> Axis:
    """An axis that holds ``low`` to ``high``, with three to seven round marks."""
    reach = max(high - low, 1.0 if whole else 1e-6)
    unit = 10.0 ** math.floor(math.log10(reach / 5))
    step = next(unit * tick for tick in (*TICKS, 10.0) if reach / (unit * tick) <= 6)
    step = max(1.0, step) if whole else step
    first, last = int(low // step), -int(-high // step)
    places = [(n * step, 100 * (n - first) / max(1, last - first)) for n in range(first, last + 1)]
    shown = tuple((f"{value:,.0f}" if step >= 1 else f"{value:.3g}", place) for value, place in places)
    return Axis(first * step, max(last, first + 1) * step, shown)


def _at(value: float, along: Axis) -> float:
    """Where a value stands on an axis, in percent."""
    return min(100.0, max(0.0, 100 * (value - along.start) / (along.end - along.start)))


def _path(xs: Sequence[int], ys: Sequence[float], x: Axis, y: Axis) -> str:
    """A line through the points, thinned to ``POINTS`` of them by means of neighbours."""
    size = -(-len(xs) // POINTS)
    groups = [range(start, min(start + size, len(xs))) for start in range(0, len(xs), size)]
    points = [(_at(xs[group[-1]], x), 100 - _at(fmean(ys[i] for i in group), y)) for group in groups]
    return " ".join(f"{'L' if n else 'M'}{10 * left:.1f} {10 * top:.1f}" for n, (left, top) in enumerate(points))
