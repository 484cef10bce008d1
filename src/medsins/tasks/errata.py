"""Errata: reviewed corrections of references, kept beside a suite and applied to its scores, never to its files.

One JSON object a line (``.jsonl``), in any order::

    {"task": "task131", "instance": "task131-17", "references": "5f0c…", "outputs": ["…"], "reason": "…",
     "reviewer": "…", "date": "2026-02-14"}

``references`` is the digest of the references that are corrected, so that a correction cannot meet another version.
Exactly one of ``outputs`` (these replace them), ``also_accept`` (these are accepted too) and ``drop`` (the instance is
not scored) says what is done.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from medsins.core import InvalidFile, Problem, UsageError, digest, write_text

_TEXTS = ("task", "instance", "references", "reason", "reviewer", "date")
_LISTS = ("outputs", "also_accept")
_KNOWN = frozenset((*_TEXTS, *_LISTS, "drop"))
_SHOWN = 16  # hexadecimal digits of a digest


@dataclass(frozen=True, slots=True)
class Correction:
    """One corrected instance. ``references`` is the digest of the references as they are in the suite; ``date`` is
    ISO 8601. ``line`` is where it stands in its file (1-based; 0: nowhere yet).
    """

    task: str
    instance: str
    references: str
    reason: str
    reviewer: str
    date: str
    outputs: tuple[str, ...] = ()
    also_accept: tuple[str, ...] = ()
    drop: bool = False
    line: int = field(default=0, compare=False)

    @property
    def key(self) -> tuple[str, str]:
        """Task id and instance id."""
        return self.task, self.instance

    def apply(self, references: Sequence[str]) -> tuple[str, ...]:
        """The accepted references after the correction; none where the instance is dropped."""
        if self.drop:
            return ()
        return tuple(dict.fromkeys((*(self.outputs or references), *self.also_accept)))

    def document(self) -> dict[str, Any]:
        """The JSON object of its line."""
        what = {"drop": True} if self.drop else {name: list(getattr(self, name)) for name in _LISTS}
        kept = {name: value for name, value in what.items() if value}
        return {**{name: getattr(self, name) for name in _TEXTS[:3]}, **kept,
                **{name: getattr(self, name) for name in _TEXTS[3:]}}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Errata:
    """The corrections of a file, one an instance."""

    corrections: tuple[Correction, ...]
    path: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of what is corrected and how, whatever the order, the reasons and the reviewers."""
        return digest(sorted([c.task, c.instance, c.references, c.outputs, c.also_accept, c.drop]
                             for c in self.corrections))  # fmt: skip


def references_digest(references: Sequence[str]) -> str:
    """What a correction names the references by that it corrects: 16 hexadecimal digits."""
    return digest(list(references))[:_SHOWN]


def read_errata(path: Path) -> Errata:
    """Read an errata file.

    Raises:
        UsageError: there is no such file.
        InvalidFile: every problem of every line.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (FileNotFoundError, IsADirectoryError) as error:
        mend = "name a file of corrections; medsins audit run RUN --adjudicate writes one"
        raise UsageError(Problem("no such errata file", str(path), mend)) from error
    except UnicodeDecodeError as error:
        raise InvalidFile(Problem(f"is not UTF-8: {error}", str(path), "save it as UTF-8")) from error
    problems: list[Problem] = []
    seen: dict[tuple[str, str], Correction] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        correction = _read(line, f"{path}, line {number}", number, problems)
        if correction is None:
            continue
        if correction.key in seen:
            first = seen[correction.key].line
            what = f"corrects instance {correction.instance} of {correction.task} again (first in line {first})"
            problems.append(Problem(what, f"{path}, line {number}", "keep one of both"))
        seen.setdefault(correction.key, correction)
    if problems:
        raise InvalidFile(*problems)
    return Errata(tuple(seen.values()), str(path))


def write_errata(path: Path, corrections: Iterable[Correction]) -> None:
    """Write an errata file, whole or not at all, in the order of tasks and instances."""
    ordered = sorted(corrections, key=lambda correction: correction.key)
    write_text(path, "".join(json.dumps(c.document(), ensure_ascii=False) + "\n" for c in ordered))


def _read(line: str, place: str, number: int, problems: list[Problem]) -> Correction | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        problems.append(Problem(f"is no JSON object: {error}", place, "write one JSON object a line"))
        return None
    if not isinstance(entry, dict):
        problems.append(Problem("is no JSON object", place, "write one JSON object a line"))
        return None
    found = [Problem(what, place, mend) for what, mend in _faults(entry)]
    problems += found
    if found:
        return None
    return Correction(
        **{name: entry[name] for name in _TEXTS},
        outputs=tuple(entry.get("outputs", ())),
        also_accept=tuple(entry.get("also_accept", ())),
        drop="drop" in entry,
        line=number,
    )


def _faults(entry: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """What is wrong with an entry, and what to do."""
    for name in _TEXTS:
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            yield f"{name} is missing or no text", f'write "{name}": "…"'
    for name in _LISTS:
        value = entry.get(name, ["x"])
        if not isinstance(value, list) or not value or not all(isinstance(v, str) and v.strip() for v in value):
            yield f"{name} is no list of texts", f'write "{name}": ["…"]'
    if entry.get("drop", True) is not True:
        yield "drop is not true", "write true, or leave it out"
    if sum(name in entry for name in (*_LISTS, "drop")) != 1:
        yield "says not just one of outputs, also_accept and drop", "keep the one that is meant"
    if unknown := sorted(map(str, entry.keys() - _KNOWN)):
        yield f"has unknown keys: {', '.join(unknown)}", f"known: {', '.join(sorted(_KNOWN))}"
    try:
        date.fromisoformat(str(entry.get("date", "2000-01-01")))
    except ValueError:
        yield f"date '{entry['date']}' is no day", "write it as 2026-02-14"
