"""Watching on a terminal and in a log: drawn until the run has ended, whatever way it ends."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from medsins.bench import watch
from medsins.bench.watch import Snapshot, TaskState
from medsins.cli import _bench_watch
from medsins.cli.main import main


def snapshot(done: int, state: Any = "running", **more: Any) -> Snapshot:
    figures: dict[str, Any] = {"rate": 2.0, "left": 8.0, "holder": "process 1 on ward", **more}
    return Snapshot(state, (TaskState("task[1]", 10, done, 1, 2, 0.5), TaskState("task2", 10, 0, 0, 0, 0.0)), **figures)


@pytest.fixture
def shows(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command over prepared looks and returns what was shown."""

    def run(looks: list[Any], terminal: bool) -> tuple[int, str]:
        text = io.StringIO()
        console = Console(file=text, force_terminal=terminal, width=90, highlight=False)
        queue: Iterator[Any] = iter(looks)

        def look(path: Path) -> Snapshot:
            found = next(queue)
            if isinstance(found, BaseException):
                raise found
            assert isinstance(found, Snapshot)
            return found

        monkeypatch.setattr(watch, "look", look)
        monkeypatch.setattr(_bench_watch, "out_console", lambda: console)
        monkeypatch.setattr(_bench_watch, "INTERVAL", 0.0)
        code = main(["bench", "watch", "anywhere"])
        assert next(queue, None) is None
        return code, text.getvalue()

    return run


def test_a_terminal_is_drawn_until_the_end(shows: Any) -> None:
    code, text = shows([snapshot(3), snapshot(6), snapshot(10, "finished", left=None, rate=0.0)], True)
    assert code == 0
    for part in ("task[1]", "6/20 done", "2 from the cache", "2.00 samples/s", "0:08 left", "$0.50", "finished"):
        assert part in text


def test_a_log_gets_the_first_line_and_the_last(shows: Any) -> None:
    code, text = shows([snapshot(3), snapshot(4), snapshot(5), snapshot(6, "stopped", left=None)], False)
    assert code == 0
    first, last = text.splitlines()
    assert first.startswith("3/20 done, 1 failed")
    assert last.endswith("no process works on it: medsins bench resume goes on")


def test_a_run_of_another_machine_says_whose(shows: Any) -> None:
    _, text = shows([snapshot(3, "unknown"), snapshot(9, "finished")], False)
    assert "last held by process 1 on ward" in text


@pytest.mark.parametrize("terminal", [True, False])
def test_leaving_is_no_error(shows: Any, terminal: bool) -> None:
    code, text = shows([snapshot(3), KeyboardInterrupt()], terminal)
    assert code == 0
    assert "Traceback" not in text
