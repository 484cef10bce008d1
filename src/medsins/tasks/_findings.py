"""What a check of a task file says: errors that make it unusable, warnings that make it worse than it could be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from medsins.core import Problem

Level = Literal["error", "warning"]
SHOWN = 5  # places listed of one kind of warning; the rest is counted


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a task file; ``more`` counts further places with the same fault that are not listed."""

    level: Level
    kind: str
    problem: Problem
    more: int = 0


class Findings:
    """Collects findings: all errors, and the first places of each kind of warning."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: list[Finding] = []
        self._counts: dict[str, int] = {}

    def error(self, kind: str, where: str, what: str, mend: str = "") -> None:
        """Note an error."""
        self._note("error", kind, where, what, mend)

    def warning(self, kind: str, where: str, what: str, mend: str = "") -> None:
        """Note a warning."""
        self._note("warning", kind, where, what, mend)

    def _note(self, level: Level, kind: str, where: str, what: str, mend: str) -> None:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if self._counts[kind] <= SHOWN:
            place = f"{self.file}: {where}" if where else self.file
            self._found.append(Finding(level, kind, Problem(what, place, mend)))

    def count(self, kind: str, places: int) -> None:
        """Note further places of a kind without listing them."""
        self._counts[kind] = self._counts.get(kind, 0) + places

    def all(self) -> list[Finding]:
        """Errors first, each kind together; the last listed place of a kind tells how many more there are."""
        order = {finding.kind: number for number, finding in reversed(list(enumerate(self._found)))}
        found = sorted(self._found, key=lambda finding: (finding.level != "error", order[finding.kind]))
        last = {finding.kind: number for number, finding in enumerate(found)}
        return [
            Finding(f.level, f.kind, f.problem, self._counts[f.kind] - SHOWN)
            if last[f.kind] == number and self._counts[f.kind] > SHOWN
            else f
            for number, f in enumerate(found)
        ]
