"""Where the worked examples of samples come from: a seeded choice of each task's train instances, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from medsins.core import Example
from medsins.prompts import shot_id
from medsins.prompts._shots import text_key
from medsins.tasks.stats import estimated_tokens, words_in

from .mixture_numbers import POOL, SHOTS, U64, Rows, scramble, series

POOL_SIZE = 512
"""Instances of a task that shots are drawn from, at most; of each input one."""

POOL_CHARACTERS = 500_000
"""Characters that they have together, at most; the first ``_LEAST`` are kept whatever their length."""

_LEAST = 16
_SHOT_COLUMNS = ("id", "input", "output")

Entry = tuple[int, int, int, str, str]
"""A place in the order of choice, the instance's number, its input's number, input, output."""


class Pool:
    """Chooses the instances of one task that come first in an order drawn from their inputs, as they are read."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._last = 2**64  # what comes at this place or later has no chance

    def offer(self, rows: Rows, salt: np.uint64, texts: Sequence[Sequence[str]]) -> None:
        """Offer instances that may be shots: their numbers, and the texts of inputs and of answers."""
        places = scramble(rows["input"], POOL ^ salt)
        chances = np.flatnonzero(places < np.uint64(self._last)) if self._last < 2**64 else np.arange(len(places))
        if not len(chances):
            return
        numbers = (values[chances].tolist() for values in (places, rows["own"], rows["input"]))
        some = [(a, b, c, texts[0][i], texts[1][i]) for a, b, c, i in zip(*numbers, chances.tolist(), strict=True)]
        merged = sorted([*self._entries, *some], key=lambda entry: entry[:3])
        kept: list[Entry] = []
        characters = 0
        for entry in merged:
            if kept and entry[0] == kept[-1][0]:
                continue  # the same input
            characters += len(entry[3]) + len(entry[4])
            if len(kept) == POOL_SIZE or (len(kept) >= _LEAST and characters > POOL_CHARACTERS):
                self._last = entry[0]
                break
            kept.append(entry)
        self._entries = kept

    def entries(self) -> list[Entry]:
        """The instances chosen, in the order of choice."""
        return self._entries


@dataclass(frozen=True, slots=True)
class Shots:
    """What shots of a task are drawn from. Arrays have one entry a shot; ``first`` is where its texts begin in the
    file of all tasks' shots; ``answers`` are equal where the answers are.
    """

    first: int
    inputs: U64
    answers: NDArray[np.int64]
    words: NDArray[np.int64]
    tokens: NDArray[np.int64]
    places: NDArray[np.int64]

    @classmethod
    def of(cls, entries: Sequence[Entry], first: int) -> Self:
        """The shots of a pool; their texts are in a file, from row ``first`` on."""
        numbered: dict[bytes, int] = {}
        answers = [numbered.setdefault(text_key(entry[4]), len(numbered)) for entry in entries]
        words = [words_in(entry[3]) + words_in(entry[4]) for entry in entries]
        tokens = [sum(estimated_tokens(entry[3:])) for entry in entries]
        counts = (np.array(values, np.int64) for values in (answers, words, tokens, range(len(entries))))
        return cls(first, np.array([entry[2] for entry in entries], np.uint64), *counts)

    def without(self, barred: NDArray[np.bool_]) -> Shots:
        """The shots that are not barred."""
        kept = ~barred
        arrays = (self.inputs, self.answers, self.words, self.tokens, self.places)
        return Shots(self.first, *(values[kept] for values in arrays))  # type: ignore[arg-type]

    def draw(self, samples: U64, inputs: U64, shots: int) -> list[list[int]]:
        """Shots for samples by their numbers, as positions in the arrays; the one nearest to the question comes last.

        Never one with the sample's own input (nor, so, the sample itself), none twice, different answers first, as
        protocol ``strict`` draws them; fewer where there are not enough.
        """
        size, width = len(self.inputs), 4 * shots + 4
        if not size or not shots:
            return [[] for _ in range(len(samples))]
        if size <= 2 * width:
            drawn = np.argsort(series(samples, size, SHOTS), axis=1, kind="stable")
        else:
            drawn = (series(samples, width, SHOTS) % np.uint64(size)).astype(np.int64)
        known, answers = self.inputs.tolist(), self.answers.tolist()
        return [
            _choose(row, own, known, answers, shots) for row, own in zip(drawn.tolist(), inputs.tolist(), strict=True)
        ]


def _choose(drawn: Sequence[int], own: int, inputs: Sequence[int], answers: Sequence[int], shots: int) -> list[int]:
    """The first ``shots`` of some candidates that may be taken, those that bring a new answer before the others."""
    seen: set[int] = set()
    answered: set[int] = set()
    leaders: list[int] = []
    others: list[int] = []
    for shot in drawn:
        if shot in seen or inputs[shot] == own:
            continue
        seen.add(shot)
        if answers[shot] in answered:
            others.append(shot)
            continue
        answered.add(answers[shot])
        leaders.append(shot)
        if len(leaders) == shots:
            return leaders[::-1]
    return (leaders + others)[:shots][::-1]


class ShotFile:
    """The texts of all tasks' shots, written task by task, then mapped into memory."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        self.path, self.rows = path, 0
        self._schema = pa.schema([pa.field(name, pa.large_string(), nullable=False) for name in _SHOT_COLUMNS])
        self._writer: Any = pa.ipc.new_file(str(path), self._schema)

    def add(self, entries: Sequence[Entry]) -> int:
        """Write the shots of a task; returns the row of the first."""
        import pyarrow as pa

        names = [shot_id(Example(entry[3], entry[4])) for entry in entries]
        columns = (names, [entry[3] for entry in entries], [entry[4] for entry in entries])
        self._writer.write_batch(
            pa.record_batch([pa.array(c, pa.large_string()) for c in columns], schema=self._schema)
        )
        first, self.rows = self.rows, self.rows + len(entries)
        return first

    def table(self) -> Any:
        """All shots as one Arrow table of one piece (rows are taken from it quickly), in a file that is mapped."""
        import pyarrow as pa

        self._writer.close()
        with pa.ipc.open_file(pa.memory_map(str(self.path))) as file:
            whole = file.read_all().combine_chunks()
        target = self.path.with_suffix(".whole.arrow")
        with pa.ipc.new_file(str(target), self._schema) as writer:
            writer.write_table(whole)
        self.path.unlink()
        with pa.ipc.open_file(pa.memory_map(str(target))) as file:
            return file.read_all()
