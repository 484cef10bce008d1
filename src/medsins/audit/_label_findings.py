"""What the labels of one task are worth: too one-sided, told by a place or a length, outside their list."""

from __future__ import annotations

from collections.abc import Iterator

from ._choices import Choices
from ._closed_list import check_definition
from ._label_facts import Facts
from ._length_cues import Cue
from ._shown import percent
from .document import Finding

ONE_SIDED = 0.95
"""Share of one answer from which a task is nearly degenerate."""

ENOUGH = 20
"""Instances below which a share means nothing."""

SURE = 0.001
"""p-value below which a bias of places is a warning; audits look at many tasks, so one in twenty would be noise."""

TELLING = 0.1
"""By how much a length must beat chance (accuracy of a guess, area under the curve) to be a warning."""

CLASS = 30
"""Instances of a label, and of all others, from which the area under the curve is told."""


def label_findings(facts: Facts) -> Iterator[Finding]:
    """All findings of one task."""
    if facts.instances >= ENOUGH:
        yield from _one_sided(facts)
    yield from _outside(facts)
    choices = facts.choices
    if choices.usual and not choices.fixed and choices.single >= ENOUGH:
        yield from _positions(facts.name, choices)
        yield from _option_lengths(facts.name, choices)
    if facts.kind in ("yes/no", "labels"):
        yield from _input_lengths(facts)


def _one_sided(facts: Facts) -> Iterator[Finding]:
    label, share = facts.constant()
    if share == 1:
        what = f"every answer is '{label}'"
        yield Finding("error", facts.name, what, "a constant is always right: leave the task out, or get the others")
    elif share >= ONE_SIDED:
        what = f"{percent(round(share * facts.instances), facts.instances)} of the answers are '{label}'"
        yield Finding("warning", facts.name, what, "a constant scores that much: judge by macro F1, or balance")


def _outside(facts: Facts) -> Iterator[Finding]:
    found = check_definition(facts)
    if found.outside:
        total = sum(count for _, count in found.outside)
        listed = ", ".join(f"'{label}' ({count:,})" for label, count in found.outside[:5])
        more = f" and {len(found.outside) - 5:,} more" if len(found.outside) > 5 else ""
        what = f"{total:,} answers are not in the list of the definition: {listed}{more}"
        yield Finding("warning", facts.name, what, "correct them, or name them in the definition")
    if found.unused:
        listed = ", ".join(f"'{label}'" for label in found.unused[:5])
        yield Finding("note", facts.name, f"the definition offers answers that never come: {listed}")


def _positions(name: str, choices: Choices) -> Iterator[Finding]:
    statistic, freedom, p = choices.position_test()
    if freedom and p < 0.05:
        letter, count = min(
            ((letter, n) for counts in choices.positions.values() for letter, n in counts.items()),
            key=lambda item: (-item[1], item[0]),
        )
        what = (
            f"the right option stands more often at some places than at others (chi-square {statistic:.1f}, {freedom} "
            f"degrees of freedom, p {p:.2g}); most often at {letter} ({percent(count, choices.single)})"
        )
        mend = "shuffle the options: a model that likes a letter gains or loses by it"
        yield Finding("warning" if p < SURE else "note", name, what, mend)


def _option_lengths(name: str, choices: Choices) -> Iterator[Finding]:
    for extreme in ("longest", "shortest"):
        cue = choices.lengths.guess(extreme)
        if cue.low > cue.chance:
            what = f"choosing the {extreme} option is right in {_span(cue)}; chance is {100 * cue.chance:.1f} %"
            severe = cue.value - cue.chance >= TELLING
            mend = "write wrong options of the same length as the right ones"
            yield Finding("warning" if severe else "note", name, what, mend)


def _input_lengths(facts: Facts) -> Iterator[Finding]:
    found = facts.lengths.strongest(CLASS)
    if not found:
        return
    label, cue = found
    if cue.low > 0.5 + TELLING or cue.high < 0.5 - TELLING:
        side = "longer" if cue.value > 0.5 else "shorter"
        strength = max(cue.value, 1 - cue.value)
        what = (
            f"inputs with the answer '{facts.spelled.get(label, label)}' are {side} than the others: their length "
            f"alone tells them with an area under the curve of {strength:.2f}"
        )
        severe = cue.low > 0.5 + 2 * TELLING or cue.high < 0.5 - 2 * TELLING
        mend = "see whether lengths differ by nature or by how the inputs were made"
        yield Finding("warning" if severe else "note", facts.name, what, mend)


def _span(cue: Cue) -> str:
    return f"{100 * cue.value:.1f} % ({100 * cue.low:.1f} to {100 * cue.high:.1f})"
