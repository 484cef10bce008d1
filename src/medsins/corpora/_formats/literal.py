"""Cells that hold a Python value, as data frames with lists in them are written to CSV."""

from __future__ import annotations

import ast
from typing import Any

from medsins.corpora._raw import RawFile


def python_value(file: RawFile, text: str, place: str) -> Any:
    """The list, dictionary, number or string that a cell spells.

    Raises:
        InvalidFile: the cell spells no Python literal.
    """
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        shown = text if len(text) <= 60 else text[:60] + "…"
        file.invalid(f"has '{shown}' where a Python list or dictionary is expected", place)
