"""``medsins audit run`` as a user calls it, on real runs of mock models."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from medsins.audit.adjudication import FILE_NAME, DecisionLog
from medsins.bench.bounds import score_if_right
from medsins.bench.runner import run
from medsins.bench.scoring import score_run
from medsins.bench.scoring_source import source_of_run
from medsins.bench.spec import RunSpec, read_manifest
from medsins.bench.store import RunStore, read_rows
from medsins.cli._audit_run_read import read_run
from medsins.cli.main import main
from medsins.core import Card, Instance, Task
from medsins.reports.html import write_html
from medsins.tasks import write_task

SHOTS = ("The patient was well on the third day after the operation and went home.", "The wound was dry.")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``yes`` always answers Yes, ``other`` with another wording's seed, ``echo`` repeats, ``leaky`` has its shots from
    the test file, as the published code takes them.
    """
    folder = tmp_path_factory.mktemp("audited")
    for name, spec in {
        "yes": RunSpec(model="mock:say=Yes", suite="mini", limit=6),
        "other": RunSpec(model="mock:say=Yes", suite="mini", limit=6, seed=3),
        "echo": RunSpec(model="mock:echo", suite="mini", limit=3),
    }.items():
        run(spec, folder / name)
        score_run(folder / name, resamples=20)
    card = Card(categories=("Text Summarization",), definition=("Sum it up.",), output_language=("English",))
    instances = tuple(Instance(f"s-{i}", f"Report {i}: {SHOTS[0]} {i} drains.", (f"{SHOTS[0]} {i}",)) for i in range(4))
    write_task(Task("task900", card, instances, "Text Summarization"), folder / "task900.json")
    run(RunSpec(model="mock:echo", tasks=(str(folder / "task900.json"),), protocol="official-code"), folder / "leaky")
    score_run(folder / "leaky", resamples=20)
    return folder


def audited(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = main(["audit", "run", *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_one_run_as_table_json_and_page(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "audit.html"
    assert main(["audit", "run", str(runs / "yes"), "--html", str(page)]) == 1
    text = capsys.readouterr().out
    assert "Answers without a judgement" in text
    assert "Shots that give the answer away" in page.read_text()
    code, document = audited(capsys, str(runs / "yes"))
    assert code == 1
    assert document["kind"] == "audit"
    assert not document["clean"]
    checks = [section["check"] for section in document["sections"]]
    assert checks == ["run.unscored", "run.limits", "run.shots", "run.shortcuts", "run.slices", "run.calibration",
                      "run.profiles", "run.spread"]  # fmt: skip


def test_a_constant_is_seen_through(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, document = audited(capsys, str(runs / "yes"))
    shortcuts = next(section for section in document["sections"] if section["check"] == "run.shortcuts")
    shares = {row[0]: row[4] for row in shortcuts["tables"][0]["rows"]}
    assert set(shares.values()) == {100.0}


def test_several_runs_of_a_model_show_how_far_it_moves(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, document = audited(capsys, str(runs / "yes"), str(runs / "other"))
    last = document["sections"][-1]
    assert last["check"] == "run.spread"
    assert last["settings"]["runs"] == ["yes", "other"]
    assert "seed: 0, 3" in last["summary"]
    assert any(section["title"].startswith("other: ") for section in document["sections"])


def test_runs_that_cannot_be_set_side_by_side_are_audited_each(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = audited(capsys, str(runs / "yes"), str(runs / "echo"))
    assert code == 1
    assert "cannot be set side by side" in document["sections"][-1]["summary"]


def test_the_published_way_of_taking_shots_gives_answers_away(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, document = audited(capsys, str(runs / "leaky"))
    shots = next(section for section in document["sections"] if section["check"] == "run.shots")
    assert shots["findings"][0]["severity"] == "error"
    assert shots["evidence"]


def test_bounds_are_those_of_real_scores(runs: Path) -> None:
    source = source_of_run(runs / "yes")
    facts = read_run(runs / "yes")
    for task_id, best in score_if_right(source, {row.row for row in source.rows}).items():
        assert best == pytest.approx(100, abs=1e-6), task_id
        task = facts.tasks[task_id]
        assert task.score <= task.all_right + 1e-9
    assert score_if_right(source, set()) == {}


@pytest.mark.parametrize("scores", [{"profiles": 7}, {"profiles": {"strict": {"tasks": {"mini_nli": []}}}}, {"x": 1}])
def test_scores_of_another_shape_are_survived(
    runs: Path, tmp_path: Path, scores: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(runs / "yes", copy)
    (copy / "scores.json").write_text(json.dumps(scores))
    assert main(["audit", "run", str(copy)]) in (0, 1)
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("case", ["absent", "empty", "unscored", "stale", "two", "json", "log", "errata"])
def test_wrong_input_is_told_without_a_traceback(
    runs: Path, tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(runs / "yes", copy)
    words, code, said = [str(copy)], 2, ""
    if case == "absent":
        words, said = [str(tmp_path / "none")], "no such run directory"
    elif case == "empty":
        (tmp_path / "bare").mkdir()
        words, said = [str(tmp_path / "bare")], "holds no run"
    elif case == "unscored":
        (copy / "samples.jsonl").unlink()
        said = "is not scored yet"
    elif case == "stale":
        lines = (copy / "samples.jsonl").read_text().splitlines(keepends=True)
        (copy / "samples.jsonl").write_text("".join(lines[: len(lines) - 3]))
        said = "3 answers that came after its scores"
    elif case == "two":
        words, said = [str(copy), str(runs / "echo"), "--adjudicate"], "takes one run"
    elif case == "log":
        (copy / FILE_NAME).write_text("nonsense\n")
        code, said = 1, "line 1: is no decision"
    elif case == "errata":
        (copy / "errata.jsonl").write_text("[]\n")
        words, code, said = [str(copy), "--adjudicate"], 1, "line 1: is no JSON object"
    else:
        (copy / "scores.json").write_text("{")
        code, said = 1, "not readable as JSON"
    assert main(["audit", "run", *words]) == code
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


@contextmanager
def adjudicating(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The page of a run in a process of its own, and its address."""
    command = [sys.executable, "-m", "medsins", "audit", "run", str(folder), "--adjudicate", "--reviewer", "R.", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        address = next(found[0] for line in process.stderr if (found := re.search(r"http://\S+/", line)))
        yield process, address
    finally:
        process.kill()
        process.communicate()


def post(address: str, name: str, value: Any) -> Any:
    origin = "/".join(address.split("/")[:3])
    headers = {"Content-Type": "application/json", "Origin": origin}
    request = urllib.request.Request(address + name, json.dumps(value).encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as reply:
        return json.load(reply)


def cases(address: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(address + "cases.json", timeout=20) as reply:
        return list(json.load(reply)["cases"])


def test_from_judging_to_corrected_scores(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "judged"
    shutil.copytree(runs / "yes", copy)
    with adjudicating(copy, "--json") as (process, address):
        found = cases(address)
        labels = next(case for case in found if case["task"] == "mini_diagnosis")
        letters = next(case for case in found if case["category"] == "MCQA")
        one, other = ({"task": case["task"], "instance": case["instance"], "verdict": "accept"}
                      for case in (labels, letters))  # fmt: skip
        assert post(address, "decide", one)["expressed"] is True
        assert post(address, "decide", other)["expressed"] is False  # "Yes" names no letter, whatever a reference says
        assert post(address, "finish", {})["finished"] is True
        out, _ = process.communicate(timeout=30)
    assert json.loads(out)["decisions"] == {"accept": 2, "reject": 0, "correct": 0, "drop": 0}
    assert process.returncode == 0
    assert main(["bench", "score", str(copy), "--errata", str(copy / "errata.jsonl"), "--resamples", "20"]) == 0
    scores = json.loads((copy / "scores.json").read_text())
    diagnosis = [p["strict"]["tasks"]["mini_diagnosis"]["metrics"]["accuracy"]
                 for p in (scores["profiles"], scores["errata"]["profiles"])]  # fmt: skip
    assert diagnosis[1] == pytest.approx(diagnosis[0] + 100 / 6)
    assert "errata.jsonl" in write_html(copy).read_text()
    capsys.readouterr()
    _, document = audited(capsys, str(copy))
    reviewed = next(table for table in document["sections"][0]["tables"] if table["title"] == "As readers judged")
    assert {row[0] for row in reviewed["rows"]} == {labels["task"], letters["task"]}
    assert all(row[3] > row[2] for row in reviewed["rows"])


def test_a_kill_or_ctrl_c_loses_no_decision(runs: Path, tmp_path: Path) -> None:
    copy = tmp_path / "killed"
    shutil.copytree(runs / "yes", copy)
    acknowledged = []
    for end in (signal.SIGKILL, signal.SIGINT):
        with adjudicating(copy) as (process, address):
            for case in [case for case in cases(address) if not case["decision"]][:3]:
                entry = {"task": case["task"], "instance": case["instance"], "verdict": "drop"}
                post(address, "decide", entry)
                acknowledged.append((case["task"], case["instance"]))
            process.send_signal(end)
            out, _ = process.communicate(timeout=30)
    assert list(DecisionLog(copy / FILE_NAME).latest) == acknowledged
    assert process.returncode == 0
    assert "drop: 6" in out


def test_options_that_were_compared_are_calibrated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "likely"
    run(RunSpec(model="mock:say=Entailment", suite="mini", limit=4, likelihood=True), folder)
    options = {entry["id"]: entry["options"]["texts"] for entry in read_manifest(folder)["tasks"] if "options" in entry}
    store = RunStore(folder)
    for number, prediction in list(read_rows(folder)):
        if names := options.get(prediction.task_id):
            scores = tuple(0.0 if name == names[0] else -3.0 for name in names)
            store.put([(number, replace(prediction, completion=replace(prediction.completion, option_scores=scores)))])
    store.close()
    score_run(folder, resamples=20)
    _, document = audited(capsys, str(folder))
    section = next(section for section in document["sections"] if section["check"] == "run.calibration")
    reliability, tasks = section["tables"]
    assert "mini_nli" in [row[0] for row in tasks["rows"]]
    assert sum(row[1] for row in reliability["rows"]) == sum(row[1] for row in tasks["rows"]) > 0
    reported = json.loads((folder / "scores.json").read_text())["profiles"]["strict"]["tasks"]["mini_nli"]["metrics"]
    own = next(row for row in tasks["rows"] if row[0] == "mini_nli")
    assert own[2] == pytest.approx(reported["likelihood_ece"])
