"""From an upload to one output for each row of a version, or to everything that is wrong with it at once.

References in the upload are never used for scoring; where they differ from the board's, the rows are noted. Rows that
are missing count as wrong. Texts of the upload appear in the errors its sender sees and nowhere else.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medsins.core import InvalidFile, Problem, sha256_file

from ._upload import Limits, UploadRow, too_large
from .intake_files import open_upload
from .intake_match import Matcher, squeeze
from .records import Item, Kind

_NOTED = ("empty", "truncated", "nul", "equal_questions")
SHOWN = 50
"""Rows named in a report or an error; the count tells of the others."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What was read. ``answers``: one output for each row of the version, None where the upload has none; ``report``:
    counts and row numbers, no texts; ``claims``: what a run's manifest says of itself; ``truncated``: rows whose output
    a length limit cut, as the upload says. It changes no score, only what an answer that cannot be read is counted as.
    """

    kind: Kind
    sha256: str
    answers: tuple[str | None, ...]
    report: Mapping[str, Any]
    claims: Mapping[str, Any] = field(default_factory=dict)
    truncated: tuple[int, ...] = ()


def read_upload(path: Path, items: Sequence[Item], limits: Limits | None = None) -> Intake:
    """Read an upload and match its rows to a version's instances.

    Args:
        path: CSV (plain or gzip), Parquet, zip of a run directory, or a run directory.
        items: the version's instances, by row.

    Raises:
        InvalidFile: it cannot be read, or has rows that repeat or are no instances: the first 50 of each, and how many.
    """
    limits = limits or Limits()
    taking = _Taking(items)
    spent = 0
    with open_upload(path, limits) as opened:
        for row in opened.rows:
            taking.take(row)
            spent += len(row.output or "")
            if spent > limits.answers:
                raise too_large("in all outputs together", limits.answers, "characters")
    taking.settle()
    if problems := taking.problems():
        raise InvalidFile(*problems)
    sha256 = sha256_file(path) if path.is_file() else ""
    return Intake(opened.kind, sha256, tuple(taking.answers), taking.report(), opened.claims, tuple(taking.truncated))


class _Taking:
    """The rows taken so far."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items, self._matcher = items, Matcher(items)
        self.answers: list[str | None] = [None] * len(items)
        self.truncated: list[int] = []
        self._from: dict[int, int] = {}
        self._equal: dict[tuple[int, ...], list[UploadRow]] = defaultdict(list)
        self._counts: Counter[str] = Counter()
        self._repeated: list[tuple[int, int]] = []
        self._unknown: list[tuple[int, str]] = []
        self._strangers: dict[str, list[int]] = defaultdict(list)
        self._changed: list[int] = []

    def take(self, row: UploadRow) -> None:
        """Find the instance of a row and keep its output."""
        self._counts["rows"] += 1
        if row.task_id not in self._matcher.tasks:
            self._strangers[row.task_id].append(row.number)
            return
        found = self._find(row)
        if not found:
            self._unknown.append((row.number, row.task_id))
        elif len(found) == 1:
            self._keep(found[0], row)
        else:
            self._equal[found].append(row._replace(input=""))

    def _find(self, row: UploadRow) -> tuple[int, ...]:
        if row.instance_id:
            place = self._matcher.by_id(row.task_id, row.instance_id)
            if place is not None:
                self._counts["by_id"] += 1
                return (place,)
        if found := self._matcher.by_input(row.task_id, row.input):
            self._counts["by_input"] += 1
            return found
        found = self._matcher.by_prompt(row.task_id, row.input)
        self._counts["by_prompt"] += bool(found)
        return found

    def _keep(self, place: int, row: UploadRow) -> None:
        first = self._from.setdefault(place, row.number)
        if first != row.number:
            self._repeated.append((row.number, first))
            return
        output = row.output
        if output and "\0" in output:  # no database keeps it
            output = output.replace("\0", "\ufffd")
            self._counts["nul"] += 1
        self.answers[place] = output
        self._counts["empty"] += output == ""
        if row.truncated and output is not None:
            self._counts["truncated"] += 1
            self.truncated.append(place)
        item = self._items[place]
        # Of a private reference not even "yours is another" is told: guesses could be checked with it.
        if item.part == "open" and row.reference is not None and not _same(row.reference, item.outputs):
            self._changed.append(row.number)

    def settle(self) -> None:
        """Share out rows whose question several instances ask: to the one with their reference, else in an order that
        does not depend on that of the file.
        """
        for places, rows in self._equal.items():
            rows.sort(key=lambda row: (row.output or "", row.number))
            left: list[UploadRow] = []
            for row in rows:
                own = [p for p in places if p not in self._from and _same(row.reference or "", self._items[p].outputs)]
                self._keep(own[0], row) if own else left.append(row)
            for row in left:
                free = [place for place in places if place not in self._from]
                self._keep(free[0] if free else places[0], row)
        self._counts["equal_questions"] = sum(map(len, self._equal.values()))
        self._equal.clear()

    def problems(self) -> list[Problem]:
        """Why the upload is refused; empty when it is taken."""
        found: list[Problem] = []
        if not self._counts["rows"]:
            found.append(Problem("has no rows", mend="write one row for each instance"))
        for task_id, rows in sorted(self._strangers.items(), key=lambda item: item[1])[:SHOWN]:
            what = f"the task '{task_id[:60]}' is not in this version ({len(rows):,} rows)"
            found.append(Problem(what, f"row {rows[0]}", "take these rows out, or choose the version they are for"))
        mend = "send the input or the whole prompt as it was, or the column instance_id"
        told = [
            Problem(f"asks no instance of {task}", f"row {row}", mend) for row, task in sorted(self._unknown)[:SHOWN]
        ]
        found += [*told, *_more(len(self._unknown), "rows ask no instance of their task")]
        mend = "keep one row for each instance"
        repeated = sorted((max(pair), min(pair)) for pair in self._repeated)
        found += [
            Problem(f"answers the instance of row {first} again", f"row {row}", mend) for row, first in repeated[:SHOWN]
        ]
        return [*found, *_more(len(repeated), "rows answer an instance again")]

    def report(self) -> dict[str, Any]:
        """What was noticed, in numbers."""
        missing = Counter(item.task_id for item in self._items if item.row not in self._from)
        matched = {name: self._counts[f"by_{name}"] for name in ("id", "input", "prompt")}
        return {
            "rows": self._counts["rows"],
            "matched_by": {name: count for name, count in matched.items() if count},
            "missing": {"count": missing.total(), "tasks": dict(missing)},
            "references_changed": {"count": len(self._changed), "rows": sorted(self._changed)[:SHOWN]},
            **{name: self._counts[name] for name in _NOTED if self._counts[name]},
        }


def _more(count: int, what: str) -> list[Problem]:
    return [Problem(f"{count:,} {what} in all; the first {SHOWN} are named")] if count > SHOWN else []


def _same(reference: str, outputs: Sequence[str]) -> bool:
    """Whether a reference of the upload is one of the board's, whatever blanks a spreadsheet made of it."""
    if reference in outputs:
        return True
    plain = squeeze(reference)
    return any(squeeze(output) == plain for output in outputs) or plain == squeeze(str(list(outputs)))
