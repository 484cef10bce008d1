"""Sections of a run, for any answers: their tables are what counting by hand gives, and fit together."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.audit import Section, Table, audit_document
from medsins.audit.run import SECTIONS, audit_run
from medsins.audit.run_answers import Answer, RunFacts, greatest_first, mean_percent, share, short
from medsins.audit.run_calibration import BINS, calibration_section, expected_error, sureness
from medsins.audit.run_limits import limits_section
from medsins.audit.run_profiles import disagreement, profiles_section
from medsins.audit.run_shortcuts import shortcuts_section
from medsins.audit.run_slices import FEWEST, slices_section, trend
from medsins.audit.run_spread import POINTS, no_spread_section, spread_section
from medsins.audit.run_unscored import KINDS, unscored_section
from medsins.core.proportions import Z95

from .fake_answers import answer, run_of

likely_pairs = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=40)


@st.composite
def answers_of(draw: st.DrawFn) -> list[Answer]:
    """Answers of up to three tasks, of every kind that a run may hold."""
    found = []
    for row in range(draw(st.integers(1, 12))):
        unscored = draw(st.sampled_from(["", "", *KINDS[:4], "error"]))
        text = "" if unscored in ("empty", "error") else draw(st.sampled_from(["Yes", "No", "A", "it may be so"]))
        more: dict[str, Any] = {
            "status": draw(st.sampled_from(["ok", "truncated"])),
            "thinking": draw(st.sampled_from(["", "let me see"])),
            "cut": draw(st.sampled_from([0, 0, 70])),
            "dropped": draw(st.sampled_from([0, 0, 2])),
            "official": draw(st.sampled_from([0, 1])),
            "keys": draw(st.sampled_from([(), ("A",), ("B",), ("A, B",)])),
            "likely": draw(st.none() | st.tuples(st.booleans(), st.floats(0, 1))),
        }
        task = draw(st.sampled_from(["one", "two", "three"]))
        found.append(answer(row, text, draw(st.sampled_from(["Yes", "No"])), task=task, unscored=unscored, **more))
    return found


def entries(section: Section, title: str) -> dict[Any, dict[str, Any]]:
    """The rows of the table with such a title by their first cell; empty where there is no such table."""
    tables = [table for table in section.tables if title in table.title]
    assert len(tables) <= 1
    return {row[0]: dict(zip(table.columns, row, strict=True)) for table in tables for row in table.rows}


def of_task(run: RunFacts, task: str) -> list[Answer]:
    return [one for one in run.answers if one.prediction.task_id == task]


def numbers_fit(table: Table) -> bool:
    """Whether every interval of a table holds its value."""
    if not table.value:
        return True
    places = [table.columns.index(name) for name in (table.low, table.value, table.high)]
    bounds = [[row[place] for place in places] for row in table.rows]
    return all(low - 1e-9 <= value <= high + 1e-9 for low, value, high in bounds if None not in (low, value, high))  # type: ignore[operator]


@settings(max_examples=40)
@given(answers_of())
def test_all_sections_of_any_run_are_tables_that_fit(answers: list[Answer]) -> None:
    run = run_of(*answers)
    sections = audit_run(run, named=True)
    assert len(sections) == len(SECTIONS) == len({section.check for section in sections})
    for section in sections:
        assert section.title.startswith("tried: ")
        assert section.settings["signature"] == run.signature
        assert section.clean == (not {finding.severity for finding in section.findings} & {"error", "warning"})
        for table in section.tables:
            assert table.rows
            assert {len(row) for row in table.rows} == {len(table.columns)} == {len(table.units)}
            assert numbers_fit(table)


@settings(max_examples=40)
@given(answers_of())
def test_a_document_of_any_run_is_json_that_says_whether_all_is_clean(answers: list[Answer]) -> None:
    sections = audit_run(run_of(*answers))
    document = audit_document(sections, ["tried"])
    assert json.loads(json.dumps(document, allow_nan=False))["sources"] == ["tried"]
    assert [part["check"] for part in document["sections"]] == [section.check for section in sections]
    assert [part["clean"] for part in document["sections"]] == [section.clean for section in sections]
    assert document["clean"] == all(section.clean for section in sections)


@settings(max_examples=40)
@given(answers_of())
def test_unscored_answers_are_counted_as_by_hand(answers: list[Answer]) -> None:
    run = run_of(*answers)
    found = entries(unscored_section(run), "without a judgement")
    for task in run.tasks:
        counts = Counter(one.strict.unscored for one in of_task(run, task) if one.strict.unscored)
        assert (task in found) == bool(counts)
        if counts:
            assert {kind: found[task].get(kind, 0) for kind in KINDS} == {kind: counts[kind] for kind in KINDS}
            assert found[task]["share"] == pytest.approx(100 * counts.total() / found[task]["rows"])
            assert found[task]["as wrong"] <= found[task]["all right"] + 1e-9
            left_out = found[task]["left out"]
            assert (left_out is None) == (counts.total() == found[task]["rows"])


@settings(max_examples=40)
@given(answers_of(), st.integers(1, 9))
def test_answers_that_never_came_are_missing(answers: list[Answer], more: int) -> None:
    one_task = [one for one in answers if one.prediction.task_id == "one"]
    if one_task:
        section = unscored_section(run_of(*one_task, expected=len(one_task) + more))
        row = entries(section, "without a judgement")["one"]
        lost = sum(one.strict.unscored == "error" for one in one_task)
        assert row["missing"] == more
        assert section.findings[0].what.startswith(f"{more + lost} answers never came")


@settings(max_examples=40)
@given(answers_of())
def test_what_was_cut_is_counted_as_by_hand(answers: list[Answer]) -> None:
    run = run_of(*answers)
    section = limits_section(run)
    found = entries(section, "cut")
    for task in run.tasks:
        own = of_task(run, task)
        cut = [one for one in own if one.prediction.completion.status == "truncated"]
        prompts = [one.prediction.cut_characters for one in own if one.prediction.cut_characters]
        shots = [one for one in own if one.prediction.dropped_shots]
        assert (task in found) == bool(cut or prompts or shots)
        if task in found:
            row = found[task]
            assert row["answers cut"] == pytest.approx(100 * len(cut) / len(own))
            assert (row["prompts cut"], row["prompts short of shots"]) == (len(prompts), len(shots))
            assert row["in thinking"] == sum(one.text == "" and one.prediction.completion.thinking != "" for one in cut)
            assert (row["score of cut ones"] is None) == (not cut)
            told = [
                finding.what for finding in section.findings if finding.place == task and "characters" in finding.what
            ]
            assert len(told) == bool(prompts)
            assert all(f"by {sum(prompts):,} characters" in what for what in told)


@settings(max_examples=40)
@given(answers_of())
def test_disagreements_are_counted_as_by_hand(answers: list[Answer]) -> None:
    run = run_of(*answers)
    section = profiles_section(run)
    found = entries(section, "both profiles")
    for task in run.tasks:
        why = Counter(filter(None, map(disagreement, of_task(run, task))))
        assert (task in found) == bool(why)
        if why:
            assert {name: found[task][name] for name in why} == dict(why)
            assert found[task]["share"] == pytest.approx(100 * why.total() / found[task]["rows"])
    shown = Counter(
        (place.left_place.split(" / ")[0], place.why.split(" (strict read")[0]) for place in section.evidence
    )
    assert all(1 <= count <= 2 for count in shown.values())


@given(st.sampled_from(["", "refused"]), st.sampled_from([0, 1]), st.sampled_from([0, 1]))
def test_profiles_differ_where_their_verdicts_do(unscored: str, strict: int, official: int) -> None:
    why = disagreement(answer(0, "x", value=strict, official=official, unscored=unscored))
    here = 0 if unscored else strict
    assert bool(why) == (here != official)
    assert ("refused" in why) == bool(unscored and official)


@settings(max_examples=40)
@given(answers_of())
def test_commonest_answers_are_counted_as_by_hand(answers: list[Answer]) -> None:
    run = run_of(*answers)
    found = entries(shortcuts_section(run), "commonest")
    for task in run.tasks:
        said = Counter((one.strict.extracted or one.text).casefold() for one in of_task(run, task) if one.text)
        assert (task in found) == bool(said)
        if said:
            row = found[task]
            assert (row["answers"], row["different ones"]) == (said.total(), len(said))
            assert said[row["the commonest"]] == max(said.values())
            assert row["share"] == pytest.approx(100 * max(said.values()) / said.total())


@given(likely_pairs)
def test_calibration_error_is_as_binned_by_numpy(pairs: list[tuple[bool, float]]) -> None:
    right, sure = np.array([pair[0] for pair in pairs], float), np.array([pair[1] for pair in pairs])
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [abs(right[place == b].mean() - sure[place == b].mean()) * (place == b).sum() for b in set(place.tolist())]
    assert expected_error(pairs) == pytest.approx(sum(gaps) / len(pairs), abs=1e-9)
    gap, low, high = sureness(pairs)
    assert gap == pytest.approx(100 * (sure.mean() - right.mean()), abs=1e-9)
    assert low <= gap + 1e-9
    assert gap <= high + 1e-9
    assert abs(gap) <= 100 * expected_error(pairs) + 1e-9


@given(likely_pairs)
def test_every_question_stands_in_one_bin(pairs: list[tuple[bool, float]]) -> None:
    section = calibration_section(run_of(*(answer(n, likely=pair) for n, pair in enumerate(pairs))))
    bins = entries(section, "Reliability").values()
    assert sum(row["questions"] for row in bins) == len(pairs)
    assert sum(row["questions"] * row["right"] / 100 for row in bins) == pytest.approx(sum(right for right, _ in pairs))
    assert entries(section, "Sureness")["closed"]["questions"] == len(pairs)


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1)), min_size=1, max_size=30), min_size=1, max_size=3)
)
def test_a_trend_is_the_slope_of_least_squares(groups: list[list[tuple[int, float]]]) -> None:
    found = trend(groups)
    pairs = [pair for group in groups for pair in group]
    if len(pairs) < FEWEST:
        assert found is None
    if found is None:
        return
    means = [[float(number == own) for own in range(len(groups))] for number, group in enumerate(groups) for _ in group]
    design = np.column_stack([[x for x, _ in pairs], np.array(means)])
    slope = np.linalg.lstsq(design, np.array([y for _, y in pairs]), rcond=None)[0][0]
    assert found.change == pytest.approx(300 * slope, abs=1e-6)
    assert found.low <= found.change <= found.high
    assert found.errors * found.change >= 0


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.25, 1.0])), min_size=FEWEST, max_size=40))
def test_a_trend_of_one_task_is_as_sure_as_scipy_says(pairs: list[tuple[int, float]]) -> None:
    stats = pytest.importorskip("scipy.stats")
    found = trend([pairs])
    if len({x for x, _ in pairs}) == 1 or len({y for _, y in pairs}) == 1:
        assert found is None
    elif found is not None:
        theirs = stats.linregress(*zip(*pairs, strict=True))
        assert found.change == pytest.approx(300 * theirs.slope, abs=1e-9)
        assert (found.high - found.low) / (2 * 300 * Z95) == pytest.approx(theirs.stderr, abs=1e-9)


@settings(max_examples=40)
@given(answers_of())
def test_letters_are_counted_as_by_hand(answers: list[Answer]) -> None:
    asked = [one for one in answers if len(one.keys) == 1 and len(one.keys[0]) == 1]
    found = entries(slices_section(run_of(*answers)), "Place of the right option")
    for letter, row in found.items():
        assert row["right"] == sum(one.keys[0] == letter for one in asked)
        assert row["chosen"] == pytest.approx(100 * sum(one.strict.extracted == letter for one in asked) / len(asked))
    assert sum(row["right"] for row in found.values()) == len(asked)


@settings(max_examples=40)
@given(answers_of())
def test_every_answer_has_one_language(answers: list[Answer]) -> None:
    found = slices_section(run_of(*answers, language="Chinese"))
    (language,) = next(table for table in found.tables if table.title == "Languages").rows
    assert language[1:3] == ("Chinese", len(answers))
    assert language[3] == pytest.approx(100 * math.fsum(one.value for one in answers) / len(answers))


@given(
    st.dictionaries(
        st.sampled_from(["MCQA", "Summarization", "NER"]), st.lists(st.floats(0, 100), min_size=2, max_size=2)
    )
)
def test_categories_that_move_far_enough_are_told(moved: dict[str, list[float]]) -> None:
    categories = {
        name: {"metric": "accuracy", "median": sum(values) / 2, "min": min(values), "max": max(values),
               "range": max(values) - min(values), "values": values}
        for name, values in moved.items()
    }  # fmt: skip
    section = spread_section(
        {"runs": [{"name": "a"}, {"name": "b"}], "varied": {"seed": [0, 1]}, "categories": categories, "tasks": {}}
    )
    far = {name for name, entry in categories.items() if entry["range"] >= POINTS}
    assert {finding.place for finding in section.findings} == far
    assert section.clean == (not far)
    assert "seed: 0, 1" in section.summary
    assert [row[0] for row in section.tables[0].rows] == sorted(moved, key=lambda name: -categories[name]["range"])


def test_one_run_names_the_commands_that_make_others() -> None:
    (finding,) = no_spread_section(run_of(answer(0))).findings
    assert finding.mend.count("medsins bench run --model tried") == 2
    assert no_spread_section(run_of(answer(0)), "they differ").summary == "they differ"


@given(st.integers(0, 50), st.integers(0, 50))
def test_shares_are_wilson_s_and_mirror_each_other(part: int, rest: int) -> None:
    value, low, high = share(part, part + rest)
    other, other_low, other_high = share(rest, part + rest)
    assert 0 <= low <= value <= high <= 100
    if part + rest:
        assert (value + other, low + other_high, high + other_low) == pytest.approx((100, 100, 100))
        assert (value, low, high) == pytest.approx(mean_percent([1.0] * part + [0.0] * rest))


@given(st.lists(st.tuples(st.just("task"), st.none() | st.floats(0, 100))))
def test_greatest_rows_come_first_and_empty_ones_last(rows: list[tuple[str, float | None]]) -> None:
    found = [row[1] for row in greatest_first(rows, 1)]
    known = [value for value in found if value is not None]
    assert found == sorted(known, key=lambda value: -float(value)) + [None] * (len(rows) - len(known))


@given(st.text(max_size=90), st.integers(2, 60))
def test_a_cell_is_one_line_of_limited_length(text: str, most: int) -> None:
    found = short(text, most)
    assert len(found) <= most
    assert len(found.splitlines()) <= 1
    assert found == " ".join(text.split()) or found.endswith("…")
