"""Corrected references under a run's scores: the same answers, read against the suite with its errata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from medsins.core import InvalidFile, Problem
from medsins.metrics import Row
from medsins.tasks.errata import Correction, Errata, references_digest

from .scoring_source import Source, specs_of

__all__ = ["Corrected", "Errata", "correct", "errata_document", "references_digest"]


@dataclass(frozen=True, slots=True)
class Corrected:
    """A source with errata applied, and which of them met an answer; the others are of instances not asked."""

    source: Source
    changed: tuple[Correction, ...]
    dropped: tuple[Correction, ...]
    unused: int


def correct(source: Source, errata: Errata) -> Corrected:
    """Apply errata to what is scored.

    Raises:
        InvalidFile: corrections of references that are not those of these rows, or of two rows at once; all of them.
    """
    wanted = {correction.key: correction for correction in errata.corrections}
    met: dict[int, Correction] = {}
    for row in source.rows:
        correction = wanted.get((row.task_id, source.instances.get(row.row, "")))
        if correction:
            met[row.row] = correction
    if problems := list(_problems(source.rows, met, errata.path)):
        raise InvalidFile(*problems)
    rows = tuple(_corrected(source, met))
    kinds = {task_id: (spec.category, source.languages[task_id]) for task_id, spec in source.specs.items()}
    kinds = {task_id: kind for task_id, kind in kinds.items() if any(row.task_id == task_id for row in rows)}
    return Corrected(
        source=replace(
            source,
            rows=rows,
            specs=specs_of(rows, kinds),
            absent=tuple(row for row in source.absent if row.task_id in kinds),
            origin=f"{source.origin}|errata:#{errata.digest[:8]}",
        ),
        changed=tuple(c for c in met.values() if not c.drop),
        dropped=tuple(c for c in met.values() if c.drop),
        unused=len(errata.corrections) - len(met),
    )


def errata_document(corrected: Corrected, errata: Errata) -> dict[str, Any]:
    """What scores.json says of an overlay, beside the profiles scored with it."""
    return {
        "file": errata.path.replace("\\", "/").rsplit("/", 1)[-1],
        "digest": errata.digest,
        "changed": [_named(correction) for correction in corrected.changed],
        "dropped": [_named(correction) for correction in corrected.dropped],
        "unused": corrected.unused,
    }


def _named(correction: Correction) -> dict[str, str]:
    return {name: getattr(correction, name) for name in ("task", "instance", "reason", "reviewer", "date")}


def _corrected(source: Source, met: Mapping[int, Correction]) -> Iterator[Row]:
    for row in source.rows:
        references = met[row.row].apply(row.references) if row.row in met else row.references
        if references or row.row not in met:
            yield replace(row, references=references)


def _problems(rows: tuple[Row, ...], met: Mapping[int, Correction], path: str) -> Iterator[Problem]:
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        if row.row not in met:
            continue
        correction = met[row.row]
        place = f"{path}, line {correction.line}"
        named = f"instance {correction.instance} of {correction.task}"
        if correction.key in seen:
            mend = "give the instances of the task ids of their own, then run again"
            yield Problem(f"{named} is the name of two rows ({seen[correction.key]} and {row.row})", place, mend)
        seen[correction.key] = row.row
        if references_digest(row.references) != correction.references:
            mend = f"another version of the suite was run: review it again (its references have the digest " \
                   f"{references_digest(row.references)})"  # fmt: skip
            yield Problem(f"{named} has other references in this run", place, mend)
