"""Answers in pieces are the same answers, and whatever breaks on the way leaves none: against a real server, and on
arbitrary streams.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import Completion, Message, Prompt, Request, Sampling
from medsins.models import BackendOptions, open_backend
from medsins.models._anthropic_wire import AnthropicWire
from medsins.models._http_faults import Fault, Reply
from medsins.models._openai_wire import OpenAIWire

from .served import STREAM_FAULTS, Server, answer, events

EVENTS = {"content-type": "text/event-stream; charset=utf-8"}
REQUEST = Request(("task", 0), Prompt((Message("user", "Which gland makes insulin?"),)), Sampling(8))
USAGE = {"prompt_tokens": 20, "completion_tokens": 7}


def streaming(server: Server, kind: str = "openai", idle: float = 20.0) -> Any:
    backend: Any = open_backend(f"{kind}:served@{server.url}", BackendOptions(stream=True))
    backend.settings = replace(backend.settings, idle=idle)
    return backend


def asked(backend: Any, count: int, text: bool = False) -> dict[int, Completion]:
    def requests() -> Iterator[tuple[int, Request]]:
        for i in range(count):
            prompt = Prompt(text=f"question {i}") if text else Prompt((Message("user", f"question {i}"),))
            yield i, replace(REQUEST, prompt=prompt)

    return {number: completion for group in backend.stream(requests()) for number, completion in group}


def read(wire: Any, body: bytes, request: Request = REQUEST) -> Any:
    return wire.read(request, Reply(200, EVENTS, body))


def lines(*pieces: Any, end: str = "data: [DONE]\n\n") -> bytes:
    return ("".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces) + end).encode()


def delta(reason: str | None = None, **parts: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": parts, "finish_reason": reason}]}


@pytest.mark.parametrize(("kind", "text"), [("openai", False), ("openai", True), ("anthropic", False)])
def test_answers_in_pieces_are_the_same_answers(kind: str, text: bool) -> None:
    with Server() as server:
        backend = streaming(server, kind)
        backend.check()
        found = asked(backend, 60, text)
        whole: Any = open_backend(f"{kind}:served@{server.url}")
        whole.check()
        assert backend.info == whole.info
        plain = asked(whole, 60, text)
    thinking = "" if text else "hm"
    for i, completion in found.items():
        assert completion.text == answer(f"question {i}" if text else f"[user]\nquestion {i}")
        assert replace(completion, latency=0.0, thinking="") == replace(plain[i], latency=0.0)
        assert completion.thinking == thinking
    documents = [document for document in server.documents if document.get("stream")]
    assert len(documents) == 61
    if kind == "openai":
        assert all(document["stream_options"] == {"include_usage": True} for document in documents)


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
@pytest.mark.parametrize("fault", STREAM_FAULTS)
def test_a_stream_that_breaks_is_a_failed_sample(fault: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medsins.models._http_endpoint.FIRST_WAIT", 0.01)
    monkeypatch.setattr("medsins.models._http_limits.OPENS_AFTER", 100)
    with Server(faults={fault: 1.0}) as server:
        found = asked(streaming(server, kind, idle=0.2), 2)
        assert set(server.seen.values()) == {6}
    words = {"broken stream": "malformed reply", "ended stream": "broke off", "malformed piece": "no JSON",
             "stalled stream": "no answer in time", "error piece": "no room"}  # fmt: skip
    for completion in found.values():
        assert (completion.status, completion.text, completion.thinking) == ("error", "", "")
        assert words[fault] in completion.error
        assert "after 6 attempts" in completion.error


def test_samples_whose_streams_break_now_and_then_are_answered() -> None:
    with Server(faults=dict.fromkeys(STREAM_FAULTS, 0.05), seed=2) as server:
        found = asked(streaming(server, idle=0.5), 60)
    assert sorted(found) == list(range(60))
    assert all(c.status == "error" or c.text == answer(f"[user]\nquestion {i}") for i, c in found.items())
    assert sum(c.status == "ok" for c in found.values()) >= 55


def test_a_long_answer_outlasts_the_silence_that_ends_one() -> None:
    with Server(pause=0.1) as server:
        backend = streaming(server, idle=0.5)
        started = time.monotonic()
        found = asked(backend, 1)
        assert time.monotonic() - started > 0.6
    assert found[0].status == "ok"


def test_a_stream_without_end_ends() -> None:
    with Server(pause=0.2) as server:
        backend = streaming(server, idle=0.5)
        backend.settings = replace(backend.settings, seconds=0.5, attempts=1)
        found = asked(backend, 1)
    assert (found[0].status, found[0].text) == ("error", "")


def test_a_server_that_does_not_stream_answers_whole() -> None:
    with Server(reply=lambda document: (201, {"choices": [{"message": {"content": "B"}}]})) as server:
        assert asked(streaming(server), 1)[0].text == "B"


def test_a_server_without_usage_is_told_of_before_the_run() -> None:
    def reply(document: Any) -> Any:
        if "stream_options" in document:
            return 400, {"error": {"message": "unknown parameter 'stream_options'"}}
        return {"choices": [{"message": {"content": "OK"}, "finish_reason": "stop"}], "usage": None}

    with Server(reply=reply) as server:
        backend, said = streaming(server), list[str]()
        backend.say = said.append
        backend.check()
    assert backend.info.engine == "openai protocol"
    assert any("--budget" in line for line in said)


def test_thinking_and_log_probabilities_and_usage() -> None:
    tops = {"content": [{"top_logprobs": [{"token": "A", "logprob": -0.1}, {"token": "B", "logprob": -3.0}]}]}
    first = delta(reasoning_content="is") | {"usage": {"prompt_tokens": 20, "completion_tokens": 1}}
    second = delta(content="A")
    second["choices"][0]["logprobs"] = tops
    later = delta(content=".", reason="stop")
    later["choices"][0]["logprobs"] = {"content": [{"top_logprobs": [{"token": "B", "logprob": 0.0}]}]}
    body = lines(delta(role="assistant"), first, second, later, {"choices": [], "usage": USAGE})
    found = read(OpenAIWire("m"), body, replace(REQUEST, options=("A", "B")))
    assert found.option_scores == pytest.approx((-0.1, -3.0))
    assert replace(found, option_scores=()) == Completion("A.", "ok", "", 20, 7, thinking="is")


@pytest.mark.parametrize(
    ("body", "text", "status"),
    [
        (lines(delta(content="The pan", reason="length")), "The pan", "truncated"),
        (lines(delta(content=""), delta("stop")), "", "ok"),
        (lines(delta("content_filter")), "", "refused"),
        (lines(delta(reasoning_content="Hm", reason="length")), "", "truncated"),
        (lines(delta(content="<think>is"), delta(content="lets</think>A", reason="stop")), "A", "ok"),
        (lines(delta(content="A"), delta("stop"), end=""), "A", "ok"),
        (lines(delta(content="A"), delta("stop"), end="").replace(b"\n", b"\r\n"), "A", "ok"),
        (lines(delta(content="A", reason="stop"), end="data: [DONE]"), "A", "ok"),
        (lines(delta(content=[{"type": "thinking"}]), delta(content="A", reason="stop")), "A", "ok"),
        (lines({"choices": [{"index": 1, "delta": {"content": "x"}}]}, delta(content="A", reason="stop")), "A", "ok"),
    ],
)
def test_kinds_of_streams(body: bytes, text: str, status: str) -> None:
    found = read(OpenAIWire("m"), body)
    assert (found.text, found.status) == (text, status)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "malformed reply"),
        (lines(), "malformed reply"),
        (lines(delta(content="half"), end=""), "malformed reply"),
        (lines(delta("stop")), "malformed reply"),
        (lines([1]), "malformed reply"),
        (lines(delta(content=5, reason="stop")), "malformed reply"),
        (lines({"error": {"message": "x", "code": 429}}), "rate limited"),
        (lines({"error": {"message": "x", "type": "overloaded_error"}}), "overloaded"),
        (lines({"error": "something"}), "overloaded"),
        (lines({"error": {"message": "maximum context length", "code": "400"}}), "too long"),
    ],
)
def test_what_is_no_answer_is_a_fault(body: bytes, kind: str) -> None:
    for wire in (OpenAIWire("m"), AnthropicWire("m")):
        found = read(wire, body)
        assert isinstance(found, Fault)
        assert found.kind == kind or wire.__class__ is AnthropicWire


WHOLE = {
    "openai": {"choices": [{"message": {"content": "Ünder the Löwe"}, "finish_reason": "stop"}], "usage": USAGE},
    "anthropic": {
        "type": "message", "content": [{"type": "text", "text": "Ünder the Löwe"}], "stop_reason": "end_turn",
        "usage": {"input_tokens": 20, "output_tokens": 7},
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", list(WHOLE))
@given(at=st.integers(0, 2000), change=st.binary(max_size=3))
def test_a_part_of_a_stream_is_never_an_answer(kind: str, at: int, change: bytes) -> None:
    """Cut anywhere, with anything behind it: the whole answer, or a fault."""
    wire: Any = OpenAIWire("m") if kind == "openai" else AnthropicWire("m")
    body = b"".join(events(WHOLE[kind]))
    assert read(wire, body) == Completion("Ünder the Löwe", "ok", "", 20, 7, thinking="hm")
    found = read(wire, body[:at] + change)
    assert isinstance(found, Fault) or found.text == "Ünder the Löwe"
