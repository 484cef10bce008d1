"""Answers that the definition of a task does not name, where it names the others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ._label_facts import Facts, folded, items_of

_NAMED = 0.8  # of the answers that the definition must name, so that it can be said to list them
_QUOTED = re.compile(r"[\"“”„«»「」]([^\"“”„«»「」\n]{1,60})[\"“”«»「」]|(?<!\w)['‘]([^'‘’\n]{1,60})['’](?!\w)")
_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class ClosedList:
    """``outside``: labels that the definition does not name, with their counts, commonest first; ``unused``: answers
    that it puts in quotes and that never come.
    """

    outside: tuple[tuple[str, int], ...] = ()
    unused: tuple[str, ...] = ()


def check_definition(facts: Facts) -> ClosedList:
    """Compare the labels of a task with all wordings of its definition together. Empty where answers are free, or where
    the definition names none of them: then it does not list them.
    """
    if facts.kind not in ("yes/no", "labels", "several labels"):
        return ClosedList()
    told = f" {' '.join(map(_plain, facts.definition))} "
    several = facts.kind == "several labels"
    counts = facts.items.counts if several else facts.answers.counts
    named = {label for label in counts if f" {_plain(label)} " in told}
    covered = sum(counts[label] for label in named)
    if len(named) < 2 or covered < _NAMED * counts.total():
        return ClosedList()
    outside = [(facts.spelled.get(label, label), count) for label, count in counts.most_common() if label not in named]
    return ClosedList(tuple(outside), _unused(facts.definition, set(counts)))


def _unused(definition: Sequence[str], labels: set[str]) -> tuple[str, ...]:
    """What stands in quotes beside labels, so that it is offered as an answer too, but no answer is."""
    found: dict[str, None] = {}
    for wording in definition:
        quoted = [folded(first or second) for first, second in _QUOTED.findall(wording)]
        parts = [part for text in quoted for part in ([text] if text in labels else items_of(text))]
        if sum(part in labels for part in parts) >= 2:
            found.update(dict.fromkeys(part for part in parts if part not in labels))
    return tuple(found)


def _plain(text: str) -> str:
    return " ".join(_WORDS.findall(text.casefold()))
