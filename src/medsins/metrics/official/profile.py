"""Official scores of any rows: each task by the rule of its category."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .._types import Row, TaskSpec
from ._records import OfficialScores


def score_official(rows: Sequence[Row], specs: Mapping[str, TaskSpec], *, workers: int = 1) -> OfficialScores:
    """Score rows by the published rule of each task's category.

    An output is taken as the cell of a CSV written from the run: empty, ``None``, ``NA`` and the other spellings pandas
    reads as missing are missing here too.

    Args:
        rows: predictions in file order (sums run in this order, which decides their last bits).
        specs: task id to spec; rows of other tasks are ignored.
        workers: processes; the result does not depend on it.
    """
    raise NotImplementedError


def category_metrics(category: str, metrics: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """A category's average in percent from its tasks' figures (task id to metric to percent): the published rule where
    any of the tasks is one of the published ids, else the plain mean.
    """
    raise NotImplementedError
