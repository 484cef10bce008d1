"""Intervals of scores: never a width of nothing for a share of rows, never beyond the ends of the scale."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.bench.scoring import score_source
from medsins.bench.scoring_source import Source
from medsins.metrics import Row, TaskSpec
from medsins.metrics.stats import wilson

SPEC = TaskSpec("task57", "MCQA", "mcqa")
FEW = TaskSpec("task58", "MCQA", "mcqa")
SIGNED = ("mcc", "macro_mcc")


def profiles(*answers: tuple[TaskSpec, list[str]]) -> dict[str, Any]:
    """Scores of answers to questions whose key is B."""
    rows: list[Row] = []
    for spec, outputs in answers:
        for output in outputs:
            rows.append(Row(len(rows), spec.id, "Options: A: x\tB: y", output, ("The right answer is B: y",)))
    specs = {spec.id: spec for spec, _ in answers}
    source = Source("made up", tuple(rows), specs, dict.fromkeys(specs, "English"), "data:#0")
    found: dict[str, Any] = score_source(source, resamples=50).document["profiles"]
    return found


@pytest.mark.parametrize(("answer", "share"), [("B", 1.0), ("A", 0.0)])
@pytest.mark.parametrize("profile", ["official", "strict"])
def test_rows_that_are_all_alike_leave_doubt(profile: str, answer: str, share: float) -> None:
    scores = profiles((SPEC, [answer] * 20))[profile]
    low, high = scores["tasks"]["task57"]["ci95"]["accuracy"]
    assert (high if share else low) == 100 * share
    assert high - low == pytest.approx(16.1, abs=0.1)  # z² / (20 + z²)


def test_twice_the_rows_leave_about_half_the_doubt() -> None:
    width = {n: 1 - wilson(1.0, n)[0] for n in (20, 40, 400)}
    assert width[40] == pytest.approx(width[20] / 2, rel=0.1)
    assert width[400] == pytest.approx(3.84 / 400, rel=0.02)


def test_answered_rows_alone_leave_more_doubt() -> None:
    bounds = profiles((SPEC, ["B"] * 10 + [""] * 10))["strict"]["tasks"]["task57"]["ci95"]
    assert bounds["accuracy_answered"] == [pytest.approx(100 * wilson(1.0, 10)[0]), 100]
    assert bounds["accuracy"][0] < 50 < bounds["accuracy"][1] < 100


def test_a_category_without_width_gets_that_of_its_tasks() -> None:
    scores = profiles((SPEC, ["B"] * 20), (FEW, ["A"] * 5))
    strict, official = (scores[name]["categories"]["MCQA"] for name in ("strict", "official"))
    low, high = strict["ci95"]["accuracy"]
    assert strict["metrics"]["accuracy"] == 50
    assert low == pytest.approx(50 * wilson(1.0, 20)[0])
    assert high == pytest.approx(50 + 50 * wilson(0.0, 5)[1])
    value, (low, high) = official["metrics"]["accuracy"], official["ci95"]["accuracy"]
    assert 0 < low < value < high < 100  # the published average counts absent tasks with 0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["A", "B", "", "A or B", "I refuse"]), min_size=1, max_size=12))
def test_every_interval_holds_its_number_and_stays_on_the_scale(outputs: list[str]) -> None:
    for scores in profiles((SPEC, outputs), (FEW, outputs[:3])).values():
        for entry in (*scores["tasks"].values(), *scores["categories"].values()):
            for metric, (low, high) in entry["ci95"].items():
                assert low <= high <= 100
                assert low >= (-100 if metric in SIGNED else 0)
            low, high = entry["ci95"]["accuracy"]
            assert low < high
            assert low - 1e-9 <= entry["metrics"]["accuracy"] <= high + 1e-9


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 400), st.integers(1, 400))
def test_wilson_is_the_set_of_shares_a_normal_test_would_not_reject(right: int, rows: int) -> None:
    share = min(right, rows) / rows
    low, high = wilson(share, rows)
    assert 0 <= low <= share <= high <= 1
    for bound in (low, high):
        if 0 < bound < 1:
            assert abs(share - bound) == pytest.approx(1.96 * (bound * (1 - bound) / rows) ** 0.5, rel=1e-3)


def test_no_rows_say_nothing() -> None:
    assert wilson(0.0, 0) == (0.0, 1.0)
