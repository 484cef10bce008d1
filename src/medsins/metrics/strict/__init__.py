"""Profile ``strict``: the published metrics with their defects repaired, and nothing unscored passed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .._types import Row, TaskSpec
from . import entities, fields, labels, mcqa, multilabel, text
from ._scored import UNSCORED, Scored, Scorer
from .baselines import majority_rows, random_rows
from .infer import SCORERS, infer_spec, language_code
from .likelihood import Likelihood, Options, find_options, likeliest_options, score_likelihood
from .mcqa import read_questions

VERSION = "2"
"""Changes whenever any strict number may change; part of the signature."""

_SCORERS: Mapping[str, Scorer] = {
    "mcqa": mcqa.score,
    "labels": labels.score,
    "multilabel": multilabel.score,
    "entities": entities.score,
    "fields": fields.score,
}


def score_task(rows: Sequence[Row], spec: TaskSpec, workers: int = 1) -> Scored:
    """Score the rows of one task by the scorer its spec names, much text in ``workers`` processes. Never raises for
    any text.
    """
    return text.score(rows, spec, workers) if spec.scorer == "text" else _SCORERS[spec.scorer](rows, spec)


__all__ = [
    "SCORERS",
    "UNSCORED",
    "VERSION",
    "Likelihood",
    "Options",
    "Scored",
    "Scorer",
    "find_options",
    "infer_spec",
    "language_code",
    "likeliest_options",
    "majority_rows",
    "random_rows",
    "read_questions",
    "score_likelihood",
    "score_task",
]
