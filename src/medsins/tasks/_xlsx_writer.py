"""Write ``.xlsx`` task files: the contributor template with its sample rows streamed in."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from medsins.core import Card, Instance, InvalidFile, Problem

from ._columns import Columns
from ._stream import MAX_PROBLEMS
from ._workbook import MAX_CELL, MAX_ROWS, escaped
from ._xlsx import MORE
from .writer import InstanceWriter

COLUMNS = ("Input", "Output", "ID", MORE)
_LETTERS = "ABCD"


def _cell_length(text: str) -> int:
    """Characters as Excel counts them, in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


class XlsxWriter(InstanceWriter):
    """Writes an Excel task file; rows go to a temporary file first, the workbook is put together at the end."""

    def __init__(self, path: Path, card: Card) -> None:
        self.path = path
        self._rows = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115 (closed by finish or abandon)
        self._number = 1
        self._problems: list[Problem] = []

    def write_columns(self, columns: Columns) -> None:
        """Add instances; what a cell cannot hold is noted and refused by ``finish``."""
        parts = []
        for instance in columns.instances():
            self._number += 1
            cells = _cells(instance)
            for name, text in zip(COLUMNS, cells, strict=True):
                if (length := _cell_length(text)) > MAX_CELL:
                    self._note(f"{name.lower()} has {length:,} characters, an Excel cell holds {MAX_CELL:,}", instance)
            if not self._problems:
                parts.append(_row(self._number, cells))
        self._rows.write("".join(parts).encode())

    def _note(self, what: str, instance: Instance) -> None:
        if len(self._problems) < MAX_PROBLEMS:
            place = f"instance {self._number - 2} (id {ascii(instance.id)[:40]})"
            self._problems.append(Problem(what, place, "use .jsonl or .parquet"))

    def checkpoint(self) -> dict[str, Any]:
        """Nothing to go on from: a workbook is put together at the end."""
        return {}

    def finish(self, card: Card) -> None:
        """Put the workbook together.

        Raises:
            InvalidFile: what does not fit into Excel.
        """
        from .template import workbook

        if self._number > MAX_ROWS:
            what = f"{self._number - 1:,} instances, a sheet holds {MAX_ROWS - 1:,}"
            self._problems.append(Problem(what, mend="use .jsonl or .parquet"))
        if self._problems:
            raise InvalidFile(*self._problems)
        skeleton = BytesIO(workbook(card, COLUMNS))
        with zipfile.ZipFile(skeleton) as parts, zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED) as book:
            for name in parts.namelist():
                if name == "xl/worksheets/sheet2.xml":
                    self._fill(parts.read(name), book, name)
                else:
                    book.writestr(name, parts.read(name))
        self._rows.close()

    def _fill(self, sheet: bytes, book: zipfile.ZipFile, name: str) -> None:
        sheet = re.sub(rb"<dimension [^>]*/>", b"", sheet)
        before, end, after = sheet.partition(b"</sheetData>")
        with book.open(name, "w", force_zip64=True) as stream:
            stream.write(before)
            self._rows.seek(0)
            shutil.copyfileobj(self._rows, stream, 1 << 20)
            stream.write(end + after)

    def abandon(self) -> None:
        """Forget the rows."""
        self._rows.close()


def _cells(instance: Instance) -> tuple[str, str, str, str]:
    """Input, output, id and what these cannot say: further keys, and outputs that are not one text."""
    more = dict(instance.extra)
    if len(instance.outputs) != 1 or not instance.outputs[0]:
        more["output"] = list(instance.outputs)
    return instance.input, instance.reference, instance.id, json.dumps(more, ensure_ascii=False) if more else ""


def _row(number: int, cells: Sequence[str]) -> str:
    parts = [
        f'<c r="{letter}{number}" t="inlineStr"><is><t xml:space="preserve">{escape(escaped(text))}</t></is></c>'
        for letter, text in zip(_LETTERS, cells, strict=True)
        if text
    ]
    return f'<row r="{number}">{"".join(parts)}</row>'
