"""Labels: what the answers of every task are, and what a score on them is worth.

    section = audit_labels([Path("tasks/")])

Distribution and entropy, scores that need no model (the commonest answer, random answers), degenerate tasks, answers
outside the list of the definition, right options that stand at one place or can be told by their length, and labels
that are probably wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from ._baselines import baseline
from ._files import Advance, TaskFile, digests, find_files, pick, read_files, split_of
from ._groups import Inputs, Member
from ._label_facts import Facts
from ._label_findings import label_findings
from ._label_tables import label_tables
from ._shown import excerpt, place_of
from .document import Evidence, Finding, Section

_CONTRADICTIONS_SHOWN = 30


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
        found = _read(files, inputs, advance)
        contradictions = _contradictions(inputs)
    findings = [finding for facts in found for finding in label_findings(facts)]
    order = {"error": 0, "warning": 1, "note": 2}
    return Section(
        check="labels",
        title="Labels",
        summary=_summary(found, findings),
        findings=tuple(sorted(findings, key=lambda finding: order[finding.severity])),
        tables=label_tables(found),
        evidence=tuple(_evidence(files, contradictions)),
        settings={"files": digests(files)},
        extra={"tasks": {facts.name: _as_dict(facts) for facts in found}},
    )


def _read(files: Sequence[TaskFile], inputs: Inputs, advance: Advance) -> list[Facts]:
    """The facts of every split of every file, in their order."""
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
    return [facts for _, facts in sorted(found.items(), key=lambda item: item[0])]


def _contradictions(inputs: Inputs) -> list[tuple[Member, Member]]:
    """The first pairs of instances of one file that have the same input and different labels."""
    found: list[tuple[Member, Member]] = []
    for group in inputs.groups():
        first: dict[int, Member] = {}
        for member in group.members:
            other = first.setdefault(member.file, member)
            if other.answer != member.answer and other.label and member.label:
                found.append((other, member))
        found = sorted(found)[:_CONTRADICTIONS_SHOWN]
    return found


def _evidence(files: Sequence[TaskFile], pairs: Sequence[tuple[Member, Member]]) -> Iterable[Evidence]:
    texts = pick(files, [(member.file, member.row) for pair in pairs for member in pair])
    for left, right in pairs:
        a, b = texts[left.file, left.row], texts[right.file, right.row]
        places = place_of(files[left.file], a, "output"), place_of(files[right.file], b, "output")
        yield Evidence(places[0], excerpt(a), places[1], excerpt(b), why="the same input with another label")


def _summary(found: Sequence[Facts], findings: Sequence[Finding]) -> str:
    closed = [facts for facts in found if facts.closed]
    grave = sum(finding.severity != "note" for finding in findings)
    return (
        f"{len(found):,} tasks or splits with {sum(facts.instances for facts in found):,} instances: "
        f"{len(closed):,} with closed answers; {grave:,} findings that lower what their scores are worth."
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
