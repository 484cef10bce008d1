"""Protocol ``strict``: frozen shots as turns, from outside the test set; whole shots give way, never the question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from medsins.core import Example, Message, Prompt, Task, derive_random

from ._base import Fit, Protocol
from ._shots import ShotPool, ShotSet, draw_diverse, find_source, shot_id, too_few, without_leaks


@dataclass(frozen=True, slots=True, kw_only=True)
class Strict(Protocol):
    """The default protocol.

    The system turn is the task's definition (its first wording, unless ``wording`` names another), unchanged; each
    shot is a user and an assistant turn; the query is the last user turn. Every instance of a task gets the same shots,
    in every category: they show the form of an answer, so that a model is not marked down for a form it was never told.
    A task without train split, named file and Positive Examples is asked without shots, which its manifest says.
    """

    settings: ClassVar[tuple[str, ...]] = (*Protocol.settings, "wording", "allow_zero_shot", "reasoning")

    name: str = "strict"
    allow_zero_shot: bool = True
    # Show the explanation of a shot before its output, and the card's Reasoning after the definition.
    reasoning: bool = False

    def select(self, task: Task, pool: ShotPool, seed: int) -> ShotSet:
        """Draw the task's shots once, by (seed, task id), different outputs first; test inputs are left out."""
        self.definition_of(task)  # a wording that is not there is an error before anything is asked
        count = self.shots_for(task.category)
        if not count:
            return ShotSet()
        source, found = find_source(task, pool, self.shot_sources, self.name)
        candidates, leaked = without_leaks(found, task)
        if len(candidates) < count and not (source == "none" and self.allow_zero_shot):
            raise too_few(task, count, ShotSet(tuple(candidates), source, leaked=leaked), self.name)
        generator = derive_random(seed, task.id, "shots")
        return ShotSet(draw_diverse(candidates, count, generator), source, leaked=leaked)

    def composer(self, task: Task, chosen: ShotSet, seed: int, fit: Fit | None) -> Callable[[int], Prompt]:
        """Turns of a conversation; the shot drawn first stands next to the query and is the last to be dropped."""
        opening = self._opening(task)
        turns = [self._turns(shot) for shot in chosen.shots]
        names = [shot_id(shot) for shot in chosen.shots]

        def prompt(position: int, kept: int) -> Prompt:
            shots = tuple(turn for pair in reversed(turns[:kept]) for turn in pair)
            query = Message("user", task.instances[position].input)
            return Prompt(
                messages=(*opening, *shots, query),
                stop=self.stop,
                shots=tuple(reversed(names[:kept])),
                dropped_shots=len(turns) - kept,
            )

        def compose(position: int) -> Prompt:
            for kept in range(len(turns), 0, -1):
                whole = prompt(position, kept)
                if fit is None or fit.allows(whole):
                    return whole
            # With no shots left the prompt is handed on even if it is too long: the backend reports it as an error.
            return prompt(position, 0)

        return compose

    def max_new_tokens(self, category: str) -> int:
        """Tokens an answer may take; with ``reasoning`` at least 1024 where no number is set."""
        # Not super(): a dataclass with slots is rebuilt, and its methods' ``__class__`` is the class before that.
        tokens = Protocol.max_new_tokens(self, category)
        return max(tokens, 1024) if self.reasoning and not self.max_answer_tokens else tokens

    def _opening(self, task: Task) -> tuple[Message, ...]:
        parts = [self.definition_of(task)]
        if self.reasoning and task.card.reasoning:
            parts.append("Reasoning: " + "; ".join(task.card.reasoning))
        text = "\n\n".join(part for part in parts if part.strip())
        return (Message("system", text),) if text else ()

    def _turns(self, shot: Example) -> tuple[Message, Message]:
        reasoned = self.reasoning and shot.explanation.strip()
        answer = f"{shot.explanation}\n\n{shot.output}" if reasoned else shot.output
        return Message("user", shot.input), Message("assistant", answer)


PROTOCOL = Strict()
