"""The tables of pages as ``Table``s: full precision, one line a model, the signature at its end."""

from __future__ import annotations

from collections.abc import Sequence

from medsins.leaderboard.paper import PaperRow, PaperSummary, PaperTable, paper_metric
from medsins.leaderboard.views import Column, ModelLine, slug
from medsins.reports.tables import Cell

from ._page import Table


def board_table(name: str, columns: Sequence[Column], lines: Sequence[ModelLine], title: str = "") -> Table:
    """Models by columns: figure, 95 % interval and rank of each."""
    header = ["model", "team", "parameters_billions", "weights", "attempts", "overall", "overall_low", "overall_high"]
    header += ["overall_rank"]
    for column in columns:
        header += [column.name, f"{column.name} low", f"{column.name} high", f"{column.name} rank"]
    rows = []
    for line in lines:
        row: list[Cell] = [line.name, line.team, line.parameters, line.weights, line.attempts]
        for place in (line.overall, *line.places):
            row += [place.figure.value, place.figure.low, place.figure.high, place.rank]
        rows.append((*row, line.submission, line.signature))
    return Table(name, title or "Models by category, in percent", (*header, "submission", "signature"), tuple(rows))


def paper_summary_table(summary: PaperSummary) -> Table:
    """The printed averages by category."""
    header = ("model", "parameters", "weights", *summary.columns)
    return Table("published", "Published averages, not verified", header, tuple(map(_paper_cells, summary.rows)))


def paper_table(table: PaperTable) -> Table:
    """One of the article's tables."""
    title = f"Table {table.number}: {table.category}, {paper_metric(table.metric)}, as published, not verified"
    header = ("model", "parameters", "weights", *table.columns)
    name = f"table-{table.number}-{slug(table.category)}-{slug(table.metric)}"
    return Table(name, title, header, tuple(map(_paper_cells, table.rows)))


def _paper_cells(row: PaperRow) -> tuple[Cell, ...]:
    return (row.model, row.parameters, row.weights, *row.values)
