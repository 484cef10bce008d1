"""``kill -9`` of servers while they take uploads, and of workers while they score, at random moments.

The short versions run always; ``pytest -m slow tests/leaderboard/test_service_kills.py`` kills 200 times each. When a
process dies depends on what it has done, not on a clock, so a quick machine is tested as a slow one is.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import count as count_up
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from medsins.leaderboard._scratch import sweep
from medsins.leaderboard.interface import NewSubmission, Store
from medsins.leaderboard.records import ModelCard, Submission, Team
from medsins.leaderboard.scoring import Means
from medsins.leaderboard.settings import create_folder
from medsins.leaderboard.worker import WorkerSettings, run_worker

from .boards import MANY, fill
from .processes import free_port
from .service import VERSION, bearer, predictions
from .wards import upload, ward_version

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300.0
"""Seconds after which something is stuck, whatever the machine."""


class Process:
    """A server or a worker, forked from a process that has everything loaded; started as often as it is killed."""

    def __init__(self, url: str, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.leaderboard.killed", url]
        environment = {**os.environ, "BOARD": str(folder)}
        self._parent = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._pid = 0

    def start(self, order: str) -> None:
        assert self._parent.stdin is not None
        self._parent.stdin.write(f"{order} 0\n")
        self._pid = int(self._told("pid"))

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        assert self._told("end") == str(int(signal.SIGKILL)), "it had ended by itself"

    def close(self) -> None:
        for stream in (self._parent.stdin, self._parent.stdout):
            assert stream is not None
            stream.close()
        self._parent.wait(30)

    def _told(self, what: str) -> str:
        assert self._parent.stdout is not None
        for line in self._parent.stdout:
            word, *rest = line.split()
            assert word != "failed", line
            if word == what:
                return rest[0]
        raise AssertionError(f"it ended before it told its {what}")


def orphans(program: str, folder: Path) -> list[str]:
    """Children that still run a program for a board."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if program in line and str(folder) in line:
            found.append(line)
    return found


def wait_for(what: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, "stuck"
        time.sleep(0.02)


class Uploads:
    """Clients that send files until their server is gone. Each file has a key of its own, and answers that hold it."""

    def __init__(self, url: str, secret: str, seed: int) -> None:
        self._url, self._secret = f"{url}/api/v1/submissions", secret
        self.random = random.Random(seed)
        self.asked: list[str] = []
        self.acknowledged: dict[str, str] = {}
        self.came = threading.Semaphore(0)
        self.usual = 1.0  # seconds an upload takes here

    def send(self, client: httpx.Client, key: str) -> str:
        """The id that the board gives; asked again, it is the same."""
        data = {"version": VERSION, "name": f"model {hash(key) % 5}"}
        file = {"file": ("p.csv", predictions(answer=key), "text/csv")}
        headers = bearer(self._secret) | {"idempotency-key": key}
        reply = client.post(self._url, data=data, files=file, headers=headers)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["id"])

    def until_it_dies(self, client_number: int, turn: int) -> None:
        with httpx.Client(timeout=PATIENCE) as client:
            for number in range(10_000):
                key = f"key-{turn}-{client_number}-{number}"
                self.asked.append(key)
                began = time.monotonic()
                try:
                    self.acknowledged[key] = self.send(client, key)
                except httpx.TransportError:
                    return
                self.usual = min(self.usual, time.monotonic() - began)
                self.came.release()


@pytest.mark.parametrize("kills", [5, pytest.param(200, marks=pytest.mark.slow)])
def test_killed_servers_lose_no_upload_and_leave_nothing(
    store: Store, board_url: str, tmp_path: Path, kills: int
) -> None:
    fill(store)
    secret = store.add_token("red", "submit", None, "tester")[1]
    settings = create_folder(
        tmp_path / "board", database=board_url, port=free_port(), quota=10_000, posts_per_hour=100_000
    )
    uploads = Uploads(settings.url, secret, seed=kills)
    server = Process(board_url, settings.folder)

    def answers() -> bool:
        try:
            return httpx.get(f"{settings.url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    for turn in range(kills):
        server.start("serve")
        wait_for(answers)
        assert list(settings.incoming.iterdir()) == [], "what the one before left is gone"
        clients = [threading.Thread(target=uploads.until_it_dies, args=(number, turn)) for number in range(2)]
        for client in clients:
            client.start()
        for _ in range(uploads.random.randrange(3)):
            assert uploads.came.acquire(timeout=PATIENCE)
        time.sleep(uploads.random.uniform(0, 1.2 * uploads.usual))
        server.kill()
        for client in clients:
            client.join(PATIENCE)
        uploads.came = threading.Semaphore(0)
        wait_for(lambda: not orphans("_intake_child", settings.folder))
    assert uploads.acknowledged
    kept = {submission.id for submission in store.submissions()}
    assert set(uploads.acknowledged.values()) <= kept
    server.start("serve")
    wait_for(answers)
    with httpx.Client(timeout=PATIENCE) as client:
        for key in [*uploads.asked[:5], *(key for key in uploads.asked if key not in uploads.acknowledged)]:
            given = uploads.send(client, key)  # a client whose reply was lost asks again, and gets what was kept
            assert uploads.acknowledged.setdefault(key, given) == given
    server.kill()
    server.close()
    assert len(store.submissions()) == len(uploads.asked) == len(set(uploads.acknowledged.values()))
    for key in uploads.asked:
        assert store.answers(uploads.acknowledged[key]) == [f"{key} {row}" for row in range(4)]
    assert store.waiting()["waiting"] == len(uploads.asked)
    assert list(settings.incoming.iterdir()) == []
    assert store.verify() == []


@pytest.fixture
def waiting(store: Store, tmp_path: Path) -> Callable[[int], list[Submission]]:
    """Lets as many submissions wait as one asks for, each of another model."""
    version, items = ward_version(tmp_path / "ward", (12, 12, 12), private_share=0.3)
    store.add_version(version, items, "tester")
    store.add_team(Team("red", "red team"), "tester")
    numbers = count_up()

    def put(count: int) -> list[Submission]:
        return [
            store.submit(
                NewSubmission(
                    version.id,
                    ModelCard(f"m{number}", "red", f"Model {number}"),
                    "red",
                    "csv",
                    "a" * 64,
                    answers=[row[3] for row in upload(items, 20 + number % 70)],
                ),
                MANY,
            )
            for number in islice(numbers, count)
        ]

    return put


@pytest.mark.parametrize("kills", [2, pytest.param(200, marks=pytest.mark.slow)])
def test_killed_workers_lose_no_job_and_leave_nothing(
    store: Store, board_url: str, waiting: Any, tmp_path: Path, kills: int
) -> None:
    folder = tmp_path / "cache"
    draw = random.Random(kills)
    kept = waiting(2)
    process = Process(board_url, folder)
    process.start("work")
    wait_for(lambda: store.waiting()["leased"])
    began = time.monotonic()
    wait_for(lambda: store.waiting()["done"])
    usual = time.monotonic() - began  # seconds that scoring one takes here
    process.kill()
    for _ in range(kills - 1):
        if not store.waiting()["waiting"]:
            kept += waiting(1)
        done, leased = store.waiting()["done"], store.entries(limit=10**6)[-1].seq
        process.start("work")
        wait_for(lambda leased=leased: any(e.action == "job.lease" for e in store.entries(leased)))
        time.sleep(draw.uniform(0, 1.1 * usual))
        process.kill()
        assert store.waiting()["done"] >= done
        wait_for(lambda: not orphans("leaderboard.child", folder))
    process.close()
    ended = time.monotonic()
    settings = WorkerSettings(folder, poll=0.05, means=Means(workers=1, resamples=50))
    while store.waiting()["waiting"] + store.waiting()["leased"]:
        run_worker(store, threading.Event(), settings, idle=False)
        assert time.monotonic() - ended < PATIENCE + 5 * usual * len(kept), store.waiting()
    states = {each.id: store.submission(each.id) for each in kept}
    scored = {name for name, each in states.items() if each.state == "scored"}
    assert {each.submission for each in store.published("ward@1")} == scored != set()
    assert len(store.history("ward@1")) == len(scored)
    for name in set(states) - scored:  # killed three times is given up, told, and can be queued again
        assert "broken off 3 times" in states[name].reason
    sweep(folder)
    assert {path.suffix or path.name for path in folder.iterdir()} == {".items", "sketches"}
    assert {path.suffix for path in (folder / "sketches").iterdir()} == {".npz"}
    assert store.verify() == []
