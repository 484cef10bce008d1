"""From column sums to figures, in the order of operations that the published scripts use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ._records import Kind, Result, Stats, WouldCrash


def running_sum(values: Iterable[float]) -> float:
    """Sum in order, one rounding per step, as ``total += value`` does; ``sum`` rounds otherwise from Python 3.12 on."""
    total = 0.0
    for value in values:
        total += value
    return total


def task_metrics(kind: Kind, results: Iterable[Result], wrong: Stats) -> dict[str, float]:
    """A task's figures in percent. ``wrong``: the statistics of a row on which the script would raise."""
    if kind == "overlap":
        rows = [wrong if isinstance(result, WouldCrash) else result for result in results if result is not None]
        return metrics_from_sums(kind, [running_sum(column) for column in zip(*rows, strict=True)])
    sums = [0.0] * len(wrong)  # of whole numbers: no order of summation changes them
    for result, times in Counter(results).items():
        stats = wrong if isinstance(result, WouldCrash) else result or ()
        for place, value in enumerate(stats):
            sums[place] += times * value
    return metrics_from_sums(kind, sums)


def metrics_from_sums(kind: Kind, sums: Sequence[float]) -> dict[str, float]:
    """A task's figures in percent from the column sums of its rows' ``stats``.

    accuracy: ``accuracy``. overlap: ``bleu1``, ``rouge_l_f``. entities: micro ``f1``, ``precision``, ``recall``.
    labels: ``macro_f1``, ``macro_precision``, ``macro_recall`` over the classes. 0 where undefined, and for no sums.
    """
    if kind == "accuracy":
        correct, counted = sums or (0.0, 0.0)
        return {"accuracy": _percent(correct, counted)}
    if kind == "overlap":
        bleu1, rouge, counted = sums or (0.0, 0.0, 0.0)
        return {"bleu1": _percent(bleu1, counted), "rouge_l_f": _percent(rouge, counted)}
    if kind == "entities":
        precision, recall, f1 = _prf(*(sums or (0.0, 0.0, 0.0)))
        return {"f1": 100 * f1, "precision": 100 * precision, "recall": 100 * recall}
    return _macro(sums, len(sums) // 3)


def _macro(sums: Sequence[float], classes: int) -> dict[str, float]:
    """Macro averages as scikit-learn computes them, numpy's order of summation included."""
    import numpy

    tp, fp, fn = numpy.asarray(sums, float).reshape(3, classes)

    def average(above: Any, below: Any) -> float:
        ratios = numpy.divide(above, below, out=numpy.zeros(classes), where=below > 0)
        return float(numpy.average(ratios)) * 100 if classes else 0.0

    return {
        "macro_f1": average(2 * tp, 2 * tp + fp + fn),
        "macro_precision": average(tp, tp + fp),
        "macro_recall": average(tp, tp + fn),
    }


def _percent(total: float, count: float) -> float:
    return 100 * total / count if count else 0.0


def _prf(tp: float, fp: float, fn: float) -> tuple[float, float, float]:
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0
