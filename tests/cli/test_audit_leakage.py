"""``medsins audit leakage``: exit codes, one JSON document, a page, cleaned files, never a traceback."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medsins.cli.main import main

QUESTION = "Which drug is given first to an adult with status epilepticus that goes on for ten minutes?"


def write(path: Path, questions: list[str]) -> Path:
    rows = [{"id": str(n), "input": question, "output": ["lorazepam"]} for n, question in enumerate(questions)]
    card = {"Categories": ["MCQA"], "Definition": ["Answer."], "Instances": rows}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(card), encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    train = write(tmp_path / "train" / "task1.json", ["Is aspirin safe in children with a fever?", QUESTION.upper()])
    return str(train), str(write(tmp_path / "test" / "task2.json", [QUESTION]))


def test_json_is_one_document_and_findings_end_with_1(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "leakage", files[0], "--test", files[1], "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    (section,) = document["sections"]
    assert (document["kind"], document["clean"], section["check"]) == ("audit", False, "leakage")
    assert document["sources"] == list(files)
    assert section["tables"][2]["rows"] == [["task1", "task2", 0, 1, 0, 1, 0, 0, 1]]


def test_a_table_for_people(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "leakage", files[0], "--test", files[1]]) == 1
    assert "task1 → task2" in capsys.readouterr().out


def test_a_clean_set_ends_with_0(files: tuple[str, str], tmp_path: Path) -> None:
    other = write(tmp_path / "other.json", ["How long does a sprained ankle take to heal in most people?"])
    assert main(["audit", "leakage", str(other), "--test", files[1], "-q"]) == 0


def test_a_page_is_written(files: tuple[str, str], tmp_path: Path) -> None:
    page = tmp_path / "leakage.html"
    assert main(["audit", "leakage", files[0], "--test", files[1], "--html", str(page)]) == 1
    assert "task2 / 0 / input" in page.read_text(encoding="utf-8")


def test_cleaned_files_and_the_list_of_removals(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "clean"
    assert main(["audit", "leakage", files[0], "--test", files[1], "--clean", str(folder)]) == 1
    assert "kept 1, left out 1" in capsys.readouterr().err
    assert len(json.loads((folder / "task1.json").read_text())["Instances"]) == 1
    assert json.loads((folder / "removals.jsonl").read_text())["test"]["id"] == "0"
    assert main(["audit", "leakage", str(folder), "--test", files[1], "-q"]) == 0


def test_a_file_that_leaks_whole_is_told(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = write(tmp_path / "task3.json", [QUESTION])
    assert main(["audit", "leakage", str(whole), "--test", files[1], "--clean", str(tmp_path / "clean")]) == 1
    assert "every instance" in capsys.readouterr().err


def test_a_bundled_suite_by_name(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "leakage", files[0], "--test", "mini", "--json"]) == 0
    tables = json.loads(capsys.readouterr().out)["sections"][0]["tables"]
    assert {row[0] for row in tables[0]["rows"]} >= {"mini_mcqa_en"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["{train}"], 2, "--test"),
        (["--test", "{test}"], 2, "TRAIN"),
        (["{train}", "--test", "minni"], 2, "did you mean mini"),
        (["{train}", "--test", "no/such/folder"], 2, "check the path"),
        (["no.json", "--test", "{test}"], 2, "no such file"),
        (["{train}", "--test", "{train}"], 2, "both sides"),
        (["{train}", "--test", "{test}", "--clean", "{train}"], 2, "is a file"),
        (["{train}", "--test", "{test}", "--clean", "{folder}/train"], 2, "overwritten"),
        (["{train}", "--test", "{test}", "--html", "{folder}"], 2, "is a folder"),
        (["{train}", "--test", "{test}", "--engine", "spark"], 2, "spark"),
        (["{folder}/broken.json", "--test", "{test}"], 1, "line 1"),
        (["{train}", "--test", "{folder}/broken.json"], 1, "line 1"),
        (["{folder}/notes.txt", "--test", "{test}"], 2, "known endings"),
    ],
)
def test_wrong_use_is_told(
    files: tuple[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
    said: str,
) -> None:
    (tmp_path / "broken.json").write_text('{"Instances": [{"input": ', encoding="utf-8")
    (tmp_path / "notes.txt").write_text("text", encoding="utf-8")
    filled = [word.format(train=files[0], test=files[1], folder=tmp_path) for word in words]
    assert main(["audit", "leakage", *filled]) == code
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err


def test_ctrl_c_ends_with_130_and_leaves_nothing(tmp_path: Path) -> None:
    train = tmp_path / "train.jsonl"
    with train.open("w", encoding="utf-8") as stream:
        for row in range(150_000):
            stream.write(json.dumps({"input": f"{QUESTION} {row} " * 3, "output": ["yes"]}) + "\n")
    test, clean = write(tmp_path / "test.json", [QUESTION]), tmp_path / "clean"
    command = [sys.executable, "-m", "medsins", "audit", "leakage", str(train), "--test", str(test)]
    process = subprocess.Popen([*command, "--clean", str(clean)], stderr=subprocess.PIPE, text=True)
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert not clean.exists()
