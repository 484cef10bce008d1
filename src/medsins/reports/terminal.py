"""Scores in the terminal: one line per category (and task), both profiles, baselines beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .figures import (
    Figure,
    Line,
    Overlay,
    Sheet,
    interval,
    metric_name,
    official_text,
    percent,
    read_sheet,
    touched,
)
from .rundata import load_run

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

VERDICTS = {"better": "▲ better", "unclear": "◆ unclear", "worse": "▼ worse", "unknown": "–"}
"""The verdict against the baseline: a sign and a word, never colour alone."""

Side = Literal["left", "right"]

_STYLES = {"better": "green", "unclear": "", "worse": "yellow", "unknown": "dim"}


def print_scores(scores: Path | Mapping[str, Any], console: Console, verbose: bool = False) -> None:
    """Print the scores of a run directory or of a scores document; with ``verbose`` every task too.

    Columns that do not fit the terminal are left out, the least needed first. Values are percentages.

    Raises:
        UsageError, InvalidFile: as ``load_run``.
    """
    sheet = load_run(scores).sheet if isinstance(scores, Path) else read_sheet(scores)
    if not sheet.categories and not sheet.tasks:
        console.print("Nothing is scored yet.")
        return
    if sheet.categories:
        console.print(_table(sheet, sheet.categories, "Category", console.width))
    if verbose or not sheet.categories:
        console.print(_table(sheet, sheet.tasks, "Task", console.width))
    if verbose and sheet.kinds():
        console.print(_unscored_table(sheet, sheet.tasks, "Task"))
    if sheet.errata and sheet.errata.corrections:
        console.print(_corrected_table(sheet, sheet.errata, console.width))
    for text in _notes(sheet):
        console.print(text, style="dim", markup=False, soft_wrap=text.startswith("signature"))


def _table(sheet: Sheet, lines: Sequence[Line], scope: str, width: int) -> Table:
    from rich.text import Text

    table = _empty_table(scope)
    columns = _columns(sheet, width)
    for title, (side, _) in columns.items():
        table.add_column(title, justify=side, no_wrap=True)
    for line in lines:
        style = _STYLES[line.main.verdict]
        cells = [Text(cell(line), style=style if title == "verdict" else "") for title, (_, cell) in columns.items()]
        table.add_row(Text(line.name), *cells)
    return table


def _unscored_table(sheet: Sheet, lines: Sequence[Line], scope: str) -> Table:
    from rich.text import Text

    table = _empty_table(f"Unscored by {scope.lower()}")
    kinds = sheet.kinds()
    for kind in kinds:
        table.add_column(kind, justify="right", no_wrap=True)
    for line in lines:
        if line.unscored_total:
            table.add_row(Text(line.name), *(str(line.unscored.get(kind) or "–") for kind in kinds))
    return table


def _corrected_table(sheet: Sheet, errata: Overlay, width: int) -> Table:
    """The categories that corrections touch, each profile as scored and with corrected references; narrow terminals
    show the main profile only.
    """
    table = _empty_table("With errata")
    profiles = sheet.profiles if width >= 64 else sheet.profiles[:1]
    for profile in profiles:
        table.add_column(profile, justify="right", no_wrap=True)
        table.add_column("corrected", justify="right", no_wrap=True)
    for line in touched(sheet):
        twin = errata.twin(line)
        cells = [
            percent(figure.value)
            for profile in profiles
            for figure in (line.first(profile), twin.first(profile) if twin else Figure())
        ]
        table.add_row(line.name, *cells)
    return table


def _empty_table(first: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column(first, min_width=12, overflow="fold")
    return table


def _columns(sheet: Sheet, width: int) -> dict[str, tuple[Side, Callable[[Line], str]]]:
    """The columns that fit beside the name: narrower terminals lose the interval first, the scores never."""
    main = sheet.profiles[0]
    columns: dict[str, tuple[Side, Callable[[Line], str]]] = {}
    if width >= 80:
        columns["metric"] = ("left", lambda line: metric_name(line.main.metric))
        columns["n"] = ("right", lambda line: str(line.rows))
    columns[main] = ("right", lambda line: percent(line.main.value))
    if width >= 116:
        columns["95 % interval"] = ("left", lambda line: interval(line.main))
    if "official" in sheet.profiles and main != "official":
        columns["official"] = ("right", official_text)
    if width >= 60:
        columns["commonest"] = ("right", lambda line: percent(line.main.majority))
    if width >= 100:
        columns["random"] = ("right", lambda line: percent(line.main.random))
        columns["verdict"] = ("left", lambda line: VERDICTS[line.main.verdict])
    if width >= 60:
        columns["unscored"] = ("right", lambda line: str(line.unscored_total or "–"))
    return columns


def _notes(sheet: Sheet) -> list[str]:
    counts, total = sheet.verdicts(), len(sheet.categories)
    notes = []
    if total and counts["unknown"] < total:
        notes.append(
            f"Better than always giving the commonest answer (whole 95 % interval above it): "
            f"{counts['better']} of {total} {'category' if total == 1 else 'categories'}; "
            f"no difference shown: {counts['unclear']}; worse: {counts['worse']}."
        )
    lines = sheet.categories or sheet.tasks
    lost = {kind: sum(line.unscored.get(kind, 0) for line in lines) for kind in sheet.kinds()}
    if lost:
        kinds = ", ".join(f"{n} {kind}" for kind, n in lost.items())
        notes.append(f"Unscored: {sum(lost.values())} of {sum(line.rows for line in lines)} answers ({kinds}).")
    if sheet.errata:
        errata = sheet.errata
        done = f"instances with other references: {errata.changed}, not scored: {errata.dropped}"
        notes.append(f"Errata {errata.file} (#{errata.digest[:8]}); {done}.")
    if sheet.would_crash:
        rows = "row" if len(sheet.would_crash) == 1 else "rows"
        notes.append(f"The published scripts would stop on {len(sheet.would_crash)} {rows}, counted as wrong.")
    return [*notes, *sheet.notes, *(f"signature, {name}: {text}" for name, text in sheet.signatures.items() if text)]
