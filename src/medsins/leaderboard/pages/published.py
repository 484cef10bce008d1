"""The article's 673 printed figures, marked as what they are: not scored by this board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from medsins.leaderboard.interface import Store
from medsins.leaderboard.paper import ARTICLE, PaperTable, paper_metric, paper_tables
from medsins.leaderboard.views import slug

from ._page import Page, Query, Table
from ._tables import paper_table


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """One printed table, with its name in addresses and what its metric is called."""

    key: str
    metric_name: str
    table: PaperTable


@dataclass(frozen=True, slots=True)
class PublishedView:
    """All printed tables; ``figures``: how many figures; ``findings``: notes on what does not add up."""

    article: str
    figures: int
    tables: tuple[PublishedTable, ...]
    findings: tuple[str, ...]


def view(store: Store, query: Query) -> PublishedView:
    """The printed tables, in the article's order."""
    tables = paper_tables()
    return PublishedView(
        article=ARTICLE,
        figures=sum(value is not None for table in tables for row in table.rows for value in row.values),
        tables=tuple(
            PublishedTable(
                f"{table.number}-{slug(table.category)}-{slug(table.metric)}", paper_metric(table.metric), table
            )
            for table in tables
        ),
        findings=tuple(dict.fromkeys(f"{t.category}: {note}" for t in tables for note in t.notes)),
    )


def tables(view: PublishedView) -> Sequence[Table]:
    """Every printed table."""
    return tuple(paper_table(each.table) for each in view.tables)


PAGE = Page("published", "/published", "published.html", view, tables, ("table",))
