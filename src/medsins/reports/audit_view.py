"""An audit's JSON as what is shown of it: sections, findings by severity, tables with bars, texts with marked words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .figures import mapping, number, percent, sequence

SEVERITIES: Mapping[str, str] = {"error": "✕ error", "warning": "! warning", "note": "· note"}
"""What a finding means, worst first: a sign and a word, never colour alone."""

VERDICTS: Mapping[str, str] = {"error": "✕ settle first", "warning": "! look at it", "note": "· notes only",
                                  "clean": "✓ clean"}  # fmt: skip
"""What a section's findings come to."""

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding, with the section it is of."""

    severity: str
    place: str
    what: str
    mend: str
    check: str
    section: str


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """Two texts side by side, each as pieces of which some are marked. ``score`` is a share of 1, or None."""

    left_place: str
    left: tuple[tuple[str, bool], ...]
    right_place: str
    right: tuple[tuple[str, bool], ...]
    why: str
    score: float | None


@dataclass(frozen=True, slots=True)
class Bar:
    """A value with its interval, each in percent of the bar's width."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class TableView:
    """A table as text. ``numeric`` says which columns are numbers. Where the table names a value with its bounds,
    ``bounded`` are their columns and ``bars`` has one entry per row, on an axis from ``start`` to ``end``; both are
    empty where it does not.
    """

    title: str
    note: str
    columns: tuple[str, ...]
    units: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    bounded: tuple[int, ...] = ()
    bars: tuple[Bar | None, ...] = ()
    start: float = 0.0
    end: float = 100.0


@dataclass(frozen=True, slots=True)
class SectionView:
    """All that is shown of one check. ``settings`` are names with their values as text."""

    id: str
    check: str
    title: str
    summary: str
    findings: tuple[FindingView, ...]
    tables: tuple[TableView, ...]
    evidence: tuple[EvidenceView, ...]
    settings: tuple[tuple[str, str], ...]

    @property
    def verdict(self) -> str:
        """``error`` or ``warning`` where a finding is one; ``note`` where there is nothing but notes, no table either;
        else ``clean``.
        """
        worst = next((s for s in ("error", "warning") if any(f.severity == s for f in self.findings)), "")
        return worst or ("note" if self.findings and not self.tables else "clean")


def read_sections(document: Mapping[str, Any]) -> tuple[SectionView, ...]:
    """Read the sections of an audit's JSON, tolerant of missing parts; findings are in order of severity."""
    parts = [mapping(part) for part in sequence(document.get("sections"))]
    return tuple(_section(place, part) for place, part in enumerate(parts, start=1))


def by_severity(sections: Iterable[SectionView]) -> list[FindingView]:
    """The findings of all sections, worst first, else in their order."""
    found = [finding for section in sections for finding in section.findings]
    return sorted(found, key=lambda finding: _rank(finding.severity))


def marked_pieces(text: str, words: Iterable[str]) -> tuple[tuple[str, bool], ...]:
    """The text in pieces, those that are one of the words marked; case is ignored, and a word is found only as a whole
    (where letters follow one another without blanks, anywhere).
    """
    wanted = sorted({word for word in words if word.strip()}, key=lambda word: (-len(word), word))
    if not wanted:
        return ((text, False),) if text else ()
    pattern = re.compile("|".join(map(_whole, wanted)), re.IGNORECASE)
    pieces: list[tuple[str, bool]] = []
    last = 0
    for match in pattern.finditer(text):
        pieces += [(text[last : match.start()], False), (match[0], True)]
        last = match.end()
    return tuple((piece, mark) for piece, mark in [*pieces, (text[last:], False)] if piece)


def cell_text(value: Cell, unit: str = "") -> str:
    """A cell as text: percentages with one digit, counts with thousands set off, a dash where there is nothing."""
    if isinstance(value, bool) or value is None:
        return "–" if value is None else str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        known = number(value)
        if known is None:
            return "–"
        return percent(known) if unit.startswith("%") or unit == "points" else f"{known:,.3g}"
    return str(value)


def _rank(severity: str) -> int:
    return list(SEVERITIES).index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _whole(word: str) -> str:
    start = r"(?<![^\W_])" if _spaced(word[0]) else ""
    end = r"(?![^\W_])" if _spaced(word[-1]) else ""
    return start + re.escape(word) + end


def _spaced(letter: str) -> bool:
    """A letter or digit of a script that sets words apart; Chinese, Japanese and Thai do not."""
    return letter.isalnum() and not "\u0e00" <= letter <= "\u0e7f" and not "\u3040" <= letter <= "\u9fff"


def _section(place: int, part: Mapping[str, Any]) -> SectionView:
    check, title = str(part.get("check") or ""), str(part.get("title") or part.get("check") or "")
    found = [mapping(entry) for entry in sequence(part.get("findings"))]
    findings = [
        FindingView(
            severity=severity if (severity := str(entry.get("severity"))) in SEVERITIES else "note",
            place=str(entry.get("place") or ""),
            what=str(entry.get("what") or ""),
            mend=str(entry.get("mend") or ""),
            check=check,
            section=f"section-{place}",
        )
        for entry in found
    ]
    return SectionView(
        id=f"section-{place}",
        check=check,
        title=title,
        summary=str(part.get("summary") or ""),
        findings=tuple(sorted(findings, key=lambda finding: _rank(finding.severity))),
        tables=tuple(_table(mapping(entry)) for entry in sequence(part.get("tables"))),
        evidence=tuple(_evidence(mapping(entry)) for entry in sequence(part.get("evidence"))),
        settings=tuple((str(name), _setting(value)) for name, value in mapping(part.get("settings")).items()),
    )


def _evidence(entry: Mapping[str, Any]) -> EvidenceView:
    words = [str(word) for word in sequence(entry.get("marked"))]
    return EvidenceView(
        left_place=str(entry.get("left_place") or ""),
        left=marked_pieces(str(entry.get("left") or ""), words),
        right_place=str(entry.get("right_place") or ""),
        right=marked_pieces(str(entry.get("right") or ""), words),
        why=str(entry.get("why") or ""),
        score=number(entry.get("score")),
    )


def _table(entry: Mapping[str, Any]) -> TableView:
    columns = tuple(str(name) for name in sequence(entry.get("columns")))
    given = [str(unit) for unit in sequence(entry.get("units"))]
    units = tuple((given + [""] * len(columns))[: len(columns)])
    rows = [(list(sequence(row)) + [None] * len(columns))[: len(columns)] for row in sequence(entry.get("rows"))]
    bounded = tuple(columns.index(n) for n in (entry.get(k) for k in ("value", "low", "high")) if n in columns)
    bounded = bounded if len(bounded) == 3 else ()
    bars, start, end = _bars(bounded, units, rows) if bounded else ((), 0.0, 100.0)
    return TableView(
        title=str(entry.get("title") or ""),
        note=str(entry.get("note") or ""),
        columns=columns,
        units=units,
        numeric=tuple(_numeric(row[k] for row in rows) for k in range(len(columns))),
        rows=tuple(tuple(cell_text(cell, unit) for cell, unit in zip(row, units, strict=True)) for row in rows),
        bounded=bounded,
        bars=bars,
        start=start,
        end=end,
    )


def _numeric(cells: Iterable[Any]) -> bool:
    known = [cell for cell in cells if cell is not None]
    return bool(known) and all(isinstance(cell, int | float) for cell in known)


def _bars(
    places: tuple[int, ...], units: tuple[str, ...], rows: list[list[Any]]
) -> tuple[tuple[Bar | None, ...], float, float]:
    """Value and bounds of every row on one axis: from 0 (or, where anything is below 0, from its mirror) to the first
    round number that nothing exceeds.
    """
    figures = [[number(row[place]) for place in places] for row in rows]
    known = [figure for row in figures for figure in row if figure is not None]
    end = _round_up(max(map(abs, known), default=0.0), units[places[0]].startswith("%"))
    start = -end if min(known, default=0.0) < 0 else 0.0
    bars = tuple(
        Bar(*((100 * ((figure or 0.0) - start) / (end - start)) for figure in row)) if None not in row else None
        for row in figures
    )
    return bars, start, end


def _round_up(most: float, share: bool) -> float:
    steps = [base * 10.0**power for power in range(-3, 12) for base in (1.0, 2.5, 5.0)]
    end = next((step for step in steps if most <= step), most)
    return min(end, max(100.0, most)) if share else end


def _setting(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
