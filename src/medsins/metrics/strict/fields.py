"""Information extraction: the whole value, and nothing beside it.

Lists of phrases are compared as sets, records (age and gender) field by field, amounts by number and unit ("5 mg" is
not "15 mg", and is "5mg"). Copying the sentence is no extraction.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from .._types import Row, TaskSpec
from ..stats import RowTable, means
from ._items import items, says_nothing
from ._scored import Scored, absent, refuses, row_score
from ._statements import after_statement
from ._text import fold, own_turn, visible
from ._values import quantities, quantity, record

_EXTRA_WORDS = 3


def score(rows: Sequence[Row], spec: TaskSpec) -> Scored:
    """Score one task. Metrics: ``accuracy`` (exact value), ``f1`` (overlap of words, or of fields in records)."""
    values = np.ones((len(rows), 3))
    scores = []
    for i, row in enumerate(rows):
        unscored, text, hit, overlap = absent(row), "", 0.0, 0.0
        if not unscored:
            text = own_turn(visible(row.output or ""))
            if refuses(text):
                unscored = "refused"
            elif not text:
                unscored = "truncated" if row.status == "truncated" else "unparsed"
            else:
                hit = float(any(same_value(text, reference) for reference in row.references))
                overlap = max((value_f1(text, reference) for reference in row.references), default=0.0)
        values[i, :2] = hit, max(hit, overlap)
        scores.append(row_score(row, {"accuracy": hit, "f1": max(hit, overlap)}, unscored, " ".join(text.split())))
    table = RowTable(values, means(("accuracy", "f1")))
    return Scored(table.with_answered([not s.unscored for s in scores], "accuracy"), tuple(scores), "accuracy")


def same_value(answer: str, reference: str) -> bool:
    """Whether an answer gives exactly the value of a reference."""
    fields = record(reference)
    if fields:
        given = record(answer)
        return all(given.get(name) == value for name, value in fields.items())
    amount = quantity(reference)
    if amount and quantity(after_statement(answer)) != amount:
        return _only_amount(answer) == amount
    return amount != "" or items(after_statement(answer)) == items(reference)


def _only_amount(answer: str) -> str:
    """The one amount of a short answer ("The dose is 5 mg.", "5 mg daily"); empty for several or for a sentence."""
    found = set(quantities(answer))
    spare = len(after_statement(answer).split()) - 2
    return found.pop() if len(found) == 1 and spare <= _EXTRA_WORDS else ""


def value_f1(answer: str, reference: str) -> float:
    """Overlap with the reference: of fields in a record, else of words as multisets. 1 when both say "nothing"."""
    fields = record(reference)
    if fields:
        given = record(answer)
        right = sum(given.get(name) == value for name, value in fields.items())
        return 2 * right / (len(fields) + max(len(given), right)) if right else 0.0
    nothing = [says_nothing(text) for text in (after_statement(answer), reference)]
    if any(nothing):
        return float(all(nothing))
    found, gold = (Counter(re.findall(r"\w+", fold(text))) for text in (after_statement(answer), reference))
    shared = sum((found & gold).values())
    return 2 * shared / (found.total() + gold.total()) if shared else 0.0
