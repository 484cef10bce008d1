"""Rows through rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ._records import Cell, Kind, RowScore, Rule, WouldCrash
from .aggregate import column_sums, metrics_from_sums


@dataclass(frozen=True, slots=True)
class Job:
    """One row with the rule that scores it."""

    row: int
    task_id: str
    rule: Rule
    reference: Cell
    output: Cell


def score_job(job: Job) -> RowScore:
    """Score one row; where the published script would raise, the row counts as wrong and says why."""
    try:
        found, crash = job.rule(job.reference, job.output), ""
    except WouldCrash as error:
        found, crash = job.rule.wrong, str(error)
    return RowScore(job.row, job.task_id, found.stats, found.counted, found.metrics, found.details, crash)


def task_metrics(kind: Kind, rows: Sequence[RowScore]) -> dict[str, float]:
    """A task's figures in percent."""
    return metrics_from_sums(kind, column_sums([row.stats for row in rows]))
