"""What needs no model: always the commonest answer, and answers drawn without looking at the question.

Both are rows like any other, so that each profile scores them with its own rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from medsins.core.seeds import derive_random

from .._types import Row, TaskSpec
from ._items import items
from ._text import key
from .mcqa import Question, read_questions

ENOUGH, PLENTY = 100, 2_000
"""Small tasks are shuffled several times, until at least ``ENOUGH`` random answers are scored; of large ones,
``PLENTY`` rows drawn with a seed of the task's own stand for all.
"""


def majority_rows(rows: Sequence[Row], spec: TaskSpec, silence: bool = False) -> list[Row]:
    """The rows, each answered with the commonest reference of the task (in multiple choice: the commonest key). Saying
    that there is no entity is worth nothing here, so the commonest that names one stands for it, unless ``silence``
    counts, as it does by the published rule.
    """
    answered = _some(rows, spec)
    if spec.scorer == "mcqa":
        keys = Counter(_letters(question) for question in read_questions(rows) if question.right)
        constant = keys.most_common(1)[0][0] if keys else ""
    else:
        references = [row.references[0] for row in rows if row.references]
        if spec.scorer == "entities" and not silence:
            references = [reference for reference in references if items(reference)] or references
        commonest = Counter(map(key, references)).most_common(1)
        constant = next((r for r in references if key(r) == commonest[0][0]), "") if commonest else ""
    return [replace(row, output=constant, status="ok") for row in answered]


def random_rows(rows: Sequence[Row], spec: TaskSpec) -> list[Row]:
    """The rows, each answered with the reference of another row, shuffled with a seed of the task's own (in multiple
    choice: with one of its options, all equally likely). Small tasks come several times over.
    """
    random = derive_random(0, "baseline", spec.id)
    rows = _some(rows, spec)
    times = -(-ENOUGH // len(rows)) if rows else 0
    if spec.scorer == "mcqa":
        questions = read_questions(rows)
        pairs = [pair for _ in range(times) for pair in zip(rows, questions, strict=True)]
        return [replace(row, output=random.choice(question.allowed), status="ok") for row, question in pairs]
    found = []
    for _ in range(times):
        drawn = [row.references[0] if row.references else "" for row in rows]
        random.shuffle(drawn)
        found += [replace(row, output=text, status="ok") for row, text in zip(rows, drawn, strict=True)]
    return found


def _some(rows: Sequence[Row], spec: TaskSpec) -> Sequence[Row]:
    if len(rows) <= PLENTY:
        return rows
    chosen = derive_random(0, "baseline rows", spec.id).sample(range(len(rows)), PLENTY)
    return [rows[i] for i in sorted(chosen)]


def _letters(question: Question) -> str:
    return ", ".join(sorted(question.right[0]))
