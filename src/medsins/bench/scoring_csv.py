"""Predictions files in: every row a published or home-made CSV holds, and every problem by row and column."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from medsins.core import InvalidFile, Problem, UsageError

COLUMNS = ("task_id", "input", "GT", "output")
STATUSES = ("ok", "truncated", "refused", "error", "missing")
Listener = Callable[[str, int, int], None]
"""Told what is done, and how much of how much (bytes while reading, tasks while scoring)."""

_FIELD_LIMIT = 2**31 - 1
_LONGEST_INPUT = 20_000


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row; ``row`` counts the data rows of all files together, 0-based. Empty cells are empty strings."""

    row: int
    place: str
    task_id: str
    input: str
    reference: str
    output: str | None
    instance_id: str = ""
    status: str = "ok"
    category: str = ""
    language: str = ""


@dataclass(slots=True)
class CsvRows:
    """What was read: the rows that can be used, and what is wrong with the others (``lost`` counts those)."""

    rows: list[CsvRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    total: int = 0
    lost: int = 0


def read_csv(paths: Sequence[Path], listen: Listener = lambda what, done, total: None) -> CsvRows:
    """Read predictions files, streaming.

    Raises:
        UsageError: a path is not there, or none was given.
        InvalidFile: a file lacks columns, is not UTF-8, or is empty; every problem of every file.
    """
    missing = [Problem("no such file", str(path), "check the path") for path in paths if not path.is_file()]
    if missing or not paths:
        raise UsageError(*(missing or [Problem("no predictions file given")]))
    found = CsvRows()
    fatal: list[Problem] = []
    for path in paths:
        try:
            _read_file(path, found, listen, prefix=f"{path}: " if len(paths) > 1 else "")
        except InvalidFile as error:
            fatal += error.problems
    if fatal:
        raise InvalidFile(*fatal)
    _drop_repeats(found)
    return found


def _read_file(path: Path, found: CsvRows, listen: Listener, prefix: str) -> None:
    size = path.stat().st_size
    with path.open("rb") as raw, _long_fields():
        _refuse_encoding(path, raw.read(4))
        raw.seek(0)
        stream = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        lines = _Lines(stream)
        try:
            reader = csv.reader(lines)
            header = [name.strip() for name in next(reader, [])]
            _check_header(path, header)
            start = 2
            for cells in reader:
                if cells:
                    _take(
                        dict(zip(header, cells, strict=False)),
                        len(cells),
                        len(header),
                        f"{prefix}row {found.total}",
                        found,
                    )
                    found.total += 1
                    if found.total % 5000 == 0:
                        listen(f"reading {path.name}", raw.tell(), size)
                start, begun = reader.line_num + 1, start
        except UnicodeDecodeError as error:
            raise _wrong_encoding(path) from error
        except csv.Error as error:
            mend = "write the file with a CSV library; quote cells that hold commas, quotes or line breaks"
            raise InvalidFile(Problem(f"is no CSV: {error}", f"{path}:{lines.count}", mend)) from error
        if lines.quotes % 2 and found.total:
            _unterminated(path, found, begun, prefix)
    listen(f"reading {path.name}", size, size)


class _Lines:
    """The physical lines of a stream, counting quotes: an odd number means that one was never closed."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream, self.quotes, self.count = stream, 0, 0

    def __iter__(self) -> Iterator[str]:
        for line in self._stream:
            self.count += 1
            self.quotes += line.count('"')
            yield line


@contextmanager
def _long_fields() -> Iterator[None]:
    """Cells of any length; the csv module's limit holds for the whole process, so it is put back."""
    before = csv.field_size_limit(_FIELD_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _check_header(path: Path, header: Sequence[str]) -> None:
    if not any(header):
        raise InvalidFile(Problem("is empty", str(path), f"the first line must be {','.join(COLUMNS)}"))
    absent = [name for name in COLUMNS if name not in header]
    if absent:
        mend = f"the header must name {', '.join(COLUMNS)}; here it is: {', '.join(header)[:200]}"
        raise InvalidFile(Problem(f"lacks the column{'s' * (len(absent) > 1)} {', '.join(absent)}", f"{path}:1", mend))


def _take(cells: dict[str, str], width: int, wanted: int, place: str, found: CsvRows) -> None:
    """Keep a row, or say why it cannot be used."""
    problem = ""
    if width > wanted:
        problem, mend = f"has {width} cells where the header has {wanted}", "quote cells that hold commas"
    elif "GT" not in cells or "task_id" not in cells:
        problem, mend = f"ends after {width} of {wanted} cells", "write the whole row"
    elif not cells["task_id"].strip():
        problem, mend, place = "is empty", "name the task", f"{place}, column task_id"
    elif not cells["GT"].strip():
        problem, mend, place = "is empty, so the row cannot be scored", "give the reference", f"{place}, column GT"
    if problem:
        found.problems.append(Problem(problem, place, mend))
        found.lost += 1
        return
    status = cells.get("status", "").strip().lower() or "ok"
    if "output" not in cells:
        found.problems.append(
            Problem(f"ends after {width} of {wanted} cells; taken as missing", place, "write the whole row")
        )
    elif status not in STATUSES:
        known = f"use one of {', '.join(STATUSES)}"
        found.problems.append(Problem(f"unknown status '{status[:40]}', taken as ok", f"{place}, column status", known))
        status = "ok"
    found.rows.append(
        CsvRow(
            row=found.total,
            place=place,
            task_id=cells["task_id"].strip(),
            input=cells["input"][-_LONGEST_INPUT:],
            reference=cells["GT"],
            output=cells.get("output"),
            instance_id=cells.get("instance_id", "").strip(),
            status=status,
            category=cells.get("category", "").strip(),
            language=cells.get("language", "").strip(),
        )
    )


def _drop_repeats(found: CsvRows) -> None:
    """Score an instance once: a second row with the same instance id is a problem, an equal row without one a note."""
    seen: dict[tuple[str, str], int] = {}
    equal: dict[tuple[str, str, str], int] = {}
    kept, repeats = [], 0
    for row in found.rows:
        if row.instance_id:
            first = seen.setdefault((row.task_id, row.instance_id), row.row)
            if first != row.row:
                what = f"repeats instance '{row.instance_id[:80]}' of row {first}; not scored again"
                found.problems.append(Problem(what, f"{row.place}, column instance_id", "keep one row per instance"))
                found.lost += 1
                continue
        else:
            first = equal.setdefault((row.task_id, row.input, row.reference), row.row)
            repeats += first != row.row
        kept.append(row)
    if repeats:
        found.notes.append(f"{repeats} rows repeat the task, input and reference of an earlier row; all are scored")
    found.rows = kept


def _unterminated(path: Path, found: CsvRows, line: int, prefix: str) -> None:
    """The last row swallowed all that follows a quote that is never closed: it is no row."""
    last = found.total - 1
    if found.rows and found.rows[-1].row == last:
        found.rows.pop()
        found.lost += 1
    what = "a quote opened here is never closed, so all that follows is lost"
    place = f"{prefix}row {last} (line {line} of {path.name})"
    found.problems.append(Problem(what, place, 'close the cell with "; write a quote inside a cell as ""'))


def _refuse_encoding(path: Path, head: bytes) -> None:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InvalidFile(Problem("is UTF-16", str(path), "save it as UTF-8"))
    if head[:2] in (b"PK", b"\x1f\x8b"):
        raise InvalidFile(Problem("is an archive or a spreadsheet, not a CSV", str(path), "save or unpack it as CSV"))


def _wrong_encoding(path: Path) -> InvalidFile:
    """Find the line of the first byte that is not UTF-8."""
    number = 1
    with path.open("rb") as raw:
        for number, line in enumerate(raw, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                what = f"is not UTF-8 (byte 0x{line[error.start]:02x} at character {error.start + 1} of the line)"
                return InvalidFile(Problem(what, f"{path}:{number}", "save it as UTF-8"))
    return InvalidFile(Problem("is not UTF-8", f"{path}:{number}", "save it as UTF-8"))
