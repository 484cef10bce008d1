"""Fields as the published scripts see them after ``pandas.read_csv``."""

from __future__ import annotations

import math

from ._records import Cell, WouldCrash

MISSING = math.nan

MISSING_SPELLINGS = frozenset(
    (
        *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>"),
        *("N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
    )
)
"""Whole-field texts that pandas 2 reads as missing by default, quoted or not."""


def as_cell(text: str | None) -> Cell:
    """A text as pandas would read it back from a CSV cell; None is missing."""
    return MISSING if text is None or text in MISSING_SPELLINGS else text


def need_text(cell: Cell, column: str, error: str = "AttributeError") -> str:
    """The cell, which the script uses as text without asking.

    Raises:
        WouldCrash: the cell is missing or a number.
    """
    if isinstance(cell, str):
        return cell
    missing = isinstance(cell, float) and math.isnan(cell)
    seen = "is missing (empty, None, NA, …)" if missing else f"is read as {type(cell).__name__}"
    raise WouldCrash(f"{error}: the {column} {seen}, the script needs text")
