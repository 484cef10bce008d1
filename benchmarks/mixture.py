"""Pace and memory of drawing a mixture, on 122 synthetic tasks of very different sizes.

    python benchmarks/mixture.py --instances 1000000 --dir scratch

Writes the tasks (a tenth of them in another language, 40 wordings each), then draws every instance once, half of them
with three shots, in a process of its own, for a quarter, half and all of the instances; the line through the three
gives 13.5 million. ``samples/s`` are by processor time, of both passes and of writing; ``sum/s`` is how many terms of
a plain sum a second of the same processor adds up beside it, which tells a busy machine from a slow one. ``--format
json`` writes JSON task files instead of Parquet, ``--temperature`` draws small tasks again and again.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from task_files import ALL_OF_MEDS_INS, sentences, vocabulary

TASKS = 122
WORDINGS = 40


def sizes(instances: int) -> list[int]:
    """Instances of each task: a few large ones, many small ones."""
    weights = [1 / (rank + 2) for rank in range(TASKS)]
    return [max(8, int(instances * weight / sum(weights))) for weight in weights]


def generate(folder: Path, instances: int, form: str, words: int) -> None:
    """Write the tasks; an instance has about so many words, made of sentences drawn from a hundred thousand."""
    from medsins.core import Card
    from medsins.tasks import open_writer
    from medsins.tasks._columns import Columns

    source = random.Random(0)
    known, weights = vocabulary(source)
    pool = source.choices(known, weights, k=500_000)
    parts = [sentences(source, pool[start : start + 25]) for start in source.choices(range(499_000), k=100_000)]
    for number, size in enumerate(sizes(instances)):
        card = Card(
            categories=("Text Summarization",),
            definition=tuple(" ".join(source.choices(pool, k=30)) for _ in range(WORDINGS)),
            output_language=("Chinese" if number % 10 == 9 else "English",),
            domains=(f"domain {number % 5}",),
        )
        with open_writer(folder / f"task{9000 + number}.{form}", card) as writer:
            for start in range(0, size, 1000):
                ids = [f"{row}" for row in range(start, min(size, start + 1000))]
                texts = [" ".join(source.choices(parts, k=max(1, words // 25))) for _ in ids]
                inputs = [f"{name} {text}" for name, text in zip(ids, texts, strict=True)]
                outputs: list[list[str]] = [[text] for text in source.choices(parts, k=len(ids))]
                writer.write_columns(Columns(ids, inputs, outputs, [True] * len(ids)))


def yardstick(terms: int = 5_000_000) -> float:
    """Terms of a plain sum that this processor adds up in a second of its time, now."""
    cpu = time.process_time()
    sum(number * number for number in range(terms))
    return terms / (time.process_time() - cpu)


def measure(folder: Path, temperature: float) -> None:
    """Draw one mixture in this process and print what it took as JSON."""
    from medsins.training.mixture import Mixture, mix

    target = folder / "mixture"
    started, cpu = time.perf_counter(), time.process_time()
    mixed = mix([folder / "tasks"], Mixture(temperature=temperature), target)
    found = {"samples": mixed.samples, "seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}
    found |= {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "sums": yardstick()}
    found |= {"words": mixed.total("words"), "few_shot": mixed.total("few_shot")}
    found |= {"written": sum(path.stat().st_size for path in target.iterdir()) / 1e6}
    print(json.dumps(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, default=1_000_000)
    parser.add_argument("--words", type=int, default=100, help="of an input")
    parser.add_argument("--format", choices=["parquet", "json"], default="parquet")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--dir", type=Path, default=Path("mixture_benchmark"))
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        measure(args.dir, args.temperature)
        return
    points = []
    print("instances  files MB    samples  words each   cpu s  wall s  samples/s  peak MB  written MB       sum/s")
    for share in (4, 2, 1):
        shutil.rmtree(args.dir, ignore_errors=True)
        tasks = args.dir / "tasks"
        tasks.mkdir(parents=True)
        generate(tasks, args.instances // share, args.format, args.words)
        there = sum(path.stat().st_size for path in tasks.iterdir()) / 1e6
        command = [sys.executable, __file__, "--measure", "--dir", str(args.dir)]
        command += ["--temperature", str(args.temperature)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        points.append(found)
        samples = found["samples"]
        print(
            f"{args.instances // share:9,}  {there:8,.0f}  {samples:9,}  {found['words'] / samples:10.0f}"
            f"  {found['cpu']:6.1f}  {found['seconds']:6.1f}  {samples / found['cpu']:9,.0f}"
            f"  {found['peak']:7,.0f}  {found['written']:10,.0f}  {found['sums']:10,.0f}",
            flush=True,
        )
    shutil.rmtree(args.dir, ignore_errors=True)
    drawn = [found["samples"] for found in points]
    per_sample, base = statistics.linear_regression(drawn, [found["cpu"] for found in points])
    print(f"each further sample: {1e6 * per_sample:.1f} µs of processor, {1 / per_sample:,.0f} samples/s")
    print(f"{ALL_OF_MEDS_INS:,} samples: {(base + per_sample * ALL_OF_MEDS_INS) / 60:.1f} min of processor")


if __name__ == "__main__":
    main()
