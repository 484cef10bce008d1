"""What must not be trained on: inputs of test suites and of held-out splits, and instances that an audit found."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsins.catalog import task_access
from medsins.core import InvalidFile, Problem, UsageError
from medsins.prompts._shots import text_key
from medsins.tasks import find_task_files, open_reader
from medsins.tasks.card_facts import split_of
from medsins.tasks.reader import task_id_of

from .mixture_numbers import U64, input_numbers

PAIR_EXAMPLES, EXAMPLES = 2, 24
"""Examples that the manifest shows of a pair of tasks, and in all."""

_SHOWN = 600  # characters of a text in an example
_HELD_OUT = re.compile(r"(test|testing|eval|valid|val|validation|dev|development)", re.IGNORECASE)
_SPLIT_KEYS = ("split", "Split Type", "split_type")


def is_held_out(extra: Mapping[str, Any]) -> bool:
    """Whether an instance's further keys say that it is of a split that is not trained on."""
    named = (extra.get(key) for key in _SPLIT_KEYS)
    return any(isinstance(name, str) and _HELD_OUT.fullmatch(name.strip()) for name in named)


def train_files(paths: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """The task files that paths name, each once: those to train on, and those of a test or validation split.

    Raises:
        UsageError: a path that is not there, is no task file, or a folder without any.
    """
    files = sorted(set(find_task_files(paths)))
    kept = [file for file in files if split_of(file, open_reader(file).card) == "train"]
    return kept, [file for file in files if file not in set(kept)]


def read_left_out(path: Path) -> set[tuple[str, str]]:
    """The instances that an audit's removals name (``removals.jsonl``), by task id and instance id.

    Raises:
        UsageError: no such file.
        InvalidFile: every line that is none.
    """
    found, problems = set(), []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (FileNotFoundError, IsADirectoryError) as error:
        mend = "medsins audit leakage --clean writes one"
        raise UsageError(Problem("no such file of removals", str(path), mend)) from error
    except UnicodeDecodeError as error:
        raise InvalidFile(Problem(f"is not UTF-8: {error}", str(path), "save it as UTF-8")) from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            found.add((task_id_of(Path(entry["file"])), str(entry["id"])))
        except (ValueError, KeyError, TypeError, RecursionError):
            mend = 'write {"file": "…", "id": "…"}, one object a line'
            problems.append(Problem("names no instance", f"{path}, line {number}", mend))
    if problems:
        raise InvalidFile(*problems)
    return found


@dataclass(slots=True)
class Gate:
    """The numbers of inputs that must not be trained on (sorted), and the files they stand in."""

    files: tuple[Path, ...]
    numbers: U64
    owners: NDArray[np.int32]  # the file of each number; -1: held-out instances of the tasks themselves

    @classmethod
    def of(cls, files: Sequence[Path], told: Callable[[int], None]) -> Gate:
        """The gate of test files; every instance of them counts. ``told`` is called with the bytes of each file.

        Raises:
            InvalidFile: every problem of every file.
        """
        numbers, owners = [np.empty(0, np.uint64)], [np.empty(0, np.int32)]
        problems: list[Problem] = []
        for place, path in enumerate(files):
            reader = open_reader(path)
            for batch in reader.batches():
                numbers.append(input_numbers([text_key(text) for text in batch.columns.inputs]))
                owners.append(np.full(len(batch.columns), place, np.int32))
            problems += reader.problems
            told(path.stat().st_size)
        if problems:
            raise InvalidFile(*problems)
        return cls(tuple(files), *_sorted(np.concatenate(numbers), np.concatenate(owners)))

    def add(self, numbers: U64) -> None:
        """Keep out what equals held-out instances of the tasks, too."""
        both = np.concatenate([self.numbers, numbers])
        owners = np.concatenate([self.owners, np.full(len(numbers), -1, np.int32)])
        self.numbers, self.owners = _sorted(both, owners)

    def meets(self, numbers: U64) -> NDArray[np.bool_]:
        """Which of some inputs must not be trained on."""
        return self.places(numbers) >= 0

    def places(self, numbers: U64) -> NDArray[np.int64]:
        """Where inputs stand in ``numbers``; -1: nowhere."""
        if not len(self.numbers):
            return np.full(len(numbers), -1)
        at = np.searchsorted(self.numbers, numbers)
        at[at == len(self.numbers)] = 0
        return np.where(self.numbers[at] == numbers, at, -1)

    def name(self, place: int) -> str:
        """The task of a file's instances."""
        return task_id_of(self.files[place])


def _sorted(numbers: U64, owners: NDArray[np.int32]) -> tuple[U64, NDArray[np.int32]]:
    """Each number once, with the first file that has it; a suite's file before the tasks themselves."""
    order = np.lexsort((owners.astype(np.uint32), numbers))
    numbers, owners = numbers[order], owners[order]
    first = np.ones(len(numbers), np.bool_)
    first[1:] = numbers[1:] != numbers[:-1]
    return numbers[first], owners[first]


class Findings:
    """What the gate kept out: counts for each pair of tasks, and instances to show."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.pairs: dict[tuple[str, str], tuple[int, int]] = {}
        self.wanted: dict[tuple[str, int], tuple[int, int]] = {}  # (task, row) -> (file, place in the gate)
        self._texts: dict[tuple[str, int], tuple[str, str, str]] = {}

    def add(self, task: str, access: str, rows: NDArray[np.int64], numbers: U64) -> None:
        """Note the rows of a task that were kept out, with the numbers of their inputs."""
        places = self.gate.places(numbers)
        owners = self.gate.owners[places]
        for owner in np.unique(owners).tolist():
            here = owners == owner
            other = self.gate.name(owner) if owner >= 0 else "held-out instances"
            before = self.pairs.get((task, other), (0, 0))
            self.pairs[task, other] = (before[0] + int(here.sum()), before[1] + len(np.unique(numbers[here])))
            if owner >= 0 and access == "open" and self._is_open(owner):
                some = [(task, row) for row in rows[here][:PAIR_EXAMPLES].tolist()]
                at = places[here][:PAIR_EXAMPLES].tolist()
                self.wanted |= dict(zip(some[: EXAMPLES - len(self.wanted)], [(owner, p) for p in at], strict=False))

    def _is_open(self, owner: int) -> bool:
        path = self.gate.files[owner]
        return task_access(task_id_of(path), open_reader(path).card.extra.get("Access")) == "open"

    def rows(self, task: str) -> list[int]:
        """The rows of a task whose texts are to be shown."""
        return [row for name, row in self.wanted if name == task]

    def show(self, task: str, row: int, texts: tuple[str, str, str]) -> None:
        """Note the id, input and output of a row that is to be shown."""
        self._texts[task, row] = texts

    def document(self) -> dict[str, Any]:
        """What the manifest keeps of the gate; reads test files again for the examples."""
        tests = self._tests()
        examples = []
        for (task, row), (owner, place) in self.wanted.items():
            test = tests.get((owner, int(self.gate.numbers[place])))
            if test is None or (task, row) not in self._texts:
                continue
            sides = zip(("instance", "input", "output"), self._texts[task, row], test, strict=True)
            texts = {}
            for name, own, other in sides:
                texts[name], texts[f"test_{name}"] = own[:_SHOWN], other[:_SHOWN]
            examples.append({"task": task, "test_task": self.gate.name(owner), **texts})
        return {
            "files": [path.name for path in self.gate.files],
            "inputs": len(self.gate.numbers),
            "findings": [
                {"task": task, "test_task": other, "instances": rows, "inputs": inputs}
                for (task, other), (rows, inputs) in sorted(self.pairs.items())
            ],
            "examples": examples,
        }

    def _tests(self) -> dict[tuple[int, int], tuple[str, str, str]]:
        """Id, input and output of the test instances to show, by file and number."""
        wanted: dict[int, set[int]] = {}
        for owner, place in self.wanted.values():
            wanted.setdefault(owner, set()).add(int(self.gate.numbers[place]))
        found: dict[tuple[int, int], tuple[str, str, str]] = {}
        for owner, asked in wanted.items():
            for batch in open_reader(self.gate.files[owner]).batches():
                numbers = input_numbers([text_key(text) for text in batch.columns.inputs]).tolist()
                for row, number in enumerate(numbers):
                    if number in asked and (owner, number) not in found:
                        columns = batch.columns
                        first = columns.outputs[row][0] if columns.outputs[row] else ""
                        found[owner, number] = columns.ids[row], columns.inputs[row], first
        return found
