"""Load on a board: many readers of 200 models while files are submitted and scored.

python benchmarks/board_load.py --models 200 --seconds 20 --readers 32 --processes 2

Starts the board in processes of its own, reads its pages over keep-alive connections from another process, first alone
and then while files are submitted, and prints requests a second, latencies, errors, and who used the processor.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

PORT = 8765
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

PAGES = (
    "/",
    "/",
    "/",
    "/index.json",
    "/?profile=official",
    "/languages",
    "/methods",
    "/model/m1",
    "/model/m2",
    "/progress",
)


async def read_pages(port: int, seconds: float, readers: int) -> dict[str, Any]:
    """Ask for pages, one after another on each connection, until time is up."""
    latencies: list[float] = []
    errors: list[str] = []
    until = time.monotonic() + seconds

    async def reader(number: int) -> None:
        stream, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
        turn = number
        while time.monotonic() < until:
            path = PAGES[turn % len(PAGES)]
            turn += 1
            head = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\naccept-encoding: gzip\r\n\r\n"
            began = time.perf_counter()
            writer.write(head.encode())
            reply = await stream.readuntil(b"\r\n\r\n")
            size = int(reply.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await stream.readexactly(size)
            latencies.append(time.perf_counter() - began)
            if not reply.startswith(b"HTTP/1.1 200"):
                errors.append(f"{path}: {reply.splitlines()[0]!r}")
        writer.close()

    began = time.monotonic()
    done = await asyncio.gather(*(reader(number) for number in range(readers)), return_exceptions=True)
    errors += [repr(one) for one in done if isinstance(one, BaseException)]
    latencies.sort()
    count = len(latencies) or 1
    return {
        "requests": len(latencies),
        "per_second": len(latencies) / (time.monotonic() - began),
        **{
            name: 1000 * latencies[min(count - 1, int(share * count))]
            for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99), ("p99.9_ms", 0.999))
        },
        "max_ms": 1000 * latencies[-1],
        "errors": errors[:5],
        "error_count": len(errors),
        "cpu_seconds": time.process_time(),
    }


def readers_of(port: int, seconds: float, readers: int, results: Any) -> None:
    """The load generator's process."""
    results.put(asyncio.run(read_pages(port, seconds, readers)))


def submit(url: str, token: str, path: Path, count: int, pause: float, told: list[int]) -> None:
    """Submit files, one at a time."""
    with httpx.Client(timeout=120, headers={"authorization": f"Bearer {token}"}) as client:
        for number in range(count):
            data = {"version": "mini@1", "name": f"Uploaded {number}"}
            reply = client.post(f"{url}/api/v1/submissions", data=data, files={"file": ("p.csv", path.read_bytes())})
            told.append(reply.status_code)
            time.sleep(pause)


def prepare(folder: Path, models: int) -> tuple[str, Path]:
    """A board with so many models; a token and a file to submit."""
    import csv

    from tests.leaderboard.crowd import crowd

    from medsins.leaderboard.settings import create_folder
    from medsins.leaderboard.store import open_store

    settings = create_folder(folder, quota=1_000, posts_per_hour=100_000)
    store = open_store(settings.database_url, create=True)
    if not store.versions():
        crowd(store, models)
    secret = store.add_token("crowd", "submit", None, "benchmark")[1]
    path = folder / "predictions.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["task_id", "instance_id", "input", "output"])
        writer.writerows([i.task_id, i.instance_id, i.input, i.outputs[0]] for i in store.items("mini@1"))
    store.close()
    return secret, path


def children_cpu(pid: int) -> float:
    """Processor seconds of a process and all below it."""
    ticks = os.sysconf("SC_CLK_TCK")
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    own = sum(int(fields[i]) for i in (11, 12, 13, 14)) / ticks
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(children_cpu(int(child)) for child in below)


def load(server: Served, args: argparse.Namespace, uploads: int) -> dict[str, Any]:
    """One phase: readers for some seconds, and so many uploads spread over the first half of them."""
    before, worked = children_cpu(server.process.pid), children_cpu(server.worker.pid)
    results: Any = multiprocessing.Queue()
    port = urlsplit(server.url).port
    reading = multiprocessing.Process(target=readers_of, args=(port, args.seconds, args.readers, results))
    told: list[int] = []
    pause = args.seconds / max(1, uploads) / 2
    sender = threading.Thread(target=submit, args=(server.url, server.secret, server.file, uploads, pause, told))
    reading.start()
    sender.start()
    found: dict[str, Any] = results.get()
    used = children_cpu(server.process.pid) - before
    sender.join()
    found |= {
        "server_cpu_ms_a_request": 1000 * used / max(1, found["requests"]),
        "server_cores": used / args.seconds,
        "scoring_cores": (children_cpu(server.worker.pid) - worked) / args.seconds,
        "uploads": dict(Counter(told)),
        "load": os.getloadavg()[0],
    }
    return {name: round(value, 2) if isinstance(value, float) else value for name, value in found.items()}


@dataclass
class Served:
    """A board in processes of its own, and what its submitters need."""

    url: str
    process: subprocess.Popen[bytes]
    worker: subprocess.Popen[bytes]
    secret: str
    file: Path


@contextmanager
def serving(folder: Path, processes: int, secret: str, file: Path) -> Iterator[Served]:
    """Servers and a worker beside them."""
    board = [sys.executable, "-m", "medsins", "board"]
    asked = [
        *board,
        "serve",
        "--dir",
        str(folder),
        "--port",
        str(PORT),
        "--processes",
        str(processes),
        "--workers",
        "0",
    ]
    server = subprocess.Popen(asked, stderr=subprocess.DEVNULL)
    worker = subprocess.Popen([*board, "worker", "--dir", str(folder)], stderr=subprocess.DEVNULL)
    try:
        yield Served(f"http://127.0.0.1:{PORT}", server, worker, secret, file)
    finally:
        for process in (server, worker):
            process.send_signal(signal.SIGTERM)
        for process in (server, worker):
            process.wait(60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20, help="of each phase")
    parser.add_argument("--readers", type=int, default=32)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--uploads", type=int, default=10)
    parser.add_argument("--board", type=Path, help="make the board here, or use the one an earlier call made")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = args.board or Path(made) / "board"
        secret, file = prepare(folder, args.models)
        began = time.monotonic()
        with serving(folder, args.processes, secret, file) as server:
            first_byte(server.url, "/healthz")
            answers = time.monotonic() - began
            wait_until_ready(server.url)
            ready = time.monotonic() - began
            bytes_after = sorted(1000 * first_byte(server.url, "/") for _ in range(100))
            told = {
                "answers after s": answers,
                "ready after s": ready,
                "CPU until then s": children_cpu(server.process.pid),
            }
            told |= {"first byte of / ms, median": bytes_after[50], "least": bytes_after[0]}
            print(json.dumps({name: round(value, 1) for name, value in told.items()} | {"load": os.getloadavg()[0]}))
            for phase, uploads in (("readers alone", 0), ("with uploads", args.uploads)):
                print(json.dumps({phase: load(server, args, uploads)}, indent=2), flush=True)


def wait_until_ready(url: str) -> None:
    """Wait for a process that has made its first page; asked often enough that each of some processes says so."""
    with httpx.Client(timeout=120) as client:
        in_a_row = 0
        while in_a_row < 20:
            ready = client.get(f"{url}/readyz", headers={"connection": "close"}).status_code == 200
            in_a_row = in_a_row + 1 if ready else 0
            if not ready:
                time.sleep(0.05)


def first_byte(url: str, path: str) -> float:
    """Seconds from a request to the first byte of its reply; waits for a server that is starting."""
    where = urlsplit(url)
    head = f"GET {path} HTTP/1.1\r\nhost: {where.netloc}\r\nconnection: close\r\n\r\n".encode()
    until = time.monotonic() + 120
    while True:
        try:
            with socket.create_connection((where.hostname, where.port), timeout=60) as line:
                began = time.perf_counter()
                line.sendall(head)
                if line.recv(1):
                    return time.perf_counter() - began
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


if __name__ == "__main__":
    main()
