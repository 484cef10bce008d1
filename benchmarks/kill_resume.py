"""Kill a run with SIGKILL at random moments, resume it each time, and compare it with an undisturbed run.

    python benchmarks/kill_resume.py --model smollm2 --limit 2 --kills 20
    python benchmarks/kill_resume.py --serve --limit 20 --kills 200

With ``--serve`` the model is a local server that takes a second for an answer and two requests at a time.
Prints a table of the kills and three figures that must be 0, 0 and True: acknowledged predictions lost, samples asked
again after they were answered, predictions and scores identical to the undisturbed run.
"""

from __future__ import annotations

import argparse
import atexit
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from medsins.core import open_readonly


def command(args: argparse.Namespace, run_dir: Path) -> list[str]:
    words = [sys.executable, "-m", "medsins", "bench", "run", "--model", args.model, "--suite", args.suite]
    return [
        *words,
        "--limit",
        str(args.limit),
        "--protocol",
        args.protocol,
        "--seed",
        "7",
        "-q",
        "--no-cache",
        "-o",
        str(run_dir),
    ]


def start_server(args: argparse.Namespace) -> subprocess.Popen[str]:
    """A server of its own process; sets the model to it."""
    program = Path(__file__).resolve().parents[1] / "tests" / "models" / "served.py"
    words = [sys.executable, str(program), "--latency", "1", "--slots", "2"]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    args.model = f"openai:served@http://127.0.0.1:{server.stdout.readline().strip()}/v1"
    return server


def answered(run_dir: Path) -> dict[int, tuple[str, float]]:
    """Row to (output, time of the commit) of everything a reader can see."""
    if not (run_dir / "run.sqlite").exists():
        return {}
    try:
        db = open_readonly(run_dir / "run.sqlite", timeout=30)
    except sqlite3.OperationalError:
        return {}  # killed before there was anything
    try:
        return {row: (output, at) for row, output, at in db.execute("SELECT row, output, answered_at FROM predictions")}
    except sqlite3.OperationalError:
        return {}  # killed before the tables were made
    finally:
        db.close()


def repeated(run_dir: Path) -> int:
    with sqlite3.connect(run_dir / "run.sqlite") as db:
        return int(db.execute("SELECT COUNT(*) - COUNT(DISTINCT row) FROM attempts").fetchone()[0])


def scores(run_dir: Path) -> Any:
    document = json.loads((run_dir / "scores.json").read_text(encoding="utf-8"))
    return document["profiles"]


def kill_once(args: argparse.Namespace, run_dir: Path, wait_for: int, jitter: float) -> float:
    """Start or resume the run and kill it some moments after ``wait_for`` samples are answered; seconds it lived."""
    started = time.monotonic()
    process = subprocess.Popen(command(args, run_dir), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(answered(run_dir)) < wait_for:
        time.sleep(0.02)
    time.sleep(jitter)
    process.kill()
    process.wait()
    return time.monotonic() - started


def main() -> int:
    """Run the comparison; exit 1 when anything was lost, repeated or different."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--suite", default="mini")
    parser.add_argument("--limit", type=int, default=2)
    parser.add_argument(
        "--protocol", default="strict:max_answer_tokens=32", help="short answers, so that kills hit often"
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--serve", action="store_true", help="evaluate a local server")
    args = parser.parse_args()
    if args.serve:
        atexit.register(start_server(args).kill)
    chance = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as scratch:
        calm, killed = Path(scratch, "calm"), Path(scratch, "killed")
        started = time.monotonic()
        subprocess.run(command(args, calm), stdout=subprocess.DEVNULL, check=True)
        undisturbed = time.monotonic() - started
        print(f"undisturbed run: {len(answered(calm))} samples in {undisturbed:.1f} s")
        print(f"{'kill':>4} {'after s':>8} {'answered':>9} {'lost':>5}")
        seen: dict[int, tuple[str, float]] = {}
        lost = 0
        step = max(1, 2 * len(answered(calm)) // args.kills)
        for number in range(1, args.kills + 1):
            delay = kill_once(args, killed, len(seen) + chance.randint(0, step), chance.uniform(0, 1.0))
            now = answered(killed)
            gone = sum(now.get(row) != value for row, value in seen.items())
            lost += gone
            seen = now
            print(f"{number:>4} {delay:>8.1f} {len(now):>9} {gone:>5}", flush=True)
        subprocess.run(command(args, killed), stdout=subprocess.DEVNULL, check=True)
        same = scores(calm) == scores(killed) and {r: o for r, (o, _) in answered(calm).items()} == {
            r: o for r, (o, _) in answered(killed).items()
        }
        print(f"acknowledged predictions lost: {lost}")
        print(f"asked again after an answer: {repeated(killed)}")
        print(f"predictions and scores identical: {same}")
        return int(bool(lost or repeated(killed) or not same))


if __name__ == "__main__":
    sys.exit(main())
