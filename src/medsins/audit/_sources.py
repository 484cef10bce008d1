"""Task files as numbered rows of text, streamed in portions that any process may work on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medsins.catalog import task_access
from medsins.core import InvalidFile, Problem, UsageError
from medsins.tasks import SUFFIXES, TaskReader, find_task_files, open_reader

ROWS, CHARACTERS = 2048, 2 << 20  # of one portion, whichever is reached first

Advance = Callable[[int, int], None]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Source:
    """One task file: ``task`` is its task id, or its whole stem where files share an id; ``size`` in bytes."""

    path: Path
    task: str
    size: int


@dataclass(frozen=True, slots=True)
class Portion:
    """Some rows of one file (numbers count from 0), their ids, and two texts for each: the input and all outputs."""

    file: int
    rows: list[int]
    ids: list[str]
    texts: list[str]


def find_sources(paths: Sequence[Path]) -> list[Source]:
    """The task files of paths, each once.

    Raises:
        UsageError: as ``find_task_files``.
    """
    files = list({path.resolve(): path for path in find_task_files(paths)}.values())
    names = [open_reader(path).name for path in files]
    shared = {name for name, count in Counter(names).items() if count > 1}
    return [
        Source(path, _stem(path) if name in shared else name, path.stat().st_size)
        for path, name in zip(files, names, strict=True)
    ]


def _stem(path: Path) -> str:
    endings = sorted((end for end in SUFFIXES if path.name.lower().endswith(end)), key=len)
    return path.name[: -len(endings[-1])]


def check_apart(train: Sequence[Source], test: Sequence[Source]) -> None:
    """No file may be on both sides.

    Raises:
        UsageError: some are.
    """
    tests = {source.path.resolve() for source in test}
    twice = [source.path for source in train if source.path.resolve() in tests]
    if twice:
        mend = "name it on one side only"
        raise UsageError(*(Problem("stands on both sides, training and test", str(path), mend) for path in twice))


def access_of(source: Source) -> str:
    """The access terms of a file: what its card and the catalogue say."""
    reader = open_reader(source.path)
    return task_access(reader.name, reader.card.extra.get("Access"))


class Reading:
    """One pass over files. ``counts`` are the rows of each file that were met."""

    def __init__(self, sources: Sequence[Source], advance: Callable[[int], None] = lambda taken: None) -> None:
        self.sources, self.advance = sources, advance
        self.counts = [0] * len(sources)

    def portions(self, wanted: Mapping[int, Mask] | None = None) -> Iterator[Portion]:
        """All rows, or those that ``wanted`` marks for each file; files without a mark are left out.

        Raises:
            InvalidFile: at the end, every problem of every file.
        """
        problems: list[Problem] = []
        before = 0
        for number, source in enumerate(self.sources):
            if wanted is None or number in wanted:
                reader = open_reader(source.path)
                yield from self._of_file(number, reader, before, None if wanted is None else wanted[number])
                problems += reader.problems
            before += source.size
            self.advance(before)
        if problems:
            raise InvalidFile(*problems)

    def _of_file(self, number: int, reader: TaskReader, before: int, mask: Mask | None) -> Iterator[Portion]:
        rows: list[int] = []
        ids: list[str] = []
        texts: list[str] = []
        held = count = 0
        for batch in reader.batches():
            columns = batch.columns
            for place in range(len(columns)):
                if mask is None or mask[count + place]:
                    given, outputs = columns.inputs[place], columns.outputs[place]
                    accepted = outputs[0] if len(outputs) == 1 else "\n".join(outputs)
                    rows.append(count + place)
                    ids.append(columns.ids[place])
                    texts += (given, accepted)
                    held += len(given) + len(accepted)
                    if len(rows) >= ROWS or held >= CHARACTERS:
                        yield Portion(number, rows, ids, texts)
                        rows, ids, texts, held = [], [], [], 0
            count += len(columns)
            self.counts[number] = count
            self.advance(before + reader.taken)
        if rows:
            yield Portion(number, rows, ids, texts)
