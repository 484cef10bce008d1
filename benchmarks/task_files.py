"""Time and memory of task files at scale, on a synthetic file in the published shape.

    python benchmarks/task_files.py --instances 1000000 --dir scratch

Writes a JSON task file (about 2 GB for a million instances), then measures, each in a process of its own: ``json.load``
as the yardstick, conversion to Parquet and JSONL, validation, random access by index, and the slope of conversion over
quarters of the file, from which 13.5 million instances are extrapolated. Prints a table; ``--keep`` keeps the files.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ALL_OF_MEDS_INS = 13_500_000
CARD = {
    "Contributors": ["benchmark"],
    "Source": ["random words"],
    "URL": [],
    "Categories": ["Text Summarization"],
    "Reasoning": [],
    "Definition": ["Summarize the report."],
    "Input_language": ["English"],
    "Output_language": ["English"],
    "Instruction_language": ["English"],
    "Domains": ["clinical texts"],
    "Positive Examples": [],
    "Negative Examples": [],
}


def vocabulary(source: random.Random) -> tuple[list[str], list[int]]:
    """Invented words with the frequencies of natural text (Zipf), some with letters outside ASCII."""
    consonants, vowels = "bcdfghklmnprstvz", "aeiou"
    words = {
        "".join(source.choice(consonants) + source.choice(vowels) for _ in range(source.choice((1, 2, 2, 3, 3, 4, 5))))
        for _ in range(30_000)
    }
    ordered = sorted(words, key=len)
    ordered[500:500] = ["µg", "β-blocker", "≥", "fièvre"]
    return ordered, [10_000_000 // (rank + 10) for rank in range(len(ordered))]


def sentences(source: random.Random, words: list[str]) -> str:
    """Words as a report writes them: capitals, commas, numbers, quotes, line breaks."""
    parts, position = [], 0
    while position < len(words):
        length = source.randint(6, 22)
        sentence = " ".join(words[position : position + length])
        if source.random() < 0.2:
            sentence += f', {source.randint(1, 400)} mg "{words[position]}"'
        parts.append(sentence.capitalize() + ".")
        position += length
    return "\n".join([" ".join(parts[:4]), " ".join(parts[4:])])


def generate(path: Path, instances: int, seed: int = 0) -> None:
    """Write the synthetic file; about 2 kB an instance, in paragraphs drawn from thousands."""
    source = random.Random(seed)
    words, weights = vocabulary(source)
    pool = source.choices(words, weights, k=1_000_000)
    starts = [source.randrange(999_000) for _ in range(30_000)]
    texts = [sentences(source, pool[start : start + source.randint(25, 80)]) for start in starts]
    paragraphs = [json.dumps(text, ensure_ascii=False)[1:-1] for text in texts]
    with path.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps(CARD, ensure_ascii=False, indent=2).removesuffix("\n}") + ',\n  "Instances": [')
        for number in range(instances):
            *parts, answer = source.choices(paragraphs, k=source.randint(4, 9))
            comma, given = "," if number else "", "\\n".join(parts)
            stream.write(f'{comma}\n    {{"id": "task78-{number}", "input": "{given}", "output": ["{answer}"]}}')
        stream.write("\n  ]\n}\n")


def cut(path: Path, target: Path, instances: int) -> None:
    """The first instances of the synthetic file, which holds one a line."""
    with path.open("rb") as whole, target.open("wb") as part:
        while not (line := whole.readline()).lstrip().startswith(b'{"id"'):
            part.write(line)
        for _ in range(instances - 1):
            part.write(line)
            line = whole.readline()
        part.write(line.rstrip(b",\n") + b"\n  ]\n}\n")


def step_json_load(path: Path) -> dict[str, float]:
    with path.open(encoding="utf-8") as stream:
        return {"instances": len(json.load(stream)["Instances"])}


def step_parquet(path: Path) -> dict[str, float]:
    from medsins.tasks import convert

    return {"instances": convert(path, path.with_suffix(".parquet")).instances}


def step_jsonl(path: Path) -> dict[str, float]:
    from medsins.tasks import convert

    target = path.with_suffix(".jsonl")
    instances = convert(path, target).instances
    target.unlink()
    return {"instances": instances}


def step_validate(path: Path) -> dict[str, float]:
    from medsins.tasks import validate

    found = validate(path)
    return {"instances": found.instances, "errors": found.errors, "warnings": found.warnings}


def step_random_access(path: Path) -> dict[str, float]:
    from medsins.tasks import IndexedTask

    started = time.perf_counter()
    task = IndexedTask(path.with_suffix(".parquet"))
    opened = time.perf_counter() - started
    source = random.Random(1)
    times = []
    for _ in range(2000):
        index = source.randrange(len(task))
        started = time.perf_counter()
        instance = task[index]
        times.append(time.perf_counter() - started)
        assert instance.id == f"task78-{index}"
    times.sort()
    return {
        "instances": len(task),
        "open_ms": 1e3 * opened,
        "median_ms": 1e3 * statistics.median(times),
        "p99_ms": 1e3 * times[int(0.99 * len(times))],
    }


STEPS = {name.removeprefix("step_"): function for name, function in list(globals().items()) if name.startswith("step_")}


def run_step(name: str, path: Path) -> None:
    """Run one step in this process and print what it took as JSON."""
    started, cpu = time.perf_counter(), time.process_time()
    found = STEPS[name](path)
    found |= {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - cpu}
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found))


def measure(name: str, path: Path) -> dict[str, float]:
    """Run one step in a fresh process."""
    command = [sys.executable, __file__, "--step", name, "--file", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def report(name: str, path: Path, found: dict[str, float]) -> None:
    megabytes = path.stat().st_size / 1e6
    extra = {key: round(value, 2) for key, value in found.items() if key not in ("seconds", "cpu_seconds", "peak_mb")}
    print(
        f"{name:14} {megabytes / found['seconds']:6.0f} MB/s  {found['seconds']:6.1f} s  "
        f"cpu {found['cpu_seconds']:6.1f} s  peak {found['peak_mb']:6.0f} MB  {extra}",
        flush=True,
    )


def slope(path: Path, folder: Path, whole: dict[str, float], instances: int) -> None:
    """Convert a quarter and a half too, and extrapolate all of MedS-Ins from the line through the three."""
    points = [(instances, whole["cpu_seconds"], whole["seconds"])]
    for share in (2, 4):
        part = folder / f"part{share}.json"
        cut(path, part, instances // share)
        found = measure("parquet", part)
        report(f"parquet 1/{share}", part, found)
        points.append((instances // share, found["cpu_seconds"], found["seconds"]))
        part.unlink()
        part.with_suffix(".parquet").unlink()
    for name, column in (("cpu", 1), ("wall", 2)):
        per_row, base = statistics.linear_regression([p[0] for p in points], [p[column] for p in points])
        gigabytes = path.stat().st_size / 1e9 * ALL_OF_MEDS_INS / instances
        minutes = (base + per_row * ALL_OF_MEDS_INS) / 60
        print(f"extrapolated   {ALL_OF_MEDS_INS:,} instances ({gigabytes:.0f} GB): {minutes:.1f} min {name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, default=1_000_000)
    parser.add_argument("--dir", type=Path, default=Path("task_files_benchmark"))
    parser.add_argument("--keep", action="store_true", help="keep the files that were made")
    parser.add_argument("--only", nargs="*", choices=[*STEPS, "slope"], help="only these steps")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        run_step(args.step, args.file)
        return
    args.dir.mkdir(parents=True, exist_ok=True)
    path = args.dir / f"task78_{args.instances}.json"
    if not path.exists():
        generate(path, args.instances)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{path.stat().st_size / 1e9:.2f} GB, {args.instances:,} instances, {os.cpu_count()} cores, load {load}")
    found: dict[str, dict[str, float]] = {}
    for name in args.only or STEPS:
        if name in STEPS:
            found[name] = measure(name, path)
            report(name, path, found[name])
    if {"json_load", "parquet"} <= set(found):
        for unit in ("seconds", "cpu_seconds"):
            print(f"JSON to Parquet is {found['json_load'][unit] / found['parquet'][unit]:.2f} x json.load in {unit}")
    if "parquet" in found and (not args.only or "slope" in args.only):
        slope(path, args.dir, found["parquet"], args.instances)
    if not args.keep:
        shutil.rmtree(args.dir)


if __name__ == "__main__":
    main()
