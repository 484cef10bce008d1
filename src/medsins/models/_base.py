"""What a backend is: the interface between the runner and anything that turns prompts into completions."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from medsins.core import Completion, Prompt, Request


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """All of a model that its answers depend on; part of the manifest and of the signature.

    ``name`` is for people; ``weights`` a digest or revision; ``precision`` e.g. ``float32``; ``engine`` with version
    and mode; ``window`` in tokens (0: unknown); ``chat_format`` a template's name or digest; ``remote`` whether text
    leaves this machine, to ``endpoint`` (several: separated by commas). ``prices`` are US dollars for a million prompt
    and completion tokens (zeros: unknown or free); they are no part of a run's digest.
    """

    name: str
    weights: str = ""
    precision: str = ""
    engine: str = ""
    window: int = 0
    chat_format: str = ""
    remote: bool = False
    endpoint: str = ""
    prices: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class BackendOptions:
    """Choices a user may make for a backend.

    ``precision``: ``auto``, ``float32``, ``bfloat16`` or ``float16``. ``batch_size`` in prompts (0: chosen by the
    backend). ``base_url`` for servers, several separated by commas. ``window`` in tokens overrides the model's own
    (0: the model's). ``concurrency`` caps the requests under way at a server (0: grows while that helps). ``reasoning``
    is handed to reasoning models: ``low``, ``medium``, ``high``, or a number of tokens; empty leaves it to the model.
    ``stream``: servers send answers in pieces, which keeps connections alive that would be closed while all is silent.
    """

    precision: str = "auto"
    batch_size: int = 0
    base_url: str = ""
    window: int = 0
    concurrency: int = 0
    reasoning: str = ""
    stream: bool = False


class Backend(Protocol):
    """Turns prompts into completions."""

    info: ModelInfo

    def check(self) -> None:
        """Make sure that the model answers at all, before a sample is spent; a server is sent one harmless request.

        Raises:
            UsageError: it does not, and why, and what to do.
        """

    def count_tokens(self, prompt: Prompt) -> int:
        """Tokens of the rendered prompt, special tokens included; an estimate only where the model hides them."""

    def render(self, prompt: Prompt) -> str:
        """The exact text the model will read."""

    def generate(self, requests: Sequence[Request], done: Collection[int]) -> Iterator[list[tuple[int, Completion]]]:
        """Answer every request whose position is not in ``done``; yield groups of (position, completion).

        Batches are planned over all requests before ``done`` is taken out, so that a resumed run forms the same ones.
        """

    def close(self) -> None:
        """Free what is held."""


@runtime_checkable
class StreamingBackend(Backend, Protocol):
    """A backend that needs no plan over all requests: a server, asked many at a time."""

    def stream(self, requests: Iterator[tuple[int, Request]]) -> Generator[list[tuple[int, Completion]]]:
        """Answer numbered requests in any order, each once; one is drawn only when it is about to be sent.

        Closing the iterator abandons what is under way; nothing is then sent any more.
        """
