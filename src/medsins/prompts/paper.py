"""Protocol ``paper``: the article's template, shots drawn anew for each instance from the other cases of its task.

Source: npj Digital Medicine 2025, 8:58 (arXiv 2408.12547), few-shot and zero-shot prompts of the evaluation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import ClassVar

from medsins.core import Example, Message, Prompt, Task, derive_random

from ._base import Fit, Protocol, Seeding, Truncation, smallest
from ._shots import ShotPool, ShotSet, Source, find_source, shot_id, text_key, too_few, without_leaks


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper(Protocol):
    """The article's prompts, each as one user turn; multiple choice without shots.

    A prompt that is too long is cut from the left, as in the article, but never beyond the cases: instruction and
    query stay whole.
    """

    settings: ClassVar[tuple[str, ...]] = (*Protocol.settings, "wording")

    name: str = "paper"
    zero_shot: tuple[str, ...] = ("MCQA",)
    shot_sources: tuple[Source, ...] = ("named", "test")
    seeding: Seeding = "instance"
    truncation: Truncation = "left"
    # The template's pieces, in their order in the prompt.
    case: str = "Case{number}: Input: {input}, Output: {output}\n"
    definition: str = "{instruction}\n"
    after_cases: str = "Please learn from the few-shot cases to see what content you have to output.\n"
    query: str = "Input: {input}"

    def select(self, task: Task, pool: ShotPool, seed: int) -> ShotSet:
        """The cases that shots are drawn from: the task's own instances, or those of a file the user named."""
        self.definition_of(task)  # a wording that is not there is an error before anything is asked
        if not self.shots_for(task.category):
            return ShotSet()
        source, found = find_source(task, pool, self.shot_sources, self.name)
        if source == "test":
            return ShotSet(tuple(found), source, per_instance=True)
        kept, leaked = without_leaks(found, task)
        return ShotSet(tuple(kept), source, per_instance=True, leaked=leaked)

    def composer(self, task: Task, chosen: ShotSet, seed: int, fit: Fit | None) -> Callable[[int], Prompt]:
        """One text a prompt; shots drawn by (seed, task id, instance id), never a case with the query's input."""
        count = self.shots_for(task.category)
        keys = [text_key(case.input) for case in chosen.shots]
        repeats = Counter(keys)
        if count and len(keys) - max(repeats.values(), default=0) < count:
            self._check(task, chosen, repeats)
        definition = self.definition.format(instruction=self.definition_of(task)) if task.card.definition else ""

        def draw(position: int) -> list[Example]:
            instance = task.instances[position]
            own = text_key(instance.input)
            generator = derive_random(seed, task.id, instance.id, "shots")
            drawn = generator.sample(range(len(keys)), min(len(keys), count + repeats[own]))
            return [chosen.shots[place] for place in drawn if keys[place] != own][:count]

        def compose(position: int) -> Prompt:
            shots = draw(position) if count else []
            cases = [
                self.case.format(number=number, input=shot.input, output=shot.output)
                for number, shot in enumerate(shots, start=1)
            ]
            tail = definition + (self.after_cases if count else "")
            tail += self.query.format(input=task.instances[position].input)
            return self._cut(cases, tail, tuple(map(shot_id, shots)), fit)

        return compose

    def _check(self, task: Task, chosen: ShotSet, repeats: Counter[bytes]) -> None:
        """Refuse a task in which some instance has too few other cases."""
        count = self.shots_for(task.category)
        for instance in task.instances:
            own = text_key(instance.input)
            if len(chosen.shots) - repeats[own] < count:
                others = tuple(case for case in chosen.shots if text_key(case.input) != own)
                raise too_few(task, count, replace(chosen, shots=others), self.name)

    def _cut(self, cases: Sequence[str], tail: str, shots: tuple[str, ...], fit: Fit | None) -> Prompt:
        head = "".join(cases)
        ends = list(accumulate(map(len, cases)))

        def prompt(cut: int) -> Prompt:
            gone = sum(end <= cut for end in ends)
            return Prompt(
                messages=(Message("user", head[cut:] + tail),),
                stop=self.stop,
                shots=shots[gone:],
                dropped_shots=gone,
                cut_characters=cut,
            )

        whole = prompt(0)
        if fit is None or not head or fit.allows(whole):
            return whole
        return prompt(smallest(0, len(head), lambda cut: fit.allows(prompt(cut))))


PROTOCOL = Paper()
