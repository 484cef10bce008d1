"""What a protocol is: a frozen, named way of building prompts whose fields are its whole description and digest."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Literal, Self

from medsins.core import MedsinsError, Problem, Prompt, Task, UsageError, canonical_json, digest, unknown_name

from ._shots import ShotPool, ShotSet, Source

Seeding = Literal["task", "instance", "file"]
Truncation = Literal["drop-shots", "left", "right"]

# Tokens an answer may take: closed answers with room for a sentence around them, lists, free text. A fifth of the
# published rationale references are longer than 200 tokens of Llama 3, so free text gets far more than that.
ANSWER_TOKENS: tuple[tuple[str, int], ...] = (
    ("Clinical Outcome Prediction", 256),
    ("Diagnosis", 256),
    ("Information Extraction", 256),
    ("Intent Identification", 256),
    ("MCQA", 256),
    ("Natural Language Inference", 256),
    ("Text Classification", 256),
    ("Treatment Planning", 256),
    ("Word Relation Classification", 256),
    ("Fact Verification", 512),
    ("Named Entity Recognition", 512),
    ("Explanation", 1024),
    ("Rationale", 1024),
    ("Text Summarization", 1024),
)


@dataclass(frozen=True, slots=True)
class Fit:
    """What a model can read: ``count_tokens`` of a rendered prompt, its ``window`` in tokens (0: unknown) and the
    tokens that must stay free for the answer.
    """

    count_tokens: Callable[[Prompt], int]
    window: int
    max_new_tokens: int

    def allows(self, prompt: Prompt) -> bool:
        """Whether prompt and answer fit the window together."""
        return self.window <= 0 or self.count_tokens(prompt) + self.max_new_tokens <= self.window


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol(ABC):
    """A way of building prompts. Two protocols with equal fields build equal prompts from equal tasks and seeds."""

    # The fields a user may set by name; the others say what the code of a protocol does.
    settings: ClassVar[tuple[str, ...]] = ("shots", "max_answer_tokens")

    name: str
    # Raised whenever the prompts of equal fields change, so that the digest changes with them.
    revision: int = 1
    # Worked examples per prompt.
    shots: int = 3
    # Categories asked without shots.
    zero_shot: tuple[str, ...] = ()
    # Where shots come from: the first that exists is used.
    shot_sources: tuple[Source, ...] = ("named", "train", "examples")
    # Whether a task without any source of shots is asked without them, instead of being an error.
    allow_zero_shot: bool = False
    # Which wording of the definition is used: "first", "drawn", or the number of one from "2" on.
    wording: str = "first"
    # What random draws depend on besides the run's seed: the task, the instance, or only the place in the file.
    seeding: Seeding = "task"
    # What gives way when prompt and answer do not fit the window.
    truncation: Truncation = "drop-shots"
    # Tokens an answer may take: by category, in all others, and (0: by category) in every category alike.
    answer_tokens: tuple[tuple[str, int], ...] = ANSWER_TOKENS
    default_answer_tokens: int = 512
    max_answer_tokens: int = 0
    # Strings that end an answer.
    stop: tuple[str, ...] = ()

    @abstractmethod
    def select(self, task: Task, pool: ShotPool, seed: int) -> ShotSet:
        """The shots of a task.

        Raises:
            UsageError: fewer usable examples than ``shots``.
        """

    @abstractmethod
    def composer(self, task: Task, chosen: ShotSet, seed: int, fit: Fit | None) -> Callable[[int], Prompt]:
        """The function from an instance's position to its prompt."""

    def build(
        self,
        task: Task,
        pool: ShotPool,
        seed: int,
        fit: Fit | None = None,
        positions: Sequence[int] | None = None,
    ) -> Iterator[Prompt]:
        """Prompts in the order of ``task.instances``, or of ``positions`` in it where only some are wanted.

        Give the whole task even when few are asked: shots may be drawn from it. Without ``fit`` nothing is shortened.

        Raises:
            UsageError: fewer usable examples than ``shots`` (at the call, before the first prompt).
        """
        compose = self.composer(task, self.select(task, pool, seed), seed, fit)
        return map(compose, range(len(task.instances)) if positions is None else positions)

    def definition_of(self, task: Task) -> str:
        """The wording of the definition that a task is asked with; empty where it has no definition.

        Raises:
            UsageError: the task has no wording of that number.
        """
        wordings = task.card.definition
        number = int(self.wording) if self.wording.isdecimal() else 1
        if number == 1:
            return wordings[0] if wordings else ""
        if number > len(wordings):
            found = f"{len(wordings)} wording{'s' * (len(wordings) != 1)}"
            mend = "add wordings to its Definition (medsins instructions), or leave the task out"
            what = f"{task.id}: wording {number} of the definition is asked for, it has {found}"
            raise UsageError(Problem(what, task.path, mend))
        return wordings[number - 1]

    def shots_for(self, category: str) -> int:
        """Shots per prompt in a category."""
        return 0 if category.casefold() in {name.casefold() for name in self.zero_shot} else self.shots

    def max_new_tokens(self, category: str) -> int:
        """Tokens an answer may take in a category."""
        known = {name.casefold(): tokens for name, tokens in self.answer_tokens}
        return self.max_answer_tokens or known.get(category.casefold(), self.default_answer_tokens)

    def description(self) -> dict[str, Any]:
        """All that the prompts depend on besides task, pool and seed, as JSON values; tables appear as their digest."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        brief = {name: digest(value) if isinstance(value, Mapping) else value for name, value in values.items()}
        plain: dict[str, Any] = json.loads(canonical_json(brief))
        return plain

    @property
    def digest(self) -> str:
        """SHA-256 of the description."""
        return digest(self.description())

    @property
    def spec(self) -> str:
        """The text ``get_protocol`` reads back to this protocol: its name and the settings that differ from its own."""
        usual = {field.name: field.default for field in fields(self)}
        values = {name: getattr(self, name) for name in self.settings if getattr(self, name) != usual[name]}
        changed = [f"{k}={str(v).lower() if isinstance(v, bool) else v}" for k, v in values.items()]
        return ":".join(filter(None, [self.name, ",".join(changed)]))

    def with_settings(self, text: str) -> Self:
        """A copy with settings from ``field=value,field=value``.

        Raises:
            UsageError: unknown fields or values of another type, all of them at once.
        """
        changes: dict[str, Any] = {}
        problems: list[Problem] = []
        for setting in filter(None, (part.strip() for part in text.split(","))):
            key, _, value = (part.strip() for part in setting.partition("="))
            try:
                if key not in self.settings:
                    raise unknown_name(f"setting of protocol {self.name}", key, self.settings)
                changes[key] = _wording(value) if key == "wording" else _parse(key, value, type(getattr(self, key)))
            except MedsinsError as error:
                problems += error.problems
        if problems:
            raise UsageError(*problems)
        return replace(self, **changes)


def _parse(key: str, value: str, kind: type) -> bool | int | float | str:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    try:
        parsed = words[value.lower()] if kind is bool else kind(value)
    except (KeyError, ValueError):
        parsed = None
    if parsed is None or (kind in (int, float) and not 0 <= parsed < 1e9):
        wanted = {bool: "true or false", int: "a whole number, 0 or more", float: "a number, 0 or more"}
        raise UsageError(Problem(f"{key}={value} is no setting", mend=f"{key} takes {wanted.get(kind, 'a text')}"))
    return parsed


def _wording(value: str) -> str:
    """The first wording has one name only, so that the protocol and its digest are the same either way."""
    if value in ("first", "1"):
        return "first"
    if not (value.isascii() and value.isdecimal()) or not 0 < int(value) < 10_000:
        mend = "wording takes the number of a wording of the definition, counted from 1"
        raise UsageError(Problem(f"wording={value} is no setting", mend=mend))
    return _wording("1") if int(value) == 1 else str(int(value))


def smallest(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The smallest number in (low, high] for which ``holds``, by bisection; ``high`` is taken to hold."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
