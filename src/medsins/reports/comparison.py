"""Runs against a first one: what ``bench.compare`` found, in the terminal and as one offline HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .figures import mapping, metric_name, number, percent, sequence
from .html import render

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Finding = Literal["better", "worse", "alike", "unclear"]

FINDINGS: Mapping[Finding, str] = {"better": "▲ better", "worse": "▼ worse", "alike": "≈ alike", "unclear": "◆ unclear"}
"""What a difference shows: a sign and a word, never colour alone."""

LEVEL = 0.05
"""Significance level of the adjusted p value."""

_STYLES = {"better": "green", "worse": "yellow", "alike": "", "unclear": "dim"}


@dataclass(frozen=True, slots=True)
class Difference:
    """A category or task in two runs. ``a``, ``b``, ``value`` (b - a), its 95 % interval ``low`` to ``high`` and
    ``detectable`` (smallest true difference seen with 80 % power) in percentage points; ``gained`` and ``lost`` count
    answers that became better and worse.
    """

    name: str
    metric: str
    rows: int
    a: float | None
    b: float | None
    value: float | None
    low: float | None
    high: float | None
    p: float | None
    equivalent: bool
    detectable: float | None
    gained: int | None
    lost: int | None

    @property
    def finding(self) -> Finding:
        """``better`` or ``worse`` where the adjusted p value is below 5 %, ``alike`` where the runs are equivalent
        within the margin, else ``unclear``.
        """
        if self.p is not None and self.p < LEVEL and self.value:
            return "better" if self.value > 0 else "worse"
        return "alike" if self.equivalent else "unclear"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs compared: run ``b`` with the first run ``a``."""

    a: str
    b: str
    categories: tuple[Difference, ...]
    tasks: tuple[Difference, ...]

    def findings(self) -> dict[Finding, int]:
        """How many categories are better, worse, alike or unclear."""
        found = [line.finding for line in self.categories]
        return {name: found.count(name) for name in FINDINGS}

    def ranked(self) -> list[Difference]:
        """Categories, the greatest gain first, ties by name."""
        return sorted(self.categories, key=lambda line: (-(line.value or 0.0), line.name))

    def scale(self, margin: float) -> int:
        """Where the axis of differences ends, in percentage points: the first round number nothing exceeds."""
        reach = [abs(end) for line in self.categories for end in (line.low, line.high, line.value) if end is not None]
        return next((end for end in (5, 10, 20, 40, 60) if max(reach, default=0.0) <= end and margin < end), 100)


def write_comparison(comparison: Mapping[str, Any], path: Path) -> Path:
    """Write what ``bench.compare.compare`` returned as one HTML page that opens offline."""
    runs = [mapping(run) for run in sequence(comparison.get("runs"))]
    context = {
        "pairs": read_pairs(comparison),
        "runs": [{key: str(run.get(key) or "") for key in ("name", "model", "signature")} for run in runs],
        "margin": number(comparison.get("margin")) or 0.0,
        "profile": str(comparison.get("profile") or ""),
        "findings": FINDINGS,
        "signed": signed,
        "p_text": p_text,
        "span": span,
    }
    return render("comparison.html", path, context)


def print_comparison(comparison: Mapping[str, Any], console: Console) -> None:
    """Print what ``bench.compare.compare`` returned, a table per pair of runs; narrow terminals lose columns."""
    margin = number(comparison.get("margin")) or 0.0
    for pair in read_pairs(comparison):
        head = f"{pair.b} against {pair.a}, percentage points, {comparison.get('profile', 'strict')} profile"
        console.print(head, style="bold", markup=False)
        console.print(_table(pair, console.width))
    console.print(
        f"better, worse: adjusted p (Holm) below {LEVEL}; alike: equivalent within ± {margin:g} points; "
        "unclear: neither is shown.",
        style="dim",
        markup=False,
    )


def read_pairs(comparison: Mapping[str, Any]) -> tuple[Pair, ...]:
    """Read the pairs of a comparison, tolerant of missing parts."""
    pairs = [mapping(pair) for pair in sequence(comparison.get("pairs"))]
    return tuple(
        Pair(
            a=str(pair.get("a") or ""),
            b=str(pair.get("b") or ""),
            categories=tuple(_differences(mapping(pair.get("categories")))),
            tasks=tuple(_differences(mapping(pair.get("tasks")))),
        )
        for pair in pairs
    )


def signed(value: float | None) -> str:
    """A difference for a table, always with its sign."""
    if value is None:
        return "–"
    return "0.0" if abs(value) < 0.05 else f"{value:+.1f}".replace("-", "−")


def span(line: Difference) -> str:
    """The interval of a difference for a table; empty where there is none."""
    return "" if line.low is None or line.high is None else f"{signed(line.low)} to {signed(line.high)}"


def p_text(p: float | None) -> str:
    """A p value for a table."""
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _differences(entries: Mapping[str, Any]) -> Iterable[Difference]:
    for name, entry in ((name, mapping(entry)) for name, entry in entries.items()):
        bounds = [number(bound) for bound in sequence(entry.get("ci95"))]
        low, high = bounds if len(bounds) == 2 else (None, None)
        adjusted = number(entry.get("p_holm"))
        turned = mapping(entry.get("flips"))
        gained, lost = number(turned.get("gained")), number(turned.get("lost"))
        yield Difference(
            name=str(name),
            metric=str(entry.get("metric") or ""),
            rows=int(number(entry.get("rows")) or 0),
            a=number(entry.get("a")),
            b=number(entry.get("b")),
            value=number(entry.get("difference")),
            low=low,
            high=high,
            p=number(entry.get("p")) if adjusted is None else adjusted,
            equivalent=entry.get("equivalent") is True,
            detectable=number(entry.get("detectable")),
            gained=None if gained is None else int(gained),
            lost=None if lost is None else int(lost),
        )


def _table(pair: Pair, width: int) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("Category", min_width=12, overflow="fold")
    rows: list[tuple[str, Sequence[str]]] = []
    if width >= 80:
        rows.append(("metric", [metric_name(line.metric) for line in pair.categories]))
        rows.append(("n", [str(line.rows) for line in pair.categories]))
    if width >= 100:
        rows.append(("first", [percent(line.a) for line in pair.categories]))
        rows.append(("this", [percent(line.b) for line in pair.categories]))
    rows.append(("diff", [signed(line.value) for line in pair.categories]))
    if width >= 64:
        rows.append(("95 % interval", [span(line) for line in pair.categories]))
    if width >= 116:
        rows.append(("p, adjusted", [p_text(line.p) for line in pair.categories]))
    rows.append(("finding", [FINDINGS[line.finding] for line in pair.categories]))
    for title, _ in rows:
        table.add_column(title, justify="left" if title in ("metric", "finding") else "right", no_wrap=True)
    for k, line in enumerate(pair.categories):
        cells = [Text(cells[k], style=_STYLES[line.finding] if title == "finding" else "") for title, cells in rows]
        table.add_row(Text(line.name), *cells)
    return table
