"""What every reader of task files is: a card, batches of instances, and a mark to go on from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medsins.core import Card, Instance, InvalidFile, Problem

from ._arrow import columns_of
from ._bytes import Broken, locate, task_id_of
from ._columns import Columns
from ._shape import Shape

MAX_PROBLEMS = 1000  # of one file; a file with more is not mended one by one


@dataclass(frozen=True, slots=True)
class Mark:
    """A place between two instances, where reading may be taken up again.

    ``index`` instances are before it; ``offset`` (bytes or rows), ``line``, ``keys`` (of the card, met so far) and
    ``headed`` (the card has a line of its own) are the reader's own.
    """

    index: int = 0
    offset: int = 0
    line: int = 0
    keys: Mapping[str, Any] = field(default_factory=dict)
    headed: bool = False


START = Mark()


@dataclass(frozen=True, slots=True)
class Batch:
    """Some consecutive instances, the row or line number (0-based) of each, and the mark after them.

    ``rows`` are columns, or an Arrow record batch where the reader was asked for Arrow and had it.
    """

    rows: Columns | Any
    numbers: Sequence[int]
    end: Mark

    @property
    def columns(self) -> Columns:
        """The rows as columns; those in Arrow are made anew at every call."""
        if isinstance(self.rows, Columns):
            return self.rows
        columns = columns_of(self.rows, 0, "")
        assert columns is not None  # readers give batches of our schema
        return columns

    @property
    def instances(self) -> list[Instance]:
        """The records, made anew at every call."""
        return self.columns.instances()


class TaskReader(ABC):
    """Reads one task file in bounded memory. ``problems`` collects what is wrong; batches hold only sound instances.

    Iterating gives instances and raises ``InvalidFile`` as soon as something is wrong; ``batches`` reads on.
    """

    resumable = True  # whether reading can be taken up at a mark
    in_arrow = False  # set it where batches in Arrow are welcome, such as for a columnar target

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = task_id_of(path)
        self.shape = Shape(str(path))
        self.taken = 0  # bytes of the file read so far, for progress
        self._broken = self._sound = False  # the text ended wrongly; some instance was read
        self._card: Card | None = None

    @property
    def problems(self) -> list[Problem]:
        """Every problem met so far."""
        return self.shape.problems

    @property
    def unread(self) -> bool:
        """Whether nothing of the file could be read, so that there is nothing to say about what it holds."""
        return self._broken and not self._sound and self.card == Card()

    @property
    def card(self) -> Card:
        """The card, as far as it is known without reading every instance (exact after the last one)."""
        if self._card is None:
            self._card = self._read_card()
        return self._card

    @abstractmethod
    def _read_card(self) -> Card:
        """Read the card only."""

    def batches(self, start: Mark = START) -> Generator[Batch, None, None]:
        """Batches of sound instances from a mark on; ends at what cannot be read and after ``MAX_PROBLEMS``."""
        try:
            for batch in self._batches(start):
                self._sound = self._sound or len(batch.numbers) > 0
                yield batch
        except Broken as broken:
            self._broken = True
            self._refuse(broken)
        except InvalidFile as error:
            self._broken = True
            self.problems.extend(error.problems)

    @abstractmethod
    def _batches(self, start: Mark) -> Iterator[Batch]:
        """Batches of sound instances; faults of single instances are noted, others raised."""

    def _refuse(self, broken: Broken) -> None:
        line, column = locate(self.path, broken.offset)
        self.shape.problem(f"line {line}, column {column}", broken.what, broken.mend)

    @abstractmethod
    def where(self, number: int, field: str = "") -> str:
        """The place of a row (0-based) and one of its fields in this file: a JSON path, a line, a cell."""

    def card_place(self, key: str = "") -> str:
        """The place of a card key, or of the card."""
        return f"$.{key}" if key else "card"

    def __iter__(self) -> Iterator[Instance]:
        for batch in self.batches():
            if self.problems:
                break
            yield from batch.instances
        self.check()

    def check(self) -> None:
        """Raise what is wrong so far.

        Raises:
            InvalidFile: with every problem.
        """
        if self.problems:
            raise InvalidFile(*self.problems)

    def full(self) -> bool:
        """Whether so many problems are noted that reading on helps nobody."""
        if len(self.problems) < MAX_PROBLEMS:
            return False
        if len(self.problems) == MAX_PROBLEMS:
            self.shape.problem("", f"more than {MAX_PROBLEMS} problems; the rest is not listed", "mend these first")
        return True
