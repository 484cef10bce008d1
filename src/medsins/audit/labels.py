"""Labels: what the answers of every task are, and what a score on them is worth.

    section = audit_labels([Path("tasks/")])

Distribution and entropy, scores that need no model (the commonest answer, random answers), degenerate tasks, answers
outside the list of the definition, right options that stand at one place or can be told by their length, and labels
that are probably wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from ._baselines import baseline
from ._files import Advance, TaskFile, digests, find_files, pick, read_files, split_of
from ._groups import Inputs, Member
from ._label_facts import Facts
from ._label_findings import label_findings
from ._label_tables import label_tables
from ._near_equal import SIMILAR, near_pairs
from ._shown import counted, excerpt, place_of
from .document import Evidence, Finding, Section

_PAIRS_SHOWN, _MOST_SHOWN = 10, 60  # of one file, and of all
_LABELS = ("yes/no", "labels", "several labels")


class _Pair(NamedTuple):
    """Two rows of one file whose labels differ; ``similarity`` of their inputs, 1 where they are equal."""

    file: int
    first: int
    second: int
    similarity: float = 1.0


def audit_labels(paths: Iterable[Path], advance: Advance = lambda done, size: None) -> Section:
    """Look at the answers of task files of any size; each split of a file is looked at by itself.

    Args:
        paths: task files and folders of them.
        advance: called with the bytes read so far, and all of them.

    Raises:
        UsageError: a path that is not there or is no task file.
        InvalidFile: every problem of every file.
    """
    files = find_files(paths)
    with closing(Inputs()) as inputs:
        by_split = _read(files, inputs, advance)
        equal, equal_counts = _contradictions(inputs)
    near, near_counts = _nearly(files, by_split)
    found = list(by_split.values())
    closed = {number for (number, _), facts in by_split.items() if facts.closed}
    shown = [pair for pair in (*equal, *near) if pair.file in closed]
    findings = [finding for facts in found for finding in label_findings(facts)]
    findings += _noise(files, closed, equal_counts, near_counts)
    order = {"error": 0, "warning": 1, "note": 2}
    return Section(
        check="labels",
        title="Labels",
        summary=_summary(found, findings),
        findings=tuple(sorted(findings, key=lambda finding: order[finding.severity])),
        tables=label_tables(found),
        evidence=tuple(_evidence(files, shown[:_MOST_SHOWN])),
        settings={"files": digests(files)},
        extra={"tasks": {facts.name: _as_dict(facts) for facts in found}},
    )


def _read(files: Sequence[TaskFile], inputs: Inputs, advance: Advance) -> dict[tuple[int, str], Facts]:
    """The facts of every split of every file, by the number of the file and the split, in their order."""
    found: dict[tuple[int, str], Facts] = {}
    rows = [0] * len(files)
    for number, reader, batch in read_files(files, advance):
        columns, file = batch.columns, files[number]
        inputs.add(number, rows[number], batch, "")
        rows[number] += len(columns)
        splits = [split_of(extra) for extra in columns.extras] if columns.extras else [""] * len(columns)
        for split in dict.fromkeys(splits):
            name = f"{file.name} ({split})" if split else file.name
            facts = found.setdefault((number, split), Facts(name, file.task_id))
            facts.category, facts.definition = file.category(reader.card), reader.card.definition
            here = [row for row, of in enumerate(splits) if of == split]
            references = [columns.outputs[row][0] if columns.outputs[row] else "" for row in here]
            facts.add([columns.inputs[row] for row in here], references)
    return dict(sorted(found.items(), key=lambda item: item[0]))


def _contradictions(inputs: Inputs) -> tuple[list[_Pair], Counter[int]]:
    """The first pairs of instances of one file that have the same input and different labels, and how many inputs of
    each file have.
    """
    found: dict[int, list[_Pair]] = {}
    counts: Counter[int] = Counter()
    for group in inputs.groups():
        first: dict[int, Member] = {}
        differing: set[int] = set()
        for member in group.members:
            other = first.setdefault(member.file, member)
            if other.answer != member.answer and other.label and member.label:
                differing.add(member.file)
                pairs = found.setdefault(member.file, [])
                pairs.append(_Pair(member.file, other.row, member.row))
                found[member.file] = sorted(pairs)[:_PAIRS_SHOWN]
        counts.update(differing)
    return [pair for number in sorted(found) for pair in found[number]], counts


def _nearly(files: Sequence[TaskFile], found: Mapping[tuple[int, str], Facts]) -> tuple[list[_Pair], Counter[int]]:
    """The same for nearly equal inputs, in tasks whose answers are labels."""
    pairs: list[_Pair] = []
    counts: Counter[int] = Counter()
    for number in sorted({number for (number, _), facts in found.items() if facts.kind in _LABELS}):
        near = [_Pair(number, *pair) for pair in near_pairs(files[number]) if pair.similarity < 1]
        counts[number] = len(near)
        pairs += near[:_PAIRS_SHOWN]
    return pairs, counts


def _noise(files: Sequence[TaskFile], closed: set[int], equal: Counter[int], near: Counter[int]) -> Iterable[Finding]:
    for number, file in enumerate(files):
        mend = "read them: one of two labels is probably wrong, or the input lacks what decides"
        if equal[number] and number in closed:
            what = f"the same input, different labels: {counted(equal[number], 'input')}"
            yield Finding("warning", file.name, what, mend)
        if near[number]:
            what = f"{SIMILAR:.0%} of the words in common, different labels: {counted(near[number], 'pair')} of inputs"
            yield Finding("note", file.name, what, mend)


def _evidence(files: Sequence[TaskFile], pairs: Sequence[_Pair]) -> Iterable[Evidence]:
    texts = pick(files, [(pair.file, row) for pair in pairs for row in (pair.first, pair.second)])
    for pair in pairs:
        file, a, b = files[pair.file], texts[pair.file, pair.first], texts[pair.file, pair.second]
        why = "the same input with another label" if pair.similarity == 1 else "nearly the same input, another label"
        places = place_of(file, a, "output"), place_of(file, b, "output")
        yield Evidence(places[0], excerpt(a), places[1], excerpt(b), why, pair.similarity)


def _summary(found: Sequence[Facts], findings: Sequence[Finding]) -> str:
    closed = [facts for facts in found if facts.closed]
    grave = sum(finding.severity != "note" for finding in findings)
    return (
        f"{len(found):,} tasks or splits with {sum(facts.instances for facts in found):,} instances: "
        f"{len(closed):,} with closed answers; {counted(grave, 'finding')} about what their scores are worth."
    )


def _as_dict(facts: Facts) -> dict[str, object]:
    constant, share = facts.constant()
    score = baseline(facts)
    return {
        "kind": facts.kind,
        "category": facts.category,
        "instances": facts.instances,
        "labels": dict(facts.distribution().most_common(200)) if facts.closed else {},
        "entropy_bits": facts.entropy() if facts.closed else None,
        "constant": {"answer": constant, "share": share},
        "baseline": {"metric": score.metric, "constant": score.constant, "random": score.random} if score else None,
    }
