"""What official scoring gives: statistics per row, apart from the figures computed from their sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Kind = Literal["accuracy", "overlap", "entities", "labels"]

Cell = str | float | int | bool | None
"""One field as the scripts see it: text; a number or truth value where pandas typed the column; NaN where missing."""


class WouldCrash(Exception):
    """The published script would raise on this row; the message says what and why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule finds in one row; see ``RowScore`` for the fields."""

    stats: tuple[float, ...]
    metrics: Mapping[str, float] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    counted: bool = True


class Rule(Protocol):
    """A published per-row rule."""

    @property
    def kind(self) -> Kind:
        """What its statistics are."""

    @property
    def wrong(self) -> Outcome:
        """The outcome of a row on which the script would raise: counted, and wrong."""

    def __call__(self, reference: Cell, output: Cell) -> Outcome:
        """Score one row.

        Raises:
            WouldCrash: the published script would raise.
        """


@dataclass(frozen=True, slots=True)
class RowScore:
    """One row's statistics. A task's figures are functions of the column sums of ``stats`` alone, so intervals resample
    rows and never score again.

    ``stats`` by the task's kind: accuracy ``(correct, counted)``; overlap ``(bleu1, rouge_l_f, counted)``; entities
    ``(tp, fp, fn)``; labels true positives of every class, then false positives, then false negatives. ``counted``:
    the row is in the denominator. ``metrics`` are the row's own figures, fractions 0-1, empty for a skipped row.
    ``details`` is what the rule read out of the texts. ``crash``: why the published script would raise here, else
    empty; such rows count as wrong.
    """

    row: int
    task_id: str
    stats: tuple[float, ...]
    counted: bool = True
    metrics: Mapping[str, float] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
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
