"""``medsins bench`` on served models: options, exit codes, messages, and what must never be seen anywhere."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medsins.bench.spec import read_manifest
from medsins.bench.store import read_predictions
from medsins.cli import bench
from medsins.cli.main import main

Capture = pytest.CaptureFixture[str]
TaskFile = Callable[..., Path]
REASON = "approved by the data officer on 2 March, zero retention"


def words(server: Any, path: Path, *more: str) -> list[str]:
    return ["bench", "run", "--model", f"openai:served@{server.url}", "--tasks", str(path), *more]


def test_a_dry_run_needs_no_run_directory_and_sends_nothing(
    server: Any, sockets: list[object], task_file: TaskFile, capsys: Capture
) -> None:
    path = task_file(Access="open")
    assert main([*words(server, path), "--dry-run", "--price", "1,2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["total"]["requests"] == document["tasks"][0]["requests"] == 4
    assert document["usd_per_million_tokens"] == {"prompt": 1.0, "completion": 2.0}
    assert document["total"]["most_cost"] > document["total"]["likely_cost"] > 0
    assert main([*words(server, path), "--dry-run"]) == 0
    assert "ward1" in capsys.readouterr().out
    assert (sockets, server.connections) == ([], 0)


def test_a_run_needs_a_directory(server: Any, task_file: TaskFile, capsys: Capture) -> None:
    assert main(words(server, task_file())) == 2
    assert "-o RUN" in capsys.readouterr().err
    assert server.connections == 0


def test_a_budget_stops_says_how_to_go_on_and_goes_on(
    server: Any, task_file: TaskFile, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "run"
    path = task_file(rows=20, Access="open")
    assert main([*words(server, path, "--price", "1000,2000", "--budget", "2"), "-o", str(out)]) == 1
    shown = capsys.readouterr().err
    assert f"medsins bench resume {out} --budget MORE" in shown
    assert "the budget of $2.00" in shown
    asked = len(server.asked)
    assert 0 < asked < 20
    assert main(["bench", "resume", str(out), "-q"]) == 1
    assert len(server.asked) == asked
    assert main(["bench", "resume", str(out), "--budget", "100", "--concurrency", "3", "-q", "--json"]) == 0
    assert len(server.asked) == 20
    spec = read_manifest(out)["spec"]
    assert (spec["budget"], spec["concurrency"], spec["price"]) == (100.0, 3, [1000.0, 2000.0])


def test_streaming_is_a_choice_of_each_session_and_no_part_of_the_run(
    server: Any, task_file: TaskFile, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "run"
    assert main([*words(server, task_file(Access="open")), "--stream", "--no-cache", "-q", "-o", str(out)]) == 0
    assert all(body["stream"] for body in server.bodies)
    before = read_manifest(out)
    assert main(["bench", "resume", str(out), "--no-stream", "-q"]) == 0
    assert "stream" not in server.bodies[-1]
    after = read_manifest(out)
    assert (before["spec"]["stream"], after["spec"]["stream"]) == (True, False)
    assert before["digest"] == after["digest"]
    assert [p.completion.status for p in read_predictions(out)] == ["ok"] * 4


def test_scores_say_what_it_took(server: Any, task_file: TaskFile, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "run"
    assert main([*words(server, task_file(), "--price", "1000,2000"), "-o", str(out), "--json", "-q"]) == 0
    usage = json.loads(capsys.readouterr().out)["usage"]["ward1"]
    assert (usage["requests"], usage["prompt_tokens"], usage["cost"]) == (4, 400, pytest.approx(0.48))
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "US dollars" in page
    assert "0.48" in page


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--budget", "0", "no amount of dollars"),
        ("--budget", "-3", "no amount of dollars"),
        ("--budget", "nan", "no amount of dollars"),
        ("--budget", "much", "no amount of dollars"),
        ("--price", "1", "no pair of prices"),
        ("--price", "1,2,3", "no pair of prices"),
        ("--price", "-1,2", "no pair of prices"),
        ("--price", "1,inf", "no pair of prices"),
        ("--concurrency", "-1", "must not be negative"),
        ("--concurrency", "x", "no whole number"),
        ("--reasoning", "deep", "none of low, medium, high"),
        ("--allow-restricted", "yes", "a reason takes 20 characters"),
    ],
)
def test_wrong_values(
    option: str, value: str, expected: str, server: Any, task_file: TaskFile, tmp_path: Path, capsys: Capture
) -> None:
    """An equals sign keeps a value that begins with a minus from being taken for an option."""
    assert main([*words(server, task_file()), f"{option}={value}", "-o", str(tmp_path / "run")]) == 2
    assert expected in capsys.readouterr().err
    assert server.connections == 0


def test_budget_and_price_in_words() -> None:
    assert bench._dollars("$2.50") == 2.5
    assert bench._price("0.15,0.60") == (0.15, 0.6)
    with pytest.raises(argparse.ArgumentTypeError):
        bench._reasoning("")


def test_a_refusal_ends_with_3_and_no_traceback(
    server: Any, sockets: list[object], task_file: TaskFile, tmp_path: Path, capsys: Capture
) -> None:
    line = words(server, task_file(Access="credentialed"), "-o", str(tmp_path / "run"))
    line[3] = f"openai:served@http://llm.test:{server.port}/v1"
    assert main(line) == 3
    shown = capsys.readouterr().err
    assert "ward1 is credentialed" in shown
    assert "Traceback" not in shown
    assert (sockets, server.connections) == ([], 0)
    assert main([*line, "--allow-restricted", REASON, "-q"]) == 0
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Sent by override." in page
    assert REASON in page


def test_identifiers_are_counted_and_never_shown(
    server: Any, sockets: list[object], task_file: TaskFile, tmp_path: Path, capsys: Capture
) -> None:
    path = task_file(text="Mr. Zebrowski, MRN: 00482913, seen. Case", Access="open")
    line = words(server, path, "-o", str(tmp_path / "run"))
    assert main(line) == 0
    assert "identifiers" not in capsys.readouterr().err  # nothing leaves this machine
    line[3] = f"openai:served@http://llm.test:{server.port}/v1"
    line[-1] = str(tmp_path / "remote")
    assert main(line) == 0
    shown = capsys.readouterr().err
    assert "4 of 4 inputs look as if they hold identifiers (record number 4, name 4)" in shown
    assert "medsins prompt ward1 --index 0" in shown
    assert "Zebrowski" not in shown
    assert "00482913" not in shown


KEY = "sk-canary-5f2d77e0a1"
CANARY = "CANARYTEXT7731"


@pytest.mark.parametrize("backend", ["openai", "anthropic"])
@pytest.mark.parametrize("status", [200, 400, 401, 500], ids=["answers", "refuses", "refuses the key", "breaks"])
def test_canaries(
    backend: str, status: int, server: Any, task_file: TaskFile, tmp_path: Path, monkeypatch: Any, capfd: Any
) -> None:
    """The key is nowhere but in the requests; the text nowhere but where predictions are. The server echoes both."""
    monkeypatch.setenv("MEDSINS_API_KEY", KEY)
    monkeypatch.setattr("medsins.models._http_endpoint.FIRST_WAIT", 0.01)
    monkeypatch.setattr("medsins.models._http_limits.GIVES_UP_AFTER", 0.5)  # seconds, for a server that is down
    path = task_file(text=CANARY, Access="open")
    server.fails = lambda text: status if CANARY in text and status != 200 else 0
    server.echoes = status != 401
    line = words(server, path, "-o", str(tmp_path / "run"), "-v", "--limit", "2")
    line[3] = line[3].replace("openai:", f"{backend}:")
    assert main(line) == (0 if status == 200 else 1)
    main(["bench", "watch", str(tmp_path / "run"), "--once"])
    main(["bench", "report", str(tmp_path / "run")])
    shown = "".join(capfd.readouterr())
    assert KEY not in shown
    assert CANARY not in shown
    assert any(KEY in key for key in server.keys)
    assert any(CANARY in asked for asked in server.asked)
    files = [file for name in ("run", "answers") for file in (tmp_path / name).rglob("*") if file.is_file()]
    assert len(files) > 5 or status == 401
    for file in files:
        content = file.read_bytes()
        assert KEY.encode() not in content, file
        if file.name in ("manifest.json", "scores.json", "answers.sqlite", ".lock") or file.parent.name == "tables":
            assert CANARY.encode() not in content, file
    if status != 401:
        assert all(KEY not in prediction.completion.error for prediction in read_predictions(tmp_path / "run"))


def test_watch_once_and_as_json(server: Any, task_file: TaskFile, tmp_path: Path, capsys: Capture) -> None:
    out = str(tmp_path / "run")
    main([*words(server, task_file(), "--price", "1000,2000"), "-o", out, "-q"])
    capsys.readouterr()
    assert main(["bench", "watch", out, "--once"]) == 0
    shown = capsys.readouterr().out
    assert "4/4 done" in shown
    assert "$0.48" in shown
    assert main(["bench", "watch", out, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["state"], document["done"], document["tasks"][0]["task_id"]) == ("finished", 4, "ward1")
    assert main(["bench", "watch", out]) == 0  # a run that has ended is shown once
    assert main(["bench", "watch", str(tmp_path / "nowhere")]) == 2


def test_watching_ends_with_ctrl_c(server: Any, task_file: TaskFile, tmp_path: Path) -> None:
    out = tmp_path / "run"
    server.before = lambda body: time.sleep(0.2)
    command = [sys.executable, "-m", "medsins", *words(server, task_file(rows=400)), "-o", str(out), "-q"]
    with subprocess.Popen([*command, "--concurrency", "1"], stderr=subprocess.DEVNULL) as running:
        while not (out / "run.sqlite").exists():
            time.sleep(0.05)
        watcher = subprocess.Popen(
            [sys.executable, "-m", "medsins", "bench", "watch", str(out)], stdout=subprocess.PIPE, text=True
        )
        assert watcher.stdout is not None
        assert "/400 done" in watcher.stdout.readline()
        watcher.send_signal(signal.SIGINT)
        assert watcher.wait(30) in (0, 130)
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
