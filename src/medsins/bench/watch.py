"""A look at a run while another process writes it: done, failed, rate, time left and dollars, by task."""

from __future__ import annotations

import os
import re
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .spec import read_manifest
from .store import FILE_NAME, query

WINDOW = 60.0  # seconds that a rate looks back

State = Literal["running", "finished", "stopped", "unknown"]

_TASKS = """
SELECT task_id, COUNT(*), SUM(status = 'error'), SUM(cached) FROM predictions GROUP BY task_id
"""
_COSTS = "SELECT task_id, SUM(cost) FROM attempts GROUP BY task_id"
_RATE = "SELECT COUNT(*), MIN(answered_at) FROM predictions WHERE answered_at >= {since:f} AND cached = 0"


@dataclass(frozen=True, slots=True)
class TaskState:
    """One task: samples in all, answered (failed ones too), failed, from the cache; US dollars."""

    task_id: str
    total: int
    done: int
    failed: int
    cached: int
    cost: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run at one moment. ``rate`` in samples per second over the last minute; ``left`` in seconds, None where it
    cannot be told. ``state``: ``stopped`` where no process of this machine works on it; ``unknown`` where another
    machine may.
    """

    state: State
    tasks: tuple[TaskState, ...]
    rate: float
    left: float | None
    holder: str = ""

    @property
    def total(self) -> TaskState:
        """All tasks together."""
        total, done, failed, cached = (
            sum(getattr(task, name) for task in self.tasks) for name in ("total", "done", "failed", "cached")
        )
        return TaskState("all", total, done, failed, cached, sum(task.cost for task in self.tasks))


def look(run_dir: Path) -> Snapshot:
    """Read the state of a run; nothing is written or locked for longer than a query takes.

    Raises:
        UsageError: it is no run directory.
        RunError: its files are damaged.
    """
    manifest = read_manifest(run_dir)
    counts: dict[str, tuple[int, int, int]] = {}
    costs: dict[str, float] = {}
    recent, since = 0, 0.0
    now = time.time()
    if (run_dir / FILE_NAME).is_file():
        counts = {task: (done, failed, cached) for task, done, failed, cached in query(run_dir, _TASKS)}
        costs = dict(query(run_dir, _COSTS))
        ((recent, since),) = query(run_dir, _RATE.format(since=now - WINDOW))
    tasks = tuple(
        TaskState(entry["id"], entry["instances"], *counts.get(entry["id"], (0, 0, 0)), costs.get(entry["id"], 0.0))
        for entry in manifest.get("tasks", [])
    )
    missing = sum(task.total - task.done for task in tasks)
    holder, state = _holder(run_dir)
    if not missing:
        state = "finished"
    rate = recent / max(now - since, 0.001) if recent > 1 and state != "finished" else 0.0
    left = missing / rate if rate and state in ("running", "unknown") else None
    return Snapshot(state, tasks, rate, left, holder)


def _holder(run_dir: Path) -> tuple[str, State]:
    """Who worked on the run last, and whether it still does. The lock itself is left alone."""
    try:
        text = (run_dir / ".lock").read_text(encoding="utf-8").strip()
    except OSError:
        return "", "stopped"
    found = re.fullmatch(r"process (\d+) on (.+)", text)
    if found is None:
        return text, "unknown"
    if found[2] != socket.gethostname():
        return text, "unknown"
    try:
        os.kill(int(found[1]), 0)
    except ProcessLookupError:
        return text, "stopped"
    except PermissionError:
        pass
    return text, "running"
