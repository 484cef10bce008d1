"""A board in processes of its own, as its maintainers run it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx


@dataclass
class Served:
    """A running ``medsins board serve``; ``log`` is its standard error."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    folder: Path
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60))

    def memory(self) -> float:
        """Megabytes the server process ever held."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1000  # type: ignore[index]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "medsins", "board", *words, "--dir", str(folder)]


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(folder: Path, *words: str, environment: dict[str, str] | None = None) -> Iterator[Served]:
    """Serve a board that is there, and end it politely."""
    port = free_port()
    log = folder / f"serve-{port}.log"
    stream: IO[bytes]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*command(folder, "serve", "--port", str(port)), *(words or ("--workers", "0"))],
            stderr=stream,
            env={**os.environ, **(environment or {})},
        )
    board = Served(f"http://127.0.0.1:{port}", process, log, folder)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                if board.http.get(board.url + "/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                assert process.poll() is None, log.read_text()
                time.sleep(0.05)
        yield board
    finally:
        board.http.close()
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
