"""What all backends behind HTTP share: streams, token estimates, keys, and a look before the run."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from medsins.core import Completion, Message, Problem, Prompt, Request, Sampling, UsageError

from ._base import ModelInfo
from ._http_engine import SECONDS, STREAM_SECONDS, Engine, Settings, Wire, ask_once
from ._http_faults import Fault, Reply
from ._http_tokens import estimate

CHECK_SECONDS = 8.0  # for the look before the run
CHECK_TOKENS = 16


class HttpBackend:
    """A model behind one or several URLs. ``say`` is told what a user should know while a run goes on.

    ``asides`` are parameters that a server may refuse; the look before the run finds out, and leaves them out.
    """

    asides: tuple[str, ...] = ()
    protocol = "http"

    def __init__(self, info: ModelInfo, wire: Wire, settings: Settings) -> None:
        if wire.stream:
            settings = replace(settings, seconds=STREAM_SECONDS, idle=SECONDS)
        self.info, self.wire, self.settings = info, wire, settings
        self.say: Callable[[str], None] = lambda line: None

    def check(self) -> None:
        """Ask every endpoint one short question, leaving out parameters it refuses. See ``Backend.check``."""
        for url in self.settings.urls:
            settings = replace(self.settings, urls=[url], seconds=CHECK_SECONDS)
            self.look(settings)
            while isinstance(outcome := self._try(settings), Fault):
                refused = [name for name in self.asides if is_about(outcome, name)]
                if "model output limit" in outcome.message:
                    break  # a reasoning model that thought longer than the question was worth
                if not refused or refused[0] in self.wire.without:
                    raise UsageError(self.problem(outcome, url))
                self.wire.without.add(refused[0])
            else:
                if not (outcome.text.strip() or outcome.thinking or outcome.status == "truncated"):
                    mend = "look at the server's log: the chat template or the stop tokens may be wrong"
                    raise UsageError(Problem(f"{self.info.name} returned nothing to a simple question", url, mend))
                if self.wire.stream and not outcome.prompt_tokens:
                    self.say(f"{url} counts no tokens of streamed answers: neither costs nor --budget can be kept")
        left_out = sorted(self.wire.without - {"stream_options"})  # answers do not depend on that
        without = f", without {' '.join(left_out)}" if left_out else ""
        reasoning = f", reasoning {self.wire.reasoning}" if self.wire.reasoning else ""
        self.info = replace(self.info, engine=f"{self.protocol}{without}{reasoning}")

    def look(self, settings: Settings) -> None:
        """Learn from one endpoint what it tells of its models, where it does."""

    def _try(self, settings: Settings) -> Completion | Fault:
        question = Prompt((Message("user", "Reply with the word OK."),))
        request = Request(("check", 0), question, Sampling(CHECK_TOKENS))
        reply = ask_once(settings, "POST", self.wire.path(request), self.wire.body(request))
        outcome = reply if isinstance(reply, Fault) else self.wire.read(request, reply)
        return outcome.without(settings.secrets) if isinstance(outcome, Fault) else outcome

    def problem(self, fault: Fault, url: str) -> Problem:
        """What a fault of the first request means, and what to do."""
        mends = {
            "connection": "check the address, and whether the server is up",
            "timeout": f"it took longer than {CHECK_SECONDS:.0f} s to answer one short question: is it still loading?",
            "refused key": f"set the key: {key_names(url)}",
            "no such model": "check the model's name, and that the URL ends where the API begins (often /v1)",
            "quota": "the account has no credit left",
            "rate limited": "the limit is used up right now: wait, then start again",
            "overloaded": "look at the server's log, then start again",
            "malformed reply": "is this the API's base URL (often it ends in /v1)?",
        }
        return Problem(f"{self.info.name} cannot be asked: {fault}", url, mends.get(fault.kind, "see the message"))

    def count_tokens(self, prompt: Prompt) -> int:
        """Tokens of the prompt, estimated."""
        return estimate(prompt)

    def render(self, prompt: Prompt) -> str:
        """The turns as they are sent; the server puts them into its template."""
        if prompt.text is not None:
            return prompt.text
        return "\n\n".join(f"[{message.role}]\n{message.content}" for message in prompt.messages)

    def stream(self, requests: Iterator[tuple[int, Request]]) -> Generator[list[tuple[int, Completion]]]:
        """Answer numbered requests in any order. See ``StreamingBackend``."""
        engine = Engine(self.wire, self.settings, self._tokens, lambda line: self.say(line))
        return engine.stream(self._fitting(requests))

    def generate(self, requests: Sequence[Request], done: Collection[int]) -> Iterator[list[tuple[int, Completion]]]:
        """Answer every request whose position is not in ``done``."""
        return self.stream((i, request) for i, request in enumerate(requests) if i not in done)

    def close(self) -> None:
        """Nothing is held between streams."""

    def most_tokens(self, request: Request) -> int:
        """Tokens an answer is billed for at most, thinking beyond the answer's own limit included."""
        return request.sampling.max_new_tokens + int(getattr(self.wire, "budget", 0))

    def _tokens(self, request: Request) -> int:
        return estimate(request.prompt) + request.sampling.max_new_tokens

    def _fitting(self, requests: Iterator[tuple[int, Request]]) -> Iterator[tuple[int, Request]]:
        """Leave the answer the room that the window has beside the prompt."""
        window = self.info.window
        for number, request in requests:
            room = window - estimate(request.prompt) if window else request.sampling.max_new_tokens
            if 0 < room < request.sampling.max_new_tokens:
                request = replace(request, sampling=replace(request.sampling, max_new_tokens=room))
            yield number, request


def api_key(url: str, own: str, own_host: str) -> str:
    """The key for an address: ``MEDSINS_API_KEY``, else the provider's variable, which goes to the provider alone (or
    to the address that its ``*_BASE_URL`` names): a key must not reach whatever server a model happens to be on.
    """
    if key := os.environ.get("MEDSINS_API_KEY"):
        return key.strip()
    host = urlsplit(url).hostname or ""
    named = urlsplit(os.environ.get(own.replace("_API_KEY", "_BASE_URL"), "")).hostname
    if host in (own_host, named) or host.endswith(f".{own_host}"):
        return os.environ.get(own, "").strip()
    return ""


def key_names(url: str) -> str:
    """The environment variables a key for this address is read from."""
    host = urlsplit(url).hostname or ""
    if host.endswith("anthropic.com"):
        return "ANTHROPIC_API_KEY or MEDSINS_API_KEY"
    if host.endswith("openai.com"):
        return "OPENAI_API_KEY or MEDSINS_API_KEY"
    if is_azure(url):
        return "AZURE_OPENAI_API_KEY or MEDSINS_API_KEY"
    return "MEDSINS_API_KEY (the providers' own variables go to the providers alone)"


def is_azure(url: str) -> bool:
    """Whether an address is Azure's, which wants its key in another header."""
    host = urlsplit(url).hostname or ""
    return host.endswith((".azure.com", ".azure-api.net"))


def is_about(fault: Fault, parameter: str) -> bool:
    """Whether a server's complaint is about a parameter."""
    return fault.kind == "bad request" and any(f"{q}{parameter}{q}" in fault.message for q in "'\"`")


def reply_json(reply: Reply) -> object:
    """The JSON document of a reply, or the fault of having none."""
    import msgspec

    try:
        document: object = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        kind = reply.headers.get("content-type", "no content type").split(";")[0]
        return Fault("malformed reply", f"the reply is no JSON ({kind}, {len(reply.body)} bytes)", reply.status)
    return document
