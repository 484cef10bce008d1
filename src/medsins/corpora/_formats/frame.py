"""CSV tables whose cells are spelt as pandas prints them, which is what the published converters wrote."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator, Sequence

from medsins.corpora._raw import RawFile


def frame_rows(file: RawFile, columns: Sequence[str] = ()) -> Iterator[tuple[str, dict[str, str]]]:
    """(place, cells by column name) of each row, in the order of the file's columns.

    pandas decides the type of a whole column, and its spelling shows in the text: ``nan`` for an empty cell, ``3.0`` in
    a column of integers that has a gap, ``True``. Memory: the table's columns, once.

    Args:
        file: the table; its first row names the columns.
        columns: the columns that are read and must be there; empty means all.

    Raises:
        InvalidFile: not a table, cut off, not UTF-8, or a column is missing.
    """
    import pandas as pd

    wanted = frozenset(columns)
    try:
        with file.open() as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.DtypeWarning)
            frame = pd.read_csv(stream, usecols=(lambda name: name in wanted) if wanted else None)
    except UnicodeDecodeError as error:
        file.invalid(f"is not UTF-8 ({error.reason}): it was re-encoded, or is another file")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, OSError, EOFError, zlib.error) as error:
        file.invalid(f"is not a whole table: {error}")
    names = [str(name) for name in frame.columns]
    file.need(columns, names, "columns")
    for number, cells in enumerate(frame.itertuples(index=False, name=None), start=2):
        yield f"{file.place}: row {number}", dict(zip(names, map(str, cells), strict=True))
