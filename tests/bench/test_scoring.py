"""Scores of files and runs: the documented shape, both profiles side by side, nothing unscored passed over."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest

from medsins.bench.runner import run
from medsins.bench.scoring import SAMPLES, SCORES, Scoring, score_csv, score_run
from medsins.bench.spec import RunSpec
from medsins.core import Card, Instance, MedsinsError, Task
from medsins.metrics.strict import UNSCORED
from medsins.tasks import write_task

HEADER = ["task_id", "input", "GT", "output"]
CHOICE = "Question: which?\nOptions: A: alpha rays\tB: beta rays\tC: gamma rays\tD: delta rays\tE: X rays"
ROWS = [
    ["task57", CHOICE, "The right answer is B: beta rays", "The answer is B"],
    ["task57", CHOICE, "The right answer is E: X rays", "E"],
    ["task57", CHOICE, "The right answer is A: alpha rays", "As an AI language model I cannot answer"],
    ["task126", "Aspirin and 5 - fluorouracil were given.", "Aspirin, 5 - fluorouracil.", "5-fluorouracil, Aspirin"],
    ["task126", "Nothing was given.", "There is no related enetity.", "There is no related entity."],
    ["task41", "Sentence1: a\n\nSentence2: b", "Entailment", "not entailment"],
    ["task41", "Sentence1: c\n\nSentence2: d", "Neutral", "Neutral"],
    ["task46", "gout", "A disease of the joints.", "A disease of the joints."],
    ["task46", "croup", "An infection of the larynx.", ""],
    ["task106", "abstract", "Inducing angiogenesis, Cellular energetics", "Inducing angiogenesis"],
    ["task106", "abstract 2", "Cellular energetics", "Cellular energetics"],
]


def write(path: Path, rows: list[list[str]], header: list[str] = HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


@pytest.fixture(scope="module")
def scoring(tmp_path_factory: pytest.TempPathFactory) -> Scoring:
    return score_csv([write(tmp_path_factory.mktemp("scores") / "model_x.csv", ROWS)], resamples=200)


def numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for inner in value.values() for number in numbers(inner)]
    if isinstance(value, list):
        return [number for inner in value for number in numbers(inner)]
    return [float(value)] if isinstance(value, int | float) else []


def test_document_has_the_documented_shape(scoring: Scoring) -> None:
    document = scoring.document
    assert (document["format"], document["source"], document["rows"]) == (1, "model_x.csv", len(ROWS))
    assert set(document["profiles"]) == {"official", "strict"}
    for name, profile in document["profiles"].items():
        assert name in profile["signature"]
        for task in profile["tasks"].values():
            assert {
                "category",
                "language",
                "scorer",
                "primary",
                "rows",
                "counted",
                "metrics",
                "ci95",
                "baselines",
            } <= set(task)
            assert set(task["ci95"]) <= set(task["metrics"])
            assert set(task["baselines"]) == {"majority", "random"}
        for category in profile["categories"].values():
            assert {"primary", "metrics", "ci95", "baselines", "tasks", "rows"} <= set(category)
    strict = document["profiles"]["strict"]
    assert all(list(task["unscored"]) == list(UNSCORED) for task in strict["tasks"].values())
    assert isinstance(document["profiles"]["official"]["would_crash"], list)


def test_document_is_strict_json(scoring: Scoring) -> None:
    text = json.dumps(scoring.document, allow_nan=False)
    assert json.loads(text) == scoring.document
    assert all(math.isfinite(number) for number in numbers(scoring.document))


def test_strict_repairs_what_official_gets_wrong(scoring: Scoring) -> None:
    official, strict = (scoring.document["profiles"][name]["tasks"] for name in ("official", "strict"))
    assert official["task57"]["metrics"]["accuracy"] == pytest.approx(100 / 3)  # the refusal, by its first letter
    assert strict["task57"]["metrics"]["accuracy"] == pytest.approx(200 / 3)
    assert strict["task57"]["metrics"]["accuracy_answered"] == pytest.approx(100)
    assert strict["task57"]["unscored"]["refused"] == 1
    assert official["task126"]["metrics"]["f1"] < 100
    assert strict["task126"]["metrics"]["f1"] == 100
    assert official["task41"]["metrics"]["accuracy"] == 100
    assert strict["task41"]["metrics"]["accuracy"] == 50
    assert strict["task46"]["metrics"]["rouge_l_f"] == pytest.approx(50)
    assert strict["task46"]["unscored"]["empty"] == 1
    assert strict["task106"]["metrics"]["macro_f1"] == pytest.approx(100 * (1 + 2 / 3) / 2)


def test_intervals_hold_their_figure(scoring: Scoring) -> None:
    for profile in scoring.document["profiles"].values():
        for task in profile["tasks"].values():
            for metric, (low, high) in task["ci95"].items():
                assert low <= high
                if task["scorer"] in ("mcqa", "text", "accuracy", "overlap"):
                    assert low - 1e-9 <= task["metrics"][metric] <= high + 1e-9


def test_categories_average_their_tasks(scoring: Scoring) -> None:
    strict = scoring.document["profiles"]["strict"]
    assert set(strict["categories"]) == {
        "MCQA", "Named Entity Recognition", "Natural Language Inference", "Explanation", "Text Classification",
    }  # fmt: skip
    mcqa = strict["categories"]["MCQA"]
    assert (mcqa["tasks"], mcqa["rows"], mcqa["primary"]) == (["task57"], 3, "accuracy")
    assert mcqa["metrics"]["accuracy"] == strict["tasks"]["task57"]["metrics"]["accuracy"]


def test_published_average_counts_absent_tasks_and_so_does_its_interval(scoring: Scoring) -> None:
    official = scoring.document["profiles"]["official"]
    one, average = official["tasks"]["task57"], official["categories"]["MCQA"]
    assert average["metrics"]["accuracy"] == pytest.approx(one["metrics"]["accuracy"] / 13)
    assert average["ci95"]["accuracy"] == pytest.approx([bound / 13 for bound in one["ci95"]["accuracy"]])


def test_samples_say_what_each_row_got(scoring: Scoring) -> None:
    strict = {sample["row"]: sample for sample in scoring.samples if sample["profile"] == "strict"}
    assert sorted(strict) == list(range(len(ROWS)))
    assert strict[0]["metrics"] == {"accuracy": 1.0}
    assert strict[0]["extracted"] == "B"
    assert strict[2]["unscored"] == "refused"
    official = [sample for sample in scoring.samples if sample["profile"] == "official"]
    assert {sample["task_id"] for sample in official} == {row[0] for row in ROWS}


def test_scores_are_reproducible_and_do_not_depend_on_other_tasks(tmp_path: Path, scoring: Scoring) -> None:
    alone = score_csv([write(tmp_path / "alone.csv", ROWS[3:5])], resamples=200).document
    for profile in ("official", "strict"):
        whole = scoring.document["profiles"][profile]["tasks"]["task126"]
        assert alone["profiles"][profile]["tasks"]["task126"] == whole


def test_signature_changes_with_what_numbers_depend_on(tmp_path: Path, scoring: Scoring) -> None:
    changed = [[*row[:2], row[2] + "!", row[3]] for row in ROWS]
    other = score_csv([write(tmp_path / "model_x.csv", changed)], profiles=("strict",), resamples=200).document
    signatures = [scoring.document["profiles"][name]["signature"] for name in ("official", "strict")]
    signatures.append(other["profiles"]["strict"]["signature"])
    assert len(set(signatures)) == 3
    for part in ("nltk:", "jieba:", "janome:", "medsins:", "bootstrap:200", "data:#"):
        assert all(part in signature for signature in signatures)


def test_unknown_tasks_are_named_and_the_rest_is_scored(tmp_path: Path) -> None:
    rows = [*ROWS[:2], ["my_task", "in", "gold", "out"], ["my_task", "in 2", "gold", "out"]]
    document = score_csv([write(tmp_path / "m.csv", rows)], profiles=("strict",), resamples=50).document
    assert list(document["profiles"]["strict"]["tasks"]) == ["task57"]
    assert (document["rows"], document["lost"]) == (2, 2)
    assert "unknown task 'my_task'" in document["problems"][0]["what"]
    assert document["problems"][0]["place"] == "row 2, column task_id (2 rows)"


def test_columns_say_category_and_language_of_an_own_task(tmp_path: Path) -> None:
    header = [*HEADER, "category", "language"]
    rows = [
        ["mine", "Gout.", "gout.", "Gout", "NER", "English"],
        ["ours", "x", "chat noir", "chat noir", "Explanation", "French"],
    ]
    document = score_csv([write(tmp_path / "m.csv", rows, header)], profiles=("strict",), resamples=50).document
    tasks = document["profiles"]["strict"]["tasks"]
    assert (tasks["mine"]["scorer"], tasks["mine"]["metrics"]["f1"]) == ("entities", 100)
    assert (tasks["ours"]["scorer"], tasks["ours"]["language"]) == ("text", "French")


def own_task(folder: Path) -> Path:
    instances = tuple(Instance(f"own-{i}", f"sentence {i}", (name, name.upper() + " disease")) for i, name in
                      enumerate(["gout", "mumps", "croup"]))  # fmt: skip
    card = Card(categories=("Diagnosis",), definition=("Name it.",), output_language=("English",))
    path = folder / "own.json"
    write_task(Task("own", card, instances, "Diagnosis"), path)
    return path


def test_task_files_give_all_references_and_count_who_is_absent(tmp_path: Path) -> None:
    task = own_task(tmp_path)
    rows = [["own", "sentence 0", "gout", "GOUT disease", "own-0"], ["own", "sentence 1", "mumps", "croup", "own-1"]]
    predictions = write(tmp_path / "p.csv", rows, [*HEADER, "instance_id"])
    document = score_csv([predictions], [task], profiles=("strict",), resamples=50).document
    figures = document["profiles"]["strict"]["tasks"]["own"]
    assert figures["rows"] == 3
    assert figures["unscored"]["missing"] == 1
    assert figures["metrics"]["accuracy"] == pytest.approx(100 / 3)
    assert "tasks:#" in document["profiles"]["strict"]["signature"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_dir = tmp_path_factory.mktemp("runs") / "yes"
    run(RunSpec(model="mock:say=yes", suite="mini", limit=2), run_dir)
    return run_dir


def test_a_run_is_scored_into_its_directory(finished: Path) -> None:
    document = score_run(finished, resamples=50)
    assert json.loads((finished / SCORES).read_text(encoding="utf-8")) == document
    samples = [json.loads(line) for line in (finished / SAMPLES).read_text(encoding="utf-8").splitlines()]
    assert {sample["profile"] for sample in samples} == {"official", "strict"}
    assert all(sample["instance_id"] for sample in samples)
    manifest = json.loads((finished / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["signature"] in document["profiles"]["strict"]["signature"]
    assert set(document["profiles"]["strict"]["tasks"]) == {entry["id"] for entry in manifest["tasks"]}


def test_scoring_a_run_twice_gives_the_same_file(finished: Path) -> None:
    score_run(finished, resamples=50)
    first = (finished / SCORES).read_bytes()
    score_run(finished, resamples=50)
    assert (finished / SCORES).read_bytes() == first


def test_samples_not_answered_yet_count_as_missing(tmp_path: Path) -> None:
    import sqlite3

    run_dir = tmp_path / "half"
    run(RunSpec(model="mock:say=True", suite="mini", limit=2), run_dir)
    with sqlite3.connect(run_dir / "run.sqlite") as database:
        database.execute("DELETE FROM predictions WHERE task_id = 'mini_outcome_hospitalization' AND idx = 1")
    document = score_run(run_dir, resamples=50)
    figures = document["profiles"]["strict"]["tasks"]["mini_outcome_hospitalization"]
    assert figures["rows"] == 2
    assert figures["unscored"]["missing"] == 1
    assert "1 of" in document["notes"][0]


def test_failed_samples_are_errors_not_empty_answers(tmp_path: Path) -> None:
    run_dir = tmp_path / "failed"
    run(RunSpec(model="mock:error", suite="mini", limit=1), run_dir)
    tasks = score_run(run_dir, resamples=50)["profiles"]["strict"]["tasks"].values()
    assert all(task["unscored"]["error"] == task["rows"] == 1 for task in tasks)
    assert all(task["metrics"][task["primary"]] == 0 for task in tasks)


def test_no_run_there(tmp_path: Path) -> None:
    with pytest.raises(MedsinsError, match="no run directory"):
        score_run(tmp_path)
