"""``medsins bench`` in this process: documents, exit codes, silence, and what each verb leaves behind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from medsins.bench import runner
from medsins.bench.store import read_attempts, read_predictions
from medsins.cli import bench
from medsins.cli.main import main
from medsins.core import Card, Instance, Task
from medsins.tasks import write_task

Capture = pytest.CaptureFixture[str]


def write(folder: Path, task_id: str, category: str, answers: list[str]) -> Path:
    folder.mkdir(exist_ok=True)
    instances = tuple(Instance(f"i{n}", f"Case {n}: {answer}", (answer,)) for n, answer in enumerate(answers))
    card = Card(definition=("Say what it is.",), categories=(category,))
    write_task(Task(task_id, card, instances, category), folder / f"{task_id}.json")
    return folder / f"{task_id}.json"


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own") / "tasks"
    write(folder, "ward_name", "Named Entity Recognition", ["aspirin.", "iron.", "zinc."])
    write(folder, "ward_nli", "Natural Language Inference", ["entailment", "neutral"])
    return folder


def words(tasks: Path, out: Path, model: str = "mock:echo") -> list[str]:
    return ["bench", "run", "--model", model, "--tasks", str(tasks), "-o", str(out), "--protocol", "strict:shots=0"]


@pytest.fixture(scope="module")
def finished(tasks: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run nobody changes."""
    folder = tmp_path_factory.mktemp("runs") / "echo"
    assert main([*words(tasks, folder), "-q", "--json"]) == 0
    return folder


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "echo"))


def document(capsys: Capture, *command: str, code: int = 0) -> Any:
    capsys.readouterr()
    assert main([*command, "--json", "-q"]) == code
    shown = capsys.readouterr()
    assert shown.err == ""
    return json.loads(shown.out)


def test_a_run_prints_its_scores_as_one_document(tasks: Path, tmp_path: Path, capsys: Capture) -> None:
    scores = document(capsys, *words(tasks, tmp_path / "run", "mock:say=entailment"))
    assert scores == json.loads((tmp_path / "run" / "scores.json").read_text())
    assert scores["rows"] == 5
    strict = scores["profiles"]["strict"]["tasks"]
    assert set(strict) == {"ward_name", "ward_nli"}
    assert (tmp_path / "run" / "report.html").is_file()


def test_without_json_the_table_is_on_stdout_and_progress_on_stderr(
    tasks: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert main(words(tasks, tmp_path / "run")) == 0
    shown = capsys.readouterr()
    assert f"report: {tmp_path / 'run' / 'report.html'}" in shown.out
    assert "ward_nli" in shown.out or "Natural Language" in shown.out
    assert "5/5 done" in shown.err
    assert "done" not in shown.out.split("report:")[1]


def test_running_again_asks_nothing_again(copy: Path, tasks: Path, capsys: Capture) -> None:
    before = [list(read_predictions(copy)), len(list(read_attempts(copy)))]
    document(capsys, *words(tasks, copy))
    document(capsys, "bench", "resume", str(copy))
    document(capsys, "bench", "resume", str(copy), "--retry-failed")
    assert [list(read_predictions(copy)), len(list(read_attempts(copy)))] == before


def test_other_choices_in_the_same_folder_are_refused(copy: Path, tasks: Path, capsys: Capture) -> None:
    assert main([*words(tasks, copy), "--seed", "9"]) == 1
    shown = capsys.readouterr()
    assert "seed (0 there, 9 now)" in shown.err
    assert shown.out == ""


def test_failed_samples_are_counted_and_asked_again_only_when_told(
    tasks: Path, tmp_path: Path, capsys: Capture
) -> None:
    run_dir = tmp_path / "run"
    assert main(words(tasks, run_dir, "mock:error")) == 1
    err = capsys.readouterr().err
    assert "5 of 5 samples failed" in err
    assert f"medsins bench resume {run_dir} --retry-failed" in err
    first = len(list(read_attempts(run_dir)))
    document(capsys, "bench", "resume", str(run_dir), code=1)
    assert len(list(read_attempts(run_dir))) == first
    document(capsys, "bench", "resume", str(run_dir), "--retry-failed", code=1)
    assert len(list(read_attempts(run_dir))) > first


def test_an_interrupt_names_the_command_that_goes_on(
    tasks: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run", interrupt)
    assert main([*words(tasks, tmp_path / "run"), "-q"]) == 130
    assert f"medsins bench resume {tmp_path / 'run'}" in capsys.readouterr().err


def test_scores_of_several_runs_are_kept_apart(copy: Path, finished: Path, capsys: Capture) -> None:
    one = document(capsys, "bench", "score", str(copy), "--resamples", "50")
    assert "profiles" in one
    both = document(capsys, "bench", "score", str(copy), str(finished), "--resamples", "50")
    assert list(both) == [str(copy), str(finished)]
    profiles = [scores["profiles"]["strict"]["tasks"]["ward_nli"]["metrics"] for scores in both.values()]
    assert profiles[0] == profiles[1]
    assert main(["bench", "score", str(copy), "--resamples", "50"]) == 0
    assert copy.name in capsys.readouterr().out


def test_reports_and_tables_are_written_where_they_say(copy: Path, capsys: Capture) -> None:
    (copy / "report.html").unlink()
    assert document(capsys, "bench", "report", str(copy)) == {"reports": [str(copy / "report.html")]}
    assert (copy / "report.html").stat().st_size > 1000
    files = document(capsys, "bench", "export", str(copy))["files"]
    assert str(copy / "predictions.csv") in files
    assert all(Path(path).stat().st_size for path in files)
    for verb, shown in (("report", [str(copy / "report.html")]), ("export", files)):
        assert main(["bench", verb, str(copy)]) == 0
        assert capsys.readouterr().out.split() == shown


def test_a_comparison_of_a_run_with_itself_finds_nothing(
    finished: Path, copy: Path, tmp_path: Path, capsys: Capture
) -> None:
    page = tmp_path / "compare.html"
    compared = document(capsys, "bench", "compare", str(finished), str(copy), "-o", str(page))
    assert compared
    assert page.read_text(encoding="utf-8").lower().startswith("<!doctype html")
    assert main(["bench", "compare", str(finished), str(copy)]) == 0
    assert capsys.readouterr().out.strip()


def test_runs_of_different_tasks_are_not_compared(finished: Path, tmp_path: Path, capsys: Capture) -> None:
    other = write(tmp_path / "other", "ward_else", "Diagnosis", ["flu"])
    document(capsys, *words(other, tmp_path / "run"))
    assert main(["bench", "compare", str(finished), str(tmp_path / "run")]) != 0
    assert capsys.readouterr().err.startswith("error: ")


def test_the_limit_takes_the_first_instances(tasks: Path, tmp_path: Path, capsys: Capture) -> None:
    document(capsys, *words(tasks, tmp_path / "run"), "--limit", "1")
    predictions = list(read_predictions(tmp_path / "run"))
    assert [(p.task_id, p.instance_id) for p in predictions] == [("ward_name", "i0"), ("ward_nli", "i0")]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (["--protocol", "strickt"], "did you mean strict"),
        (["--protocol", "strict:shts=2"], "shots"),
        (["--model", "mock:ecko"], "did you mean echo"),
        (["--shots-from", "nowhere"], "nowhere"),
    ],
)
def test_wrong_choices_leave_no_run(
    tasks: Path, tmp_path: Path, change: list[str], expected: str, capsys: Capture
) -> None:
    assert main([*words(tasks, tmp_path / "run"), *change]) == 2
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "run" / "manifest.json").exists()


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("7", 7), (" 12 ", 12)])
def test_counts(text: str, value: int) -> None:
    assert bench._count(text) == value
