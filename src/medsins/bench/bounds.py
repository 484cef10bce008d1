"""What a score would be if certain answers were right: the upper bound where some have no judgement."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from medsins.metrics import Row
from medsins.metrics.strict import score_task

from .scoring_profiles import by_task
from .scoring_source import Source


def score_if_right(source: Source, rows: Collection[int]) -> dict[str, float]:
    """The main strict metric, in percent, of each task that has some of these rows, with them answered by their
    references. A row that was never asked, whose references are not known, is taken for a copy of one that was.
    """
    found = {}
    for task_id, members in by_task([*source.rows, *source.absent]).items():
        if any(row.row in rows for row in members):
            known = next((row for row in members if row.references), None)
            answered = [_right(row, known) if row.row in rows else row for row in members]
            scored = score_task(answered, source.specs[task_id])
            found[task_id] = 100 * scored.table.point()[scored.primary]
    return found


def _right(row: Row, known: Row | None) -> Row:
    if not row.references and known is not None:
        row = replace(known, row=row.row)
    return replace(row, output=row.references[0] if row.references else "", status="ok")
