"""A stranger's CSV as a stream of rows: strict about quotes, indifferent to line ends, bounded in every direction."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import IO

from medsins.core import InvalidFile, Problem

from ._upload import COLUMNS, Limits, UploadRow, too_large, unpacking

_CHUNK = 1 << 18
_NEVER_ANSWERED = ("missing", "error")


def csv_rows(stream: IO[bytes], limits: Limits) -> Iterator[UploadRow]:
    """The rows of a CSV file.

    Raises:
        InvalidFile: at the first thing after which nothing that follows could be trusted, with its line.
    """
    csv.field_size_limit(2**31 - 1)  # one limit for the whole process; lines and rows are bounded here
    text = io.TextIOWrapper(io.BufferedReader(_Capped(stream, limits), _CHUNK), encoding="utf-8-sig", newline="")
    lines = _Lines(text, limits)
    reader, start = csv.reader(lines, strict=True), 1
    try:
        header = [name.strip() for name in next(reader, [])]
        places = _places(header, limits)
        start = lines.count + 1
        for number, cells in enumerate(_filled(reader)):
            lines.letters = 0
            if number >= limits.rows:
                raise too_large("", limits.rows, "rows")
            if len(cells) != len(header):
                raise _ragged(cells, header, number, start)
            start = lines.count + 1
            yield _row(cells, places, number, lines.count, limits)
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 (byte 0x{error.object[error.start]:02x})"
        mend = "save it as UTF-8; in a spreadsheet: CSV UTF-8"
        raise InvalidFile(Problem(what, f"after line {lines.count}", mend)) from error
    except csv.Error as error:
        raise _no_csv(error, lines.count, start) from error


class _Capped(io.RawIOBase):
    """A stream that ends with an error at the cap of bytes, or where a line is longer than two cells may be."""

    def __init__(self, stream: IO[bytes], limits: Limits) -> None:
        self._stream, self._limits = stream, limits
        self._total = self._run = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with unpacking():
            data = self._stream.read(min(len(buffer), _CHUNK))
        self._total += len(data)
        if self._total > self._limits.bytes:
            raise too_large("after unpacking", self._limits.bytes, "bytes")
        last = max(data.rfind(b"\n"), data.rfind(b"\r"))
        self._run = self._run + len(data) if last < 0 else len(data) - last
        if self._run > 8 * self._limits.cell:
            raise too_large("in one line", 8 * self._limits.cell, "bytes")
        buffer[: len(data)] = data
        return len(data)


class _Lines:
    """The physical lines of a text, and how many letters the present row has."""

    def __init__(self, text: io.TextIOWrapper, limits: Limits) -> None:
        self._text, self._most = text, 4 * limits.cell
        self.count = self.letters = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._text:
            self.count += 1
            self.letters += len(line)
            if self.letters > self._most:
                mend = "close the quotes of the row that ends here; write a quote inside a cell as two"
                what = f"has a row of more than {self._most:,} characters"
                raise InvalidFile(Problem(what, f"line {self.count}", mend))
            yield line


def _filled(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    return (cells for cells in reader if cells)


def _places(header: list[str], limits: Limits) -> dict[str, int]:
    """Where the columns stand."""
    if len(header) > limits.columns:
        raise too_large("", limits.columns, "columns")
    absent = [name for name in COLUMNS if name not in header]
    twice = [name for name in {*COLUMNS, "GT", "instance_id", "status"} if header.count(name) > 1]
    if absent or twice:
        what = f"has no column {', '.join(absent)}" if absent else f"has the column {', '.join(sorted(twice))} twice"
        seen = ", ".join(header)[:200].replace("\0", "?")
        mend = f"the first line must be task_id,input,GT,output, perhaps with instance_id; here it is: {seen}"
        raise InvalidFile(Problem(what, "line 1", mend))
    return {name: place for place, name in enumerate(header)}


def _row(cells: list[str], places: dict[str, int], number: int, line: int, limits: Limits) -> UploadRow:
    output: str | None = cells[places["output"]]
    if len(output or "") > limits.cell:
        raise too_large(f"in the output of row {number}", limits.cell, "characters")
    status = cells[places["status"]].strip().lower() if "status" in places else ""
    if not output and status in _NEVER_ANSWERED:
        output = None
    return UploadRow(
        number,
        line,
        cells[places["task_id"]].strip(),
        cells[places["input"]],
        output,
        cells[places["GT"]] if "GT" in places else None,
        cells[places["instance_id"]].strip() if "instance_id" in places else "",
        status == "truncated",
    )


def _ragged(cells: list[str], header: list[str], number: int, line: int) -> InvalidFile:
    what = f"has {len(cells)} cells where the header has {len(header)}"
    mend = "quote cells that hold commas, quotes or line breaks; a CSV library does so"
    return InvalidFile(Problem(what, f"row {number} (line {line})", mend))


def _no_csv(error: csv.Error, line: int, start: int) -> InvalidFile:
    if "unexpected end of data" in str(error):
        what = "a quote opened in the row that begins here is never closed"
        return InvalidFile(Problem(what, f"line {start}", 'close the cell with "; write a quote inside a cell as ""'))
    mend = "write the file with a CSV library; it quotes cells that hold commas, quotes or line breaks"
    return InvalidFile(Problem(f"is no CSV: {error}", f"line {line}", mend))
