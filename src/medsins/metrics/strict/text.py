"""Generated text: BLEU-1, ROUGE-1, -2, -L and chrF on language-proper tokens, best over the references.

These measure overlap with a reference, not correctness; read them against the baselines beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from .._types import Row, TaskSpec
from ..stats import RowTable, means
from ..text import bleu1, chrf, rouge_l, rouge_n, tokens
from ._scored import Scored, absent, refuses, row_score

METRICS = ("rouge_l_f", "bleu1", "rouge1_f", "rouge2_f", "chrf")
_LONGEST_REFUSAL = 400


def score(rows: Sequence[Row], spec: TaskSpec) -> Scored:
    """Score one task. Metrics: ``rouge_l_f``, ``bleu1``, ``rouge1_f``, ``rouge2_f``, ``chrf``, means over the rows."""
    values = np.zeros((len(rows), len(METRICS) + 1))
    values[:, -1] = 1.0
    scores = []
    for i, row in enumerate(rows):
        output = row.output or ""
        unscored = absent(row)
        if not unscored and len(output) <= _LONGEST_REFUSAL and refuses(output[:60]):
            unscored = "refused"
        if not unscored and row.references:
            values[i, :-1] = overlap(output, row.references, spec.language)
        own = dict(zip(METRICS, values[i, :-1].tolist(), strict=True))
        scores.append(row_score(row, own, unscored, "" if unscored else " ".join(output[:4000].split())))
    table = RowTable(values, means(METRICS))
    return Scored(table.with_answered([not s.unscored for s in scores], METRICS[0]), tuple(scores), METRICS[0])


@lru_cache(maxsize=2_048)
def overlap(output: str, references: tuple[str, ...], language: str) -> tuple[float, ...]:
    """The metrics of one output, each the best over the references, in the order of ``METRICS``; fractions 0-1."""
    found = tokens(output, language)
    each = []
    for reference in references:
        gold = tokens(reference, language)
        each.append(
            (
                rouge_l(found, gold),
                bleu1(found, gold),
                rouge_n(found, gold, 1),
                rouge_n(found, gold, 2),
                chrf(output, reference),
            )
        )
    return tuple(max(column) for column in zip(*each, strict=True))
