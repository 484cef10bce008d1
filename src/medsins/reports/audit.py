"""What an audit found, in the terminal and as one offline HTML page; all checks in the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .audit_view import SEVERITIES, VERDICTS, SectionView, TableView, by_severity, read_sections
from .figures import sequence
from .html import render

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

FOLDED = 12
"""How many rows of a table a page shows before it is asked for all, and findings or rows a terminal."""

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
    for finding in shown:
        style = _STYLES[finding.severity]
        place = f"{finding.place}: " if finding.place else ""
        console.print(Text.assemble((SEVERITIES[finding.severity], style), f"  {place}{finding.what}"))
        if finding.mend:
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
    console.print(table.title, style="bold", markup=False)
    console.print(_table(table, rows))
    if len(rows) < len(table.rows):
        console.print(f"… and {_counted(len(table.rows) - len(rows), 'more row')} (-v shows all)")


def _table(table: TableView, rows: tuple[tuple[str, ...], ...]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for name, unit, numeric in zip(table.columns, table.units, table.numeric, strict=True):
        head = f"{name}, {unit}" if unit in ("%", "points") else name
        drawn.add_column(Text(head), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*map(Text, row))
    return drawn
