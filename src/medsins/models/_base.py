"""What a backend is: the interface between the runner and anything that turns prompts into completions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from medsins.core import Completion, Prompt, Request


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """All of a model that its answers depend on; part of the manifest and of the signature.

    ``name`` is for people; ``weights`` a digest or revision; ``precision`` e.g. ``float32``; ``engine`` with version
    and mode; ``window`` in tokens (0: unknown); ``chat_format`` a template's name or digest; ``remote`` whether text
    leaves this machine, to ``endpoint``.
    """

    name: str
    weights: str = ""
    precision: str = ""
    engine: str = ""
    window: int = 0
    chat_format: str = ""
    remote: bool = False
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class BackendOptions:
    """Choices a user may make for a backend.

    ``precision``: ``auto``, ``float32``, ``bfloat16`` or ``float16``. ``batch_size`` in prompts (0: chosen by the
    backend). ``base_url`` for servers. ``window`` in tokens overrides the model's own (0: the model's).
    """

    precision: str = "auto"
    batch_size: int = 0
    base_url: str = ""
    window: int = 0


class Backend(Protocol):
    """Turns prompts into completions."""

    info: ModelInfo

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
