"""A board that answers on a real socket, for tests of the service."""

from __future__ import annotations

import csv
import io
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from medsins.leaderboard.app import create_app
from medsins.leaderboard.interface import Store
from medsins.leaderboard.records import Team
from medsins.leaderboard.settings import Settings, create_folder

from .boards import fill

VERSION = "small@1"
ROWS = 4


@dataclass
class Running:
    """A board with two teams. ``http`` has no token."""

    url: str
    store: Store
    settings: Settings
    secrets: dict[str, str]
    http: httpx.Client = field(default_factory=httpx.Client)

    def get(self, path: str, token: str = "", **more: Any) -> httpx.Response:
        return self.http.get(self.url + path, headers=bearer(self.secrets.get(token, token)), **more)

    def post(self, path: str, token: str = "", headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        sent = bearer(self.secrets.get(token, token)) | (headers or {})
        return self.http.post(self.url + path, headers=sent, **more)

    def submit(self, token: str = "red", content: bytes | None = None, **fields: str) -> httpx.Response:
        file = {"file": ("predictions.csv", predictions() if content is None else content, "text/csv")}
        data = {"version": VERSION, "name": "Crimson"} | fields
        return self.post("/api/v1/submissions", token, data=data, files=file)


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"} if secret else {}


def predictions(rows: Sequence[int] = range(ROWS), answer: str = "answer", gt: str = "answer") -> bytes:
    """A predictions file in the published format."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["task_id", "input", "GT", "output"])
    writer.writerows(["task1", f"question {row}", f"{gt} {row}", f"{answer} {row}"] for row in rows)
    return text.getvalue().encode()


@contextmanager
def running(store: Store, folder: Path, wait: bool = True, **given: Any) -> Iterator[Running]:
    """Fill a store with one version and two teams, and serve it from a thread; ``wait`` until it is ready."""
    import uvicorn

    from medsins.leaderboard.serving import options

    fill(store, ROWS)
    store.add_team(Team("blue", "Blue team", "blue-contact@example.org"), "tester")
    store.add_team(Team("maintainers", "Maintainers"), "tester")
    secrets = {
        "red": store.add_token("red", "submit", None, "tester")[1],
        "blue": store.add_token("blue", "submit", None, "tester")[1],
        "reader": store.add_token("blue", "read", None, "tester")[1],
        "maintainer": store.add_token("maintainers", "maintain", None, "tester")[1],
    }
    settings = create_folder(folder, **{"port": 0, "quota": 1_000, "posts_per_hour": 10_000} | given)
    app = create_app(store, settings)
    config = uvicorn.Config(app, **options(settings))
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not (server.started and (app.state.board.phase == "ok" or not wait)) and time.monotonic() < until:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    board = Running(f"http://127.0.0.1:{port}", store, settings, secrets)
    try:
        yield board
    finally:
        board.http.close()
        server.should_exit = True
        thread.join(20)
