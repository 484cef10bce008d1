"""Measures as functions of column sums: the one form that points, intervals and paired tests all need.

A task's rows become a matrix of per-row statistics; every metric is a function of that matrix's column sums. A
bootstrap resample or a permutation only changes the sums, so nothing is ever scored twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Measure = Callable[[Array], dict[str, Array]]
"""Takes column sums of shape [resamples, columns], returns metrics as fractions of shape [resamples]; NaN where a
metric is undefined (no row counted)."""


@dataclass(frozen=True, slots=True)
class RowTable:
    """Per-row statistics of one task, shape [rows, columns], with the measure that turns column sums into metrics."""

    values: Array
    measure: Measure

    def point(self) -> dict[str, float]:
        """Every metric over all rows, as a fraction."""
        return {name: float(value[0]) for name, value in self.measure(self.values.sum(axis=0)[None, :]).items()}

    def with_answered(self, answered: Sequence[bool], metric: str) -> RowTable:
        """The same table with ``metric`` a second time, as ``<metric>_answered``, over the answered rows only."""
        width, measure = self.values.shape[1], self.measure
        mask = np.asarray(answered, dtype=np.float64)[:, None]

        def both(sums: Array) -> dict[str, Array]:
            return measure(sums[:, :width]) | {f"{metric}_answered": measure(sums[:, width:])[metric]}

        return RowTable(np.hstack([self.values, self.values * mask]), both)


def ratio(numerator: Array, denominator: Array, empty: float = 0.0) -> Array:
    """Element-wise quotient; ``empty`` where the denominator is 0."""
    safe = np.where(denominator == 0, 1.0, denominator)
    return np.where(denominator == 0, empty, numerator / safe)


def means(names: Sequence[str]) -> Measure:
    """Plain means. Columns: one per name, then the number of rows."""

    def measure(sums: Array) -> dict[str, Array]:
        rows = sums[:, -1]
        return {name: ratio(sums[:, i], rows, np.nan) for i, name in enumerate(names)}

    return measure


def micro_f1(sums: Array) -> dict[str, Array]:
    """Entity-level micro precision, recall and F1. Columns: true positives, false positives, false negatives, rows.

    With nothing predicted and nothing to find all three are 1: there was no error to make.
    """
    tp, fp, fn, rows = (sums[:, i] for i in range(4))
    clean = (tp + fp + fn == 0) & (rows > 0)
    values = {
        "precision": ratio(tp, tp + fp),
        "recall": ratio(tp, tp + fn),
        "f1": ratio(2 * tp, 2 * tp + fp + fn),
    }
    return {name: np.where(rows == 0, np.nan, np.where(clean, 1.0, value)) for name, value in values.items()}


def single_label(classes: int) -> Measure:
    """Accuracy, balanced accuracy, macro F1 and Matthews correlation of single-label classification.

    Columns: ``classes`` × right answers of the class, ``classes`` × predicted, ``classes`` × reference, rows. Macro
    averages run over the classes that occur among the references. Answers outside the label set are rows that
    predict no class. The correlation is Gorodkin's R_K (2004), which is Matthews' for two classes.
    """

    def measure(sums: Array) -> dict[str, Array]:
        right, predicted, gold = (sums[:, i * classes : (i + 1) * classes] for i in range(3))
        rows = sums[:, -1]
        correct = right.sum(axis=1)
        none = rows - predicted.sum(axis=1)
        covariance = correct * rows - (predicted * gold).sum(axis=1)
        spread = (rows**2 - (predicted**2).sum(axis=1) - none**2) * (rows**2 - (gold**2).sum(axis=1))
        values = {
            "accuracy": ratio(correct, rows),
            "balanced_accuracy": _over_present(ratio(right, gold), gold),
            "macro_f1": _over_present(ratio(2 * right, predicted + gold), gold),
            "mcc": ratio(covariance, np.sqrt(np.maximum(spread, 0.0))),
        }
        return {name: np.where(rows == 0, np.nan, value) for name, value in values.items()}

    return measure


def multi_label(labels: int) -> Measure:
    """Macro precision, recall, F1 and Matthews correlation, micro F1 and samples F1 of multi-label classification.

    Columns: ``labels`` × true positives, ``labels`` × predicted, ``labels`` × reference, sum of the rows' own F1,
    rows. Macro averages run over the labels that occur among the references.
    """

    def measure(sums: Array) -> dict[str, Array]:
        tp, predicted, gold = (sums[:, i * labels : (i + 1) * labels] for i in range(3))
        samples, rows = sums[:, -2], sums[:, -1]
        n = rows[:, None]
        spread = predicted * (n - predicted) * gold * (n - gold)
        mcc = ratio(tp * n - predicted * gold, np.sqrt(np.maximum(spread, 0.0)))
        values = {
            "macro_f1": _over_present(ratio(2 * tp, predicted + gold), gold),
            "macro_precision": _over_present(ratio(tp, predicted), gold),
            "macro_recall": _over_present(ratio(tp, gold), gold),
            "macro_mcc": _over_present(mcc, gold),
            "micro_f1": ratio(2 * tp.sum(axis=1), (predicted + gold).sum(axis=1)),
            "samples_f1": ratio(samples, rows),
        }
        return {name: np.where(rows == 0, np.nan, value) for name, value in values.items()}

    return measure


def _over_present(values: Array, gold: Array) -> Array:
    """Mean over the classes with at least one reference, per resample."""
    present = gold > 0
    return ratio((values * present).sum(axis=1), present.sum(axis=1).astype(np.float64))
