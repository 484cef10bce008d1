"""What is sent to servers, and what their answers mean: recorded shapes of several servers, and arbitrary ones."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import Completion, Message, Prompt, Request, Sampling
from medsins.models._anthropic_wire import AnthropicWire
from medsins.models._http_faults import Fault, Reply, fault_of, retry_after
from medsins.models._openai_wire import OpenAIWire

CHAT = Prompt((Message("system", "Be brief."), Message("user", "Which gland makes insulin?")), stop=("\n\n", "###"))
JSON = {"content-type": "application/json"}


def ask(prompt: Prompt = CHAT, options: tuple[str, ...] = (), **sampling: Any) -> Request:
    return Request(("task", 0), prompt, Sampling(**sampling), options)


def sent(wire: Any, request: Request) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(wire.body(request))
    return document


def said(content: Any, reason: str | None = "stop", **more: Any) -> Reply:
    document = {"choices": [{"message": {"role": "assistant", "content": content, **more}, "finish_reason": reason}],
                "usage": {"prompt_tokens": 20, "completion_tokens": 7}}  # fmt: skip
    return Reply(200, JSON, json.dumps(document).encode())


def read(reply: Reply, request: Request | None = None, wire: Any = None) -> Any:
    return (wire or OpenAIWire("m")).read(request or ask(), reply)


def test_a_chat_request() -> None:
    document = sent(OpenAIWire("m"), ask(max_new_tokens=32, seed=5))
    assert document == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Which gland makes insulin?"},
        ],
        "max_tokens": 32,
        "temperature": 0.0,
        "top_p": 1.0,
        "seed": 5,
        "stop": ["\n\n", "###"],
    }


def test_raw_text_goes_to_completions_and_gets_no_second_begin_token() -> None:
    request = ask(Prompt(text="<s>Q: x\nA:", text_has_bos=True))
    assert OpenAIWire("m").path(request) == "/completions"
    assert sent(OpenAIWire("m"), request)["prompt"] == "<s>Q: x\nA:"
    assert "add_special_tokens" not in sent(OpenAIWire("m"), request)
    assert sent(OpenAIWire("m", vllm=True), request)["add_special_tokens"] is False


def test_parameters_a_server_refuses_are_left_out() -> None:
    document = sent(OpenAIWire("m", without={"max_tokens", "temperature"}), ask(max_new_tokens=9))
    assert document["max_completion_tokens"] == 9
    assert "temperature" not in document
    assert "max_tokens" not in document


def test_reasoning_is_passed_through() -> None:
    assert sent(OpenAIWire("m", "high"), ask())["reasoning_effort"] == "high"
    assert sent(OpenAIWire("m", "500"), ask())["thinking_token_budget"] == 500
    document = sent(AnthropicWire("c", "4000"), ask(max_new_tokens=100))
    assert document["thinking"] == {"type": "enabled", "budget_tokens": 4000}
    assert document["max_tokens"] == 4100
    assert "temperature" not in document


def test_an_answer_with_its_usage() -> None:
    assert read(said(" The pancreas.")) == Completion(" The pancreas.", "ok", "", 20, 7)


@pytest.mark.parametrize(
    ("reply", "text", "status"),
    [
        (said("The pan", "length"), "The pan", "truncated"),
        (said("", "stop"), "", "ok"),
        (said(None, "content_filter"), "", "refused"),
        (said(None, "stop", refusal="I cannot."), "I cannot.", "refused"),
        (said([{"type": "text", "text": "The "}, {"type": "text", "text": "pancreas"}]), "The pancreas", "ok"),
        (said("The pancreas\n\nQ: next"), "The pancreas", "ok"),
        (said("The pancreas### more", "length"), "The pancreas", "ok"),
        (said("</think>\nThe pancreas"), "The pancreas", "ok"),
        (said(None, "length", reasoning_content="Hm"), "", "truncated"),
    ],
)
def test_kinds_of_answers(reply: Reply, text: str, status: str) -> None:
    completion = read(reply)
    assert (completion.text, completion.status) == (text, status)


def test_thinking_is_kept_apart() -> None:
    within = read(said("<think>insulin: islets</think>\n\nThe pancreas"))
    assert (within.thinking, within.text, within.status) == ("insulin: islets", "The pancreas", "ok")
    beside = read(said("The pancreas", reasoning_content="islets"))
    assert (beside.thinking, beside.text) == ("islets", "The pancreas")
    endless = read(said("<think>islets, therefore", "length"))
    assert (endless.thinking, endless.text, endless.status) == ("islets, therefore", "", "truncated")
    stopped = read(said("<think>islets, therefore", "stop"))
    assert (stopped.text, stopped.status) == ("", "truncated")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"ok"', b"{}", b'{"choices": []}', b'{"choices": [{}]}',
     b'{"choices": [{"message": {"content": null}, "finish_reason": "stop"}]}', b"<html>", b"\xff\xfe"],
)  # fmt: skip
def test_what_is_no_answer_is_a_fault_and_never_empty_text(body: bytes) -> None:
    for wire in (OpenAIWire("m"), AnthropicWire("m")):
        outcome = read(Reply(200, {"content-type": "text/html"}, body), wire=wire)
        assert isinstance(outcome, Fault)
        assert outcome.kind == "malformed reply"


KEYS = ["choices", "message", "content", "text", "finish_reason", "usage", "type", "stop_reason", "logprobs"]
SCALARS = st.none() | st.booleans() | st.integers() | st.text()


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)


@given(st.recursive(SCALARS, nested))
def test_no_reply_raises(document: Any) -> None:
    for wire in (OpenAIWire("m"), AnthropicWire("m")):
        for status in (200, 400, 429, 503):
            outcome = read(Reply(status, JSON, json.dumps(document).encode()), ask(options=("A", "B")), wire)
            assert isinstance(outcome, Completion | Fault)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, b'{"error": {"message": "Rate limit reached"}}', "rate limited"),
        (429, b'{"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}', "quota"),
        (401, b'{"error": {"message": "Incorrect API key"}}', "refused key"),
        (404, b'{"error": {"message": "no model x", "code": "model_not_found"}}', "no such model"),
        (400, b'{"object": "error", "message": "maximum context length is 10 tokens"}', "too long"),
        (413, b'{"error": "inputs tokens + max_new_tokens: too many tokens", "error_type": "validation"}', "too long"),
        (400, b'{"type": "error", "error": {"type": "invalid_request_error", "message": "bad"}}', "bad request"),
        (529, b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}', "overloaded"),
        (502, b"<html>Bad Gateway</html>", "overloaded"),
        (307, b"", "bad request"),
    ],
)
def test_errors_by_what_they_mean(status: int, body: bytes, kind: str) -> None:
    fault = fault_of(Reply(status, JSON, body))
    assert fault is not None
    assert fault.kind == kind
    assert len(str(fault)) < 400


def test_a_filter_that_answers_400_is_a_refusal() -> None:
    reply = Reply(400, JSON, b'{"error": {"code": "content_filter", "message": "The prompt triggered the policy"}}')
    assert read(reply).status == "refused"


def test_retry_after_in_all_its_forms() -> None:
    assert retry_after({"retry-after": "7"}) == 7
    assert retry_after({"retry-after": "1.5"}) == 1.5
    assert retry_after({"retry-after-ms": "250", "retry-after": "9"}) == 0.25
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert (retry_after({"retry-after": "Wed, 21 Oct 2099 07:28:00 GMT"}) or 0) > 1e8
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None


@given(st.text())
def test_no_header_raises(text: str) -> None:
    assert retry_after({"retry-after": text}) is None or (retry_after({"retry-after": text}) or 0) >= 0


def test_log_probabilities_of_options() -> None:
    tops = [{"token": " A", "logprob": math.log(0.5)}, {"token": "A", "logprob": math.log(0.1)},
            {"token": "B", "logprob": math.log(0.3)}, {"token": "\n", "logprob": math.log(0.05)}]  # fmt: skip
    document = json.loads(said("A").body)
    document["choices"][0]["logprobs"] = {"content": [{"token": "A", "logprob": -1, "top_logprobs": tops}]}
    reply = Reply(200, JSON, json.dumps(document).encode())
    request = ask(options=("A", "B", "C"))
    assert sent(OpenAIWire("m"), request)["top_logprobs"] == 20
    scores = read(reply, request).option_scores
    assert scores == pytest.approx((math.log(0.6), math.log(0.3), math.log(0.05)))
    assert read(said("A"), request).option_scores == ()


def test_a_message_for_claude() -> None:
    document = sent(AnthropicWire("claude"), ask(max_new_tokens=64))
    assert document == {
        "model": "claude",
        "messages": [{"role": "user", "content": "Which gland makes insulin?"}],
        "system": "Be brief.",
        "max_tokens": 64,
        "temperature": 0.0,
        "stop_sequences": ["###"],
    }


def test_claudes_answers() -> None:
    document: dict[str, Any] = {
        "type": "message",
        "content": [
            {"type": "thinking", "thinking": "islets", "signature": "x"},
            {"type": "text", "text": "The pancreas\n\nmore"},
        ],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 6, "output_tokens": 9},
    }
    wire = AnthropicWire("claude")
    completion = read(Reply(200, JSON, json.dumps(document).encode()), wire=wire)
    assert completion == Completion("The pancreas", "ok", "", 11, 9, thinking="islets")
    document |= {"stop_reason": "max_tokens", "content": [{"type": "text", "text": "The"}]}
    assert read(Reply(200, JSON, json.dumps(document).encode()), wire=wire).status == "truncated"
    document |= {"stop_reason": "refusal", "content": []}
    assert read(Reply(200, JSON, json.dumps(document).encode()), wire=wire).status == "refused"
    document |= {"stop_reason": "end_turn"}
    assert read(Reply(200, JSON, json.dumps(document).encode()), wire=wire).text == ""
    document |= {"stop_reason": None}
    assert isinstance(read(Reply(200, JSON, json.dumps(document).encode()), wire=wire), Fault)


def test_limits_in_headers() -> None:
    assert OpenAIWire("m").limits({"x-ratelimit-limit-requests": "500", "x-ratelimit-limit-tokens": "30000"}) == (
        500,
        30000,
    )
    assert OpenAIWire("m").limits({"x-ratelimit-limit-requests": "many"}) == (0, 0)
    anthropic = {"anthropic-ratelimit-requests-limit": "50", "anthropic-ratelimit-tokens-limit": "40000"}
    assert AnthropicWire("m").limits(anthropic) == (50, 40000)
