"""What official scoring gives: statistics per row, apart from the figures computed from their sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

Kind = Literal["accuracy", "overlap", "entities", "labels"]

Cell = str | float | int | bool | None
"""One field as the scripts see it: text; a number or truth value where pandas typed the column; NaN where missing."""

Stats = tuple[float, ...]
"""One row's statistics, by kind. accuracy: correct, counted. overlap: bleu1, rouge_l_f, counted. entities: tp, fp, fn.
labels: true positives of every class, then false positives, then false negatives."""


class WouldCrash(Exception):
    """The published script would raise on this row; the message says what and why."""


Result = Stats | WouldCrash | None
"""What a rule finds in one row; None: the script skips it."""


@dataclass(frozen=True, slots=True)
class RowScore:
    """One row's statistics. A task's figures are functions of the column sums of ``stats`` alone, so intervals resample
    rows and never score again.

    ``counted``: the row is in the denominator. ``metrics`` are the row's own figures (``row_metrics``), empty for a
    skipped row. ``crash``: why the published script would raise here, else empty; such rows count as wrong.
    """

    row: int
    task_id: str
    stats: Stats
    counted: bool = True
    metrics: Mapping[str, float] = field(default_factory=dict)
    crash: str = ""


@dataclass(frozen=True)
class TaskScore:
    """One task (or the pooled group ``CT`` or ``MRI``): ``metrics`` in percent at full precision.

    ``places`` are the rows' numbers, ``owners`` their task ids, ``results`` what the rule found in each; ``wrong`` are
    the statistics of a row on which the script would raise.
    """

    task_id: str
    category: str
    kind: Kind
    metrics: Mapping[str, float]
    places: Sequence[int] = field(repr=False)
    owners: Sequence[str] = field(repr=False)
    results: Sequence[Result] = field(repr=False)
    wrong: Stats = field(repr=False)

    @cached_property
    def rows(self) -> tuple[RowScore, ...]:
        """The rows in file order."""
        return tuple(map(self._row, self.places, self.owners, self.results))

    def _row(self, place: int, owner: str, result: Result) -> RowScore:
        if result is None:
            return RowScore(place, owner, (0.0,) * len(self.wrong), counted=False)
        if isinstance(result, WouldCrash):
            return RowScore(place, owner, self.wrong, True, row_metrics(self.kind, self.wrong), str(result))
        return RowScore(place, owner, result, True, row_metrics(self.kind, result))


def row_metrics(kind: Kind, stats: Stats) -> dict[str, float]:
    """One row's own figures, fractions 0-1 (counts for entities)."""
    if kind == "accuracy":
        return {"accuracy": stats[0]}
    if kind == "overlap":
        return {"bleu1": stats[0], "rouge_l_f": stats[1]}
    size = len(stats) // 3
    tp, fp, fn = (sum(stats[start : start + size]) for start in range(0, 3 * size, size))
    f1 = 2 * tp / (2 * tp + fp + fn) if tp else 0.0
    if kind == "entities":
        return {"tp": tp, "fp": fp, "fn": fn, "f1": f1}
    return {"exact": float(not fp and not fn), "f1": f1 if tp or fp or fn else 1.0}


@dataclass(frozen=True, slots=True)
class CategoryScore:
    """A category's average in percent over ``tasks``. ``published``: it is the published scripts' own rule (absent
    tasks and -1 included), else the plain mean over the tasks present.
    """

    name: str
    metrics: Mapping[str, float]
    tasks: tuple[str, ...]
    published: bool


@dataclass(frozen=True, slots=True)
class Crash:
    """A row (None: the file as a whole) on which the published script would raise, and why."""

    row: int | None
    task_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class OfficialScores:
    """Everything ``score_official`` finds. ``unruled`` are the tasks of categories no published rule covers."""

    tasks: Mapping[str, TaskScore]
    categories: Mapping[str, CategoryScore]
    would_crash: tuple[Crash, ...]
    unruled: tuple[str, ...]
