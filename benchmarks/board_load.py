"""Load on a board: many readers of 200 models while files are submitted and scored.

python benchmarks/board_load.py --models 200 --seconds 20 --readers 32 --processes 2

Starts the board in processes of its own, reads its pages over keep-alive connections from another process, and prints
requests a second, latencies, errors, and who used the processor.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--readers", type=int, default=32)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--uploads", type=int, default=10)
    parser.add_argument("--board", type=Path, help="make the board here, or use the one an earlier call made")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = args.board or Path(made) / "board"
        secret, path = prepare(folder, args.models)
        command = [
            sys.executable,
            "-m",
            "medsins",
            "board",
            "serve",
            "--dir",
            str(folder),
            "--port",
            "8765",
            "--processes",
            str(args.processes),
        ]
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            url = "http://127.0.0.1:8765"
            first = {name: first_byte(url, name) for name in ("/healthz", "/", "/", "/")}
            print(json.dumps({"warm first byte of / in ms": round(1000 * first["/"], 1)}))
            before = children_cpu(server.pid)
            results: Any = multiprocessing.Queue()
            load = multiprocessing.Process(
                target=readers_of, args=(urlsplit(url).port, args.seconds, args.readers, results)
            )
            told: list[int] = []
            pause = args.seconds / max(1, args.uploads) / 2
            sender = threading.Thread(target=submit, args=(url, secret, path, args.uploads, pause, told))
            load.start()
            sender.start()
            found = results.get()
            cpu = children_cpu(server.pid) - before
            sender.join()
            found |= {"uploads": told, "server_cpu_seconds": round(cpu, 1), "load": os.getloadavg()[0]}
            print(json.dumps({k: round(v, 2) if isinstance(v, float) else v for k, v in found.items()}, indent=2))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def first_byte(url: str, path: str) -> float:
    """Seconds until the reply begins; waits for a server that is starting."""
    until = time.monotonic() + 60
    while True:
        began = time.perf_counter()
        try:
            with httpx.Client() as client, client.stream("GET", url + path) as reply:
                next(reply.iter_raw())
                return time.perf_counter() - began
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


if __name__ == "__main__":
    main()
