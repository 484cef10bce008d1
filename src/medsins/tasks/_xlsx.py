"""Read ``.xlsx`` task files as the published contributor template lays them out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from medsins.core import Card, Instance, InvalidFile

from ._columns import Columns
from ._shape import EXAMPLE_KEYS, LIST_KEYS, Shape, documented
from ._stream import START, Batch, Mark, TaskReader
from ._workbook import Cell, Row, Workbook, column_letters

INFORMATION, SAMPLES = "Basic Information", "Instances"
LISTS_BY_COMMA = ("Domains", "Categories", "Input_language", "Output_language", "Instruction_language")
MORE = "More (JSON)"  # what the two published columns cannot hold: further keys, and outputs that are not one text
_ROWS = 1000  # instances a batch
_MENDS = {
    "holds a formula": "copy the column and paste it back as values",
    "holds a date": "format the column as Text, then type the value again",
    "holds the error": "type what should stand there",
}


def _folded(text: str) -> str:
    return " ".join(text.lower().replace("_", " ").split())


class XlsxReader(TaskReader):
    """Reads a ``.xlsx`` task file; always from its start. The numbers of a batch are sheet rows (0-based)."""

    resumable = False

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._columns: dict[str, int] = {}

    def where(self, number: int, field: str = "") -> str:
        """A sheet and a cell, or a row where the field has no column."""
        if field in self._columns:
            return f"sheet '{SAMPLES}', cell {column_letters(self._columns[field])}{number + 1}"
        return f"sheet '{SAMPLES}', row {number + 1}"

    def card_place(self, key: str = "") -> str:
        """A sheet, and the label of its row."""
        if key == "Instances":
            return f"sheet '{SAMPLES}'"
        label = "Text Domains" if key == "Domains" else key
        return f"sheet '{INFORMATION}'" + (f", row '{label}'" if label else "")

    def _read_card(self) -> Card:
        shape = Shape(str(self.path))
        with suppress(InvalidFile), Workbook(self.path) as book:
            return _card(book, shape)
        return Card()

    def _batches(self, start: Mark = START) -> Iterator[Batch]:
        with Workbook(self.path) as book:
            self._card = _card(book, self.shape)
            title = _sheet(book, SAMPLES)
            if title is None:
                found = ", ".join(book.sheets)
                self.shape.problem(
                    "", f"has no sheet '{SAMPLES}' (sheets: {found})", "start from `medsins tasks template`"
                )
                return
            rows = book.rows(title)
            if self._header(next(rows, None)):
                yield from self._rows(rows)
        self.taken = self.path.stat().st_size

    def _header(self, row: Row | None) -> bool:
        """Note which column holds what; False where the two that must be there are not."""
        for column, cell in (row.cells if row else {}).items():
            name = _folded(cell.text)
            key = {"more (json)": MORE, "more": MORE}.get(name, name if name in ("id", "input", "output") else "")
            key = key or (name if name.startswith("output ") and name[7:].isdigit() else cell.text.strip())
            if key in self._columns:
                self.shape.problem(f"sheet '{SAMPLES}', row 1", f"has two columns '{cell.text}'", "rename one of them")
            self._columns.setdefault(key, column)
        missing = [name.title() for name in ("input", "output") if name not in self._columns]
        if missing:
            place = f"sheet '{SAMPLES}', row {row.number if row else 1}"
            mend = "write Input in cell A1 and Output in cell B1"
            self.shape.problem(place, f"has no column {' and no column '.join(missing)}", mend)
        return not missing

    def _rows(self, rows: Iterator[Row]) -> Iterator[Batch]:
        instances: list[Instance] = []
        numbers: list[int] = []
        index = 0
        for row in rows:
            if self.full():
                break
            instance = self._instance(row, f"{self.name}-{index}")
            index += 1
            if instance is not None:
                instances.append(instance)
                numbers.append(row.number - 1)
            if len(instances) >= _ROWS:
                yield Batch(Columns.of(instances), numbers, Mark(index))
                instances, numbers = [], []
        if instances:
            yield Batch(Columns.of(instances), numbers, Mark(index))

    def _instance(self, row: Row, fallback_id: str) -> Instance | None:
        number = row.number - 1
        names = {column: name for name, column in self._columns.items()}
        faults = [(names.get(c, ""), cell) for c, cell in row.cells.items() if cell.fault and c in names]
        for name, cell in faults:
            self.shape.problem(self.where(number, name), *_fault(cell))
        if faults:
            return None
        values = {names[column]: cell.text for column, cell in row.cells.items() if column in names}
        more = self._more(values.pop(MORE, ""), number)
        outputs = self._outputs(values, more.pop("output", None))
        extra = {key: value for key, value in values.items() if not _is_own(key) and key} | more
        raw = {**extra, "input": values.get("input", ""), "output": outputs}
        return self.shape.instance({**raw, "id": values.get("id", "")}, self.where(number), fallback_id)

    def _outputs(self, values: dict[str, str], listed: Any) -> list[Any]:
        """The accepted outputs: the cell's, then the further columns', then the rest of the list in ``More (JSON)``."""
        first = values.get("output", "")
        further = sorted((int(name[7:]), text) for name, text in values.items() if name.startswith("output "))
        if isinstance(listed, list) and (listed[:1] == [first] or not first):
            return listed
        rest = listed[1:] if isinstance(listed, list) else []
        return [text for text in (first, *(text for _, text in further)) if text] + rest

    def _more(self, text: str, number: int) -> dict[str, Any]:
        if not text:
            return {}
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            mend = 'empty the cell, or write {"key": "value"}'
            self.shape.problem(self.where(number, MORE), "must be one JSON object", mend)
            return {}
        return value


def _is_own(key: str) -> bool:
    return key in ("id", "input", "output", MORE) or (key.startswith("output ") and key[7:].isdigit())


def _fault(cell: Cell) -> tuple[str, str]:
    mend = next((mend for start, mend in _MENDS.items() if cell.fault.startswith(start)), "type it again")
    return cell.fault, mend


def _sheet(book: Workbook, name: str) -> str | None:
    return next((title for title in book.sheets if _folded(title) == _folded(name)), None)


def _card(book: Workbook, shape: Shape) -> Card:
    """The card of sheet ``Basic Information``: labels in column A, values from column B on."""
    title = _sheet(book, INFORMATION)
    raw: dict[str, Any] = {}
    for row in book.rows(title) if title is not None else ():
        label = documented(row.cells[0].text.strip()) if 0 in row.cells else ""
        values = [cell for column, cell in sorted(row.cells.items()) if column]
        for column, cell in row.cells.items():
            if cell.fault:
                shape.problem(f"sheet '{title}', cell {column_letters(column)}{row.number}", *_fault(cell))
        if label and values:
            raw.setdefault(label, _value(label, [cell.text for cell in values]))
    return shape.card(raw)


def _value(label: str, texts: list[str]) -> Any:
    if label in LISTS_BY_COMMA:
        return [part.strip() for text in texts for part in text.split(",") if part.strip()]
    if label in EXAMPLE_KEYS:
        return [_plain(text) for text in texts]
    if label in LIST_KEYS:
        return texts
    return _plain(texts[0]) if len(texts) == 1 else texts


def _plain(text: str) -> Any:
    """A value that was written as JSON because a cell holds text only; other text as it is."""
    if text[:1] in '[{"':
        with suppress(ValueError, RecursionError):
            return json.loads(text)
    return text
