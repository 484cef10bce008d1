"""How likely the right answer was: the options of closed questions, compared by their log-probabilities.

This judges a model apart from how it words an answer; generation stays the main figure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from medsins.core.options import parse_options

from .._types import Row, TaskSpec
from ..stats import Array, RowTable, auroc, auroc_draws, bootstrap, ratio
from ._text import key
from .labels import label_key, reader_for
from .mcqa import read_questions

MOST_OPTIONS = 64
"""Label sets that are larger are not compared: every option has to be read by the model."""

BINS = 10
_LETTER = re.compile(r"(?<![A-Za-z0-9])[A-Z](?![A-Za-z0-9])")


@dataclass(frozen=True, slots=True)
class Options:
    """The answers of a task that are compared, as a model would begin them.

    ``texts`` are the references of a closed label set, one for each label; empty in multiple choice, where ``lead`` is
    what all references say before the letter ("The right answer is ") and the letters are those of each question.
    """

    texts: tuple[str, ...] = ()
    lead: str = ""

    def of(self, given: str) -> tuple[str, ...]:
        """The options of one question; empty where its text shows none."""
        return self.texts or tuple(self.lead + letter for letter in parse_options(given))


def find_options(rows: Sequence[Row], spec: TaskSpec) -> Options | None:
    """The options of a task with closed answers; None where answers are free, or too many."""
    references = [reference for row in rows for reference in row.references]
    if spec.scorer == "mcqa":
        found = [_LETTER.search(reference) for reference in references]
        leads = {match.string[: match.start()] if match else "" for match in found}
        return Options(lead=leads.pop() if len(leads) == 1 else "")
    if spec.scorer != "labels":
        return None
    reader = reader_for(rows, spec)
    spelled: dict[str, str] = {}
    for reference, _ in Counter(references).most_common():
        spelled.setdefault(label_key(reference, reader.lead), reference)
    texts = tuple(spelled.get(key(label), label) for label in reader.labels)
    return Options(texts=texts) if 2 <= len(texts) <= MOST_OPTIONS else None


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Figures of one task as fractions, with bootstrap draws of shape [resamples]; empty where nothing was compared."""

    metrics: Mapping[str, float]
    replicates: Mapping[str, Array]


def score_likelihood(rows: Sequence[Row], spec: TaskSpec, resamples: int, rng: np.random.Generator) -> Likelihood:
    """Score the rows that have log-probabilities of their options.

    Metrics: ``likelihood_accuracy``, the share of rows whose likeliest option is right; ``likelihood_ece``, the
    expected calibration error of its probability among the options (Naeini 2015, ten bins of equal width); for two
    labels ``auroc`` of the difference of their log-probabilities. Questions with several right letters are left out.
    """
    judged = [(scores, right) for _, scores, right in _judge(rows, spec)]
    if not judged:
        return Likelihood({}, {})
    table = _calibration([_likeliest(scores, right) for scores, right in judged])
    metrics, replicates = table.point(), bootstrap(table, resamples, rng)
    names = {name for scores, _ in judged for name in scores}
    if spec.scorer == "labels" and len(names) == 2:
        first, second = sorted(names)
        gaps = np.array([scores[first] - scores[second] for scores, _ in judged])
        positive = np.array([first in right for _, right in judged])
        metrics["auroc"] = float(auroc(gaps, positive)[0])
        replicates["auroc"] = auroc_draws(gaps, positive, resamples, rng)
    return Likelihood(metrics, replicates)


def likeliest_options(rows: Sequence[Row], spec: TaskSpec) -> dict[int, tuple[bool, float]]:
    """By row: whether its likeliest option is right, and that option's probability among all of them."""
    return {number: _likeliest(scores, right) for number, scores, right in _judge(rows, spec)}


def _judge(rows: Sequence[Row], spec: TaskSpec) -> list[tuple[int, Mapping[str, float], frozenset[str]]]:
    """The rows whose options were compared and that have a right one: number, log-probabilities, right options."""
    compared = [row for row in rows if len(row.option_scores) > 1]
    judged = _judge_letters(compared) if spec.scorer == "mcqa" else _judge_labels(compared, spec)
    return [(row.row, scores, right) for row, (scores, right) in zip(compared, judged, strict=True) if right]


_Judged = list[tuple[Mapping[str, float], frozenset[str]]]
"""Of each row the log-probability of each option's name, and the names that are right."""


def _judge_letters(rows: Sequence[Row]) -> _Judged:
    """Options by their letter; a set of several letters is no single option, so it is never right."""
    judged: _Judged = []
    for row, question in zip(rows, read_questions(rows), strict=True):
        right = frozenset(letter for letters in question.right if len(letters) == 1 for letter in letters)
        judged.append(({option[-1:]: score for option, score in row.option_scores}, right))
    return judged


def _judge_labels(rows: Sequence[Row], spec: TaskSpec) -> _Judged:
    """Options by their folded label."""
    lead = reader_for(rows, spec).lead
    judged: _Judged = []
    for row in rows:
        scores = {label_key(option, lead): score for option, score in row.option_scores}
        judged.append((scores, frozenset(label_key(reference, lead) for reference in row.references) & scores.keys()))
    return judged


def _likeliest(scores: Mapping[str, float], right: frozenset[str]) -> tuple[bool, float]:
    """Whether the likeliest option is right, and its probability among the options. A tie is no answer."""
    values = np.array(sorted(scores.values()))
    top = values[-1]
    best = [name for name, value in scores.items() if value == top]
    odds = np.exp(values - top) if np.isfinite(top) else np.ones(len(values))
    return len(best) == 1 and best[0] in right, float(1 / odds.sum())


def _calibration(rows: Sequence[tuple[bool, float]]) -> RowTable:
    """Columns: right; for each bin right minus probability; rows."""
    values = np.zeros((len(rows), BINS + 2))
    values[:, -1] = 1.0
    for i, (hit, probability) in enumerate(rows):
        values[i, 0] = hit
        values[i, 1 + min(int(probability * BINS), BINS - 1)] = hit - probability
    return RowTable(values, _accuracy_and_calibration)


def _accuracy_and_calibration(sums: Array) -> dict[str, Array]:
    rows = sums[:, -1]
    return {
        "likelihood_accuracy": ratio(sums[:, 0], rows, np.nan),
        "likelihood_ece": ratio(np.abs(sums[:, 1:-1]).sum(axis=1), rows, np.nan),
    }
