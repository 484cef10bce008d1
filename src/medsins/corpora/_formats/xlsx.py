"""Excel sheets whose first row names the columns."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from medsins.corpora._raw import RawFile


def sheet_rows(file: RawFile, *columns: str, sheet: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """(place, cells by column name) of each row; empty cells are empty strings, text is kept as it stands.

    Args:
        file: the workbook.
        columns: the columns that must be there.
        sheet: name of the sheet; empty means the first.

    Raises:
        InvalidFile: not a workbook, or a column is missing.
    """
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(file.read()), read_only=True, data_only=True)
        table = book[sheet] if sheet else book.worksheets[0]
        rows = table.iter_rows(values_only=True)
        head = [_text(cell).strip() for cell in next(rows, ())]
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        file.invalid(f"is not a whole Excel workbook ({error})")
    file.need(columns, head, "columns")
    for number, cells in enumerate(rows, start=2):
        texts = [_text(cell) for cell in cells]
        if any(texts):
            yield f"{file.place}: row {number}", dict(zip(head, texts, strict=False))


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
