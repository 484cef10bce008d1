"""The second look at task files: which instances become samples, how often, in which wording and with which shots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsins.core import sha256_file
from medsins.tasks import open_reader
from medsins.tasks.stats import estimated_tokens, words_in
from medsins.tasks.wordings import draw_wording

from .mixture_gate import Findings
from .mixture_numbers import ORDER, SHARE, U64, Rows, repeated, scramble, unit
from .mixture_settings import Mixture
from .mixture_survey import REASONS, USABLE, Survey, Surveyed, first_outputs

Ints64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Samples of one task, one entry each. ``shots`` are rows of the file of shots, ``wordings`` of the list of them.

    ``places`` are where they stand in the mixture: samples are in the order of these numbers.
    """

    task: str
    places: U64
    ids: Sequence[str]
    inputs: Sequence[str]
    outputs: Sequence[str]
    wordings: Ints64
    shots: Sequence[Sequence[int]]


class Wordings:
    """The wordings of all tasks, each once, by number."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """The number of a wording, a new one where it is new."""
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return found


def times(rows: Rows, samples: int) -> NDArray[np.int32]:
    """How often each instance of a task is used, so that it gives so many samples: all as often, or once more.

    Which ones are used once more, or at all, depends on their numbers alone.
    """
    usable = np.flatnonzero(rows["state"] == USABLE)
    found = np.zeros(len(rows), np.int32)
    each, further = divmod(samples, max(1, len(usable)))
    found[usable] = each
    if further:
        found[usable[np.argpartition(rows["own"][usable], further - 1)[:further]]] += 1
    return found


class TaskDraw:
    """Draws the samples of one task and counts them."""

    def __init__(self, task: Surveyed, survey: Survey, mixture: Mixture, samples: int, wordings: Wordings) -> None:
        self.task, self.mixture, self.samples = task, mixture, samples
        self.rows = survey.rows(task.name)
        self.used = times(self.rows, samples)
        texts = task.facts.card.definition
        self.wordings = list(dict.fromkeys(texts[: mixture.wordings or len(texts)]))
        self._places = {text: place for place, text in enumerate(self.wordings)}
        self._numbers = np.array([wordings.number(text) for text in self.wordings], np.int64)
        lengths = zip(map(words_in, self.wordings), estimated_tokens(self.wordings), strict=True)
        self._lengths = np.array(list(lengths), np.int64)
        self.few_shot = self.words = self.tokens = self.answer_tokens = 0

    def read(self, findings: Findings, take: Callable[[Drawn], None], told: Callable[[int], None]) -> None:
        """Read the file again and hand on its samples, in parts. ``told``: bytes taken so far."""
        reader, row = open_reader(self.task.path), 0
        shown = findings.rows(self.task.name)
        for batch in reader.batches():
            columns, stop = batch.columns, row + len(batch.columns)
            firsts = first_outputs(columns)
            for one in shown:
                if row <= one < stop:
                    at = one - row
                    findings.show(self.task.name, one, (columns.ids[at], columns.inputs[at], firsts[at]))
            used = self.used[row:stop]
            if used.any():
                chosen = np.repeat(np.arange(len(used)), used)
                take(self._draw(chosen, self.rows[row:stop][chosen], (columns.ids, columns.inputs, firsts)))
            row = stop
            told(reader.taken)
        reader.check()

    def _draw(self, chosen: Ints64, rows: Rows, texts: Sequence[Sequence[str]]) -> Drawn:
        """The samples of some rows of a batch; a row that is used again stands there as often, one after the other."""
        new = np.ones(len(chosen), np.bool_)
        new[1:] = chosen[1:] != chosen[:-1]
        starts = np.flatnonzero(new)
        again = np.arange(len(chosen)) - np.repeat(starts, np.diff(np.append(starts, len(chosen))))
        samples = repeated(rows["own"], again)
        positions = chosen.tolist()
        ids, inputs, outputs = ([column[at] for at in positions] for column in texts)
        wordings = self._wordings(ids, again.tolist())
        shots = self._shots(samples, rows["input"])
        self._count(rows, wordings, shots)
        first, kept = self.task.shots.first, self.task.shots.places.tolist()
        return Drawn(
            task=self.task.name,
            places=scramble(samples, ORDER),
            ids=ids,
            inputs=inputs,
            outputs=outputs,
            wordings=self._numbers[wordings],
            shots=[[first + kept[shot] for shot in some] for some in shots],
        )

    def _wordings(self, ids: Sequence[str], again: Sequence[int]) -> list[int]:
        if len(self.wordings) == 1:
            return [0] * len(ids)
        seed, task, texts = self.mixture.seed, self.task.name, self.wordings
        drawn = (draw_wording(texts, seed, task, name, repeat) for name, repeat in zip(ids, again, strict=True))
        return [self._places[text] for text in drawn]

    def _shots(self, samples: U64, inputs: U64) -> list[list[int]]:
        shots: list[list[int]] = [[] for _ in range(len(samples))]
        chosen = np.flatnonzero(unit(scramble(samples, SHARE)) < self.mixture.few_shot)
        drawn = self.task.shots.draw(samples[chosen], inputs[chosen], self.mixture.shots)
        for place, some in zip(chosen.tolist(), drawn, strict=True):
            shots[place] = some
        return shots

    def _count(self, rows: Rows, wordings: Sequence[int], shots: Sequence[Sequence[int]]) -> None:
        told = self._lengths[wordings].sum(axis=0)
        flat = [shot for some in shots for shot in some]
        self.few_shot += sum(map(bool, shots))
        self.words += int(rows["words"].sum() + told[0] + self.task.shots.words[flat].sum())
        self.tokens += int(rows["tokens"].sum() + told[1] + self.task.shots.tokens[flat].sum())
        self.answer_tokens += int(rows["answer_tokens"].sum())

    def document(self, weight: float) -> dict[str, Any]:
        """What the manifest says of the task."""
        task = self.task
        return {
            "id": task.name,
            "file": task.path.name,
            "sha256": sha256_file(task.path),
            "category": task.facts.category,
            "language": task.facts.language,
            "domains": list(task.facts.card.domains),
            "access": task.facts.access,
            "licence": task.facts.licence,
            "instances": task.facts.instances,
            "usable": task.usable,
            **{name: task.counts[reason] for reason, name in REASONS.items()},
            "weight": weight,
            "samples": self.samples,
            "distinct": int((self.used > 0).sum()),
            "repeats": int(self.used.max(initial=0)),
            "few_shot": self.few_shot,
            "wordings": len(self.wordings),
            "words": self.words,
            "tokens": self.tokens,
            "answer_tokens": self.answer_tokens,
        }
