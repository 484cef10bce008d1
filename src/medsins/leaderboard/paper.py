"""The article's published results as a layer of their own: printed figures, not scored here, never ranked with ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from statistics import fmean

from medsins.catalog import PublishedResult, categories, published_results
from medsins.reports.figures import metric_name

AVERAGE = "Average"
ARTICLE = "doi.org/10.1038/s41746-024-01390-4"
_NOT_AVERAGED = {"Text Summarization": ("MIMIC-IV CT", "MIMIC-IV MRI")}
"""Columns that the printed averages leave out (found from the figures: with them hardly any average fits)."""
_METRICS = {"rouge": "ROUGE", "bleu1": "BLEU-1"}


@dataclass(frozen=True, slots=True)
class PaperRow:
    """A model's printed figures, one for each column; None where the table has none."""

    model: str
    parameters: str
    weights: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class PaperTable:
    """One category and metric of the article's tables 1 to 8. ``digits``: decimals it prints; ``notes``: what does not
    add up in it.
    """

    number: int
    category: str
    metric: str
    columns: tuple[str, ...]
    rows: tuple[PaperRow, ...]
    digits: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PaperSummary:
    """The printed average of each category (its only figure, where it has one), by model."""

    columns: tuple[str, ...]
    metrics: tuple[str, ...]
    digits: tuple[int, ...]
    rows: tuple[PaperRow, ...]
    figures: int


@cache
def paper_tables() -> tuple[PaperTable, ...]:
    """All printed figures, a table for each category and metric, in the article's order."""
    groups: dict[tuple[int, str, str], list[PublishedResult]] = {}
    for result in published_results():
        groups.setdefault((result.table, result.category, result.metric), []).append(result)
    return tuple(_table(*key, results) for key, results in groups.items())


@cache
def paper_summary() -> PaperSummary:
    """What the article's own overview could show: averages as printed; categories of several metrics have none."""
    order = {name: i for i, name in enumerate(categories())}
    chosen: dict[str, PaperTable] = {}
    for table in sorted(paper_tables(), key=lambda table: order.get(table.category, len(order))):
        tables = [t for t in paper_tables() if t.category == table.category]
        shared = [t for t in tables if t.columns == table.columns]
        if len(shared) == len(tables):  # else its benchmarks have different metrics and no average
            preferred = {"rouge": 0, "macro_f1": 0}
            chosen[table.category] = min(tables, key=lambda t: preferred.get(t.metric, 1))
    usable = {name: t for name, t in chosen.items() if AVERAGE in t.columns or len(t.columns) == 1}
    models = {result.model: result for result in published_results()}
    rows = tuple(
        PaperRow(name, one.params, one.weights, tuple(_average_of(table, name) for table in usable.values()))
        for name, one in models.items()
    )
    rows = tuple(row for row in rows if any(value is not None for value in row.values))
    tables = list(usable.values())
    return PaperSummary(
        columns=tuple(usable),
        metrics=tuple(paper_metric(table.metric) for table in tables),
        digits=tuple(table.digits for table in tables),
        rows=rows,
        figures=len(published_results()),
    )


def paper_metric(metric: str) -> str:
    """How the article calls a metric."""
    return _METRICS.get(metric) or metric_name(metric)


def _average_of(table: PaperTable, model: str) -> float | None:
    place = table.columns.index(AVERAGE) if AVERAGE in table.columns else 0
    return next((row.values[place] for row in table.rows if row.model == model), None)


def _table(number: int, category: str, metric: str, results: Sequence[PublishedResult]) -> PaperTable:
    columns = tuple(dict.fromkeys(result.benchmark for result in results))
    columns = tuple(sorted(columns, key=lambda name: name == AVERAGE))
    models = {result.model: result for result in results}
    values = {(result.model, result.benchmark): result.value for result in results}
    rows = tuple(
        PaperRow(name, one.params, one.weights, tuple(values.get((name, column)) for column in columns))
        for name, one in models.items()
    )
    digits = max(len(f"{result.value:g}".partition(".")[2]) for result in results)
    notes = (*_wrong_averages(category, columns, rows, digits), *_twins(columns, rows, digits))
    return PaperTable(number, category, metric, columns, rows, digits, notes)


def _wrong_averages(category: str, columns: Sequence[str], rows: Sequence[PaperRow], digits: int) -> Iterator[str]:
    """Printed averages that are not the mean of the columns beside them, beyond rounding."""
    if AVERAGE not in columns:
        return
    out = _NOT_AVERAGED.get(category, ())
    if out:
        yield f"The averages leave out {' and '.join(out)}."
    places = [i for i, name in enumerate(columns) if name != AVERAGE and name not in out]
    for row in rows:
        printed, parts = row.values[columns.index(AVERAGE)], [row.values[i] for i in places]
        there = [value for value in parts if value is not None]
        if printed is None or not there:
            continue
        if abs(fmean(there) - printed) > 0.501 * 10**-digits + 10**-digits * (digits > 1):
            yield (f"{row.model}: the printed average {printed:.{digits}f} is not the mean of its columns "
                   f"({fmean(there):.{digits}f}).")  # fmt: skip


def _twins(columns: Sequence[str], rows: Sequence[PaperRow], digits: int) -> Iterator[str]:
    """Two models with three or more equal figures in one table, which answers of different models hardly give."""
    for a, b in combinations(rows, 2):
        same = [(name, x) for name, x, y in zip(columns, a.values, b.values, strict=True) if x == y and x is not None]
        if len(same) >= 3:
            figures = ", ".join(f"{name} {value:.{digits}f}" for name, value in same)
            yield f"{a.model} and {b.model} have the same figures: {figures}."
