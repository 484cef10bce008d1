"""``medsins score``: exit codes, one JSON document on stdout, problems on stderr, never a traceback."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from medsins.cli.main import main

ROWS = [
    ["task126", "Aspirin was given.", "Aspirin.", "aspirin"],
    ["task126", "Nothing was given.", "There is no related enetity.", "none"],
    ["task41", "Sentence1: a\n\nSentence2: b", "Entailment", "entailment"],
]


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    return write(tmp_path / "runs_model.csv", ROWS)


def write(path: Path, rows: list[list[str]], header: str = "task_id,input,GT,output") -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header.split(","), *rows])
    return path


def test_json_is_one_document_with_both_profiles(predictions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(predictions), "--json", "--resamples", "50"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document["profiles"]) == {"official", "strict"}
    assert document["profiles"]["strict"]["tasks"]["task126"]["metrics"]["f1"] == 100


@pytest.mark.parametrize("profile", ["official", "strict"])
def test_one_profile_and_its_samples(
    predictions: Path, tmp_path: Path, profile: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "rows.jsonl"
    arguments = ["score", str(predictions), "--profile", profile, "--samples", str(out), "--json", "--resamples", "50"]
    assert main(arguments) == 0
    assert list(json.loads(capsys.readouterr().out)["profiles"]) == [profile]
    samples = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(sample["row"], sample["profile"]) for sample in samples] == [(i, profile) for i in range(3)]
    assert all(0 <= value <= 1 for sample in samples for value in sample["metrics"].values())


def test_table_without_json(predictions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(predictions), "--resamples", "50"]) == 0
    out = capsys.readouterr().out
    assert "Named Entity" in out
    assert "task41" in out


def test_problems_are_named_on_stderr_and_the_rest_is_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "p.csv", [*ROWS, ["nobody", "x", "y", "z"], ["task41", "x", "", "z"]])
    assert main(["score", str(path), "--json", "--profile", "strict", "--resamples", "50"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["lost"] == 2
    assert "row 3, column task_id" in captured.err
    assert "unknown task 'nobody'" in captured.err
    assert "row 4, column GT" in captured.err
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["none.csv"], 2, "no such file"),
        (["p.csv", "--profile", "both ways"], 2, "invalid choice"),
        (["p.csv", "--resamples", "3"], 2, "must be from 10"),
        (["p.csv", "--scorer", "Diagnose"], 2, "did you mean Diagnosis"),
        (["p.csv", "p.csv", "--scorer", "MCQA"], 2, "takes one file"),
        (["bad.csv"], 1, "lacks the column GT"),
        (["p.csv", "--tasks", "no_such_folder"], 2, "no_such_folder"),
    ],
)
def test_wrong_usage_and_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str],
    code: int, words: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "p.csv", ROWS)
    write(tmp_path / "bad.csv", [], "task_id,input,output")
    assert main(["score", *arguments]) == code
    captured = capsys.readouterr()
    assert words in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_a_published_script_on_a_file(predictions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from medsins.metrics.official import run_scorer

    assert main(["score", str(predictions), "--scorer", "NamedEntityRecognition", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(json.dumps(run_scorer(predictions, "NamedEntityRecognition")))
    assert main(["score", str(predictions), "--scorer", "NamedEntityRecognition"]) == 0
    assert "task126" in capsys.readouterr().out


def test_golden_files_in_both_profiles(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = shared / "golden/all_tasks.csv"
    assert main(["score", str(path), "--json", "--resamples", "50"]) in (0, 1)
    document = json.loads(capsys.readouterr().out)
    expected = json.loads((shared / "golden/all_tasks.expected.json").read_text(encoding="utf-8"))["scorers"]
    tasks = document["profiles"]["official"]["tasks"]
    for name in ("NamedEntityRecognition", "MCQA", "TreatmentPlanning", "InformationExtraction"):
        for task_id, want in expected[name]["results"].items():
            metric, value = next(iter(want.items())) if isinstance(want, dict) else ("accuracy", want)
            if task_id in tasks:
                assert tasks[task_id]["metrics"][{"F1": "f1"}.get(metric, metric)] == pytest.approx(value, abs=1e-9)
    assert set(tasks) - {"CT", "MRI"} == set(document["profiles"]["strict"]["tasks"])
