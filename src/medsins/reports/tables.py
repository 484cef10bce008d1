"""Scores as CSV and LaTeX tables, and the predictions of a run in the published submission format."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from medsins.core import atomic_open, write_text

from .figures import Line, Sheet, interval, metric_name, official_text, percent
from .rundata import load_run, predictions

Cell = str | int | float | None

_ACTIVE = tuple("=+-@\t\r\0＝＋－＠")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}

HEADER = (
    "name", "category", "language", "metric", "rows", "counted",
    "strict", "strict_low", "strict_high", "official", "official_metric", "majority", "random",
)  # fmt: skip
TIDY_HEADER = ("scope", "name", "profile", "metric", "value", "low", "high", "majority", "random")


def inert(cell: Cell) -> Cell:
    """A cell that no spreadsheet takes for a formula: text starting with ``= + - @`` (full-width forms too), tab, CR or
    NUL gets an apostrophe in front. Plain negative numbers stay numbers.
    """
    if isinstance(cell, str) and cell.startswith(_ACTIVE) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Path:
    """Write a CSV table for spreadsheets: every cell inert, RFC 4180, UTF-8, whole or not at all."""
    with atomic_open(path) as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        for row in rows:
            writer.writerow([_storable(inert(cell)) for cell in row])
    return path


def write_predictions(run_dir: Path) -> Path:
    """Write ``predictions.csv``: ``task_id,input,GT,output,instance_id,status``, one row per answer, in row order.

    Texts stay as they are, formulas included, because the file is scored again; an empty answer is an empty cell.
    """
    path = run_dir / "predictions.csv"
    with atomic_open(path) as stream:
        writer = csv.writer(stream)
        writer.writerow(("task_id", "input", "GT", "output", "instance_id", "status"))
        for _, row in predictions(run_dir):
            reference, done = next(iter(row.references), ""), row.completion
            cells = (row.task_id, row.input, reference, done.text, row.instance_id, done.status)
            writer.writerow([_storable(cell) for cell in cells])
    return path


def write_tables(run_dir: Path) -> list[Path]:
    """Write ``predictions.csv`` and, in ``tables/``, categories and tasks as CSV and LaTeX and every metric of both in
    ``metrics.csv``; returns all paths.

    Raises:
        UsageError, InvalidFile: as ``load_run``.
        RunError: the run store is damaged.
    """
    sheet, folder = load_run(run_dir).sheet, run_dir / "tables"
    written = [write_predictions(run_dir)]
    for scope, lines in (("categories", sheet.categories), ("tasks", sheet.tasks)):
        written.append(_wide(folder / f"{scope}.csv", sheet, lines))
        write_text(folder / f"{scope}.tex", latex(lines, scope))
        written.append(folder / f"{scope}.tex")
    rows = (*_tidy("category", sheet.categories), *_tidy("task", sheet.tasks))
    return [*written, write_csv(folder / "metrics.csv", TIDY_HEADER, rows)]


def latex(lines: Sequence[Line], scope: str) -> str:
    """A ``booktabs`` table of the metric shown first: both profiles, interval, baselines, in percent."""
    head = ["Category" if scope == "categories" else "Task", "Metric", "$n$", "Strict", r"95\,\% interval"]
    head += ["Official", "Commonest answer", "Random"]
    body = "\n".join(" & ".join(_latex_cells(line)) + r" \\" for line in lines)
    return (
        "% needs \\usepackage{booktabs}\n"
        "\\begin{tabular}{llrrcrrr}\n\\toprule\n"
        f"{' & '.join(head)} \\\\\n\\midrule\n"
        f"{body}{chr(10) if body else ''}\\bottomrule\n\\end{{tabular}}\n"
    )


def escape_latex(text: str) -> str:
    """Text with every character LaTeX gives a meaning to escaped; line breaks become blanks."""
    return "".join(_LATEX.get(sign, sign) for sign in " ".join(text.split()))


def _latex_cells(line: Line) -> list[str]:
    main = line.main
    texts = [line.name, metric_name(main.metric), str(line.rows)]
    texts += [percent(main.value), interval(main), official_text(line), percent(main.majority), percent(main.random)]
    return [escape_latex(text).replace("–", "--") for text in texts]


def _wide(path: Path, sheet: Sheet, lines: Sequence[Line]) -> Path:
    kinds = sheet.kinds()
    header = (*HEADER, *(f"unscored_{kind}" for kind in kinds))
    return write_csv(path, header, (_wide_row(line, kinds) for line in lines))


def _wide_row(line: Line, kinds: Sequence[str]) -> list[Cell]:
    main, strict, official = line.main, line.first("strict"), line.official
    row: list[Cell] = [line.name, line.category, line.language, main.metric, line.rows, line.counted]
    row += [strict.value, strict.low, strict.high, official.value, official.metric, main.majority, main.random]
    return row + [line.unscored.get(kind, 0) for kind in kinds]


def _tidy(scope: str, lines: Sequence[Line]) -> Iterable[list[Cell]]:
    for line in lines:
        for profile, figures in line.figures.items():
            for f in figures:
                yield [scope, line.name, profile, f.metric, f.value, f.low, f.high, f.majority, f.random]


def _storable(cell: Cell) -> Cell:
    """Lone surrogates cannot be written as UTF-8; they become question marks."""
    return cell.encode("utf-8", "replace").decode("utf-8") if isinstance(cell, str) else cell
