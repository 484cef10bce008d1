"""The composition figure of the article: how MedS-Ins flows from domains to categories to corpora."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal


@dataclass(frozen=True, slots=True)
class FigureLink:
    """One flow of the figure. ``level`` ``domain``: from a text domain to a category; ``category``: from there to a
    corpus. ``instances`` is read off the drawn width, to about one percent; None where the flow has the smallest width
    the figure draws, which says only that it is small (below 1,700).
    """

    level: Literal["domain", "category"]
    source: str
    target: str
    instances: int | None


@cache
def figure_links() -> tuple[FigureLink, ...]:
    """The 113 flows of the figure, the large ones first within a level."""
    text = (files("medsins.catalog") / "data" / "figure_links.csv").read_text(encoding="utf-8")
    return tuple(
        FigureLink(
            "domain" if row["level"] == "domain" else "category",
            row["source"],
            row["target"],
            int(row["instances"]) if row["instances"] else None,
        )
        for row in csv.DictReader(text.splitlines())
    )
