"""What official scoring gives: statistics per row, apart from the figures computed from their sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["accuracy", "overlap", "entities", "labels"]


@dataclass(frozen=True, slots=True)
class RowScore:
    """One row's statistics. A task's figures are functions of the column sums of ``stats`` alone, so intervals resample
    rows and never score again.

    ``stats`` by the task's kind: accuracy ``(correct, counted)``; overlap ``(bleu1, rouge_l_f, counted)``; entities
    ``(tp, fp, fn)``; labels true positives of every class, then false positives, then false negatives. ``counted``:
    the row is in the denominator. ``metrics`` are the row's own figures, fractions 0-1, empty for a skipped row.
    ``crash``: why the published script would raise here, else empty; such rows count as wrong.
    """

    row: int
    task_id: str
    stats: tuple[float, ...]
    counted: bool = True
    metrics: Mapping[str, float] = field(default_factory=dict)
    crash: str = ""


@dataclass(frozen=True, slots=True)
class TaskScore:
    """One task (or the pooled group ``CT`` or ``MRI``): ``metrics`` in percent at full precision."""

    task_id: str
    category: str
    kind: Kind
    rows: tuple[RowScore, ...]
    metrics: Mapping[str, float]


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
