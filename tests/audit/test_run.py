"""What a score hides: every number of every section is one that can be counted by hand."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.audit import Section, Table
from medsins.audit.run import audit_run
from medsins.audit.run_answers import RunFacts, mean_percent, occurs, share, words
from medsins.audit.run_calibration import calibration_section, expected_error
from medsins.audit.run_limits import limits_section
from medsins.audit.run_profiles import disagreement, profiles_section
from medsins.audit.run_shortcuts import shortcuts_section
from medsins.audit.run_slices import slices_section, trend
from medsins.audit.run_spread import no_spread_section, spread_section
from medsins.audit.run_unscored import unscored_section

from .fake_answers import answer, run_of

LONG = "the wound was dry on the second day and the fever had gone"


def table(section: Section, title: str) -> Table:
    return next(table for table in section.tables if title in table.title)


def row(found: Table, name: str) -> dict[str, Any]:
    return dict(zip(found.columns, next(row for row in found.rows if row[0] == name), strict=True))


def severities(section: Section) -> list[str]:
    return [finding.severity for finding in section.findings]


@given(st.lists(st.floats(0, 1) | st.sampled_from([0.0, 1.0]), min_size=1, max_size=40))
def test_means_lie_in_intervals_that_have_width(values: list[float]) -> None:
    mean, low, high = mean_percent(values)
    assert mean == pytest.approx(100 * math.fsum(values) / len(values))
    assert -1e-9 <= low <= mean <= high <= 100 + 1e-9
    assert low < high


def test_shares_of_nothing() -> None:
    assert share(0, 0) == (0.0, 0.0, 100.0)
    assert mean_percent([]) == (0.0, 0.0, 100.0)


@given(st.text(max_size=40))
def test_words_are_found_in_their_text(text: str) -> None:
    found = words(text)
    assert occurs(found, found)
    assert words(text.upper().lower()) == words(text.upper().lower())


def test_words_of_scripts_without_blanks_are_characters() -> None:
    assert words("Fever 38.5, 干咳") == ("fever", "38", "5", "干", "咳")
    assert not occurs(["wound"], ["wounds"])


def test_unscored_answers_are_counted_by_kind_with_bounds() -> None:
    answers = [answer(i) for i in range(6)] + [answer(i, "?", unscored="unparsed") for i in range(6, 9)]
    section = unscored_section(run_of(*answers, answer(9, "", unscored="empty")))
    found = row(table(section, "without a judgement"), "closed")
    assert (found["rows"], found["unparsed"], found["empty"], found["share"]) == (10, 3, 1, 40.0)
    assert (found["as wrong"], found["left out"], found["all right"]) == (60.0, 100.0, 100.0)
    assert severities(section) == ["warning"]


def test_mostly_unreadable_answers_are_an_error_and_missing_ones_too() -> None:
    unread = [answer(i, "?", unscored="unparsed") for i in range(10)]
    assert severities(unscored_section(run_of(*unread))) == ["error"]
    missing = unscored_section(run_of(*(answer(i) for i in range(10)), expected=12))
    assert severities(missing) == ["error"]
    assert "2 answers never came" in missing.findings[0].what
    assert severities(unscored_section(run_of(*(answer(i) for i in range(10))))) == []


def test_one_unread_answer_of_many_is_no_finding() -> None:
    answers = [answer(i) for i in range(99)]
    section = unscored_section(run_of(*answers, answer(99, "?", unscored="unparsed")))
    assert section.findings == ()
    assert section.tables


def test_what_readers_judged_stands_beside_the_score() -> None:
    section = unscored_section(run_of(answer(0, "No"), reviewed=100.0))
    assert row(table(section, "readers"), "closed")["as reviewed"] == 100.0


def test_cut_answers_thinking_prompts_and_shots() -> None:
    answers = [
        *(answer(i) for i in range(6)),
        *(answer(i, "Yes, bec", status="truncated", value=0.0) for i in range(6, 9)),
        answer(9, "", status="truncated", thinking="let me see", unscored="truncated"),
        answer(10, cut=500, dropped=2),
    ]
    section = limits_section(run_of(*answers, most_tokens=64))
    found = row(table(section, "cut"), "closed")
    assert (found["in thinking"], found["prompts cut"], found["prompts short of shots"]) == (1, 1, 1)
    assert found["answers cut"] == pytest.approx(400 / 11)
    assert (found["score of cut ones"], found["score of others"]) == (0.0, 100.0)
    assert severities(section) == ["warning", "warning", "note"]
    assert "limit of 64 tokens" in section.findings[0].what
    assert "500 characters" in section.findings[1].what
    assert limits_section(run_of(answer(0))).clean


def test_a_constant_answer_is_told_where_references_vary() -> None:
    mixed = [answer(i, "Yes", "Yes" if i % 2 else "No") for i in range(20)]
    section = shortcuts_section(run_of(*mixed))
    assert severities(section) == ["error"]
    assert "100 % of 20 answers are “yes”" in section.findings[0].what
    one_label = [answer(i, "Yes", "Yes") for i in range(20)]
    assert shortcuts_section(run_of(*one_label)).findings == ()
    nearly = [*mixed[:-1], answer(19, "No", "No")]
    assert severities(shortcuts_section(run_of(*nearly))) == ["warning"]
    assert shortcuts_section(run_of(*mixed[:8])).findings == ()


def test_copies_of_shots_and_echoes() -> None:
    shots = f"Input: how is he?\nOutput: {LONG}\n"
    given_text = "how is the patient with the dry wound doing on his third day"
    prompt = f"{shots}Input: {given_text}\nOutput:"
    copied = answer(0, LONG.upper(), "well", given=given_text, prompt=prompt)
    echoed = answer(1, f"You ask: {given_text}", "well", given=given_text, prompt=prompt)
    plain = answer(2, "well", "well", given=given_text, prompt=prompt)
    section = shortcuts_section(run_of(copied, echoed, plain))
    found = row(table(section, "commonest"), "closed")
    assert (found["copied from shots"], found["echoes"]) == (1, 1)
    assert [evidence.why for evidence in section.evidence] == ["copied from a shot", "echo"]
    repeats = answer(0, given_text, given_text, given=given_text, prompt=prompt)
    assert row(table(shortcuts_section(run_of(repeats)), "commonest"), "closed")["echoes"] == 0


def test_a_planted_trend_is_measured_and_a_flat_one_is_not() -> None:
    chance = random.Random(5)
    down = [[(q, min(1, max(0, 0.9 - 0.2 * q + chance.gauss(0, 0.1)))) for q in range(4) for _ in range(20)]]
    found = trend(down)
    assert found is not None
    assert found.low < -60 < found.high
    assert found.shown
    flat = trend([[(q, float(chance.random() < 0.5)) for q in range(4) for _ in range(20)]])
    assert flat is not None
    assert not flat.shown
    assert trend([[(0, 1.0)] * 40]) is None
    assert trend([[(q, 0.5) for q in range(4)] * 10]) is None
    assert trend([[(q, q / 4) for q in range(4)]]) is None


def test_tasks_of_different_difficulty_make_no_trend() -> None:
    """An easy task of short questions and a hard one of long ones: within each, length changes nothing."""
    chance = random.Random(1)
    easy = [answer(i, given="x" * chance.randint(5, 50), task="easy", value=float(chance.random() < 0.9))
            for i in range(60)]  # fmt: skip
    hard = [answer(i + 60, given="x" * chance.randint(500, 900), task="hard", value=float(chance.random() < 0.1))
            for i in range(60)]  # fmt: skip
    assert slices_section(run_of(*easy, *hard)).findings == ()


def test_long_inputs_and_late_answers_that_do_worse_are_told() -> None:
    by_length = [answer(i, given="x" * ((i * 7) % 80 + 1), value=float((i * 7) % 80 < 40)) for i in range(80)]
    section = slices_section(run_of(*by_length))
    assert len(section.findings) == 1
    assert "from the shortest to the longest" in section.findings[0].what
    found = row(table(section, "Input length"), "Fact Verification")
    assert (found["shortest quarter"], found["longest quarter"]) == (100.0, 0.0)
    late = slices_section(run_of(*(answer(i, given="x", value=float(i < 40)) for i in range(80))))
    assert ["from the first to the last" in finding.what for finding in late.findings] == [True]


def test_a_letter_that_is_chosen_too_often_is_told() -> None:
    answers = [answer(i, "E", "E", keys=("ABCDE"[i % 5],), value=float(i % 5 == 4), read="E") for i in range(40)]
    section = slices_section(run_of(*answers, scorer="mcqa"))
    assert ["E is chosen in 100 %" in finding.what for finding in section.findings] == [True]
    found = row(table(section, "right option"), "E")
    assert (found["share right"], found["chosen"], found["accuracy where right"]) == (20.0, 100.0, 100.0)


def test_languages_stand_side_by_side() -> None:
    section = slices_section(run_of(answer(0), answer(1, "No"), language="Japanese"))
    assert row(table(section, "Languages"), "Fact Verification")["score"] == 50.0


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=40))
def test_calibration_error_is_a_share_and_zero_for_what_is_sure_and_right(pairs: list[tuple[bool, float]]) -> None:
    assert 0 <= expected_error(pairs) <= 1
    assert expected_error([(True, 1.0)] * len(pairs)) == 0


def test_a_model_surer_than_right_is_told() -> None:
    answers = [answer(i, likely=(i % 2 == 0, 0.95)) for i in range(40)]
    section = calibration_section(run_of(*answers))
    assert severities(section) == ["warning"]
    found = row(table(section, "Reliability"), "90 to 100 %")
    assert (found["questions"], found["right"]) == (40, 50.0)
    assert row(table(section, "Sureness"), "closed")["calibration error"] == pytest.approx(45)
    calm = calibration_section(run_of(*(answer(i, likely=(i % 2 == 0, 0.5)) for i in range(40))))
    assert calm.findings == ()


def test_without_log_probabilities_the_command_is_told() -> None:
    section = calibration_section(run_of(answer(0)))
    assert section.findings[0].mend == "medsins bench run --model tried --suite mini --likelihood"


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ({}, ""),
        ({"text": "No", "official": 1}, "right for official only"),
        ({"official": 0}, "right for strict only"),
        ({"text": "No", "official": 1, "unscored": "unparsed"}, "strict: unparsed"),
        ({"value": 0.5, "official": 0.55}, ""),
        ({"value": 0.5, "official": 0.8}, "higher in official"),
        ({"value": 0.8, "official": 0.5}, "higher in strict"),
    ],
)
def test_why_profiles_differ(made: dict[str, Any], why: str) -> None:
    assert disagreement(answer(0, **made)) == why


def test_disagreements_are_counted_with_examples() -> None:
    answers = [answer(i, "No", official=1) for i in range(4)] + [answer(i) for i in range(4, 10)]
    section = profiles_section(run_of(*answers))
    found = row(table(section, "differently"), "closed")
    assert (found["rows"], found["share"], found["right for official only"]) == (10, 40.0, 4)
    assert severities(section) == ["warning"]
    assert len(section.evidence) == 2
    assert section.evidence[0].right == "Yes"


def spread(values: list[float]) -> dict[str, Any]:
    moves = {"metric": "accuracy", "values": values, "min": min(values), "max": max(values),
             "median": sorted(values)[len(values) // 2], "range": max(values) - min(values)}  # fmt: skip
    runs = [{"name": f"run{i}"} for i in range(len(values))]
    return {
        "runs": runs,
        "varied": {"seed": list(range(len(values)))},
        "tasks": {"t": moves},
        "categories": {"C": moves},
    }


def test_categories_that_move_between_runs_are_told() -> None:
    section = spread_section(spread([40.0, 52.0, 47.0]))
    assert severities(section) == ["warning"]
    assert "12.0 points" in section.findings[0].what
    assert row(section.tables[0], "C")["run1"] == 52.0
    assert spread_section(spread([40.0, 41.0])).clean


def test_one_run_alone_says_how_to_make_others() -> None:
    section = no_spread_section(run_of(answer(0)))
    assert section.clean
    assert "strict:wording=2" in section.findings[0].mend


@st.composite
def runs(draw: st.DrawFn) -> RunFacts:
    """Any run: every kind of answer, status and text."""
    made = []
    for i in range(draw(st.integers(1, 12))):
        text = draw(st.text(max_size=30))
        unscored = draw(st.sampled_from(["", "", "unparsed", "refused", "truncated", "error"])) if text else "empty"
        made.append(
            answer(
                i, text, draw(st.text(max_size=30)),
                task=draw(st.sampled_from(["one", "two"])),
                value=draw(st.floats(0, 1)),
                unscored=unscored,
                status=draw(st.sampled_from(["ok", "truncated", "error"])),
                given=draw(st.text(max_size=40)),
                prompt=draw(st.text(max_size=80)),
                keys=draw(st.sampled_from([(), ("A",), ("A, B",)])),
                likely=draw(st.none() | st.tuples(st.booleans(), st.floats(0, 1))),
            )
        )  # fmt: skip
    return run_of(*made, scorer=draw(st.sampled_from(["labels", "mcqa", "text", "entities"])))


@given(runs())
def test_any_run_is_audited(run: RunFacts) -> None:
    sections = audit_run(run, named=True)
    assert len({section.check for section in sections}) == len(sections) == 7
    for section in sections:
        assert section.title.startswith("tried: ")
        assert section.settings["signature"] == "model:tried"
        for found in section.tables:
            assert found.rows
            assert len(found.units) == len(found.columns)
            assert all(len(cells) == len(found.columns) for cells in found.rows)
            for cells in found.rows if found.value else ():
                value, low, high = (cells[found.columns.index(name)] for name in (found.value, found.low, found.high))
                assert isinstance(value, float)
                assert low - 1e-6 <= value <= high + 1e-6  # type: ignore[operator]
