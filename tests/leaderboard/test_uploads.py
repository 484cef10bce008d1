"""Uploads from hostile clients: stopped at the cap within a second, and the server's memory does not grow."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import socket
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from medsins.leaderboard import uploads
from medsins.leaderboard.settings import create_folder
from medsins.leaderboard.store import open_store

from .boards import fill
from .processes import Served, served
from .service import VERSION, Running, bearer, predictions, running

CAP_MB = 4
MEGABYTE = 1_000_000
SOON = 30.0
"""Seconds on the slowest machine; a quiet one needs less than one."""


@dataclass
class Bombed:
    served: Served
    secret: str

    def send(self, headers: dict[str, str], chunks: Iterator[bytes], patience: float = 30) -> tuple[str, float, int]:
        """Write a request by hand: the reply's first line, seconds until the connection was over after the cap was
        passed, and bytes that were taken."""
        where = urlsplit(self.served.url)
        with socket.create_connection((where.hostname, where.port), timeout=patience) as line:
            head = {"host": where.netloc, **bearer(self.secret), **headers}
            target = f"/api/v1/submissions?version={VERSION}&name=bomb"
            text = f"POST {target} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in head.items()) + "\r\n"
            line.sendall(text.encode())
            sent, passed = 0, 0.0
            try:
                for chunk in chunks:
                    line.sendall(chunk)
                    sent += len(chunk)
                    if sent > CAP_MB * MEGABYTE and not passed:
                        passed = time.monotonic()
            except OSError:
                pass
            passed = passed or time.monotonic()
            try:
                reply = line.recv(4096)
            except OSError:
                reply = b""
            return reply.split(b"\r\n", 1)[0].decode(), time.monotonic() - passed, sent


@pytest.fixture(scope="module")
def bombed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bombed]:
    """A server process whose memory can be watched."""
    folder = tmp_path_factory.mktemp("bombed")
    settings = create_folder(folder, upload_mb=CAP_MB, posts_per_hour=10_000, quota=1_000)
    store = open_store(settings.database_url, create=True)
    fill(store)
    secret = store.add_token("red", "submit", None, "tester")[1]
    store.close()
    with served(folder) as started:
        yield Bombed(started, secret)


def endless(size: int = 65_536) -> Iterator[bytes]:
    """A gigabyte in chunks of HTTP."""
    chunk = f"{size:x}\r\n".encode() + b"x" * size + b"\r\n"
    for _ in range(10**9 // size):
        yield chunk


def test_an_endless_body_is_stopped_at_the_cap(bombed: Bombed) -> None:
    before = bombed.served.memory()
    line, seconds, sent = bombed.send({"transfer-encoding": "chunked"}, endless())
    assert line.startswith("HTTP/1.1 413") or line == ""
    assert sent < 500 * MEGABYTE  # of a gigabyte
    assert seconds < SOON
    assert bombed.served.memory() - before < 128


def test_a_body_that_says_it_is_too_large_is_not_read(bombed: Bombed) -> None:
    line, seconds, _ = bombed.send({"content-length": str(10**12)}, iter([b"x" * 1000]))
    assert line.startswith("HTTP/1.1 413")
    assert seconds < SOON


def test_other_bodies_are_small(board: Running) -> None:
    """They are held in memory, so they are refused by what their head says."""
    for path in ("/api/v1/links", "/login", "/withdraw", "/moderation/hide"):
        assert board.post(path, "red", content=b"x" * 100_000).status_code == 413
        assert board.post(path, "red", content=iter([b"x" * 10])).status_code == 411


def test_lengths_that_are_none(bombed: Bombed) -> None:
    for length in ("-1", "1e9", "0x10", "٣"):
        line, _, _ = bombed.send({"content-length": length}, iter([b"x"]))
        assert line.startswith(("HTTP/1.1 400", "HTTP/1.1 413")), length


def test_a_body_longer_than_it_says_is_cut(bombed: Bombed) -> None:
    line, _, _ = bombed.send({"content-length": "10"}, iter([b"task_id,in", b"x" * 1000]))
    assert line.startswith(("HTTP/1.1 422", "HTTP/1.1 400"))


@pytest.mark.parametrize("packing", ["gzip", "zip"])
def test_archives_that_grow_are_stopped_by_what_they_unpack_to(bombed: Bombed, packing: str) -> None:
    """A gigabyte (zip: 200 MB) of one letter, as the output of one row."""
    head, block = b'task_id,input,GT,output\r\ntask1,question 0,x,"', b"x" * 10 * MEGABYTE
    packed = io.BytesIO()
    if packing == "gzip":
        packed.write(gzip.compress(head) + gzip.compress(block) * 100)
    else:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bundle:
            bundle.writestr("predictions.csv", head + block * 20)
    assert len(packed.getvalue()) < CAP_MB * MEGABYTE
    before, began = bombed.served.memory(), time.monotonic()
    reply = bombed.served.http.post(
        f"{bombed.served.url}/api/v1/submissions?version={VERSION}&name=bomb",
        content=packed.getvalue(),
        headers=bearer(bombed.secret),
    )
    assert reply.status_code == 422
    assert "too" in reply.text
    assert time.monotonic() - began < SOON
    assert bombed.served.memory() - before < 128


def test_the_server_goes_on_and_keeps_nothing(bombed: Bombed) -> None:
    assert bombed.served.http.get(bombed.served.url + "/healthz").status_code == 200
    assert list((bombed.served.folder / "incoming").iterdir()) == []
    text = bombed.served.log.read_text()
    assert bombed.secret not in text
    assert "xxxx" not in text
    for line in text.splitlines():
        if line.startswith("{"):
            json.loads(line)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Running]:
    """One in this process."""
    store = open_store(f"sqlite:///{tmp_path}/board.sqlite", create=True)
    with running(store, tmp_path / "board", upload_mb=CAP_MB) as started:
        yield started
    store.close()


@pytest.fixture
def impatient(board: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """It waits for half a second of silence, and for two in all."""
    monkeypatch.setattr(uploads.Limits, "of", lambda settings: uploads.Limits(CAP_MB * MEGABYTE, 2.0, 0.5))
    return board


def slow(body: bytes, pause: float, count: int) -> Iterator[bytes]:
    yield body
    for _ in range(count):
        time.sleep(pause)
        yield b"x"


@pytest.mark.parametrize(("pause", "count"), [(0.9, 2), (0.3, 10)], ids=["silent", "dripping"])
def test_slow_bodies_are_left(impatient: Running, pause: float, count: int) -> None:
    path = f"/api/v1/submissions?version={VERSION}&name=slow"
    began = time.monotonic()
    with contextlib.suppress(OSError):  # closed while it was still dripping
        assert impatient.post(path, "red", content=slow(b"task_id", pause, count)).status_code == 408
    assert time.monotonic() - began < SOON
    assert impatient.get("/healthz").status_code == 200


def multipart(parts: list[tuple[str, bytes]], boundary: str = "b") -> dict[str, Any]:
    body = b"".join(f"--{boundary}\r\n{head}\r\n\r\n".encode() + data + b"\r\n" for head, data in parts)
    return {
        "content": body + f"--{boundary}--\r\n".encode(),
        "headers": {"content-type": f"multipart/form-data; boundary={boundary}"},
    }


FILE = 'content-disposition: form-data; name="file"; filename="{}"'


@pytest.mark.parametrize(
    "parts",
    [
        [(FILE.format("a.csv"), b"1"), (FILE.format("b.csv"), b"2")],
        [(f'content-disposition: form-data; name="n{i}"', b"x") for i in range(100)],
        [('content-disposition: form-data; name="remarks"', b"x" * 100_000)],
        [(f'content-disposition: form-data; name="{"n" * 5_000}"', b"x")],
        [("content-disposition: form-data", b"x")],
    ],
    ids=["two files", "many fields", "long field", "long name", "no name"],
)
def test_forms_of_fools(board: Running, parts: list[tuple[str, bytes]]) -> None:
    assert board.post("/api/v1/submissions", "red", **multipart(parts)).status_code == 422


def test_forms_that_end_early_or_have_no_boundary(board: Running) -> None:
    whole = multipart([(FILE.format("a.csv"), predictions())])
    cut = {**whole, "content": whole["content"][:-6]}
    assert board.post("/api/v1/submissions", "red", **cut).status_code == 422
    none = {**whole, "headers": {"content-type": "multipart/form-data"}}
    assert board.post("/api/v1/submissions", "red", **none).status_code == 422
    assert board.post("/api/v1/submissions", "red", data={"a": "b"}).status_code == 415
    packed = {"content": gzip.compress(b"x"), "headers": {"content-encoding": "gzip"}}
    assert board.post("/api/v1/submissions", "red", **packed).status_code == 415


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "..\\..\\x", "/etc/shadow", "a\x00b", "\u202egpj.exe", "'; --"]
)
def test_names_of_files_are_never_paths(board: Running, name: str) -> None:
    made = board.post("/api/v1/check", **multipart([(FILE.format(name.replace('"', "")), b"{}")]))
    assert made.status_code == 422
    assert "etc" not in made.text.replace("etc.", "")
    reply = board.submit(name=f"named {name!r}"[:100])
    assert reply.status_code == 201
    assert not (board.settings.folder.parent / "etc").exists()
