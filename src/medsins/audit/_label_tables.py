"""The tables of the check of labels."""

from __future__ import annotations

from collections.abc import Sequence

from ._baselines import baseline
from ._label_facts import Facts
from ._label_findings import CLASS, ENOUGH
from ._shown import counted
from .document import Table, Value

MOST_LABELS_SHOWN = 12
_OFTEN = 0.05  # share of one answer from which a free-text task is listed


def label_tables(found: Sequence[Facts]) -> tuple[Table, ...]:
    """All tables that have rows."""
    return tuple(t for t in (_tasks(found), _distribution(found), _positions(found), _lengths(found)) if t.rows)


def _tasks(found: Sequence[Facts]) -> Table:
    rows: list[tuple[Value, ...]] = []
    left_out = 0
    for facts in found:
        constant, share = facts.constant()
        score = baseline(facts)
        shown: tuple[Value, ...] = ("", None, None, None, None)
        if score:
            shown = (score.metric, *_percents(score.constant, score.low, score.high, score.random))
        elif share < _OFTEN:
            left_out += 1
            continue
        labels = len(facts.distribution()) if facts.closed else None
        entropy = round(facts.entropy(), 2) if facts.closed else None
        rows.append((facts.name, facts.kind, facts.instances, labels, entropy, constant[:40], 100 * share, *shown))
    columns = (
        *("task", "answers", "instances", "labels", "entropy", "commonest answer", "its share"),
        *("metric", "always that", "from", "to", "random"),
    )
    units = ("", "", "instances", "labels", "bits", "", "%", "", "%", "%", "%", "%")
    note = (
        "What a model scores without looking: the commonest answer always, and answers drawn at random as they "
        "are distributed (of options: all equally likely). A score is worth what it is above these."
    )
    note += f" Left out: {counted(left_out, 'task')} of free text without a common answer." if left_out else ""
    return Table("Scores that need no model", columns, tuple(rows), units, note, "always that", "from", "to")


def _percents(*shares: float) -> tuple[float, ...]:
    return tuple(100 * share for share in shares)


def _distribution(found: Sequence[Facts]) -> Table:
    rows: list[tuple[Value, ...]] = []
    for facts in found:
        if facts.closed:
            counts = facts.distribution()
            for label, count in counts.most_common(MOST_LABELS_SHOWN):
                rows.append((facts.name, facts.spelled.get(label, label), count, 100 * count / facts.instances))
            if (others := len(counts) - MOST_LABELS_SHOWN) > 0:
                rest = sum(count for _, count in counts.most_common()[MOST_LABELS_SHOWN:])
                rows.append((facts.name, counted(others, "other label"), rest, 100 * rest / facts.instances))
    return Table("Labels", ("task", "label", "instances", "share"), tuple(rows), ("", "", "instances", "%"))


def _positions(found: Sequence[Facts]) -> Table:
    rows: list[tuple[Value, ...]] = []
    for facts in found:
        choices = facts.choices
        if choices.usual and not choices.fixed and choices.single >= ENOUGH:
            statistic, freedom, p = choices.position_test()
            counts = ", ".join(
                f"{n} options: " + " ".join(f"{letter} {count:,}" for letter, count in sorted(letters.items()))
                for n, letters in sorted(choices.positions.items())
            )
            tested = (round(statistic, 2), freedom, p) if freedom else (None, None, None)
            rows.append((facts.name, choices.read, choices.single, counts, *tested))
    columns = ("task", "questions", "one right", "where it stands", "chi-square", "degrees of freedom", "p")
    units = ("", "questions", "questions", "", "", "", "")
    note = "Questions with one right option; groups of fewer than five expected at a place are not tested."
    return Table("Places of right options", columns, tuple(rows), units, note)


def _lengths(found: Sequence[Facts]) -> Table:
    rows: list[tuple[Value, ...]] = []
    for facts in found:
        choices = facts.choices
        if choices.usual and not choices.fixed and choices.single >= ENOUGH:
            cues = [(f"the {name} option", choices.lengths.guess(name)) for name in ("longest", "shortest")]
            cues.append(("right option longer than a wrong one (AUROC)", choices.lengths.area()))
        elif facts.kind in ("yes/no", "labels") and (strongest := facts.lengths.strongest(CLASS)):
            label, cue = strongest
            cues = [(f"input longer for '{facts.spelled.get(label, label)}' (AUROC)", cue)]
        else:
            continue
        rows += [(facts.name, what, c.rows, *_percents(c.value, c.low, c.high, c.chance)) for what, c in cues]
    columns = ("task", "told by", "instances", "right", "from", "to", "chance")
    units = ("", "", "instances", "%", "%", "%", "%")
    note = "How far a length alone goes. An area under the curve (AUROC) of 50 % tells nothing, and so does chance."
    return Table("Length cues", columns, tuple(rows), units, note, "right", "from", "to")
