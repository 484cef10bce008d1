"""The bench commands as a user calls them, in processes of their own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medsins.bench.store import read_predictions

ROOT = Path(__file__).resolve().parents[2]


def medsins(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "medsins", *words], capture_output=True, text=True, cwd=cwd, check=False
    )


def test_run_score_report_resume_compare_export(tmp_path: Path) -> None:
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    done = medsins("bench", "run", "--model", "mock:echo", "--suite", "mini", "--limit", "2", "-o", one)
    assert done.returncode == 0, done.stderr
    assert "report.html" in done.stdout
    assert "samples/s" in done.stderr
    for name in ("manifest.json", "run.sqlite", "scores.json", "samples.jsonl", "report.html", "predictions.csv"):
        assert (tmp_path / "one" / name).stat().st_size > 0, name
    done = medsins(
        "bench", "run", "--model", "mock:empty", "--suite", "mini", "--limit", "2", "-o", two, "--json", "-q"
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert set(document["profiles"]) == {"official", "strict"}
    assert done.stderr == ""
    assert medsins("bench", "resume", one).returncode == 0
    again = medsins("bench", "score", one, "--resamples", "200", "--json")
    assert json.loads(again.stdout)["rows"] == document["rows"]
    assert json.loads(medsins("bench", "report", one, "--json").stdout)["reports"] == [
        str(tmp_path / "one/report.html")
    ]
    compared = medsins("bench", "compare", one, two, "-o", str(tmp_path / "compare.html"), "--json")
    assert compared.returncode == 0, compared.stderr
    json.loads(compared.stdout)
    assert (tmp_path / "compare.html").stat().st_size > 0
    exported = json.loads(medsins("bench", "export", one, "--json").stdout)["files"]
    assert all(Path(path).stat().st_size > 0 for path in exported)


def test_failed_samples_give_exit_code_1_and_the_command_that_asks_again(tmp_path: Path) -> None:
    words = ("bench", "run", "--model", "mock:error", "--suite", "mini", "--limit", "1", "-o", str(tmp_path / "run"))
    done = medsins(*words)
    assert done.returncode == 1
    assert "--retry-failed" in done.stderr
    scores = json.loads((tmp_path / "run" / "scores.json").read_text())
    unscored = [task["unscored"]["error"] for task in scores["profiles"]["strict"]["tasks"].values()]
    assert all(count == 1 for count in unscored)


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["bench", "run"], 2, "required"),
        (["bench", "run", "--model", "smollm2", "--suite", "mini", "--tasks", "x", "-o", "r"], 2, "not allowed with"),
        (["bench", "run", "--model", "mock:echo", "--suite", "mini", "--limit", "-1", "-o", "r"], 2, "negative"),
        (
            ["bench", "run", "--model", "mock:echo", "--suite", "mini", "--sede", "1", "-o", "r"],
            2,
            "did you mean --seed",
        ),
        (["bench", "run", "--model", "mock:echo", "--tasks", "nowhere", "-o", "r"], 2, "no such file"),
        (["bench", "resume", "nowhere"], 2, "run directory"),
        (["bench", "score", "nowhere"], 2, "run directory"),
        (["bench", "report", "nowhere"], 2, "run directory"),
        (["bench", "compare", "nowhere", "elsewhere"], 2, "run directory"),
        (["bench", "export", "nowhere"], 2, "run directory"),
        (["bencg"], 2, "did you mean bench"),
    ],
)
def test_wrong_usage(tmp_path: Path, words: list[str], code: int, expected: str) -> None:
    done = medsins(*words, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_an_output_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = medsins("bench", "run", "--model", "mock:echo", "--suite", "mini", "-o", str(tmp_path / "file" / "run"))
    assert done.returncode == 1
    assert str(tmp_path / "file") in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_says_how_to_resume(tmp_path: Path, number: signal.Signals) -> None:
    run_dir = tmp_path / "run"
    words = [
        sys.executable,
        "-m",
        "medsins",
        "bench",
        "run",
        "--model",
        "mock:echo",
        "--suite",
        "mini",
        "-o",
        str(run_dir),
    ]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if (run_dir / "run.sqlite").exists() and (run_dir / "manifest.json").exists():
            break
        time.sleep(0.01)
    process.send_signal(number)
    _, message = process.communicate(timeout=60)
    assert process.returncode == 130, message
    assert f"medsins bench resume {run_dir}" in message
    answered = sum(1 for _ in read_predictions(run_dir)) if (run_dir / "run.sqlite").stat().st_size else 0
    done = medsins("bench", "resume", str(run_dir), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] > answered


def test_kills_at_random_moments_lose_and_repeat_nothing() -> None:
    program = ROOT / "benchmarks" / "kill_resume.py"
    words = [sys.executable, str(program), "--model", "mock:echo", "--limit", "4", "--kills", "4"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "predictions and scores identical: True" in done.stdout
