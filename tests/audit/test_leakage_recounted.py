"""Leaks of planted texts, recounted: tables, removals, examples and cleaned files agree with one another."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.audit._collect import KINDS, SHOWN, SIDES, Leak
from medsins.audit.leakage import Leakage, find_leakage, write_clean
from medsins.core.proportions import wilson
from medsins.tasks import read_task

from .leaks import changed, task, text

ASKED = [(text(24, f"asked {number}"), text(14, f"answer {number}")) for number in range(6)]
FRESH = [(text(24, f"fresh {number}"), text(14, f"reply {number}")) for number in range(6)]
HOW = {
    "exact": lambda given: given,
    "normalised": lambda given: given.upper().replace(" ", ", "),
    "near": lambda given: changed(given, 0.1),
}
planted = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["fresh", *HOW]), st.sampled_from(["input", "output", "both"])),
    min_size=1,
    max_size=10,
)
Plan = list[tuple[int, str, str]]


def rows_of(plan: Plan) -> list[tuple[str, str]]:
    """Training rows: fresh ones, and ones that hold the input, the output or both of a test instance."""
    rows = []
    for number, (test, how, side) in enumerate(plan):
        own = text(24, f"own {number}"), text(14, f"own reply {number}")
        held = own if how == "fresh" else tuple(map(HOW[how], ASKED[test]))
        rows.append((held[0] if side != "output" else own[0], held[1] if side != "input" else own[1]))
    return rows


def searched(folder: Path, plan: Plan) -> Leakage:
    train = task(folder / "train" / "task1.jsonl", rows_of(plan))
    return find_leakage([train], [task(folder / "task2.jsonl", ASKED)])


@settings(max_examples=25)
@given(planted)
def test_what_was_planted_is_found_and_nothing_else(plan: Plan) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (removals,) = searched(Path(folder), plan).removals
    leaking = {row: entry for row, entry in enumerate(plan) if entry[1] != "fresh"}
    assert removals.keys() == leaking.keys()
    for row, (test, kind, side) in leaking.items():
        leak = removals[row].leak
        assert (leak.test, leak.kind, leak.side) == (test, kind, side)
        assert removals[row].tests == 1
        assert leak.where == ("output" if side == "output" else "input")
        assert leak.score == pytest.approx(1) if kind != "near" else 0.7 <= leak.score < 1


@settings(max_examples=25)
@given(planted)
def test_tables_add_up_to_what_was_planted(plan: Plan) -> None:
    with tempfile.TemporaryDirectory() as folder:
        section = searched(Path(folder), plan).section()
    leaking = [entry for entry in plan if entry[1] != "fresh"]
    touched = {test for test, _, _ in leaking}
    by_test, by_pair, by_kind = section.tables
    ((_, size, looked, count, percent, low, high),) = by_test.rows
    assert (size, looked, count, percent) == (6, 6, len(touched), pytest.approx(100 * len(touched) / 6))
    assert (low / 100, high / 100) == pytest.approx(wilson(len(touched) / 6, 6))
    assert section.extra == {"test_instances_touched": len(touched), "training_instances": len(leaking)}
    assert section.clean == (not leaking)
    assert len(by_pair.rows) == len(by_kind.rows) == bool(leaking)
    if leaking:
        told = dict(zip(by_kind.columns, by_kind.rows[0], strict=True))
        assert sum(told[kind] for kind in KINDS) == sum(told[side] for side in SIDES) == len(touched)
        assert told["pairs"] == by_pair.rows[0][-1] == len(leaking)
        best = Counter(min(SIDES.index(side) for test, _, side in leaking if test == own) for own in touched)
        assert [told[side] for side in SIDES] == [best[place] for place in range(len(SIDES))]


@settings(max_examples=25)
@given(planted)
def test_examples_are_of_different_instances_with_words_that_both_share(plan: Plan) -> None:
    with tempfile.TemporaryDirectory() as folder:
        section = searched(Path(folder), plan).section()
    leaking = [entry for entry in plan if entry[1] != "fresh"]
    evidence = section.evidence
    assert bool(evidence) == bool(leaking)
    assert len(evidence) == min(SHOWN, len({test for test, _, _ in leaking}))
    assert len({pair.left_place for pair in evidence}) == len({pair.right_place for pair in evidence}) == len(evidence)
    for pair in evidence:
        assert pair.marked
        assert all(word in pair.left and word.casefold() in pair.right.casefold() for word in pair.marked)


@settings(max_examples=15)
@given(planted)
def test_cleaned_files_hold_the_rows_that_are_not_removed(plan: Plan) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = searched(folder, plan)
        done = write_clean(found, folder / "clean")
        listed = [json.loads(line) for line in (folder / "clean" / "removals.jsonl").read_text().splitlines()]
        kept = [row for (_, how, _), row in zip(plan, rows_of(plan), strict=True) if how == "fresh"]
        assert (done.kept, done.removed) == (len(kept), len(plan) - len(kept))
        assert [entry["row"] for entry in listed] == [row for row, entry in enumerate(plan) if entry[1] != "fresh"]
        assert [entry["test"]["row"] for entry in listed] == [entry[0] for entry in plan if entry[1] != "fresh"]
        if kept:
            written = read_task(folder / "clean" / "task1.jsonl").instances
            assert [(one.input, one.outputs[0]) for one in written] == kept
        else:
            assert [path.name for path in done.emptied] == ["task1.jsonl"]


def test_one_row_may_hold_several_instances(tmp_path: Path) -> None:
    train = task(tmp_path / "task1.jsonl", [(f"{ASKED[0][0]} {ASKED[3][0]} {ASKED[5][0]}", "yes"), FRESH[0]])
    found = find_leakage([train], [task(tmp_path / "task2.jsonl", ASKED)])
    assert {row: removal.tests for row, removal in found.removals[0].items()} == {0: 3}
    assert found.pairs[0, 0].instances.keys() == {0, 3, 5}
    assert (found.pairs[0, 0].rows, found.pairs[0, 0].pairs) == (1, 3)


def test_each_training_file_is_told_apart(tmp_path: Path) -> None:
    trains = [task(tmp_path / f"task{number}.jsonl", [*FRESH, *ASKED[:number]]) for number in (1, 3, 4)]
    tests = [task(tmp_path / "task8.jsonl", ASKED[:2]), task(tmp_path / "task9.jsonl", ASKED[2:])]
    found = find_leakage(trains, tests)
    counts = {pair: len(held.instances) for pair, held in found.pairs.items()}
    assert counts == {(0, 0): 1, (1, 0): 2, (1, 1): 1, (2, 0): 2, (2, 1): 2}
    assert [sorted(removals) for removals in found.removals] == [[6], [6, 7, 8], [6, 7, 8, 9]]
    places = [finding.place for finding in found.section().findings]
    shares = [counts[pair] / (2, 4)[pair[1]] for pair in counts]
    assert len(places) == len(counts)
    assert [float(row[4]) for row in found.section().tables[1].rows] == pytest.approx(  # type: ignore[arg-type]
        sorted((100 * share for share in shares), reverse=True)
    )


leaks = st.builds(
    Leak,
    test=st.integers(0, 5),
    kind=st.sampled_from(KINDS),
    side=st.sampled_from(SIDES),
    where=st.sampled_from(["input", "output"]),
    score=st.sampled_from([0.7, 0.9, 1.0]),
    weight=st.sampled_from([5.0, 20.0]),
)


@given(leaks, leaks)
def test_the_more_telling_leak_is_the_more_alike_then_the_one_of_more_sides(one: Leak, other: Leak) -> None:
    if one.kind != other.kind:
        assert (one.rank > other.rank) == (KINDS.index(one.kind) < KINDS.index(other.kind))
    elif one.side != other.side:
        assert (one.rank > other.rank) == (SIDES.index(one.side) < SIDES.index(other.side))
    elif one.weight != other.weight:
        assert (one.rank > other.rank) == (one.weight > other.weight)
