"""What a check found, in one shape for all checks, so that one report and one JSON serve them all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from medsins import __version__

FORMAT = 1

Severity = Literal["error", "warning", "note"]
"""``error``: a number or a training run should not be believed before this is settled; ``warning``: look at it;
``note``: worth knowing."""

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Two texts to be read side by side (``right`` may be empty), with where each is and why it is shown.

    ``left_place`` and ``right_place`` are ``task id / instance id / input|output``; ``marked`` are the words that both
    share, for the report to underline. ``score`` is a similarity from 0 to 1 where there is one.
    """

    left_place: str
    left: str
    right_place: str = ""
    right: str = ""
    why: str = ""
    score: float | None = None
    marked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a reader should know. ``place`` is a task, a pair of tasks or a file; ``mend`` says what to do."""

    severity: Severity
    place: str
    what: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a section. ``units`` names each column's unit ("%", "instances", "" for text); a column of unit "%"
    holds percentages. ``low`` and ``high`` name the columns that bound column ``value`` with a 95 % interval, if any.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    units: tuple[str, ...] = ()
    note: str = ""
    value: str = ""
    low: str = ""
    high: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """All that one check (``leakage``, ``duplicates``, ``labels``, ``identifiers``, ``run.unscored`` …) has to say.

    ``summary`` is one sentence with its numbers. ``settings`` is all that the result depends on (thresholds, seeds,
    digests of the files). ``extra`` is further machine-readable data, not shown in the report.
    """

    check: str
    title: str
    summary: str
    findings: tuple[Finding, ...] = ()
    tables: tuple[Table, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """True when no finding is an error or a warning."""
        return all(finding.severity == "note" for finding in self.findings)


def audit_document(sections: Iterable[Section], sources: Sequence[str] = ()) -> dict[str, Any]:
    """The JSON of an audit: ``{"format", "kind": "audit", "medsins", "sources", "clean", "sections": [...]}``."""
    parts = list(sections)
    return {
        "format": FORMAT,
        "kind": "audit",
        "medsins": __version__,
        "sources": list(sources),
        "clean": all(part.clean for part in parts),
        "sections": [{**asdict(part), "clean": part.clean} for part in parts],
    }
