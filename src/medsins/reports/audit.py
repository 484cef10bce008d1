"""What an audit found, in the terminal and as one offline HTML page; all checks in the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .audit_view import SEVERITIES, VERDICTS, SectionView, TableView, by_severity, read_sections
from .figures import sequence
from .html import render

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

FOLDED = 12
"""How many rows of a table a page shows before it is asked for all, and findings or rows a terminal."""

WIDEST = 40
"""Columns of characters beyond which a cell of a terminal's table is folded."""

_STYLES = {"error": "red", "warning": "yellow", "note": "dim", "clean": "green"}


def write_audit(document: Mapping[str, Any], path: Path) -> Path:
    """Write an audit's JSON (``audit.audit_document``) as one HTML page that opens offline; returns its path.

    The texts of the evidence are inside: the page belongs where the audited data may be.
    """
    sections = read_sections(document)
    findings = by_severity(sections)
    counts = {name: sum(finding.severity == name for finding in findings) for name in SEVERITIES}
    context = {
        "sources": [str(source) for source in sequence(document.get("sources"))],
        "made_by": str(document.get("medsins") or ""),
        "sections": sections,
        "findings": findings,
        "counts": counts,
        "checks": list(dict.fromkeys(finding.check for finding in findings)),
        "severities": SEVERITIES,
        "section_verdicts": VERDICTS,
        "folded": FOLDED,
    }
    return render("audit.html", path, context, "audit.js")


def print_audit(document: Mapping[str, Any], console: Console, verbose: bool = False) -> None:
    """Print an audit's JSON: for every check its verdict, summary, findings and first table; with ``verbose`` every
    table whole. Texts of the evidence are only in the page and in the JSON.
    """
    sections = read_sections(document)
    for section in sections:
        _print_section(section, console, verbose)
    found = by_severity(sections)
    told = ", ".join(_counted(sum(f.severity == name for f in found), name) for name in SEVERITIES)
    console.print(f"{_counted(len(sections), 'check')}: {told}.", markup=False)


def _counted(n: int, name: str) -> str:
    return f"{n:,} {name}" if n == 1 else f"{n:,} {name}s"


def _print_section(section: SectionView, console: Console, verbose: bool) -> None:
    from rich.text import Text

    verdict = VERDICTS[section.verdict]
    console.print(Text.assemble((section.title, "bold"), "  ", (verdict, _STYLES[section.verdict])))
    console.print(section.summary, markup=False)
    shown = section.findings if verbose else section.findings[:FOLDED]
    for finding, following in zip_longest(shown, shown[1:]):
        style = _STYLES[finding.severity]
        place = f"{finding.place}: " if finding.place else ""
        console.print(Text.assemble((SEVERITIES[finding.severity], style), f"  {place}{finding.what}"))
        if finding.mend and (following is None or following.mend != finding.mend):
            console.print(Text(f"    {finding.mend}", style="dim"))
    if len(shown) < len(section.findings):
        console.print(f"… and {_counted(len(section.findings) - len(shown), 'more finding')} (-v shows all)")
    for table in section.tables if verbose else section.tables[:1]:
        _print_table(table, console, verbose)
    console.print()


def _print_table(table: TableView, console: Console, verbose: bool) -> None:
    rows = table.rows if verbose else table.rows[:FOLDED]
    if not rows:
        return
    columns = _columns(table, rows, console.width)
    console.print(table.title, style="bold", markup=False)
    console.print(_table(table, rows, columns))
    if len(rows) < len(table.rows):
        console.print(f"… and {_counted(len(table.rows) - len(rows), 'more row')} (-v shows all)")
    if absent := [name for place, name in enumerate(table.columns) if place not in columns]:
        console.print(f"not shown for want of width: {', '.join(absent)}", style="dim", markup=False)


def _head(table: TableView, place: int) -> str:
    unit = table.units[place]
    return f"{table.columns[place]}, {unit}" if unit in ("%", "points") else table.columns[place]


def _columns(table: TableView, rows: tuple[tuple[str, ...], ...], width: int) -> dict[int, int]:
    """The columns that fit beside each other, with the width of each: the first and those with an interval before the
    others.
    """
    from rich.cells import cell_len

    chosen: dict[int, int] = {}
    for place in dict.fromkeys((0, *table.bounded, *range(len(table.columns)))):
        needed = min(WIDEST, max(map(cell_len, (*_head(table, place).split(), *(row[place] for row in rows)))))
        if not chosen or sum(chosen.values()) + needed + 3 * len(chosen) + 4 <= width:
            chosen[place] = needed
    return dict(sorted(chosen.items()))


def _table(table: TableView, rows: tuple[tuple[str, ...], ...], columns: Mapping[int, int]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for place, needed in columns.items():
        side: Literal["right", "left"] = "right" if table.numeric[place] else "left"
        drawn.add_column(Text(_head(table, place)), justify=side, overflow="fold", width=needed)
    for row in rows:
        drawn.add_row(*(Text(row[place]) for place in columns))
    return drawn
