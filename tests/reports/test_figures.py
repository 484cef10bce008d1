from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.reports.figures import Figure, Line, interval, metric_name, official_text, percent, read_sheet

KEYS = (
    "category", "language", "primary", "rows", "counted", "metrics", "ci95", "baselines", "unscored", "tasks",
)  # fmt: skip

json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
entries = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(KEYS, json_values),
)
profiles = st.fixed_dictionaries(
    {},
    optional={
        "signature": json_values,
        "tasks": st.dictionaries(st.text(max_size=8), entries | json_values, max_size=3) | json_values,
        "categories": st.dictionaries(st.text(max_size=8), entries | json_values, max_size=3) | json_values,
        "would_crash": json_values,
    },
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "rows": json_values,
            "profiles": st.dictionaries(st.sampled_from(["strict", "official", "x"]), profiles) | json_values,
        },
    )
)
def test_any_scores_document_is_read_and_every_number_is_finite_or_none(scores: dict[str, Any]) -> None:
    sheet = read_sheet(scores)
    for line in (*sheet.categories, *sheet.tasks):
        for figure in (figure for figures in line.figures.values() for figure in figures):
            for value in (figure.value, figure.low, figure.high, figure.majority, figure.random):
                assert value is None or abs(value) < float("inf")
    assert sum(sheet.verdicts().values()) == len(sheet.categories)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (50.1, 60.0, "better"),
        (40.0, 49.9, "worse"),
        (50.0, 60.0, "unclear"),
        (40.0, 50.0, "unclear"),
        (None, 60.0, "unknown"),
    ],
)
def test_verdict_needs_the_whole_interval_on_one_side(low: float | None, high: float, verdict: str) -> None:
    assert Figure("accuracy", 55.0, low, high, majority=50.0, random=10.0).verdict == verdict


@pytest.mark.parametrize(("rows", "verdict"), [(0, "unclear"), (20, "unclear"), (30, "unclear"), (31, "worse")])
def test_an_interval_without_width_is_widened_by_the_rule_of_three(rows: int, verdict: str) -> None:
    assert Figure("accuracy", 0.0, 0.0, 0.0, majority=10.0, rows=rows).verdict == verdict


def test_the_random_answer_stands_in_where_no_commonest_is_given() -> None:
    assert Figure("f1", 30.0, 25.0, 35.0, majority=None, random=20.0).verdict == "better"
    assert Figure("f1", 30.0, 25.0, 35.0).verdict == "unknown"


def test_both_profiles_stand_side_by_side_strict_first(run_dir: Path) -> None:
    scores = json.loads((run_dir / "scores.json").read_text())
    sheet = read_sheet(scores)
    assert sheet.profiles == ("strict", "official")
    line = next(line for line in sheet.tasks if line.name == "task950")
    strict, official = (scores["profiles"][name]["tasks"]["task950"] for name in ("strict", "official"))
    assert line.main.value == strict["metrics"]["f1"]
    assert line.official.value == official["metrics"]["f1"]
    assert line.find("strict", "precision") == Figure("precision", strict["metrics"]["precision"], rows=6)
    assert (line.main.low, line.main.high) == tuple(strict["ci95"]["f1"])
    assert line.unscored_total == sum(strict["unscored"].values())


def test_official_value_is_that_of_the_metric_shown_first() -> None:
    strict, accuracy, f1 = Figure("f1", 10.0), Figure("accuracy", 90.0), Figure("f1", 20.0)
    line = Line("t", "c", "", 1, 1, {"strict": (strict,), "official": (accuracy, f1)}, {})
    assert line.official == f1
    assert official_text(line) == "20.0"
    assert line.metrics() == ["f1", "accuracy"]
    other = Line("t", "c", "", 1, 1, {"strict": (strict,), "official": (accuracy,)}, {})
    assert official_text(other) == "90.0 accuracy"
    assert official_text(Line("t", "c", "", 1, 1, {"strict": (strict,)}, {})) == "–"


def test_ranked_is_by_value_and_leaves_out_what_a_profile_lacks() -> None:
    def entry(value: float) -> dict[str, Any]:
        return {"metrics": {"accuracy": value}}

    sheet = read_sheet(
        {
            "profiles": {
                "strict": {"categories": {"B": entry(10), "A": entry(10), "C": entry(30)}},
                "official": {"categories": {"C": entry(1)}},
            }
        }
    )
    assert [line.name for line in sheet.ranked("strict")] == ["C", "A", "B"]
    assert [line.name for line in sheet.ranked("official")] == ["C"]


def test_numbers_in_print() -> None:
    assert percent(None) == "–"
    assert percent(12.34) == "12.3"
    assert interval(Figure("f1", 1.0, 0.25, 99.96)) == "0.2–100.0"
    assert interval(Figure("f1", 1.0)) == ""
    assert metric_name("rouge_l_f") == "ROUGE-L"
    assert metric_name("f1_answered") == "F1 of answered"
    assert metric_name("exact_match") == "exact match"
