"""Excel workbooks as rows of text, streamed from the zip without inflating what a bomb would hide.

Sizes are checked before anything is unpacked, document type declarations (and so entities) are refused, and no cell
may be longer than Excel allows. ECMA-376 part 1, chapters 12 and 18, is the format.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from medsins.core import InvalidFile, Problem

MAX_ROWS, MAX_COLUMNS, MAX_CELL = 1_048_576, 16_384, 32_767  # Excel's own limits; a cell's in UTF-16 units
MAX_RATIO = 100  # unpacked to packed bytes of a member; office XML has 5 to 30
RATIO_FROM = 4 << 20  # unpacked bytes below which the ratio does not matter
MAX_PART = 256 << 20  # bytes of a part that is held in memory (shared strings, styles, lists of sheets)
MAX_SHEET = 8 << 30  # bytes of a sheet, which is streamed
_PIECE = 1 << 16
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})\Z")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}  # built-in number formats
_NOT_DATE = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')


@dataclass(slots=True)
class Cell:
    """One cell: its text, and ``fault`` where it holds something that is not plain text or a number."""

    text: str = ""
    fault: str = ""


@dataclass(slots=True)
class Row:
    """One row: its number (1-based) and its cells by column (0-based)."""

    number: int
    cells: dict[int, Cell] = field(default_factory=dict)


def column_letters(column: int) -> str:
    """``A`` for 0, ``AA`` for 26."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number - 1


def unescaped(text: str) -> str:
    """The text of an XML string: ``_x000D_`` stands for the character that XML cannot hold."""
    return _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), text) if "_x" in text else text


def escaped(text: str) -> str:
    """The text as a workbook holds it: characters that XML has no place for as ``_x000D_``."""
    text = _LOOKS_ESCAPED.sub("_x005F_", text)
    return _NOT_XML.sub(lambda found: f"_x{ord(found.group()):04X}_", text)


class Workbook:
    """An open ``.xlsx`` file.

    Raises:
        InvalidFile: it is no workbook, or a bomb.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, RecursionError) as error:
            raise self._refused(*_not_a_workbook(path)) from error
        try:
            self._check_members()
            self.sheets = self._sheets()
        except BaseException:
            self._zip.close()
            raise
        self._strings: list[str] | None = None
        self._dates: set[int] | None = None

    def __enter__(self) -> Workbook:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def _refused(self, what: str, mend: str = "") -> InvalidFile:
        return InvalidFile(Problem(what, str(self.path), mend))

    def _check_members(self) -> None:
        for member in self._zip.infolist():
            sheet = "/worksheets/" in f"/{member.filename}"
            if member.flag_bits & 1:
                raise self._refused("is protected by a password", "save it without one")
            if member.file_size > (MAX_SHEET if sheet else MAX_PART):
                what = f"holds a part of {member.file_size >> 20} MiB ({ascii(member.filename)[1:-1]})"
                raise self._refused(what, "that is more than a workbook of samples has; use .jsonl or .parquet")
            packed = max(1, member.compress_size)
            if member.file_size > RATIO_FROM and member.file_size > MAX_RATIO * packed:
                what = f"unpacks to {member.file_size // packed} times its size ({ascii(member.filename)[1:-1]})"
                raise self._refused(what, "delete the empty formatted rows and columns, or use .jsonl")

    def _part(self, name: str) -> Iterator[bytes]:
        try:
            with self._zip.open(name) as stream:
                while piece := stream.read(_PIECE):
                    yield piece
        except KeyError:
            raise self._refused(f"has no part {ascii(name)[1:-1]}", "save it again as .xlsx") from None
        except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError) as error:
            raise self._refused(f"is damaged ({error})", "save or fetch it again") from error
        except Exception as error:  # zlib.error, lzma.LZMAError: whatever the packing raises
            raise self._refused(f"is damaged ({error})", "save or fetch it again") from error

    def _parse(self, name: str, handler: Any) -> Iterator[None]:
        """Feed a part to a handler with ``start``, ``end`` and ``text``; yields after every piece."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = lambda tag, attributes: handler.start(tag.rpartition(" ")[2], attributes)
        parser.EndElementHandler = lambda tag: handler.end(tag.rpartition(" ")[2])
        parser.CharacterDataHandler = handler.text
        parser.StartDoctypeDeclHandler = self._no_doctype
        try:
            for piece in self._part(name):
                parser.Parse(piece, False)
                yield
            parser.Parse(b"", True)
            yield
        except expat.ExpatError as error:
            raise self._refused(f"is damaged ({ascii(name)[1:-1]}: {error})", "save or fetch it again") from error

    def _no_doctype(self, *_: object) -> None:
        raise self._refused("holds a document type declaration", "no workbook needs one: save it again with Excel")

    def _sheets(self) -> dict[str, str]:
        """Part name of every sheet by title."""
        titles, targets = _Elements("sheet"), _Elements("Relationship")
        for name, handler in (("xl/workbook.xml", titles), ("xl/_rels/workbook.xml.rels", targets)):
            for _ in self._parse(name, handler):
                pass
        parts = {item.get("Id", ""): item.get("Target", "") for item in targets.found}
        sheets = {}
        for item in titles.found:
            reference = next((value for key, value in item.items() if key.rpartition(" ")[2] == "id"), "")
            target = parts.get(reference, "")
            sheets[item.get("name", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        return sheets

    def rows(self, title: str) -> Iterator[Row]:
        """The rows of a sheet that hold anything, in their order."""
        if self._strings is None:
            self._strings = self._shared_strings()
            self._dates = self._date_styles()
        sheet = _Sheet(self._strings, self._dates or set())
        for _ in self._parse(self.sheets[title], sheet):
            if sheet.overflow:
                raise self._refused(f"sheet '{title}', row {sheet.number}: {sheet.overflow}", "no sheet of Excel can")
            ready, sheet.rows = sheet.rows, []
            yield from ready

    def _shared_strings(self) -> list[str]:
        if "xl/sharedStrings.xml" not in self._zip.namelist():
            return []
        handler = _Strings()
        for _ in self._parse("xl/sharedStrings.xml", handler):
            pass
        return handler.strings

    def _date_styles(self) -> set[int]:
        """Numbers of the cell styles that show a number as a date or time."""
        if "xl/styles.xml" not in self._zip.namelist():
            return set()
        handler = _Styles()
        for _ in self._parse("xl/styles.xml", handler):
            pass
        return {number for number, style in enumerate(handler.cells) if style in _DATE_FORMATS | handler.dates}


def _not_a_workbook(path: Path) -> tuple[str, str]:
    with path.open("rb") as stream:
        head = stream.read(8)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "is an old .xls workbook, or protected by a password", "save it as .xlsx without a password"
    return "is not an Excel workbook", "save it as .xlsx"


class _Elements:
    """Attributes of every element of one name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found: list[dict[str, str]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == self.name:
            self.found.append(attributes)

    def end(self, tag: str) -> None:
        pass

    def text(self, data: str) -> None:
        pass


class _Strings:
    """The table of shared strings, rich text joined, phonetic guides left out."""

    def __init__(self) -> None:
        self.strings: list[str] = []
        self._parts: list[str] = []
        self._reading = self._phonetic = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "si":
            self._parts = []
        elif tag == "rPh":
            self._phonetic = True
        elif tag == "t":
            self._reading = not self._phonetic

    def end(self, tag: str) -> None:
        if tag == "si":
            self.strings.append(unescaped("".join(self._parts)))
        elif tag == "rPh":
            self._phonetic = False
        elif tag == "t":
            self._reading = False

    def text(self, data: str) -> None:
        if self._reading:
            self._parts.append(data)


class _Styles(_Elements):
    """The number format of every cell style, and the formats that show dates."""

    def __init__(self) -> None:
        super().__init__("")
        self.cells: list[int] = []
        self.dates: set[int] = set()
        self._inside = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "cellXfs":
            self._inside = True
        elif tag == "xf" and self._inside:
            self.cells.append(_whole(attributes.get("numFmtId", "0")))
        elif tag == "numFmt" and set("ymdhs") & set(_NOT_DATE.sub("", attributes.get("formatCode", "").lower())):
            self.dates.add(_whole(attributes.get("numFmtId", "0")))

    def end(self, tag: str) -> None:
        if tag == "cellXfs":
            self._inside = False


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


class _Sheet:
    """Turns the elements of a sheet into rows."""

    def __init__(self, strings: list[str], dates: set[int]) -> None:
        self.strings, self.dates = strings, dates
        self.rows: list[Row] = []
        self.number = 0
        self.overflow = ""
        self._row: Row | None = None
        self._column = -1
        self._kind, self._style, self._formula = "n", 0, False
        self._parts: list[str] = []
        self._length = 0
        self._reading = self._phonetic = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self._start_cell(attributes)
        elif tag in ("v", "t"):
            self._reading = not self._phonetic
        elif tag == "f":
            self._formula = True
        elif tag == "rPh":
            self._phonetic = True
        elif tag == "row":
            self.number = _whole(attributes.get("r", "")) or self.number + 1
            self._row, self._column = Row(self.number), -1
            if self.number > MAX_ROWS:
                self.overflow = f"is beyond row {MAX_ROWS}"

    def _start_cell(self, attributes: dict[str, str]) -> None:
        found = _REFERENCE.match(attributes.get("r", ""))
        self._column = _column_number(found.group(1)) if found else self._column + 1
        if self._column >= MAX_COLUMNS:
            self.overflow = f"has a cell beyond column {column_letters(MAX_COLUMNS - 1)}"
        self._kind = attributes.get("t", "n")
        self._style = _whole(attributes.get("s", "0"))
        self._formula, self._parts, self._length = False, [], 0

    def text(self, data: str) -> None:
        if self._reading:
            self._parts.append(data)
            self._length += len(data)
            if self._length > 8 * MAX_CELL:  # every character may be written as seven
                self.overflow = f"holds a cell of more than {MAX_CELL} characters"
                self._parts = []

    def end(self, tag: str) -> None:
        if tag in ("v", "t"):
            self._reading = False
        elif tag == "rPh":
            self._phonetic = False
        elif tag == "c" and self._row is not None:
            cell = self._cell("".join(self._parts))
            if cell.text or cell.fault:
                self._row.cells[self._column] = cell
        elif tag == "row" and self._row is not None:
            if self._row.cells:
                self.rows.append(self._row)
            self._row = None

    def _cell(self, text: str) -> Cell:
        if self._formula:
            return Cell(text, "holds a formula")
        if self._kind == "s":
            index = _whole(text.strip()) if text.strip() else -1
            known = 0 <= index < len(self.strings)
            return Cell(self.strings[index]) if known else Cell("", "points to a text that is not there")
        if self._kind in ("inlineStr", "str"):
            return Cell(unescaped(text))
        if self._kind == "b":
            return Cell("True" if text.strip() == "1" else "False")
        if self._kind == "e":
            return Cell(text, f"holds the error {text}")
        if self._kind == "d" or (text and self._style in self.dates):
            return Cell(text, "holds a date, which Excel shows in a form of its own")
        return Cell(_number_text(text))


def _number_text(text: str) -> str:
    """A number as people read it: ``62`` for ``62.0``."""
    try:
        value = float(text)
    except ValueError:
        return text
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)
