"""Backend ``mock:``: no model at all. ``mock:echo`` repeats the query, ``mock:empty`` says nothing, ``mock:say=TEXT``
always says TEXT, ``mock:error`` fails every sample, ``mock:wait=SECONDS`` repeats the query after so long. For trying a
pipeline and for its tests; never for results.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence

from medsins.core import Completion, Problem, Prompt, Request, UsageError, unknown_name

from ._base import Backend, BackendOptions, ModelInfo

BEHAVIOURS = ("echo", "empty", "error", "say=TEXT", "wait=SECONDS")


class MockBackend:
    """Answers at once, by rule. Tokens are counted as words."""

    def __init__(self, behaviour: str, options: BackendOptions) -> None:
        self.behaviour = behaviour
        self.delay = _seconds(behaviour)
        self.info = ModelInfo(name=f"mock:{behaviour}", engine="mock", window=options.window)

    def check(self) -> None:
        """It always answers."""

    def count_tokens(self, prompt: Prompt) -> int:
        """Words of the rendered prompt."""
        return len(self.render(prompt).split())

    def render(self, prompt: Prompt) -> str:
        """The turns, one after the other."""
        if prompt.text is not None:
            return prompt.text
        return "\n\n".join(f"[{message.role}]\n{message.content}" for message in prompt.messages)

    def generate(self, requests: Sequence[Request], done: Collection[int]) -> Iterator[list[tuple[int, Completion]]]:
        """One group for each request."""
        for position, request in enumerate(requests):
            if position not in done:
                time.sleep(self.delay)
                yield [(position, self._answer(request))]

    def close(self) -> None:
        """Nothing is held."""

    def _answer(self, request: Request) -> Completion:
        query = request.prompt.messages[-1].content if request.prompt.messages else request.prompt.text or ""
        tokens = self.count_tokens(request.prompt)
        if self.info.window and tokens > self.info.window:
            error = f"prompt has {tokens} tokens, window is {self.info.window}"
            return Completion("", "error", error, prompt_tokens=tokens)
        if self.behaviour == "error":
            return Completion("", "error", "the mock backend was asked to fail", prompt_tokens=tokens)
        text = (
            query
            if self.delay
            else {"echo": query, "empty": ""}.get(self.behaviour, self.behaviour.removeprefix("say="))
        )
        return Completion(text, prompt_tokens=tokens, completion_tokens=len(text.split()))


def _seconds(behaviour: str) -> float:
    """The delay a behaviour asks for; 0 for all others.

    Raises:
        UsageError: it is no number of seconds.
    """
    if not behaviour.startswith("wait="):
        return 0.0
    try:
        seconds = float(behaviour.removeprefix("wait="))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 3600:
        raise UsageError(Problem(f"mock:{behaviour} names no time", mend="write seconds, as in mock:wait=0.2"))
    return seconds


def open_backend(model: str, options: BackendOptions) -> Backend:
    """Open a mock by the name of its behaviour.

    Raises:
        UsageError: no such behaviour.
    """
    if model not in BEHAVIOURS[:3] and not model.startswith(("say=", "wait=")):
        raise unknown_name("mock behaviour", model, BEHAVIOURS)
    return MockBackend(model, options)
