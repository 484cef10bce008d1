"""Generated text: BLEU-1, ROUGE-1, -2, -L and chrF on language-proper tokens, best over the references.

These measure overlap with a reference, not correctness; read them against the baselines beside them. A rationale or
explanation that repeats the question overlaps with any reference too, so it is no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from .._types import Row, TaskSpec
from ..stats import RowTable, means
from ..text import bleu1, chrf, rouge_l, rouge_n, tokens
from ._copies import last_query, likeness
from ._scored import Scored, absent, refuses, row_score

METRICS = ("rouge_l_f", "bleu1", "rouge1_f", "rouge2_f", "chrf")
Asked = tuple[str, str, tuple[str, ...]]
"""Question (empty where repeating it does not matter), output, references."""

ADDING = frozenset({"Rationale", "Explanation"})
"""Categories whose answers add to the question; a summary is made of its words."""

REPEATS = 0.7
"""Likeness to the question from which an answer repeats it. Of 300 published answers of a model none has more than 0.56
(benchmarks/copies.py).
"""

_LONGEST_REFUSAL, _MANY_TIMES = 400, 10
_WORTHWHILE, _CHUNK = 1_000_000, 200  # characters below which processes do not pay; rows handed over at once


def score(rows: Sequence[Row], spec: TaskSpec, workers: int = 1) -> Scored:
    """Score one task, long ones in ``workers`` processes. Metrics: ``rouge_l_f``, ``bleu1``, ``rouge1_f``,
    ``rouge2_f``, ``chrf``, means over the rows.
    """
    values = np.zeros((len(rows), len(METRICS) + 1))
    values[:, -1] = 1.0
    unscored = [_no_text(row) for row in rows]
    asked = [i for i, row in enumerate(rows) if not unscored[i] and row.references]
    adding = spec.category in ADDING
    given = [(last_query(rows[i].input) if adding else "", rows[i].output or "", rows[i].references) for i in asked]
    for i, found in zip(asked, _overlaps(given, spec.language, workers), strict=True):
        if found is None:
            unscored[i] = "unparsed"
        else:
            values[i, :-1] = found
    scores = [
        row_score(
            row,
            dict(zip(METRICS, values[i, :-1].tolist(), strict=True)),
            unscored[i],
            "" if unscored[i] else " ".join((row.output or "")[:4000].split()),
        )
        for i, row in enumerate(rows)
    ]
    table = RowTable(values, means(METRICS))
    return Scored(table.with_answered([not kind for kind in unscored], METRICS[0]), tuple(scores), METRICS[0])


def _no_text(row: Row) -> str:
    kind, output = absent(row), row.output or ""
    return "refused" if not kind and len(output) <= _LONGEST_REFUSAL and refuses(output[:60]) else kind


def _overlaps(given: Sequence[Asked], language: str, workers: int) -> list[tuple[float, ...] | None]:
    """The metrics of each answer; None for one that repeats its question."""
    if workers < 2 or sum(len(output) for _, output, _ in given) < _WORTHWHILE:
        return [
            None if repeats(question, output, references, language) else overlap(output, references, language)
            for question, output, references in given
        ]
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    parts = [(given[at : at + _CHUNK], language, 1) for at in range(0, len(given), _CHUNK)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return [found for part in pool.map(_overlaps, *zip(*parts, strict=True)) for found in part]


def repeats(question: str, output: str, references: tuple[str, ...], language: str) -> bool:
    """Whether an answer has hardly any words but the question's, and most of those; not where a reference is such a
    repetition too. Many times the question's length is none: that much text scores low by itself.
    """
    if not question.strip() or len(output) > _MANY_TIMES * len(question):
        return False
    asked = frozenset(tokens(question, language))
    return likeness(tokens(output, language), asked) >= REPEATS and not any(
        likeness(tokens(reference, language), asked) >= REPEATS for reference in references
    )


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
