"""What every published per-row rule is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from ._records import Cell, Kind, Result, Stats, WouldCrash


class Rule(ABC):
    """A published per-row rule; rules are small frozen dataclasses."""

    kind: ClassVar[Kind]

    @property
    @abstractmethod
    def wrong(self) -> Stats:
        """The statistics of a row on which the script would raise: counted, and wrong."""

    @abstractmethod
    def score(self, reference: Cell, output: Cell) -> Stats | None:
        """The statistics of one row, or None if the script skips it.

        Raises:
            WouldCrash: the published script would raise.
        """

    def details(self, reference: Cell, output: Cell) -> dict[str, Any]:
        """What the rule read out of a row, for people."""
        return {}

    def column(self, references: Sequence[Cell], outputs: Sequence[Cell]) -> list[Result]:
        """The results of many rows."""
        return [self._result(reference, output) for reference, output in zip(references, outputs, strict=True)]

    def _result(self, reference: Cell, output: Cell) -> Result:
        try:
            return self.score(reference, output)
        except WouldCrash as crash:
            return crash
