"""Profiles: resampling measures that agree with the published figures, averages, baselines, and the page about them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from medsins.bench.scoring import score_source
from medsins.bench.scoring_profiles import official_table, percent, strict_profile
from medsins.bench.scoring_source import Source
from medsins.metrics import Row, TaskSpec
from medsins.metrics.official import score_official
from medsins.metrics.strict import SCORERS, infer_spec

ROOT = Path(__file__).resolve().parents[2]
TASKS = {
    "task57": (
        "MCQA",
        [("Options: A: x\tB: y", "The right answer is B: y", out) for out in ("B", "A", "The answer", "")],
    ),
    "task126": (
        "Named Entity Recognition",
        [("s", "gout, croup.", out) for out in ("gout, croup.", "croup.", "", "rash.")],
    ),
    "task46": (
        "Explanation",
        [("gout", "A disease of the joints.", out) for out in ("A disease.", "joints", "", "x y")],
    ),
    "task106": (
        "Text Classification",
        [
            ("a", "Cellular energetics, Inducing angiogenesis", out)
            for out in ("cellular energetics", "Resisting cell death", "")
        ],
    ),
}


def source(*names: str) -> Source:
    rows = [
        Row(n, task_id, given, output, (reference,))
        for n, (task_id, (given, reference, output)) in enumerate(
            (task_id, row) for task_id in names or TASKS for row in TASKS[task_id][1]
        )
    ]
    specs = {name: infer_spec(name, TASKS[name][0], [row[1] for row in TASKS[name][1]]) for name in names or TASKS}
    return Source("made up", tuple(rows), specs, dict.fromkeys(specs, "English"), "data:#0")


def test_measures_for_resampling_give_the_published_figures() -> None:
    made = source()
    scores = score_official(made.rows, made.specs)
    assert {task.kind for task in scores.tasks.values()} == {"accuracy", "overlap", "entities", "labels"}
    for task in scores.tasks.values():
        point = official_table(task).point()
        assert {name: 100 * value for name, value in point.items()} == pytest.approx(dict(task.metrics))


def test_undefined_figures_are_left_out() -> None:
    assert percent({"a": 0.5, "b": float("nan")}) == {"a": 50.0}


def test_category_replicates_are_means_of_task_replicates() -> None:
    made = source("task57", "task46")
    specs = {**made.specs, "task46": TaskSpec("task46", "MCQA", "mcqa")}
    both = Source("x", made.rows, specs, made.languages, "")
    result = strict_profile(both, 100, lambda what: None, 1)
    category = result.categories["MCQA"]
    expected = np.mean([result.tasks[name].replicates["accuracy"] for name in ("task57", "task46")], axis=0)
    assert category.replicates["accuracy"] == pytest.approx(expected)
    assert category.tasks == ("task57", "task46")


def test_metrics_of_one_category_average_the_tasks_that_have_them() -> None:
    made = source("task57", "task46")
    specs = {name: TaskSpec(name, "Fact Verification", spec.scorer, spec.language) for name, spec in made.specs.items()}
    document = score_source(Source("x", made.rows, specs, made.languages, ""), ("strict",), 20).document
    profile = document["profiles"]["strict"]
    metrics = profile["categories"]["Fact Verification"]["metrics"]
    assert metrics["accuracy"] == profile["tasks"]["task57"]["metrics"]["accuracy"]
    assert metrics["chrf"] == profile["tasks"]["task46"]["metrics"]["chrf"]


def test_progress_is_told_from_start_to_end() -> None:
    told: list[tuple[str, int, int]] = []
    score_source(source(), resamples=10, listen=lambda what, done, total: told.append((what, done, total)))
    assert told[0][1] == 0
    assert told[-1][1] == told[-1][2] == len(TASKS) + 1
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


def test_cut_answers_are_counted() -> None:
    made = source("task46")
    cut = [Row(r.row, r.task_id, r.input, r.output, r.references, "truncated") for r in made.rows]
    document = score_source(Source("x", tuple(cut), made.specs, made.languages, ""), ("strict",), 10).document
    task = document["profiles"]["strict"]["tasks"]["task46"]
    assert task["cut"] == 4
    assert task["unscored"]["truncated"] == 1  # the blank one


def test_the_metrics_page_names_every_scorer_and_every_metric() -> None:
    page = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    document = score_source(source(), ("strict",), 10).document
    metrics = {name for task in document["profiles"]["strict"]["tasks"].values() for name in task["metrics"]}
    named = set(re.findall(r"\*\*(\w+)\*\*", page))
    assert {name for name in metrics if not name.endswith("_answered")} <= named | {"precision", "recall"}
    assert set(re.findall(r"^## (\w+): ", page, re.MULTILINE)) == set(SCORERS)


def test_tricks_table_of_the_page_comes_from_the_benchmark() -> None:
    page = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    program = (ROOT / "benchmarks/tricks.py").read_text(encoding="utf-8")
    rules = [
        line.split("|")[2].strip() for line in page.splitlines() if re.match(r"\| [A-Z][\w ]+ \| (honest|trick):", line)
    ]
    assert len(rules) > 10
    for rule in rules:
        words = re.sub(r"[`<>.]", "", rule).split()[:4]
        assert all(word in program for word in words), rule


def test_published_averages_over_tasks_that_were_not_asked_are_explained() -> None:
    (note,) = score_source(source(), ("official", "strict"), resamples=10).document["notes"]
    assert "Named Entity Recognition (" in note
    assert "task126" not in note  # it was asked
    assert "Text Classification" not in note  # its only task was asked
    assert score_source(source(), ("strict",), resamples=10).document["notes"] == []
    spec = infer_spec("mine", "Named Entity Recognition", ["gout."])
    own = Source("own", (Row(0, "mine", "s", "gout.", ("gout.",)),), {"mine": spec}, {"mine": "English"}, "x")
    assert score_source(own, ("official",), resamples=10).document["notes"] == []
