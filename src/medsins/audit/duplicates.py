"""Duplicates: inputs that come again within a task, across tasks and across splits, and those with other answers.

    section = audit_duplicates([Path("tasks/")])

Inputs are the same where they differ in case, punctuation and blanks only. Nearly equal inputs are what ``leakage``
looks for.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from medsins.core import Problem, UsageError
from medsins.core.proportions import wilson

from ._duplicate_counts import Counts
from ._files import Advance, TaskFile, digests, find_files, pick, read_files
from ._groups import SHORT, Inputs, Keys
from ._shown import counted, excerpt, percent, place_of
from .document import Evidence, Finding, Section, Severity, Table

MOST_PAIRS = 200
"""Pairs of tasks that the table of shared inputs lists, those that share most first."""

MANY_REPEATS = 0.01
"""Share of instances that repeat an earlier one from which it is a warning; below, a note."""

LEAKING = 0.01
"""Share of held-out instances that stand in training too from which their scores should not be believed."""

_WHY = {
    "contradiction": "the same input with another answer",
    "split": "the same input on both sides of a split",
    "key": "the same value of the key on both sides of a split",
    "repeat": "the same input again",
    "across": "the same input in two tasks",
}


def audit_duplicates(paths: Iterable[Path], group: str = "", advance: Advance = lambda done, size: None) -> Section:
    """Look for inputs that come again in task files of any size.

    Args:
        paths: task files and folders of them.
        group: a further key of instances (a patient, a document) whose equal values should be on one side of a split.
        advance: called with the bytes read so far, and all of them.

    Raises:
        UsageError: a path that is not there or is no task file, or no instance has the key ``group``.
        InvalidFile: every problem of every file.
    """
    files = find_files(paths)
    with closing(Inputs()) as inputs, closing(Keys(group)) as keys:
        counts = _count(files, inputs, keys, advance)
    return Section(
        check="duplicates",
        title="Duplicates",
        summary=_summary(counts),
        findings=(*_split_findings(counts), *_keyed(counts, group), *_contradictions(counts), *_repeats(counts)),
        tables=tuple(t for t in (_splits_table(counts), _within_table(counts), _across_table(counts)) if t.rows),
        evidence=tuple(_evidence(files, counts)),
        settings={"group": group, "same": "but for case, punctuation and blanks", "files": digests(files)},
        extra={"instances": counts.instances, "tasks": {t.file.name: t.as_dict() for t in counts.tasks}},
    )


def _count(files: list[TaskFile], inputs: Inputs, keys: Keys, advance: Advance) -> Counts:
    counts = Counts(files)
    for number, reader, batch in read_files(files, advance):
        task = counts.tasks[number]
        splits, short = inputs.add(number, task.instances, batch, files[number].split(reader.card))
        if keys.key:
            keys.add(number, task.instances, batch, splits)
        counts.take(number, splits, short)
        task.category, task.definition = files[number].category(reader.card), reader.card.definition
    for group in inputs.groups():
        counts.add(group)
    if keys.key and not keys.found:
        what = f"no instance has the key '{keys.key}'"
        raise UsageError(Problem(what, mend="name a further key that instances have, such as a patient's"))
    for group in keys.groups():
        counts.add_keyed(group)
    return counts


def _summary(counts: Counts) -> str:
    repeats = sum(task.exact + task.folded for task in counts.tasks)
    contradictions = sum(task.contradictions for task in counts.tasks)
    crossing = sum(tally.telling for (_, _, other), tally in counts.splits.items() if other == "train")
    return (
        f"Of {counts.instances:,} instances in {len(counts.tasks):,} files {repeats:,} "
        f"({percent(repeats, counts.instances)}) repeat an earlier input of their task; contradicting labels: "
        f"{counted(contradictions, 'input')}; held out, but with an input of training: {counted(crossing, 'instance')}."
    )


def _split_findings(counts: Counts) -> Iterable[Finding]:
    for (task_id, split, other), tally in sorted(counts.splits.items()):
        total = counts.split_sizes[task_id, split]
        severity: Severity = "warning" if tally.telling else "note"
        if other == "train" and tally.telling >= LEAKING * total:
            severity = "error"
        what = (
            f"{tally.shared:,} of {total:,} {split} instances ({percent(tally.shared, total)}) have an input that is "
            f"in {other} too, {tally.same_answer:,} of them with the same answer; headings and other texts of fewer "
            f"than {SHORT} words left out: {tally.telling:,}"
        )
        mend = f"leave them out of {other}, or split again (medsins tasks split keeps equal inputs together)"
        yield Finding(severity, task_id, what, mend)


def _keyed(counts: Counts, key: str) -> Iterable[Finding]:
    for (task_id, split, other), tally in sorted(counts.keyed.items()):
        total = counts.split_sizes[task_id, split]
        share = percent(tally.shared, total)
        what = f"{tally.shared:,} of {total:,} {split} instances ({share}) share their {key} with instances of {other}"
        severe = other == "train" and tally.shared >= LEAKING * total
        mend = f"split again: medsins tasks split --group {key} keeps them together"
        yield Finding("error" if severe else "warning", task_id, what, mend)


def _contradictions(counts: Counts) -> Iterable[Finding]:
    for task in counts.tasks:
        if task.contradictions:
            what = f"contradicting labels: {counted(task.contradictions, 'input')}, {task.contradicting:,} instances"
            mend = "decide which label is right, or accept both (a list of outputs); no model can answer both ways"
            yield Finding("warning", task.file.name, what, mend)
        if task.several_answers:
            what = f"several free-text answers: {counted(task.several_answers, 'input')}"
            yield Finding("note", task.file.name, what, "make them one instance that accepts all of them")
    for (a, b), tally in sorted(counts.pairs.items()):
        first, second = counts.tasks[a], counts.tasks[b]
        if tally.contradictions and first.category == second.category and first.definition == second.definition:
            what = (
                f"contradicting labels, though the tasks ask the same: {counted(tally.contradictions, 'shared input')}"
            )
            place = f"{first.file.name}, {second.file.name}"
            yield Finding("warning", place, what, "decide which label is right")


def _repeats(counts: Counts) -> Iterable[Finding]:
    for task in counts.tasks:
        repeats = task.exact + task.folded
        if repeats:
            share = percent(repeats, task.instances)
            what = f"{repeats:,} of {task.instances:,} instances ({share}) repeat an earlier input"
            many = repeats >= MANY_REPEATS * task.instances
            mend = "keep one of each: repeats weigh double in scores and in training"
            yield Finding("warning" if many else "note", task.file.name, what, mend)


def _within_table(counts: Counts) -> Table:
    rows = []
    for task in counts.tasks:
        repeats = task.exact + task.folded
        if repeats:
            share = repeats / task.instances
            low, high = wilson(share, task.instances)
            numbers = (task.instances, task.exact, task.folded, 100 * share, 100 * low, 100 * high)
            rows.append((task.file.name, *numbers, task.contradictions, task.several_answers))
    columns = (
        *("task", "instances", "repeats to the letter", "but for case, punctuation, blanks"),
        *("share", "from", "to", "contradicting labels", "several answers"),
    )
    units = ("", "instances", "instances", "instances", "%", "%", "%", "inputs", "inputs")
    rows.sort(key=lambda row: -row[4])
    return Table("Within a task", columns, tuple(rows), units, value="share", low="from", high="to")


def _splits_table(counts: Counts) -> Table:
    rows = []
    for (task_id, split, other), tally in sorted(counts.splits.items()):
        total = counts.split_sizes[task_id, split]
        share = tally.telling / total
        low, high = wilson(share, total)
        shares = (100 * share, 100 * low, 100 * high)
        rows.append((task_id, split, other, total, tally.shared, tally.same_answer, tally.telling, *shares))
    columns = ("task", "split", "also in", "instances", "shared", "same answer", "not short", "share", "from", "to")
    units = ("", "", "", "instances", "instances", "instances", "instances", "%", "%", "%")
    note = (
        "Instances of a split whose input another split of the same task has too. The share leaves out headings and "
        f"other texts of fewer than {SHORT} words, unless the task asks about such."
    )
    return Table("Across splits", columns, tuple(rows), units, note, value="share", low="from", high="to")


def _across_table(counts: Counts) -> Table:
    rows = []
    for (a, b), tally in counts.pairs.items():
        first, second = counts.tasks[a], counts.tasks[b]
        same = first.category if first.category == second.category else ""
        shares = (100 * tally.in_first / first.instances, 100 * tally.in_second / second.instances)
        rows.append((first.file.name, second.file.name, same, tally.inputs, *shares, tally.same_answer))
    rows.sort(key=lambda row: (-row[3], row[0], row[1]))
    columns = ("task", "other task", "both are", "shared inputs", "of the task", "of the other", "same answer")
    units = ("", "", "", "inputs", "%", "%", "inputs")
    left = len(rows) - MOST_PAIRS
    note = f"Inputs of {SHORT} words and more, or of tasks that ask about shorter ones."
    note += f" {left:,} more pairs of tasks share fewer." if left > 0 else ""
    return Table("Across tasks", columns, tuple(rows[:MOST_PAIRS]), units, note)


def _evidence(files: list[TaskFile], counts: Counts) -> Iterable[Evidence]:
    examples = counts.examples()
    texts = pick(files, [(m.file, m.row) for _, left, right in examples for m in (left, right)])
    for kind, left, right in examples:
        a, b = texts[left.file, left.row], texts[right.file, right.row]
        places = (place_of(files[left.file], a, "input"), place_of(files[right.file], b, "input"))
        yield Evidence(places[0], excerpt(a), places[1], excerpt(b), why=_WHY[kind])
