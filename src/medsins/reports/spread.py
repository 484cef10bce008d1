"""How far results move between runs of one model: what ``bench.compare.spread`` found, in the terminal and as HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .figures import mapping, metric_name, number, percent, sequence
from .html import render

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MOST = 10
"""How many of the tasks that move most a terminal shows."""


@dataclass(frozen=True, slots=True)
class Movement:
    """A category or task over all runs: figures in percent, ``values`` by run."""

    name: str
    metric: str
    values: tuple[float | None, ...]
    least: float | None
    median: float | None
    most: float | None
    sd: float | None

    @property
    def range(self) -> float:
        """From the least to the most, in percentage points."""
        return (self.most or 0.0) - (self.least or 0.0)


def print_spread(spread: Mapping[str, Any], console: Console) -> None:
    """Print what ``bench.compare.spread`` returned: every category, and the tasks that move most."""
    for text in _facts(spread):
        console.print(text, markup=False, soft_wrap=True)
    console.print(_table("Category", read_movements(spread, "categories"), console.width))
    moved = most_moved(spread)
    if moved:
        console.print(f"Tasks that move most ({min(MOST, len(moved))} of {len(moved)} that move)", style="bold")
        console.print(_table("Task", moved[:MOST], console.width))
    else:
        console.print("No task moves.")


def write_spread(spread: Mapping[str, Any], path: Path) -> Path:
    """Write what ``bench.compare.spread`` returned as one HTML page that opens offline."""
    runs = [mapping(run) for run in sequence(spread.get("runs"))]
    context = {
        "runs": [{key: str(run.get(key) or "") for key in ("name", "model", "signature")} for run in runs],
        "varied": _varied(spread),
        "profile": str(spread.get("profile") or ""),
        "categories": read_movements(spread, "categories"),
        "tasks": most_moved(spread),
        "still": len(mapping(spread.get("tasks"))) - len(most_moved(spread)),
    }
    return render("spread.html", path, context)


def read_movements(spread: Mapping[str, Any], part: str) -> tuple[Movement, ...]:
    """The categories or tasks of a spread, tolerant of missing parts."""
    entries = ((str(name), mapping(entry)) for name, entry in mapping(spread.get(part)).items())
    return tuple(
        Movement(
            name=name,
            metric=str(entry.get("metric") or ""),
            values=tuple(number(value) for value in sequence(entry.get("values"))),
            least=number(entry.get("min")),
            median=number(entry.get("median")),
            most=number(entry.get("max")),
            sd=number(entry.get("sd")),
        )
        for name, entry in entries
    )


def most_moved(spread: Mapping[str, Any]) -> list[Movement]:
    """The tasks that move, the one that moves most first."""
    moved = [task for task in read_movements(spread, "tasks") if task.range > 0]
    return sorted(moved, key=lambda task: -task.range)


def _facts(spread: Mapping[str, Any]) -> list[str]:
    runs = [mapping(run) for run in sequence(spread.get("runs"))]
    model = str(runs[0].get("model") or "") if runs else ""
    varied = _varied(spread)
    lines = [f"{len(runs)} runs of {model}, percent"]
    lines += [f"{name}: {', '.join(values)}" for name, values in varied.items()]
    return lines if varied else [*lines, "The runs differ in no setting: what moves is chance in the model's answers."]


def _varied(spread: Mapping[str, Any]) -> dict[str, list[str]]:
    return {str(name): list(map(str, sequence(values))) for name, values in mapping(spread.get("varied")).items()}


def _table(scope: str, lines: tuple[Movement, ...] | list[Movement], width: int) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column(scope, min_width=12, overflow="fold")
    columns = ["min", "median", "max"] + ["range"] * (width >= 56) + ["SD"] * (width >= 64)
    if width >= 80:
        table.add_column("metric", no_wrap=True)
    for title in columns:
        table.add_column(title, justify="right", no_wrap=True)
    for line in lines:
        figures = {"min": line.least, "median": line.median, "max": line.most, "range": line.range, "SD": line.sd}
        cells = [Text(percent(figures[title])) for title in columns]
        table.add_row(Text(line.name), *([Text(metric_name(line.metric))] if width >= 80 else []), *cells)
    return table
