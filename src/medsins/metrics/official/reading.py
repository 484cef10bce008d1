"""Predictions as the published scripts read them: ``pandas.read_csv`` with its defaults."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from medsins.core import InvalidFile, Problem

from ._records import Cell

COLUMNS = ("task_id", "input", "GT", "output")


@dataclass(frozen=True, slots=True)
class OfficialTable:
    """The columns of a predictions file as pandas typed them, and what pandas had to say about its lines."""

    path: Path
    columns: Mapping[str, Sequence[Cell]]
    rows: int
    warnings: tuple[str, ...] = ()

    def named(self) -> tuple[Sequence[Cell], Sequence[Cell], Sequence[Cell]]:
        """Task ids, references and outputs, by column name.

        Raises:
            InvalidFile: a column is not there.
        """
        missing = [name for name in ("task_id", "GT", "output") if name not in self.columns]
        if missing:
            raise InvalidFile(*(self._problem(f"there is no column '{name}'") for name in missing))
        return self.columns["task_id"], self.columns["GT"], self.columns["output"]

    def positional(self) -> tuple[Sequence[Cell], Sequence[Cell], Sequence[Cell]]:
        """Task ids, references and outputs: the first, third and fourth column, whatever their names.

        Raises:
            InvalidFile: there are fewer than four columns.
        """
        columns = list(self.columns.values())
        if len(columns) < len(COLUMNS):
            raise InvalidFile(self._problem(f"there are {len(columns)} columns where {len(COLUMNS)} are needed"))
        return columns[0], columns[2], columns[3]

    def _problem(self, what: str) -> Problem:
        return Problem(what, place=f"{self.path}:1", mend=f"the header is {','.join(COLUMNS)}")


def read_official_csv(path: Path, *, warn_bad_lines: bool = False) -> OfficialTable:
    """Read a predictions CSV with the published scripts' eyes.

    Args:
        warn_bad_lines: drop lines with too many fields (``ConceptExplanation`` does) where the others raise.

    Raises:
        InvalidFile: wrong encoding, unterminated quote, too many fields, no header; with the line where known.
    """
    import pandas

    if not path.is_file():
        raise InvalidFile(Problem("there is no such file", place=str(path)))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            frame = pandas.read_csv(path, on_bad_lines="warn" if warn_bad_lines else "error")
        except (ValueError, OSError) as error:  # pandas' own errors are ValueErrors
            raise InvalidFile(_problem(path, error)) from error
    columns = {str(name): frame.iloc[:, place].tolist() for place, name in enumerate(frame.columns)}
    return OfficialTable(path, columns, len(frame), tuple(str(warning.message).strip() for warning in caught))


def _problem(path: Path, error: Exception) -> Problem:
    if isinstance(error, UnicodeDecodeError):
        where = _line_of(path, error)
        return Problem(f"not UTF-8: {error.reason} ({error.object[error.start]:#04x})", where, "save it as UTF-8")
    what = str(error).removeprefix("Error tokenizing data. C error: ").strip()
    line = re.search(r"(?:in line|starting at row) (\d+)", what)
    place = f"{path}:{line[1]}" if line else str(path)
    return Problem(what, place, "quote fields that hold commas, quotes or newlines")


def _line_of(path: Path, error: UnicodeDecodeError) -> str:
    """Where the first bytes that are not UTF-8 stand; pandas gives their place in its own buffer only."""
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as found:
                return f"{path}:{number}:{found.start + 1}"
    return str(path)
