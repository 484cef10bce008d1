"""Read ``.jsonl`` task files: one instance a line; card keys on a line of their own or beside the first instance."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from medsins.core import Card, Instance, InvalidFile

from ._bytes import BLOCK, Broken, Window, open_source, start_of_text
from ._columns import Columns
from ._cursor import Cursor, StrictJson
from ._json import WORTH, columns_of, plain_rows
from ._shape import CARD_KEYS, Shape, documented
from ._stream import START, Batch, Mark, TaskReader


@cache
def _is_card_key(key: str) -> bool:
    return documented(key) in CARD_KEYS


def _whole_lines(window: Window) -> int:
    """How many bytes of the view are whole lines."""
    return max(0, window.buffer.rfind(b"\n", window.start) + 1 - window.start)


def plain_lines(chunk: bytes) -> list[Any] | None:
    """The rows of whole lines of instances in the documented shape; None where each line has to be looked at.

    A documented instance holds no object inside, so where every line starts with ``{`` and ends with ``}`` and the
    lines joined by commas are as many rows, each line is one row.
    """
    chunk = chunk.replace(b"\r\n", b"\n").removesuffix(b"\n")
    number = chunk.count(b"\n") + 1
    if (
        len(chunk) < WORTH
        or not chunk.startswith(b"{")
        or not chunk.endswith(b"}")
        or chunk.count(b"}\n{") != number - 1
    ):
        return None
    window = Window.of(chunk.replace(b"\n", b","))
    rows = plain_rows(window, len(window))
    return rows if rows is not None and len(rows) == number else None


class JsonlReader(TaskReader):
    """Reads a ``.jsonl`` task file, plain or compressed. Marks are byte offsets of the unpacked text; the numbers of a
    batch are line numbers (0-based). Card keys beside an instance belong to the card unless a line of card keys leads.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._keys: dict[str, Any] = {}
        self._line = 0
        self._headed = False

    def where(self, number: int, field: str = "") -> str:
        """A line, with the key."""
        return f"line {number + 1}" + (f".{field}" if field else "")

    def _read_card(self) -> Card:
        """The card keys up to and beside the first instance."""
        probe = JsonlReader(self.path)
        with suppress(Broken, InvalidFile):
            for batch in probe._lines_of(START, 1 << 16):
                if batch.numbers:
                    break
        return Shape(str(self.path)).card(probe._keys)

    def _batches(self, start: Mark) -> Iterator[Batch]:
        self._keys, self._headed = dict(start.keys), start.headed
        yield from self._lines_of(start, BLOCK)
        self._card = self.shape.card(self._keys)

    def _refuse(self, broken: Broken) -> None:
        self.shape.problem(f"line {self._line + 1}", broken.what, broken.mend)

    def _lines_of(self, start: Mark, size: int) -> Iterator[Batch]:
        with open_source(self.path, start.offset) as source:
            window = Window(source, start.offset)
            index, self._line = start.index, start.line
            start_of_text(window, str(self.path))
            while not self.full():
                window.fill(size)
                end = _whole_lines(window)
                while not end and window.grow():
                    end = _whole_lines(window)
                end = end or len(window)
                if not end:
                    return
                batch = self._chunk(window.bytes(end), index, window.offset)
                self.taken = source.taken
                index, self._line = batch.end.index, batch.end.line
                window.drop(end)
                yield batch

    def _chunk(self, chunk: bytes, index: int, offset: int) -> Batch:
        rows = plain_lines(chunk)
        if rows is None:
            return self._careful(chunk, index, offset)
        columns = columns_of(rows, self.name, index)
        numbers = range(self._line, self._line + len(rows))
        end = Mark(index + len(rows), offset + len(chunk), numbers.stop, self._keys, self._headed)
        return Batch(columns, numbers, end)

    def _careful(self, chunk: bytes, index: int, offset: int) -> Batch:
        instances: list[Instance] = []
        numbers: list[int] = []
        line = self._line
        if chunk.isspace():
            line += chunk.count(b"\n")
            chunk = b""
        for raw in chunk.removesuffix(b"\n").split(b"\n") if chunk else ():
            if raw.strip() and not self.full():
                instance = self._one(raw, line, f"{self.name}-{index}")
                if instance is not None:
                    instances.append(instance)
                    numbers.append(line)
                    index += 1
            line += 1
        return Batch(
            Columns.of(instances), numbers, Mark(index, offset + len(chunk), line, dict(self._keys), self._headed)
        )

    def _one(self, raw: bytes, line: int, fallback_id: str) -> Instance | None:
        place = f"line {line + 1}"
        strict = StrictJson()
        try:
            cursor = Cursor(Window.of(raw), strict)
            value = cursor.value()
            if cursor.peek():
                cursor.fail("Extra data")
        except Broken as broken:
            self._broken = True
            column = len(raw[: broken.offset].decode("utf-8", "replace")) + 1
            self.shape.problem(f"{place}, column {column}", broken.what, broken.mend)
            return None
        if not isinstance(value, dict):
            self.shape.problem(place, f"must be one JSON object, found {type(value).__name__}")
            return None
        for key in strict.take_duplicates():
            self.shape.problem(place, f"has the key '{key}' twice in one object", "keep one of them")
        if "input" not in value and "output" not in value:
            self._headed = self._headed or (fallback_id == f"{self.name}-0" and bool(value))
            for key, item in value.items():
                self._keys.setdefault(documented(key), item)
            return None
        if not self._headed:
            for key in list(value):
                if _is_card_key(key):
                    item = value.pop(key)
                    self._keys.setdefault(documented(key), item)
        return self.shape.instance(value, place, fallback_id)
