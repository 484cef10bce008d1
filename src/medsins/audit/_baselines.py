"""What a model scores that never looks at the question, in closed form: always the same answer, or answers drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from medsins.catalog import categories
from medsins.core.proportions import wilson

from ._label_facts import Facts, items_of


@dataclass(frozen=True, slots=True)
class Baseline:
    """Scores from 0 to 1: ``constant`` is what the commonest answer, given always, comes to, with the interval that
    follows from Wilson's for how often it is right; ``random`` is what is expected of answers drawn as they are
    distributed (in multiple choice: of options, all equally likely).
    """

    metric: str
    constant: float
    low: float
    high: float
    random: float


def baseline(facts: Facts) -> Baseline | None:
    """The baselines of a task in its own metric; None where answers are free text, which no constant comes near."""
    if facts.kind == "free text":
        return None
    metric = categories()[facts.category].metric if facts.category in categories() else ""
    if facts.kind == "spans" and metric == "f1":
        return _spans(facts)
    if facts.kind == "several labels":
        return _several(facts)
    share = facts.constant()[1]
    if facts.kind == "multiple choice":
        return _scored("accuracy", [share], facts.choices.read, _same, facts.choices.chance / facts.choices.read)
    shares = [count / facts.answers.total for count in facts.answers.counts.values()]
    if metric == "macro_f1":
        labels = len(shares)
        return _scored("macro F1", [share], facts.instances, lambda p: 2 * p / (1 + p) / labels, 1 / labels)
    return _scored("accuracy", [share], facts.instances, _same, sum(p * p for p in shares))


def _several(facts: Facts) -> Baseline:
    """Macro F1. A label given always has precision p and recall 1; one drawn as often as it comes has both p."""
    shares = [count / facts.instances for count in facts.items.counts.values()]
    labels = len(shares)
    given = _given(facts)
    return _scored("macro F1", given, facts.instances, lambda p: 2 * p / (1 + p) / labels, sum(shares) / labels)


def _spans(facts: Facts) -> Baseline:
    """Micro F1 over what answers list, the words for "there is none" being no item, as the scorers have it."""
    none = facts.none()
    counts = [count for item, count in facts.items.counts.items() if item not in none]
    total, rows = sum(counts), facts.instances
    given = [] if set(items_of(facts.constant()[0])) <= none else _given(facts)
    asked = len(given) + total / rows  # items given and asked for, on an average instance
    drawn = sum(count * count for count in counts) / rows / max(1, total)
    return _scored("F1", given, rows, lambda p: 2 * p / asked, drawn)


def _given(facts: Facts) -> list[float]:
    """How often each item of the commonest answer is right."""
    items = set(items_of(facts.constant()[0]))
    return [facts.items.counts[item] / facts.instances for item in sorted(items)]


def _same(share: float) -> float:
    return share


def _scored(
    metric: str, shares: Sequence[float], rows: int, score: Callable[[float], float], random: float
) -> Baseline:
    """The score of an answer whose parts are right on these shares of the rows: the sum of what each part scores, which
    rises with its share.
    """
    bounds = [wilson(min(1.0, share), rows) for share in shares]
    low, high = sum(score(low) for low, _ in bounds), sum(score(high) for _, high in bounds)
    return Baseline(metric, sum(map(score, shares)), low, high, random)
