"""A large submission: how long it takes to match its rows to a version's instances and to score them, and the memory.

    python benchmarks/board_intake.py --rows 60000

The version is the bundled suite again and again with a case number in every question; the answers are references of
other instances, so that scoring has real work. Reading and scoring run in processes of their own.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from medsins.bench.suites import load_suite
from medsins.leaderboard.records import Item, Submission, Version, VersionTask

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STEPS = ("match", "score")


def make(rows: int) -> tuple[Version, list[Item]]:
    """A version of so many instances."""
    suite = load_suite("mini")
    per_task = [rows // len(suite.tasks) + (i < rows % len(suite.tasks)) for i in range(len(suite.tasks))]
    items: list[Item] = []
    tasks = []
    for task, count in zip(suite.tasks, per_task, strict=True):
        tasks.append(VersionTask(task.id, task.category, task.language, "d" * 64, count, 0))
        for number in range(count):
            one = task.instances[number % len(task.instances)]
            text = f"{one.input}\nCase {number}"
            items.append(Item(len(items), task.id, f"{one.id}-{number}", "open", text, one.outputs))
    return Version(f"large@{rows}", "large", NOW, None, tuple(tasks), digest="d" * 64), items


def write(path: Path, items: list[Item]) -> None:
    """A submission as published: four columns, rows in another order, references of other instances as answers."""
    source = random.Random(0)
    answers = {task: [i.outputs[0] for i in items if i.task_id == task] for task in {i.task_id for i in items}}
    shuffled = items.copy()
    source.shuffle(shuffled)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["task_id", "input", "GT", "output"])
        for item in shuffled:
            output = source.choice(answers[item.task_id])
            writer.writerow([item.task_id, item.input, item.outputs[0], output])


def run(step: str, rows: int, folder: Path) -> None:
    """One step in this process; prints seconds, and the peak memory of this process and of those below it in MB."""
    from medsins.leaderboard._items import items_file
    from medsins.leaderboard.intake import read_upload
    from medsins.leaderboard.scoring import Given, score_submission
    from medsins.leaderboard.store import open_store

    version, items = make(rows)
    path = folder / "predictions.csv"
    if step == "match":
        started = time.perf_counter()
        found = read_upload(path, items)
        seconds = time.perf_counter() - started
        assert len(found.answers) == rows
    else:
        answers = read_upload(path, items).answers
        store = open_store(f"sqlite:///{folder / 'board.sqlite'}", create=True)
        store.add_version(version, items, "benchmark")
        kept = items_file(store, version, folder)
        attempt = Submission("s", version.id, "m", "t", 1, "csv", "scoring", NOW, "")
        started = time.perf_counter()
        scores = score_submission(attempt, version, kept, Given(answers))
        seconds = time.perf_counter() - started
        assert scores[0].document["rows"] == rows
    peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(
        f"{step:<8} {rows:>8} {seconds:>8.1f} {peaks[0]:>12.0f} {peaks[1]:>12.0f} {os.getloadavg()[0]:>6.1f}",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        run(args.step[0], args.rows, Path(args.step[1]))
        return
    print(f"{'step':<8} {'rows':>8} {'seconds':>8} {'own peak MB':>12} {'child peak MB':>13} {'load':>5}")
    with tempfile.TemporaryDirectory() as scratch:
        write(Path(scratch) / "predictions.csv", make(args.rows)[1])
        for step in STEPS:
            words = [sys.executable, __file__, "--rows", str(args.rows), "--step", step, scratch]
            subprocess.run(words, check=True)


if __name__ == "__main__":
    main()
