"""Multi-label classification (Hallmarks of Cancer): the set of labels an answer asserts.

Macro averages run over the labels that occur among the references. An answer that names more than half of the labels,
and more than any reference of the task does, is a list of the labels and not a choice: it counts as unparsed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from .._types import Row, TaskSpec
from ..stats import RowTable, multi_label
from ._label_sets import closed_set
from ._mentions import mentions
from ._scored import Scored, absent, row_score, unreadable
from ._text import fold, key, own_turn, visible


def split_labels(text: str) -> list[str]:
    """The labels of a reference, separated by commas, semicolons or line breaks."""
    return [part for part in (piece.strip(" .") for piece in re.split(r"[,;\n]", text)) if part]


def labels_for(rows: Sequence[Row], spec: TaskSpec) -> tuple[str, ...]:
    """The label set of a task: the stated one, a known one, else all items of all references, commonest first."""
    items = [item for row in rows for reference in row.references for item in split_labels(reference)]
    known = spec.labels or closed_set(items)
    if known:
        return known
    first = {key(item): item for item in reversed(items)}
    return tuple(first[name] for name, _ in Counter(map(key, items)).most_common())


def read_labels(text: str, names: dict[str, str], most: int) -> frozenset[str]:
    """The labels a text asserts, as keys; empty when there is none, or when it merely lists the label set.

    Args:
        text: a visible answer.
        names: folded label to its key.
        most: the largest number of labels any reference of the task has.
    """
    for part in dict.fromkeys((own_turn(text), text)):
        found = frozenset(names[m.phrase] for m in mentions(fold(part), tuple(names)))
        if found:
            listed = len(found) > max(most, len(set(names.values())) / 2)
            return frozenset() if listed else found
    return frozenset()


def score(rows: Sequence[Row], spec: TaskSpec) -> Scored:
    """Score one task. Metrics: ``macro_f1``, ``macro_precision``, ``macro_recall``, ``macro_mcc``, ``micro_f1``,
    ``samples_f1`` (mean of the rows' own F1).
    """
    labels = labels_for(rows, spec)
    names = {fold(label): key(label) for label in labels}
    place = {name: i for i, name in enumerate(names.values())}
    k = len(labels)
    gold = [[frozenset(map(key, split_labels(r))) & place.keys() for r in row.references] for row in rows]
    most = max((len(labels) for sets in gold for labels in sets), default=0)
    values = np.zeros((len(rows), 3 * k + 2))
    values[:, -1] = 1.0
    scores = []
    for i, (row, sets) in enumerate(zip(rows, gold, strict=True)):
        unscored, found = absent(row), frozenset[str]()
        if not unscored:
            text = visible(row.output or "")
            found = read_labels(text, names, most)
            unscored = "" if found else unreadable(row, text)
        truth = max(sets, key=lambda labels: _f1(found, labels), default=frozenset[str]())
        for block, chosen in enumerate((found & truth, found, truth)):
            values[i, [block * k + place[name] for name in chosen]] = 1.0
        values[i, -2] = _f1(found, truth)
        scores.append(row_score(row, {"f1": float(values[i, -2])}, unscored, ", ".join(sorted(found))))
    table = RowTable(values, multi_label(k))
    return Scored(table.with_answered([not s.unscored for s in scores], "macro_f1"), tuple(scores), "macro_f1")


def _f1(found: frozenset[str], truth: frozenset[str]) -> float:
    total = len(found) + len(truth)
    return 2 * len(found & truth) / total if total else 0.0
