"""The asynchronous runner against a real server that misbehaves: every sample is answered or a named failure."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from medsins.core import Completion, Message, Prompt, Request, RunError, Sampling
from medsins.models import StreamingBackend, open_backend
from medsins.models._http_engine import AHEAD
from medsins.models._http_limits import FIRST

from .served import FAULTS, Server, answer


def numbered(count: int) -> Iterator[tuple[int, Request]]:
    for i in range(count):
        yield i, Request(("task", i), Prompt((Message("user", f"question {i}"),)), Sampling(8))


def backend_of(*servers: Server, kind: str = "openai", seconds: float = 20.0, model: str = "served") -> Any:
    backend: Any = open_backend(f"{kind}:{model}@{','.join(server.url for server in servers)}")
    backend.settings = replace(backend.settings, seconds=seconds)
    return backend


def answers(backend: Any, count: int) -> dict[int, Completion]:
    found: dict[int, Completion] = {}
    for group in backend.stream(numbered(count)):
        for number, completion in group:
            assert number not in found
            found[number] = completion
    return found


def right(found: dict[int, Completion]) -> bool:
    return all(c.text == answer(f"[user]\nquestion {i}") for i, c in found.items() if c.status == "ok")


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_every_request_is_answered_once(kind: str) -> None:
    with Server(latency=0.01) as server:
        backend = backend_of(server, kind=kind)
        assert isinstance(backend, StreamingBackend)
        backend.check()
        found = answers(backend, 300)
        assert sorted(found) == list(range(300))
        assert all(c.status == "ok" and c.prompt_tokens == 11 and c.completion_tokens == 2 for c in found.values())
        assert right(found)
        assert all(c.latency >= 0.01 for c in found.values())
        asked = {p: n for p, n in server.seen.items() if "question" in p}
        assert len(asked) == 300
        assert set(asked.values()) == {1}
        assert server.connections < 200  # they are used again


def test_each_fault_at_five_percent_ends_as_an_answer_or_a_named_failure() -> None:
    with Server(faults=dict.fromkeys(FAULTS, 0.05), seed=3) as server:
        found = answers(backend_of(server, seconds=0.5), 120)
    assert sorted(found) == list(range(120))
    assert right(found)
    statuses = Counter(c.status for c in found.values())
    assert statuses["ok"] >= 105
    assert set(statuses) <= {"ok", "error"}
    for completion in found.values():
        if completion.status == "error":
            assert completion.text == ""
            assert "after" in completion.error


@pytest.mark.parametrize("fault", FAULTS)
def test_a_sample_that_always_meets_a_fault_is_named_after_it(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medsins.models._http_endpoint.FIRST_WAIT", 0.01)
    monkeypatch.setattr("medsins.models._http_engine.PATIENCE", 4)
    monkeypatch.setattr("medsins.models._http_limits.OPENS_AFTER", 100)
    with Server(faults={fault: 1.0}) as server:
        found = answers(backend_of(server, seconds=0.1 if fault == "timeout" else 20.0), 2)
    assert [c.status for c in found.values()] == ["error", "error"]
    words = {"429": "rate limited", "timeout": "no answer in time", "reset": "connection", "cut": "malformed reply",
             "malformed": "no JSON", "empty choice": "no choice", "wrong type": "text/html"}  # fmt: skip
    assert words.get(fault, f"injected {fault}") in found[0].error


def test_what_cannot_pass_is_not_asked_again() -> None:
    with Server(reply=lambda document: (400, {"error": {"message": "temperature must be positive"}})) as server:
        found = answers(backend_of(server), 3)
        assert {n for p, n in server.seen.items()} == {1}
    assert all(c.error == "bad request (HTTP 400): temperature must be positive" for c in found.values())


def test_a_prompt_that_is_too_long_is_the_samples_failure() -> None:
    message = "This model's maximum context length is 2048 tokens, you asked for 3000"
    with Server(reply=lambda document: (400, {"error": {"message": message}})) as server:
        found = answers(backend_of(server), 1)
    assert found[0].status == "error"
    assert "too long" in found[0].error


def test_a_key_that_is_refused_in_the_middle_stops_the_run() -> None:
    with Server(reply=lambda document: (401, {"error": {"message": "key expired"}})) as server:
        with pytest.raises(RunError, match="refused key"):
            answers(backend_of(server), 50)
        assert sum(server.seen.values()) <= FIRST + AHEAD


def test_retry_after_is_obeyed() -> None:
    arrivals: list[float] = []

    def reply(document: Any) -> Any:
        arrivals.append(time.monotonic())
        if len(arrivals) == 1:
            return 429, {"error": {"message": "slow down"}}
        return {"choices": [{"message": {"content": "late"}, "finish_reason": "stop"}]}

    with Server(reply=reply, faults={}) as server:
        server._send_plain = server._send  # type: ignore[attr-defined]

        async def send(writer: Any, status: int, document: Any, headers: Any = None) -> bool:
            extra = {"Retry-After": "0.8"} if status == 429 else headers
            return await server._send_plain(writer, status, document, extra)  # type: ignore[attr-defined]

        server._send = send  # type: ignore[method-assign]
        found = answers(backend_of(server), 1)
    assert found[0].text == "late"
    assert arrivals[1] - arrivals[0] >= 0.8


def test_too_many_at_a_time_halves_the_requests_under_way() -> None:
    with Server(limit=6, latency=0.02) as server:
        found = answers(backend_of(server), 150)
        assert all(c.status == "ok" for c in found.values())
        assert right(found)


def test_a_cap_on_concurrency_is_kept() -> None:
    with Server(latency=0.02) as server:
        backend = backend_of(server)
        backend.settings = replace(backend.settings, concurrency=3)
        answers(backend, 60)
        assert server.most <= 3


def test_requests_are_drawn_only_a_little_ahead() -> None:
    drawn = 0

    def counted() -> Iterator[tuple[int, Request]]:
        nonlocal drawn
        for pair in numbered(100_000):
            drawn += 1
            yield pair

    with Server(latency=0.05) as server:
        backend = backend_of(server)
        stream = backend.stream(counted())
        got = len(next(stream))
        stream.close()
        assert drawn <= got + FIRST * 2 + AHEAD
        time.sleep(0.2)
        before = sum(server.seen.values())
        time.sleep(0.3)
        assert sum(server.seen.values()) == before  # nothing is sent after the stream is closed
    assert not [t for t in threading.enumerate() if t.name == "medsins-http"]


def test_two_servers_share_the_work_and_one_may_die() -> None:
    with Server(latency=0.01) as first, Server(latency=0.01) as second:
        backend = backend_of(first, second)
        said: list[str] = []
        backend.say = said.append
        found: dict[int, Completion] = {}
        for group in backend.stream(numbered(600)):
            found.update(group)
            first.down = len(found) > 100
        assert sorted(found) == list(range(600))
        assert right(found)
        assert sum(c.status == "ok" for c in found.values()) == 600
        assert min(sum(first.done.values()), sum(second.done.values())) > 40
        assert any(first.url in line and "in trouble" in line for line in said)


def test_a_dead_server_pauses_the_run_and_burns_no_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medsins.models._http_limits.FIRST_PAUSE", 0.3)
    with Server(latency=0.005) as server:
        backend = backend_of(server)
        said: list[str] = []
        backend.say = said.append
        found: dict[int, Completion] = {}
        for group in backend.stream(numbered(400)):
            found.update(group)
            if 50 < len(found) < 200 and not server.down and not said:
                server.down = True
                threading.Timer(3.0, setattr, (server, "down", False)).start()
        assert all(c.status == "ok" for c in found.values())
        assert len(found) == 400
    assert any("nothing is sent for" in line for line in said)
    assert any("answers again" in line for line in said)


def test_a_server_that_stays_dead_ends_the_run_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medsins.models._http_limits.FIRST_PAUSE", 0.1)
    monkeypatch.setattr("medsins.models._http_limits.LONGEST_PAUSE", 0.2)
    monkeypatch.setattr("medsins.models._http_limits.GIVES_UP_AFTER", 0.5)
    with Server() as server:
        server.down = True
        with pytest.raises(RunError, match="then resume"):
            answers(backend_of(server), 100)
