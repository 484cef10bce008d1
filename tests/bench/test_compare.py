"""Comparison of runs: paired, honest about small samples, and refused where instances differ."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from medsins.bench.compare import compare, spread
from medsins.bench.runner import run
from medsins.bench.scoring import score_run
from medsins.bench.spec import RunSpec
from medsins.bench.store import RunStore, read_rows
from medsins.core import Completion, UsageError

TASK = "mini_outcome_hospitalization"


def make(folder: Path, model: str, limit: int = 0) -> Path:
    run(RunSpec(model=model, suite="mini", limit=limit), folder)
    return folder


def answer(run_dir: Path, task_id: str, right: int) -> None:
    """Answer the first ``right`` rows of a task with their reference, the others with the opposite."""
    rows = [(row, p) for row, p in read_rows(run_dir) if p.task_id == task_id]
    store = RunStore(run_dir)
    for i, (row, p) in enumerate(rows):
        wrong = "False" if p.references[0] == "True" else "True"
        text = p.references[0] if i < right else wrong
        store.put([(row, replace(p, completion=Completion(text)))])
    store.close()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    found = [make(folder / name, "mock:say=True") for name in ("a", "b", "c")]
    answer(found[0], TASK, 6)
    answer(found[1], TASK, 16)
    answer(found[2], TASK, 6)
    return found


def test_differences_are_those_of_the_scores(runs: list[Path]) -> None:
    a, b = (score_run(path, resamples=50)["profiles"]["strict"] for path in runs[:2])
    result = compare(runs[:2])
    json.dumps(result, allow_nan=False)
    pair = result["pairs"][0]
    assert set(pair["tasks"]) == set(a["tasks"])
    for task_id, entry in pair["tasks"].items():
        metric = a["tasks"][task_id]["primary"]
        assert entry["metric"] == metric
        assert entry["a"] == pytest.approx(a["tasks"][task_id]["metrics"][metric])
        assert entry["difference"] == pytest.approx(b["tasks"][task_id]["metrics"][metric] - entry["a"])
    category = pair["categories"]["Clinical Outcome Prediction"]
    assert category["difference"] == pytest.approx(50)


def test_the_official_profile_compares_its_own_scores(runs: list[Path]) -> None:
    a, b = (score_run(path, resamples=50)["profiles"]["official"]["tasks"] for path in runs[:2])
    result = compare(runs[:2], profile="official")
    json.dumps(result, allow_nan=False)
    tasks = result["pairs"][0]["tasks"]
    assert result["profile"] == "official"
    assert TASK in tasks
    for task_id, entry in tasks.items():
        metric = a[task_id]["primary"]
        assert (entry["metric"], entry["a"]) == (metric, pytest.approx(a[task_id]["metrics"][metric]))
        assert entry["difference"] == pytest.approx(b[task_id]["metrics"][metric] - entry["a"])
    assert tasks[TASK]["ci95"][0] > 0


def test_a_task_of_which_the_published_script_skips_every_row_is_left_out(tmp_path: Path, runs: list[Path]) -> None:
    silent = shutil.copytree(runs[0], tmp_path / "silent")
    task = "mini_rationale_en"
    rows = [(row, replace(p, completion=Completion("  "))) for row, p in read_rows(silent) if p.task_id == task]
    assert rows
    store = RunStore(silent)
    store.put(rows)
    store.close()
    result = compare([runs[1], silent], profile="official")
    json.dumps(result, allow_nan=False)
    assert task not in result["pairs"][0]["tasks"]
    assert task in compare([runs[1], silent])["pairs"][0]["tasks"]


def test_a_real_difference_is_found_and_flips_are_counted(runs: list[Path]) -> None:
    entry = compare(runs[:2])["pairs"][0]["tasks"][TASK]
    assert (entry["a"], entry["b"], entry["rows"]) == (30, 80, 20)
    assert entry["flips"] == {"gained": 10, "lost": 0}
    assert entry["ci95"][0] > 0
    assert entry["p"] == pytest.approx(2 / 2**10)
    assert entry["p"] <= entry["p_holm"] <= 1
    assert not entry["equivalent"]


def test_equal_answers_on_few_rows_are_not_called_equivalent(runs: list[Path]) -> None:
    entry = compare([runs[0], runs[2]])["pairs"][0]["tasks"][TASK]
    assert (entry["difference"], entry["p"]) == (0, 1)
    assert not entry["equivalent"]
    assert entry["detectable"] >= 100 / 20
    wide = compare([runs[0], runs[2]], margin=20.0)["pairs"][0]["tasks"][TASK]
    assert wide["equivalent"]


def test_every_run_is_compared_with_the_first(runs: list[Path]) -> None:
    result = compare(runs)
    assert [(pair["a"], pair["b"]) for pair in result["pairs"]] == [("a", "b"), ("a", "c")]
    assert [about["name"] for about in result["runs"]] == ["a", "b", "c"]
    assert all(about["signature"] for about in result["runs"])


def test_comparison_is_reproducible(runs: list[Path]) -> None:
    assert compare(runs[:2]) == compare(runs[:2])


def test_swapping_the_runs_turns_the_sign(runs: list[Path]) -> None:
    forth, back = (compare(order)["pairs"][0]["tasks"][TASK] for order in (runs[:2], runs[1::-1]))
    assert back["difference"] == pytest.approx(-forth["difference"])
    assert back["p"] == pytest.approx(forth["p"])
    assert back["ci95"][0] < back["ci95"][1] < 0


def test_other_instances_are_refused_with_every_reason(runs: list[Path], tmp_path: Path) -> None:
    short = make(tmp_path / "short", "mock:say=True", limit=2)
    with pytest.raises(UsageError) as caught:
        compare([runs[0], short])
    assert len(caught.value.problems) > 5
    assert "a asks 20 instances, short 2" in str(caught.value)
    assert "same --limit" in caught.value.problems[0].mend


def test_one_run_is_no_comparison(runs: list[Path]) -> None:
    with pytest.raises(UsageError, match="at least two runs"):
        compare(runs[:1])


def test_answers_missing_in_one_run_count_as_wrong_there(tmp_path: Path, runs: list[Path]) -> None:
    import sqlite3

    part = make(tmp_path / "part", "mock:say=True")
    answer(part, TASK, 6)
    with sqlite3.connect(part / "run.sqlite") as database:
        database.execute("DELETE FROM predictions WHERE task_id = ? AND idx < 6", (TASK,))
    entry = compare([runs[0], part])["pairs"][0]["tasks"][TASK]
    assert (entry["a"], entry["b"], entry["rows"]) == (30, 0, 20)
    assert entry["flips"] == {"gained": 0, "lost": 6}


def test_spread_over_runs(runs: list[Path]) -> None:
    entry = spread(runs)["tasks"][TASK]
    assert entry["values"] == [30, 80, 30]
    assert (entry["min"], entry["max"]) == (30, 80)
    assert entry["mean"] == pytest.approx(140 / 3)
    assert entry["sd"] == pytest.approx(math.sqrt(((30 - 140 / 3) ** 2 * 2 + (80 - 140 / 3) ** 2) / 2))
    assert spread(runs)["categories"]["Clinical Outcome Prediction"]["values"] == [30, 80, 30]
