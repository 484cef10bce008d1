"""One script on one file: which rows count, what is averaged, what stands for absent tasks."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from medsins.core import UsageError
from medsins.metrics.official import SCORERS, run_scorer
from medsins.metrics.official.scripts import SCRIPTS

Write = Callable[[Sequence[Sequence[str]]], Path]


def test_unknown_scorers_are_suggested(write_csv: Write) -> None:
    with pytest.raises(UsageError, match="did you mean Rationale"):
        run_scorer(write_csv([]), "rationale")


@pytest.mark.parametrize("name", SCORERS)
def test_a_file_without_rows(write_csv: Write, name: str) -> None:
    script = SCRIPTS[name]
    found = run_scorer(write_csv([]), name)
    figures = [found["results"]] if script.every_row else list(found["results"].values())
    assert all(value == script.absent for metrics in figures for value in metrics.values())
    assert bool(found["would_crash"]) is script.required
    assert (found["avg"] is None) is not script.averages
    assert found["per_row"] == []
    json.dumps(found)


def test_absent_tasks_enter_the_average_with_zero(write_csv: Write) -> None:
    found = run_scorer(
        write_csv([("task117", "True", "true"), ("task117", "False", "true")]), "ClinicalOutcomePrediction"
    )
    assert found["results"]["task117"] == {"accuracy": 50.0}
    assert found["avg"] == {"accuracy": 50.0 / 3}
    assert [row["correct"] for row in found["per_row"]] == [1, 0]


def test_absent_summaries_enter_with_minus_one_and_groups_do_not_enter(write_csv: Write) -> None:
    copy = "A short summary of the trial"
    rows = [("task110", copy, copy), ("task85", copy, "nothing"), ("task83", copy, copy), ("task91", copy, copy)]
    found = run_scorer(write_csv(rows), "TextSummarization")
    assert list(found["results"]) == ["task78", "task114", "task112", "task110", "CT", "MRI"]
    assert found["results"]["CT"]["bleu1"] == 50.0
    assert found["results"]["MRI"]["bleu1"] == 100.0
    assert found["results"]["task78"] == {"bleu1": -1.0, "rouge_l_f": -1.0}
    assert found["avg"]["bleu1"] == (100.0 - 3) / 4


def test_groups_are_pooled_over_rows_not_tasks(write_csv: Write) -> None:
    copy = "same words here"
    rows = [("task83", copy, copy)] * 3 + [("task88", copy, "others")]
    assert run_scorer(write_csv(rows), "TextSummarization")["results"]["CT"]["bleu1"] == 75.0


def test_diagnosis_counts_every_row(write_csv: Write) -> None:
    rows = [("task130", "The diagnosis result is Croup.", "croup"), ("task4", "A", "B"), ("other", "x", "y x")]
    found = run_scorer(write_csv(rows), "Diagnosis")
    assert found["results"] == {"accuracy": 100 * 2 / 3}
    assert [row["task_id"] for row in found["per_row"]] == ["task130", "task4", "other"]


def test_entity_counts_are_summed_over_the_task(write_csv: Write) -> None:
    rows = [
        ("task125", "aspirin, heparin.", "aspirin, heparin."),
        ("task125", "insulin.", "There is no related enetity."),
        ("task125", "insulin.", "None"),
    ]
    found = run_scorer(write_csv(rows), "NamedEntityRecognition")
    assert found["results"]["task125"]["f1"] == 100 * (2 * 1.0 * (2 / 3) / (1.0 + 2 / 3))
    assert [row["counted"] for row in found["per_row"]] == [True, True, False]
    assert "tp" not in found["per_row"][2]


def test_rows_that_would_stop_the_script_count_as_wrong_and_are_named(write_csv: Write) -> None:
    rows = [
        ("task131", "The treatment planning is: Rest", "rest"),
        ("task131", "The treatment planning is: Rest", "NA"),
    ]
    found = run_scorer(write_csv(rows), "TreatmentPlanning")
    assert found["results"]["task131"] == {"accuracy": 50.0}
    assert found["would_crash"] == [
        {"row": 1, "task_id": "task131", "reason": found["per_row"][1]["crash"]},
    ]


def test_fact_verification_has_two_kinds_of_tasks(write_csv: Write) -> None:
    rows = [("task12", "Yes.", "yes"), ("task100", "the drug works", "The drug works"), ("task100", "x y", " ")]
    found = run_scorer(write_csv(rows), "FactVerification")
    assert found["results"]["task12"] == {"accuracy": 100.0}
    assert found["results"]["task16"] == {"accuracy": 0.0}
    assert found["results"]["task100"]["bleu1"] == 50.0
    assert found["per_row"][2] == {"row": 2, "task_id": "task100", "counted": True, "scored": False}


def test_scripts_cover_every_benchmark_task_once() -> None:
    from medsins.catalog import tasks

    named = [(task, script.category) for script in SCRIPTS.values() for task in script.rules]
    assert sorted(named) == sorted((task.id, task.bench_category) for task in tasks().values() if task.bench_category)


def test_explanations_drop_lines_and_rows(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("task_id,input,GT,output\ntask18,q,a b,a b\ntask18,q,a,b,c\ntask18,q,a b,\n", encoding="utf-8")
    found = run_scorer(path, "ConceptExplanation")
    assert found["n_rows_read"] == 2
    assert found["results"]["task18"]["bleu1"] == 100.0
    assert [row["counted"] for row in found["per_row"]] == [True, False]
    assert found["warnings"]
