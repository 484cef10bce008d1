"""The first look at task files: what each holds, the numbers of its instances, and what its shots are drawn from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medsins.catalog import resolve_category, task_access, task_definition, task_language
from medsins.core import Problem, UsageError
from medsins.tasks import TaskReader, open_reader
from medsins.tasks._columns import Columns
from medsins.tasks.card_facts import TaskFacts
from medsins.tasks.reader import split_name, task_id_of

from .mixture_gate import Findings, Gate, is_held_out
from .mixture_numbers import ROW, U64, Numbers, Rows
from .mixture_pool import Pool, ShotFile, Shots

USABLE, HELD_OUT, EMPTY, LEFT_OUT, GATED, REPEATED = range(6)
REASONS = {HELD_OUT: "held_out", EMPTY: "empty", LEFT_OUT: "left_out", GATED: "gated", REPEATED: "repeated"}
"""Why an instance is not used, as the manifest calls it."""


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A task file after the first look. ``characters``: of its usable instances; ``counts`` by reason."""

    name: str
    path: Path
    facts: TaskFacts
    shots: Shots
    characters: int
    counts: Counter[int]

    @property
    def usable(self) -> int:
        """Instances that can be trained on."""
        return self.counts[USABLE]


class Survey:
    """Reads task files once. ``folder`` is a scratch folder for what is needed again."""

    def __init__(self, seed: int, left_out: Collection[tuple[str, str]], folder: Path) -> None:
        self.seed, self.left_out, self.folder = seed, left_out, folder
        self.shot_file = ShotFile(folder / "shots.arrow")
        self.problems: list[Problem] = []
        self.held_out: list[U64] = []

    def read(self, name: str, path: Path, told: Callable[[int], None]) -> Surveyed | None:
        """Look at a file; None where it cannot be read, which ``problems`` then tell. ``told``: bytes taken so far."""
        reader, pool = open_reader(path), Pool()
        numbers = Numbers(self.seed, name)
        instances = characters = 0
        with self._file(name).open("wb") as kept:
            for batch in reader.batches():
                columns = batch.columns
                firsts = first_outputs(columns)
                rows = numbers.of(columns.inputs, firsts)
                rows["state"] = self._states(reader.name, columns, firsts)
                kept.write(rows.tobytes())
                instances += len(rows)
                free = np.flatnonzero(rows["state"] == USABLE)
                texts = [[column[row] for row in free.tolist()] for column in (columns.inputs, firsts)]
                characters += sum(map(len, chain(*texts)))
                pool.offer(rows[free], numbers.salt, texts)
                self.held_out.append(rows["input"][rows["state"] == HELD_OUT])
                told(reader.taken)
        facts = self._facts(reader, instances)
        if facts is None:
            return None
        shots = Shots.of(pool.entries(), self.shot_file.add(pool.entries()))
        return Surveyed(name, path, facts, shots, characters, Counter())

    def settle(self, task: Surveyed, gate: Gate, findings: Findings) -> Surveyed:
        """Keep out what the gate holds, and all but the first of instances that are equal; count what is left."""
        rows = self.rows(task.name, "r+")
        states, inputs = np.array(rows["state"]), rows["input"]
        met = np.flatnonzero((states == USABLE) & gate.meets(inputs))
        states[met] = GATED
        findings.add(task.name, task.facts.access, met, inputs[met])
        usable = np.flatnonzero(states == USABLE)
        first = np.zeros(len(usable), np.bool_)
        first[np.unique(rows["own"][usable], return_index=True)[1]] = True
        states[usable[~first]] = REPEATED
        rows["state"] = states
        counts = Counter(dict(enumerate(np.bincount(states, minlength=len(REASONS) + 1).tolist())))
        return replace(task, shots=task.shots.without(gate.meets(task.shots.inputs)), counts=counts)

    def rows(self, name: str, mode: Literal["r", "r+"] = "r") -> Rows:
        """The instances of a task as numbers, in the order of its file; a scratch file that is mapped into memory."""
        path = self._file(name)
        return np.memmap(path, ROW, mode) if path.stat().st_size else np.empty(0, ROW)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.rows"

    def _states(self, task: str, columns: Columns, outputs: Sequence[str]) -> NDArray[np.uint8]:
        pairs = zip(columns.inputs, outputs, strict=True)
        states = np.array([USABLE if a.strip() and b.strip() else EMPTY for a, b in pairs], np.uint8)
        if self.left_out:
            gone = [(task, instance) in self.left_out for instance in columns.ids]
            states[np.array(gone, np.bool_)] = LEFT_OUT
        if columns.extras is not None:
            states[np.array([is_held_out(extra) for extra in columns.extras], np.bool_)] = HELD_OUT
        return states

    def _facts(self, reader: TaskReader, instances: int) -> TaskFacts | None:
        card = reader.card  # exact only after the last instance
        category = resolve_category(reader.name, card.categories)
        if isinstance(category, Problem):
            if not reader.unread:
                reader.shape.problem(reader.card_place("Categories"), category.what, category.mend)
            self.problems += reader.problems
            return None
        self.problems += reader.problems
        if reader.problems:
            return None
        if not card.definition:
            card = replace(card, definition=(task_definition(reader.name, category),))
        return TaskFacts(
            id=reader.name,
            card=card,
            category=category,
            language=task_language(reader.name, card.output_language, card.input_language),
            access=task_access(reader.name, card.extra.get("Access")),
            split="train",
            instances=instances,
        )


def first_outputs(columns: Columns) -> list[str]:
    """The first reference of each instance; empty where there is none."""
    return [outputs[0] if outputs else "" for outputs in columns.outputs]


def name_files(files: Sequence[Path]) -> list[tuple[str, Path]]:
    """Task files by name, sorted: the task id, or the whole stem where several files have the same.

    Raises:
        UsageError: two files of one stem (all at once).
    """
    shared = Counter(map(task_id_of, files))
    names = [split_name(path)[0] if shared[task_id_of(path)] > 1 else task_id_of(path) for path in files]
    problems = [
        Problem(f"has the same name as another file of {name}", str(path), "rename one, or leave one out")
        for name, path in zip(names, files, strict=True)
        if names.count(name) > 1
    ]
    if problems:
        raise UsageError(*problems)
    return sorted(zip(names, files, strict=True))
