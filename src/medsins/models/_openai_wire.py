"""OpenAI's protocol as servers really speak it: what is sent, and what an answer means.

Chat: https://platform.openai.com/docs/api-reference/chat; raw text goes to ``/completions``. vLLM, SGLang, llama.cpp,
Ollama, TGI and gateways speak the same with small differences, which are met here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from medsins.core import Completion, Request

from ._http_backend import reply_json
from ._http_events import assemble, is_stream, join_choices
from ._http_faults import Fault, Reply, fault_of
from ._thinking import COMMON, split_thinking

ASIDE = ("max_tokens", "temperature", "top_p", "seed", "stop", "logprobs", "top_logprobs", "stream_options")
"""Parameters that some servers refuse; the look before the run finds out which."""

TOP = 20  # tokens whose log-probability is asked for


@dataclass(slots=True)
class OpenAIWire:
    """``think`` are the tags around a reasoning model's thinking; ``without`` the parameters this server refuses;
    ``stream`` asks for answers in pieces.
    """

    model: str
    reasoning: str = ""
    think: tuple[str, str] = COMMON
    vllm: bool = False
    stream: bool = False
    without: set[str] = field(default_factory=set)

    def path(self, request: Request) -> str:
        """Chat for messages, completions for raw text."""
        return "/chat/completions" if request.prompt.text is None else "/completions"

    def body(self, request: Request) -> bytes:
        """The request as JSON."""
        prompt, sampling = request.prompt, request.sampling
        document: dict[str, Any] = {"model": self.model}
        if prompt.text is None:
            document["messages"] = [{"role": m.role, "content": m.content} for m in prompt.messages]
        else:
            document["prompt"] = prompt.text
            if prompt.text_has_bos and self.vllm:
                document["add_special_tokens"] = False
        wanted: dict[str, Any] = {
            "max_tokens": sampling.max_new_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
        }
        if prompt.stop:
            wanted["stop"] = [stop for stop in prompt.stop if stop][:4]
        if request.options:
            wanted.update({"logprobs": True, "top_logprobs": TOP} if prompt.text is None else {"logprobs": TOP})
        if self.stream:
            document["stream"] = True
            wanted["stream_options"] = {"include_usage": True}
        document |= {key: value for key, value in wanted.items() if key not in self.without}
        if "max_tokens" in self.without:
            document["max_completion_tokens"] = sampling.max_new_tokens
        if self.reasoning:
            document |= self._reasoning()
        return msgspec.json.encode(document)

    def _reasoning(self) -> dict[str, Any]:
        if self.reasoning.isdigit():
            # vLLM and its kin hand this to the chat template; a number of tokens has no common name yet.
            return {"thinking_token_budget": int(self.reasoning)}
        return {"reasoning_effort": self.reasoning}

    def limits(self, headers: Mapping[str, str]) -> tuple[float, float]:
        """Requests and tokens a minute, as OpenAI's headers state them."""
        return number(headers.get("x-ratelimit-limit-requests")), number(headers.get("x-ratelimit-limit-tokens"))

    def read(self, request: Request, reply: Reply) -> Completion | Fault:
        """What came back. An answer of another shape is a malformed reply, never empty text."""
        if fault := fault_of(reply):
            return refused(fault, reply) or fault
        document = assemble(reply, join_choices) if is_stream(reply) else reply_json(reply)
        if isinstance(document, Fault):
            return document
        try:
            choice = document["choices"][0]  # type: ignore[index]
            completion = _completion(choice, document.get("usage") or {})  # type: ignore[attr-defined]
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            return Fault("malformed reply", f"the reply has no choice ({type(error).__name__}: {error})", reply.status)
        if self.think[0] in completion.text or self.think[1] in completion.text:
            completion = without_thinking(completion, self.think)
        if request.options:
            completion = replace(completion, option_scores=option_scores(choice, request.options))
        return cut_at_stop(completion, request.prompt.stop)


def _completion(choice: Mapping[str, Any], usage: Mapping[str, Any]) -> Completion:
    message = choice.get("message", choice)
    content = message["text"] if "text" in message else message["content"]
    thinking = message.get("reasoning_content") or message.get("reasoning") or ""
    refusal = message.get("refusal") or ""
    text = "" if content is None else content if isinstance(content, str) else _parts(content)
    reason = choice.get("finish_reason")
    if reason == "content_filter" or (refusal and not text):
        status = "refused"
    elif content is None and not thinking and reason != "length":
        raise ValueError("the message has no content")
    else:
        status = "truncated" if reason == "length" else "ok"
    details = usage.get("completion_tokens_details") or {}
    return Completion(
        text=text or refusal,
        status=status,  # type: ignore[arg-type]
        error=f"refused: {refusal}" if refusal else "stopped by the endpoint's filter" if status == "refused" else "",
        prompt_tokens=int(usage.get("prompt_tokens") or 0),
        completion_tokens=int(usage.get("completion_tokens") or 0),
        thinking=str(thinking),
        thinking_tokens=int(details.get("reasoning_tokens") or 0),
    )


def _parts(content: Any) -> str:
    """The text of a message in parts."""
    return "".join(part["text"] for part in content if part.get("type", "text") in ("text", "output_text"))


def refused(fault: Fault, reply: Reply) -> Completion | None:
    """An HTTP error that is really the filter's refusal of this prompt (Azure answers 400 with ``content_filter``)."""
    if fault.kind == "bad request" and b"content_filter" in reply.body:
        return Completion("", "refused", "stopped by the endpoint's filter")
    return None


def without_thinking(completion: Completion, tags: tuple[str, str]) -> Completion:
    """Thinking between tags taken out of the text."""
    thinking, answer, ended = split_thinking(completion.text, tags)
    status = completion.status if ended else "truncated"
    return replace(completion, text=answer, thinking=completion.thinking or thinking, status=status)


def cut_at_stop(completion: Completion, stops: tuple[str, ...]) -> Completion:
    """The answer up to the first stop string, for servers that leave it in or were not told."""
    text = completion.text
    for stop in stops:
        if stop:
            text = text.split(stop, 1)[0]
    if text == completion.text:
        return completion
    return replace(completion, text=text, status="ok" if completion.status == "truncated" else completion.status)


def option_scores(choice: Mapping[str, Any], options: tuple[str, ...]) -> tuple[float, ...]:
    """Log-probabilities of options as the beginning of the answer, from the most probable first tokens.

    An option counts the tokens that, without blanks, begin it (or that it begins); one that is not among them gets the
    lowest value listed. Empty where the server sent none.
    """
    found: list[tuple[str, float]] = []
    logprobs = choice.get("logprobs") or {}
    if content := logprobs.get("content"):
        found = [(str(top["token"]), float(top["logprob"])) for top in content[0].get("top_logprobs") or ()]
    elif tops := logprobs.get("top_logprobs"):
        found = [(str(token), float(value)) for token, value in (tops[0] or {}).items()]
    if not found:
        return ()
    floor = min(value for _, value in found)
    scores = []
    for option in options:
        name = option.strip().lower()
        own = [value for token, value in found if _begins(token.strip().lower(), name)]
        scores.append(math.log(sum(math.exp(value) for value in own)) if own else floor)
    return tuple(scores)


def _begins(token: str, name: str) -> bool:
    return bool(token) and (name.startswith(token) or token.startswith(name))


def number(text: str | None) -> float:
    """A number in a header; 0 where there is none."""
    try:
        return float(text or 0)
    except ValueError:
        return 0.0
