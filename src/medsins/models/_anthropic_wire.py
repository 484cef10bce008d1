"""Anthropic's Messages protocol: what is sent, and what an answer means.

Source: https://docs.anthropic.com/en/api/messages
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from medsins.core import Completion, Request

from ._http_backend import reply_json
from ._http_events import assemble, is_stream, join_blocks
from ._http_faults import Fault, Reply, fault_of
from ._openai_wire import cut_at_stop, number
from ._thinking import budget_of

ASIDE = ("temperature", "top_p", "stop_sequences")
"""Parameters that some models refuse; the look before the run finds out which."""

LEAST_BUDGET = 1024  # tokens of thinking, by the protocol


@dataclass(slots=True)
class AnthropicWire:
    """``without`` are the parameters this model refuses; ``stream`` asks for answers in pieces."""

    model: str
    reasoning: str = ""
    stream: bool = False
    without: set[str] = field(default_factory=set)

    @property
    def budget(self) -> int:
        """Tokens the model may think with; 0: thinking is not switched on."""
        return max(LEAST_BUDGET, budget_of(self.reasoning)) if self.reasoning else 0

    def path(self, request: Request) -> str:
        """Messages are all there is."""
        return "/messages"

    def body(self, request: Request) -> bytes:
        """The request as JSON. Raw text goes as one user turn, as there is no other way to send it."""
        prompt, sampling = request.prompt, request.sampling
        system = "\n\n".join(m.content for m in prompt.messages if m.role == "system")
        turns = [{"role": m.role, "content": m.content} for m in prompt.messages if m.role != "system"]
        if prompt.text is not None:
            turns = [{"role": "user", "content": prompt.text}]
        document: dict[str, Any] = {"model": self.model, "messages": turns, "max_tokens": sampling.max_new_tokens}
        if system:
            document["system"] = system
        if self.stream:
            document["stream"] = True
        wanted: dict[str, Any] = {}
        if self.budget:
            # Thinking wants its own room and the default temperature.
            document["thinking"] = {"type": "enabled", "budget_tokens": self.budget}
            document["max_tokens"] += self.budget
        else:
            wanted["temperature"] = sampling.temperature
            if sampling.top_p < 1:
                wanted["top_p"] = sampling.top_p
        if stops := [stop for stop in prompt.stop if stop.strip()]:
            wanted["stop_sequences"] = stops  # one of blanks alone is refused, and cut off here
        return msgspec.json.encode(document | {k: v for k, v in wanted.items() if k not in self.without})

    def limits(self, headers: Mapping[str, str]) -> tuple[float, float]:
        """Requests and tokens a minute, as Anthropic's headers state them."""
        tokens = headers.get("anthropic-ratelimit-tokens-limit")
        return number(headers.get("anthropic-ratelimit-requests-limit")), number(tokens)

    def read(self, request: Request, reply: Reply) -> Completion | Fault:
        """What came back."""
        if fault := fault_of(reply):
            return fault
        document = assemble(reply, join_blocks) if is_stream(reply) else reply_json(reply)
        if isinstance(document, Fault):
            return document
        try:
            completion = _completion(document)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            return Fault("malformed reply", f"the reply is no message ({type(error).__name__}: {error})", reply.status)
        return cut_at_stop(completion, request.prompt.stop)


def _completion(document: Any) -> Completion:
    blocks, usage = document["content"], document.get("usage") or {}
    if document.get("type", "message") != "message" or not isinstance(blocks, list):
        raise ValueError("it has no content blocks")
    reason = document.get("stop_reason")
    if not blocks and reason not in ("end_turn", "stop_sequence", "max_tokens", "refusal"):
        raise ValueError("it is empty and does not say why")
    thinking = "".join(str(block.get("thinking") or "") for block in blocks if block.get("type") == "thinking")
    text = "".join(str(block["text"]) for block in blocks if block.get("type") == "text")
    refused = reason == "refusal"
    return Completion(
        text=text,
        status="refused" if refused else "truncated" if reason == "max_tokens" else "ok",
        error="refused by the endpoint" if refused else "",
        prompt_tokens=sum(int(usage.get(name) or 0) for name in _PROMPT_TOKENS),
        completion_tokens=int(usage.get("output_tokens") or 0),
        thinking=thinking,
    )


_PROMPT_TOKENS = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
