"""Tables without a head: every row has the same number of cells."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from medsins.corpora._raw import RawFile


def plain_rows(file: RawFile, cells: int, delimiter: str = ",", quoted: bool = True) -> Iterator[tuple[str, list[str]]]:
    """(place, cells) of each row, streaming.

    Args:
        file: the table.
        cells: how many cells a row has.
        delimiter: what parts the cells.
        quoted: whether a cell may stand in double quotes, and then hold line ends; else quotes are text.

    Raises:
        InvalidFile: a row has more or fewer cells, or the file is not UTF-8 or cut off.
    """
    lines = (f"{line}\n" for _, line in file.lines())
    reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)
    try:
        for row in reader:
            if not row:
                continue
            if len(row) != cells:
                file.invalid(f"has {len(row)} cells where {cells} are expected", f"line {reader.line_num}")
            yield f"{file.place}: line {reader.line_num}", row
    except csv.Error as error:
        file.invalid(f"is not a table: {error}", f"line {reader.line_num + 1}")
