"""Time and memory of ``audit duplicates``, ``labels`` and ``identifiers`` as task files grow.

    python benchmarks/audit_checks.py --instances 100000 200000 400000

Invents a training set (four files of JSON Lines, 60 words an instance, one in fifty a repeat, two labels) and runs each
check in a process of its own; prints instances per second of wall clock and peak memory, and what a line through the
sizes says for 13.5 million. Say what else the machine was doing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKS = ("duplicates", "labels", "identifiers")
FILES, WORDS, ALL = 4, 60, 13_500_000


def invent(folder: Path, instances: int) -> None:
    """Write the files."""
    rng = random.Random(instances)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randrange(2, 11))) for _ in range(30_000)]
    for number in range(FILES):
        with (folder / f"task{number}.jsonl").open("w", encoding="utf-8") as stream:
            head = {"Categories": ["Fact Verification"], "Definition": ["Answer yes or no."]}
            stream.write(json.dumps(head) + "\n")
            text = ""
            for row in range(instances // FILES):
                if row % 50 or not text:
                    text = " ".join(rng.choices(words, k=WORDS))
                stream.write(
                    json.dumps({"id": f"{number}-{row}", "input": text, "output": ["yes", "no"][row % 2]}) + "\n"
                )


def child(check: str, folder: str) -> None:
    """Run one check; prints seconds and peak memory in MB."""
    from medsins.audit.duplicates import audit_duplicates
    from medsins.audit.identifiers import audit_identifiers
    from medsins.audit.labels import audit_labels

    started = time.perf_counter()
    {"duplicates": audit_duplicates, "labels": audit_labels, "identifiers": audit_identifiers}[check]([Path(folder)])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([time.perf_counter() - started, peak]))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, nargs="+", default=[100_000, 200_000])
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(*args.child)
        return
    found: dict[str, list[tuple[int, float, float]]] = {check: [] for check in CHECKS}
    for instances in args.instances:
        with tempfile.TemporaryDirectory() as folder:
            invent(Path(folder), instances)
            for check in CHECKS:
                command = [sys.executable, __file__, "--child", check, folder]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                found[check].append((instances, *json.loads(done.stdout)))
    print(f"load {os.getloadavg()[0]:.1f}")
    print(f"{'check':12} {'instances':>10} {'seconds':>8} {'per second':>11} {'peak MB':>8}")
    for check, runs in found.items():
        for instances, seconds, peak in runs:
            print(f"{check:12} {instances:10,} {seconds:8.1f} {instances / seconds:11,.0f} {peak:8.0f}")
        (n0, t0, m0), (n1, t1, m1) = runs[0], runs[-1]
        if n1 > n0:
            minutes, memory = (t1 + (t1 - t0) / (n1 - n0) * (ALL - n1)) / 60, m1 + (m1 - m0) / (n1 - n0) * (ALL - n1)
            print(
                f"{check:12} {ALL:10,} {minutes:5.0f} min, {memory:,.0f} MB by the line through the first and the last"
            )


if __name__ == "__main__":
    main()
