"""Named entity recognition: entity-level micro precision, recall and F1 over sets of names.

Order, case, duplicates and blanks around hyphens and brackets do not matter ("5 - fluorouracil" is
"5-fluorouracil"); every name matters to its last letter. An answer that is none misses all entities of its sentence,
and where there were none to miss it counts as one false positive, so silence is never an answer. What is not
picked from the sentence is no answer: a copy of it, a piece of it cut into words, a long list of most of its words or
of few of them; the names of a copy count as false positives, or copying some sentences would make up for others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from .._types import Row, TaskSpec
from ..stats import RowTable, micro_f1
from ._copies import last_query, likeness
from ._items import item_key, items, pieces
from ._scored import Scored, absent, refuses, row_score
from ._statements import after_statement
from ._text import own_turn, visible

_MANY, _MOST = 8, 0.9
_SENTENCE, _CUT = 6, 3  # words from which a copy of a sentence is no name; names that are a piece of it, cut into words


def score(rows: Sequence[Row], spec: TaskSpec) -> Scored:
    """Score one task. Metrics: ``f1``, ``precision``, ``recall``, all micro over the entities of the task."""
    values = np.ones((len(rows), 4))
    scores = []
    for i, row in enumerate(rows):
        unscored, found, wrong = absent(row), frozenset[str](), 0
        if not unscored:
            text = own_turn(visible(row.output or ""))
            listed = after_statement(text)
            found = items(listed)
            if refuses(text):
                unscored, found = "refused", frozenset()
            elif copied(listed, row.input, row.references):
                unscored, wrong, found = "unparsed", len(found), frozenset()
            elif not text or no_extraction(found, row.input):
                unscored, found = "truncated" if row.status == "truncated" else "unparsed", frozenset()
        gold = max((items(r) for r in row.references), key=lambda names: _f1(found, names), default=frozenset[str]())
        tp, fp, fn = len(found & gold), len(found - gold), len(gold - found)
        if unscored:
            fp = max(wrong, 0 if gold else 1)
        values[i, :3] = tp, fp, fn
        own = {"f1": 0.0 if unscored else _f1(found, gold)}
        scores.append(row_score(row, own, unscored, "; ".join(sorted(found))))
    table = RowTable(values, micro_f1)
    return Scored(table.with_answered([not s.unscored for s in scores], "f1"), tuple(scores), "f1")


def no_extraction(found: frozenset[str], given: str) -> bool:
    """Whether a list of eight names or more was not picked from the sentence (the last input of a prompt): it is made
    of most words of it, or most of its names do not occur in it.
    """
    sentence = last_query(given)
    if len(found) < _MANY or not sentence.strip():
        return False
    words = _words(sentence)
    named = {word for name in found for word in _words(name)}
    text = item_key(sentence)
    strange = sum(name not in text for name in found)
    return len(named & words) >= _MOST * len(words) or 2 * strange > len(found)


def copied(listed: str, given: str, references: Sequence[str] = ()) -> bool:
    """Whether a list is the sentence itself, of six words or more, or three names or more that stand side by side in it
    with nothing but blanks between them; not where a reference is such a list too.
    """
    sentence = last_query(given)
    words, names = _words(sentence), pieces(listed)
    whole = len(words) >= _SENTENCE and likeness(_words(listed), words) >= _MOST
    cut = len(names) >= _CUT and _plain(" ".join(names)) in _plain(sentence)
    return (whole or cut) and not any(copied(reference, given) for reference in references)


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold()))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _f1(found: frozenset[str], gold: frozenset[str]) -> float:
    """The row's own F1; 1 when there is nothing to find and nothing was found."""
    total = len(found) + len(gold)
    return 2 * len(found & gold) / total if total else 1.0
