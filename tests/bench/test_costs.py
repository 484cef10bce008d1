"""What a run will take, what it took, and how it stands: estimates, usage by task, and a look from outside."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.bench.costs import estimate_run
from medsins.bench.runner import run
from medsins.bench.spec import RunSpec
from medsins.bench.usage import percentile, run_usage
from medsins.bench.watch import look
from medsins.core import RunError, UsageError

TaskFile = Callable[..., Path]


def spec(server: Any, *paths: Path, **more: Any) -> RunSpec:
    chosen = {"price": (1000.0, 2000.0), "cache": False, "protocol": "strict:shots=0", **more}
    return RunSpec(f"openai:served@{server.url}", tasks=tuple(map(str, paths)), **chosen)


def test_an_estimate_opens_no_socket_and_adds_up(server: Any, sockets: list[object], task_file: TaskFile) -> None:
    paths = (task_file("one", rows=5, Access="open"), task_file("two", rows=7, Access="open"))
    found = estimate_run(spec(server, *paths))
    assert (sockets, server.connections) == ([], 0)
    assert [task.requests for task in found.tasks] == [5, 7]
    total = found.total
    assert total.requests == 12
    assert total.most_tokens == 12 * 256
    assert 0 < total.likely_tokens < total.most_tokens
    assert total.most_cost == pytest.approx((1000 * total.prompt_tokens + 2000 * total.most_tokens) / 1e6)
    assert total.likely_cost == pytest.approx((1000 * total.prompt_tokens + 2000 * total.likely_tokens) / 1e6)


def test_what_is_answered_already_is_not_counted(server: Any, task_file: TaskFile, tmp_path: Path) -> None:
    path = task_file(rows=20, Access="open")
    run(spec(server, path, budget=1.0), tmp_path / "run")
    answered = len(server.asked)
    found = estimate_run(spec(server, path), tmp_path / "run")
    assert 0 < answered < 20
    assert (found.answered, found.total.requests) == (answered, 20 - answered)


def test_the_real_bill_lies_within_the_estimate(server: Any, task_file: TaskFile, tmp_path: Path) -> None:
    path = task_file(rows=6, Access="open")
    server.tokens = (20, 256)
    found = estimate_run(spec(server, path))
    assert run(spec(server, path), tmp_path / "run").cost <= found.total.most_cost


def test_a_model_is_not_loaded_for_an_estimate(task_file: TaskFile) -> None:
    found = estimate_run(RunSpec("transformers:nowhere/at/all", tasks=(str(task_file()),)))
    assert found.total.prompt_tokens > 0
    assert found.total.most_cost == 0
    assert any("--price" in note for note in found.notes)


def test_an_estimate_says_what_the_guard_would_refuse(server: Any, task_file: TaskFile) -> None:
    remote = RunSpec("openai:served@https://elsewhere.example/v1", tasks=(str(task_file(Access="private")),))
    assert any("1 of 1 task would be refused" in note for note in estimate_run(remote).notes)


def test_thinking_is_part_of_the_most(task_file: TaskFile) -> None:
    plain = RunSpec("anthropic:claude-sonnet-4-5", tasks=(str(task_file(Access="open")),))
    thinking = RunSpec("anthropic:claude-sonnet-4-5", tasks=plain.tasks, reasoning="high")
    assert estimate_run(thinking).total.most_tokens > estimate_run(plain).total.most_tokens + 4 * 4096
    assert any("thinking" in note for note in estimate_run(thinking).notes)


def test_usage_by_task(server: Any, task_file: TaskFile, tmp_path: Path) -> None:
    paths = (task_file("one", rows=3), task_file("two", rows=5))
    server.fails = lambda text: 400 if "Case 4" in text else 0
    outcome = run(spec(server, *paths), tmp_path / "run")
    usage = run_usage(tmp_path / "run")
    assert list(usage) == ["one", "two"]
    assert (usage["one"].requests, usage["two"].requests, usage["two"].failed_requests) == (3, 5, 1)
    assert (usage["one"].prompt_tokens, usage["two"].completion_tokens) == (300, 40)
    assert usage["one"].cost + usage["two"].cost == pytest.approx(outcome.cost) == pytest.approx(7 * 0.12)
    assert 0 < usage["one"].latency_p50 <= usage["one"].latency_p95
    server.fails = lambda text: 0
    run(spec(server, *paths), tmp_path / "run", retry_failed=True)
    again = run_usage(tmp_path / "run")["two"]
    assert (again.requests, again.failed_requests, again.prompt_tokens) == (6, 1, 500)


@given(st.lists(st.floats(0, 1e6), max_size=50), st.integers(1, 100))
def test_percentiles_are_values_within_which_the_share_lies(values: list[float], share: int) -> None:
    found = percentile(values, share)
    if values:
        assert found in values
        assert sum(value <= found for value in values) * 100 >= share * len(values)
        assert sum(value < found for value in values) * 100 < share * len(values)
    else:
        assert found == 0


def test_a_look_while_another_process_writes(server: Any, task_file: TaskFile, tmp_path: Path) -> None:
    path = task_file(rows=60)
    server.before = lambda body: time.sleep(0.05)
    words = ["-m", "medsins", "bench", "run", "--model", f"openai:served@{server.url}", "--tasks", str(path)]
    options = ["--price", "1000,2000", "--concurrency", "2", "-q", "-o", str(tmp_path / "run")]
    with subprocess.Popen([sys.executable, *words, *options], stdout=subprocess.DEVNULL) as process:
        seen = []
        while process.poll() is None:
            if (tmp_path / "run" / "manifest.json").exists():
                seen.append(look(tmp_path / "run"))
            time.sleep(0.02)
    assert process.returncode == 0
    counts = [snapshot.total.done for snapshot in seen]
    assert counts == sorted(counts)
    halfway = [snapshot for snapshot in seen if 0 < snapshot.total.done < 60]
    assert halfway
    assert {snapshot.state for snapshot in halfway} == {"running"}
    assert any(snapshot.rate > 0 and snapshot.left for snapshot in halfway)
    last = look(tmp_path / "run")
    assert (last.state, last.total.done, last.total.failed) == ("finished", 60, 0)
    assert last.total.cost == pytest.approx(60 * 0.12)


def test_a_run_that_nobody_works_on(server: Any, task_file: TaskFile, tmp_path: Path) -> None:
    run(spec(server, task_file(rows=20), budget=1.0), tmp_path / "run")
    lock = tmp_path / "run" / ".lock"
    assert look(tmp_path / "run").state == "running"  # this process is still there
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    lock.write_text(f"process {ended.stdout.strip()} on {socket.gethostname()}")
    assert look(tmp_path / "run").state == "stopped"
    lock.write_text(f"process {os.getpid()} on another-machine")
    assert look(tmp_path / "run").state == "unknown"
    lock.unlink()
    assert look(tmp_path / "run").state == "stopped"


def test_a_look_at_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run directory"):
        look(tmp_path)
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(RunError):
        look(tmp_path)


def test_before_the_first_answer(tmp_path: Path) -> None:
    tasks = [{"id": "t", "instances": 3}]
    (tmp_path / "manifest.json").write_text(json.dumps({"spec": {}, "tasks": tasks}))
    snapshot = look(tmp_path)
    assert (snapshot.total.total, snapshot.total.done, snapshot.left) == (3, 0, None)
