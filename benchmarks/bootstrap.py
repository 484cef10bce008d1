"""Bootstrap and test timings, and how long scoring the mini suite takes.

    python benchmarks/bootstrap.py [--rows 1500] [--resamples 10000]

Prints CPU and wall-clock seconds of one bootstrap of every measure, of the paired tests, and of scoring the mini
suite (its references with every third answer taken from another row) in both profiles. The first mini run of a
process also loads the tokenisers; the second shows scoring alone.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from medsins.bench.scoring import score_csv
from medsins.bench.suites import load_suite
from medsins.metrics.stats import (
    Array,
    RowTable,
    bootstrap,
    generator,
    means,
    micro_f1,
    multi_label,
    paired_bootstrap,
    permutation_test,
    single_label,
)


def timed(name: str, work: Callable[[], Any]) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    print(f"  {name:<44} {time.perf_counter() - wall:8.3f} {time.process_time() - cpu:8.3f}")


def one_hot(draw: np.random.Generator, rows: int, classes: int) -> Array:
    return np.eye(classes)[draw.integers(0, classes, rows)]


def tables(rows: int) -> dict[str, RowTable]:
    draw = np.random.default_rng(0)
    ones = np.ones((rows, 1))
    made: dict[str, RowTable] = {
        "mean of right and wrong": RowTable(np.hstack([draw.integers(0, 2, (rows, 1)), ones]), means(("accuracy",))),
        "mean of a fraction": RowTable(np.hstack([draw.random((rows, 1)), ones]), means(("rouge_l_f",))),
        "5 means of fractions, twice (answered)": RowTable(
            np.hstack([draw.random((rows, 5)), ones]), means(("a", "b", "c", "d", "e"))
        ).with_answered((draw.random(rows) < 0.9).tolist(), "a"),
        "entity F1 from summed counts": RowTable(np.hstack([draw.integers(0, 5, (rows, 3)), ones]), micro_f1),
    }
    for classes in (3, 10, 50):
        found, gold = one_hot(draw, rows, classes), one_hot(draw, rows, classes)
        name = f"{classes} classes: accuracy, macro F1, MCC"
        made[name] = RowTable(np.hstack([found * gold, found, gold, ones]), single_label(classes))
    found, gold = ((draw.random((rows, 10)) < 0.2).astype(float) for _ in range(2))
    values = np.hstack([found * gold, found, gold, draw.random((rows, 1)), ones])
    made["10 labels: macro, micro, samples F1, MCC"] = RowTable(values, multi_label(10))
    return made


def mini_predictions(path: Path) -> int:
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["task_id", "input", "GT", "output"])
        count = 0
        for task in load_suite("mini").tasks:
            for i, instance in enumerate(task.instances):
                answer = task.instances[i - 1].reference if i % 3 == 2 else instance.reference
                rows.writerow([task.id, instance.input, instance.reference, answer])
                count += 1
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--resamples", type=int, default=10_000)
    args = parser.parse_args()
    made = tables(args.rows)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; seconds {'wall':>24} {'CPU':>8}")
    print(f"bootstrap, {args.resamples:,} resamples x {args.rows:,} rows")
    for name, table in made.items():
        timed(name, lambda table=table: bootstrap(table, args.resamples, generator("benchmark")))
    print(f"pairs of models, {args.rows:,} rows")
    a, b = made["mean of a fraction"], tables(args.rows)["mean of a fraction"]
    b = RowTable(np.roll(b.values, 1, axis=0), b.measure)
    timed(f"paired bootstrap, {args.resamples:,} resamples",
          lambda: paired_bootstrap(a, b, "rouge_l_f", args.resamples, generator("benchmark")))  # fmt: skip
    timed("permutation test, 9,999 permutations", lambda: permutation_test(a, b, "rouge_l_f", generator("benchmark")))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mini.csv"
        print(f"scoring the mini suite, {mini_predictions(path)} rows, both profiles, 1,000 resamples, baselines")
        timed("first in a process", lambda: score_csv([path]))
        timed("again", lambda: score_csv([path]))


if __name__ == "__main__":
    main()
