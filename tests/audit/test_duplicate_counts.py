"""Counts across tasks and splits agree with going through all pairs of instances, one by one."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.audit import Section
from medsins.audit._duplicate_counts import Counts, PairCount, SplitCount
from medsins.audit._files import TaskFile
from medsins.audit._groups import Group, Member
from medsins.audit.duplicates import audit_duplicates

from .task_files import write

LONG = "one two three four five six"
SIDES = (("test", "train"), ("validation", "train"), ("test", "validation"))


@dataclass(frozen=True)
class Row:
    task: int
    split: str
    text: str
    label: str


ROWS = st.lists(
    st.builds(
        Row,
        st.integers(0, 2),
        st.sampled_from(["train", "test", "validation"]),
        st.sampled_from([f"{LONG} {n}" for n in range(4)] + ["Discussion"]),
        st.sampled_from(["yes", "no"]),
    ),
    max_size=40,
)


def table(section: Section, title: str) -> list[dict[str, Any]]:
    return [dict(zip(t.columns, row, strict=True)) for t in section.tables if t.title == title for row in t.rows]


def audited(rows: list[Row]) -> Section:
    """One file for each task and split."""
    files: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in rows:
        files[f"task{row.task}.{row.split}.jsonl"].append((row.text, row.label))
    with tempfile.TemporaryDirectory() as folder:
        for name, instances in files.items():
            write(Path(folder, name), instances)
        return audit_duplicates([Path(folder)])


@settings(max_examples=40)
@given(ROWS.filter(bool))
def test_splits_agree_with_going_through_all_pairs(rows: list[Row]) -> None:
    found = {(r["task"], r["split"], r["also in"]): r for r in table(audited(rows), "Across splits")}
    for task in range(3):
        for split, other in SIDES:
            there = [row for row in rows if (row.task, row.split) == (task, other)]
            here = [row for row in rows if (row.task, row.split) == (task, split)]
            shared = [row for row in here if any(row.text == another.text for another in there)]
            same = [row for row in shared if any((row.text, row.label) == (a.text, a.label) for a in there)]
            told = found.get((f"task{task}", split, other))
            if not shared:
                assert told is None
                continue
            assert told is not None
            assert (told["instances"], told["shared"], told["same answer"]) == (len(here), len(shared), len(same))


@settings(max_examples=40)
@given(ROWS.filter(bool))
def test_tasks_agree_with_going_through_all_pairs(rows: list[Row]) -> None:
    one_split = [Row(row.task, "train", row.text, row.label) for row in rows]
    found = {(r["task"], r["other task"]): r for r in table(audited(one_split), "Across tasks")}
    for first, second in ((0, 1), (0, 2), (1, 2)):
        left, right = ([row for row in one_split if row.task == task] for task in (first, second))
        shared = {row.text for row in left} & {row.text for row in right} - {"Discussion"}
        same = {row.text for row in left for other in right if (row.text, row.label) == (other.text, other.label)}
        told = found.get((f"task{first}", f"task{second}"))
        terse = sum(row.text == "Discussion" for row in left) * 2 >= len(left)  # then short inputs count too
        if told is None:
            assert not shared
        elif not terse:
            assert (told["shared inputs"], told["same answer"]) == (len(shared), len(same & shared))
            assert told["of the task"] == 100 * sum(row.text in shared for row in left) / len(left)


def file(n: int) -> TaskFile:
    return TaskFile(Path(f"task{n}.json"), f"task{n}", f"task{n}", 1)


def member(of: int, row: int, split: str = "", answer: int = 1, label: bool = True) -> Member:
    return Member(of, row, split, exact=row, answer=answer, label=label, short=False)


def test_an_input_of_very_many_files_is_not_counted_pair_by_pair() -> None:
    files = [file(n) for n in range(100)]
    counts = Counts(files)
    for n in range(100):
        counts.take(n, [""], 0)
    counts.add(Group(tuple(member(n, 0) for n in range(100))))
    assert not counts.pairs
    counts.add(Group((member(3, 1), member(7, 1, answer=2))))
    assert counts.pairs == {(3, 7): PairCount(inputs=1, in_first=1, in_second=1, same_answer=0, contradictions=1)}


def test_examples_are_few_and_the_gravest_come_first() -> None:
    counts = Counts([file(0), file(1)])
    counts.take(0, ["train"] * 50 + ["test"] * 50, 0)
    for row in range(40, 0, -1):
        counts.add(Group((member(0, row, "train"), member(0, row + 50, "test", answer=row % 2))))
    examples = counts.examples()
    assert [kind for kind, _, _ in examples] == ["contradiction"] * 3 + ["split"] * 3 + ["repeat"] * 3
    assert [left.row for kind, left, _ in examples if kind == "repeat"] == [1, 2, 3]
    assert counts.splits == {("task0", "test", "train"): SplitCount(shared=40, telling=40, same_answer=20)}
    assert counts.instances == 100


def test_keys_are_counted_apart_from_inputs() -> None:
    counts = Counts([file(0)])
    counts.take(0, ["train", "test", "test"], 0)
    counts.add_keyed(Group((member(0, 0, "train"), member(0, 1, "test"), member(0, 2, "test"))))
    assert counts.keyed == {("task0", "test", "train"): SplitCount(shared=2)}
    assert not counts.splits
    assert counts.tasks[0].as_dict()["exact"] == 0
