"""A served model on this machine that counts every connection, and a look at every socket this process opens."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from medsins.bench import cache


class Server(ThreadingHTTPServer):
    """Speaks the protocols of OpenAI and Anthropic; ``answer`` may be replaced, ``fails`` gives the HTTP status of a
    failure, whose message holds the key and, with ``echoes``, the text."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port = self.server_address[1]
        self.connections = 0
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.answer: Callable[[str], str] = lambda text: "No."
        self.fails: Callable[[str], int] = lambda text: 0
        self.echoes = True
        self.moved_to = ""
        self.tokens = (100, 10)
        self.before: Callable[[dict[str, Any]], None] = lambda body: None

    def get_request(self) -> Any:
        self.connections += 1
        return super().get_request()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def asked(self) -> list[str]:
        """The last turn of every request but the harmless one before a run."""
        texts = [str(body["messages"][-1]["content"]) for body in self.bodies]
        return [text for text in texts if "the word OK" not in text]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._reply(200, {"data": [{"id": "served", "max_model_len": 100_000}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.before(body)
        self.server.bodies.append(body)
        self.server.keys.append(self.headers.get("Authorization", "") + self.headers.get("x-api-key", ""))
        text = str(body["messages"][-1]["content"])
        if status := self.server.fails(text):
            if status == 307:
                self._redirect()
                return
            echoed = text[-200:] if self.server.echoes else ""
            self._reply(status, {"error": {"message": f"no: {self.server.keys[-1]} {echoed}"}})
            return
        answer = "OK" if "the word OK" in text else self.server.answer(text)
        given, written = self.server.tokens
        if self.path.endswith("/messages"):
            usage = {"input_tokens": given, "output_tokens": written}
            content = [{"type": "text", "text": answer}]
            self._reply(200, {"content": content, "stop_reason": "end_turn", "usage": usage, "role": "assistant"})
        else:
            usage = {"prompt_tokens": given, "completion_tokens": written}
            choice = {"message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}
            self._reply(200, {"choices": [choice], "usage": usage})

    def _redirect(self) -> None:
        self.send_response(307)
        self.send_header("Location", self.server.moved_to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _reply(self, status: int, document: Any) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on stderr."""


def _serving() -> Iterator[Server]:
    made = Server()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    yield from _serving()


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    """A second server, which text should not reach."""
    yield from _serving()


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every address this process connects to or looks up. Names of ``.test`` are this machine, so that a request that
    should never have been made arrives where it is counted.
    """
    seen: list[object] = []
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def watched(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            seen.append(address)
        connect(self, address)

    def watched_ex(self: socket.socket, address: Any) -> int:
        seen.append(address)
        return connect_ex(self, address)

    def named(host: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(("name", host))
        return look_up("127.0.0.1" if str(host).endswith(".test") else host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", watched)
    monkeypatch.setattr(socket.socket, "connect_ex", watched_ex)
    monkeypatch.setattr(socket, "getaddrinfo", named)
    return seen


@pytest.fixture
def task_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a task file; ``card`` are further fields of it."""

    def write(name: str = "ward1", rows: int = 4, folder: str = "tasks", text: str = "Case", **card: Any) -> Path:
        instances = [{"id": f"i{n}", "input": f"{text} {n}: is it iron?", "output": "No."} for n in range(rows)]
        document = {"Definition": ["Answer."], "Categories": ["Natural Language Inference"], **card}
        path = tmp_path / folder / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({**document, "Instances": instances}), encoding="utf-8")
        return path

    return write


@pytest.fixture(autouse=True)
def _own_cache_and_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads the user's own cache of answers or configuration."""
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path / "answers")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("MEDSINS_CONFIG", "MEDSINS_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
