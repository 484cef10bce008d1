"""From column sums to figures."""

from __future__ import annotations

from collections.abc import Sequence

from ._records import Kind


def metrics_from_sums(kind: Kind, sums: Sequence[float]) -> dict[str, float]:
    """A task's figures in percent from the column sums of its rows' ``stats``.

    accuracy: ``accuracy``. overlap: ``bleu1``, ``rouge_l_f``. entities: micro ``f1``, ``precision``, ``recall``. labels:
    ``macro_f1``, ``macro_precision``, ``macro_recall`` over the classes, 0 where undefined.
    """
    raise NotImplementedError
