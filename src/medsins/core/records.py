"""The words every room shares, as frozen records: what flows from a task file to a score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant"]
Status = Literal["ok", "truncated", "refused", "error"]


@dataclass(frozen=True, slots=True)
class Instance:
    """One sample of a task: an input and one or more accepted references.

    ``outputs[0]`` is the reference that shots and the published scorers use. ``listed`` keeps whether the file held a
    list, which changes what the published code sends (protocol ``official-code``). ``extra`` keeps unknown keys.
    """

    id: str
    input: str
    outputs: tuple[str, ...]
    listed: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """The first accepted output; empty when the file has none."""
        return self.outputs[0] if self.outputs else ""


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example of the card: input, output and, where given, why."""

    input: str
    output: str
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """The metadata of a task file, in the documented shape (lists are tuples). ``extra`` keeps unknown keys."""

    contributors: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    url: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    reasoning: tuple[str, ...] = ()
    definition: tuple[str, ...] = ()
    input_language: tuple[str, ...] = ()
    output_language: tuple[str, ...] = ()
    instruction_language: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    positive_examples: tuple[Example, ...] = ()
    negative_examples: tuple[Example, ...] = ()
    split_type: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """A card plus its instances, with the digest of both.

    ``category`` is one of the catalogue's categories (it decides the scorer); ``language`` is the output language as
    an English name; ``access`` is ``open``, ``registration``, ``credentialed``, ``private`` or ``unknown``.
    """

    id: str
    card: Card
    instances: tuple[Instance, ...]
    category: str
    language: str = "English"
    access: str = "open"
    digest: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a backend is asked: either ``messages`` (rendered with the model's chat template) or ``text`` (sent as is).

    ``text_has_bos`` says that ``text`` already carries the begin-of-text token, so none is added. ``stop`` lists
    strings that end an answer (not part of it). ``dropped_shots`` and ``cut_characters`` count what did not fit.
    """

    messages: tuple[Message, ...] = ()
    text: str | None = None
    text_has_bos: bool = False
    stop: tuple[str, ...] = ()
    shots: tuple[str, ...] = ()
    dropped_shots: int = 0
    cut_characters: int = 0


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an answer is drawn. ``max_new_tokens`` in tokens; temperature 0 is greedy."""

    max_new_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt with its own limits, as handed to a backend. ``key`` names it (task id, instance index).

    ``options`` are answers whose likelihood is asked for beside the answer itself, where the backend can tell it.
    ``instance_id`` is the instance's own name, empty where it has none.
    """

    key: tuple[str, int]
    prompt: Prompt
    sampling: Sampling
    options: tuple[str, ...] = ()
    instance_id: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back. ``status`` ``ok``: the model ended by itself; ``truncated``: it hit ``max_new_tokens``;
    ``refused``: the endpoint's filter; ``error``: nothing came back, ``error`` says why. Tokens are counted by the
    model's tokenizer; ``latency`` is in seconds.

    ``text`` is the answer alone. ``thinking`` is what a reasoning model wrote before it, of ``thinking_tokens`` tokens
    (part of ``completion_tokens``); thinking that never ended leaves no text and the status ``truncated``. ``cached``:
    answered by an earlier run, nothing was sent. ``option_scores`` are natural log-probabilities of the request's
    ``options``, in their order; empty where the backend has none.
    """

    text: str
    status: Status = "ok"
    error: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    latency: float = 0.0
    thinking: str = ""
    thinking_tokens: int = 0
    cached: bool = False
    option_scores: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Prediction:
    """One row of a run: the instance asked, what was sent and what came back."""

    task_id: str
    index: int
    instance_id: str
    input: str
    prompt: str
    references: tuple[str, ...]
    completion: Completion
    dropped_shots: int = 0
    cut_characters: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """One prediction scored in one profile. ``metrics`` are fractions 0-1; ``unscored`` names why there is no
    judgement (empty, truncated, refused, unparsed, missing, error), else it is empty; ``extracted`` is what the
    scorer read out of the answer.
    """

    row: int
    task_id: str
    metrics: Mapping[str, float]
    unscored: str = ""
    extracted: str = ""
