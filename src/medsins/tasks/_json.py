"""Read ``.json`` task files: one object with a giant ``Instances`` array (or that array alone), in bounded memory.

Runs of instances in the documented shape are cut out of the bytes at a guessed boundary and decoded in one go; the
guess is proved by decoding, since a cut at any other place leaves brackets or quotes open. Everything else, and the
end of the file, goes value by value through the strict parser, which knows every fault's place.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from medsins.core import Card, Instance, InvalidFile

from ._ahead import Ahead, last_boundary
from ._arrow import named, with_ids
from ._bytes import Broken, ByteSource, Window, open_source, split_name, start_of_text
from ._columns import Columns
from ._cursor import Cursor, StrictJson
from ._shape import Shape, documented
from ._stream import Batch, Mark, TaskReader

_SLICE = 1 << 16  # bytes
WORTH = 1 << 16  # bytes below which the strict parser is done before numpy is imported
_END = -1  # the offset of a mark behind which there is no instance
_TAIL = 1 << 20  # bytes at the end of a file that are searched for keys after Instances
_LATE_KEY = re.compile(r'\}[ \t\n\r]*\][ \t\n\r]*,[ \t\n\r]*(?="[^"\\]*"[ \t\n\r]*:)')


@cache
def _row_type() -> Any:
    import msgspec

    small = msgspec.Meta(ge=-(2**53), le=2**53)
    return msgspec.defstruct(
        "Row",
        [("input", str), ("output", str | list[str]), ("id", str | Annotated[int, small] | None, None)],
        forbid_unknown_fields=True,
        gc=False,
    )


@cache
def _decoder() -> Any:
    import msgspec

    rows: Any = list.__class_getitem__(_row_type())
    return msgspec.json.Decoder(rows)


def plain_rows(window: Window, count: int) -> list[Any] | None:
    """The rows of comma-separated instances in the documented shape in the first ``count`` bytes of the view; None
    where the strict parser has to look.

    That is anything but strings in the three known keys, and a key that stands twice, of which the decoder would keep
    the last one silently. Its quotes give it away: every key and every string has two that are not escaped.
    """
    import msgspec

    buffer, start, end = window.buffer, window.start, window.start + count
    before, after = buffer[start - 1], buffer[end : end + 1]
    buffer[start - 1 : start], buffer[end : end + 1] = b"[", b"]"
    try:
        with memoryview(buffer) as whole, whole[start - 1 : end + 1] as view:
            rows: list[Any] = _decoder().decode(view)
            quotes = _bare_quotes(view)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    finally:
        buffer[start - 1] = before
        buffer[end : end + 1] = after
    return rows if quotes == 2 * _tokens(rows) else None


def _bare_quotes(view: memoryview) -> int:
    """How many quotes of a JSON list of objects are not escaped; -1 where one follows two backslashes, so that it may
    be either. Goes by slices that stay in the processor's cache.
    """
    import numpy as np

    signs = np.frombuffer(view, np.uint8)
    bare = 0
    for start in range(2, len(signs), _SLICE):  # the first two signs are a bracket, and a brace or a blank
        part = signs[start - 2 : start + _SLICE]
        quotes, slashes = part[2:] == ord('"'), part[:-1] == ord("\\")
        escaped = quotes & slashes[1:]
        if (escaped & slashes[:-1]).any():
            return -1
        bare += int(np.count_nonzero(quotes)) - int(np.count_nonzero(escaped))
    return bare


def _tokens(rows: list[Any]) -> int:
    """How many keys and strings rows are made of."""
    outputs = [row.output for row in rows]
    strings = sum(1 if type(output) is str else len(output) for output in outputs)
    ids = [row.id for row in rows if row.id is not None]
    return 3 * len(rows) + strings + len(ids) + sum(type(given) is str for given in ids)


def columns_of(rows: list[Any], name: str, first: int) -> Columns:
    """The columns of decoded rows; what has no id is numbered from ``first``."""
    ids = [row.id if type(row.id) is str else "" if row.id is None else str(row.id) for row in rows]
    listed = [type(row.output) is list for row in rows]
    outputs = [row.output if many else (row.output,) for row, many in zip(rows, listed, strict=True)]
    return Columns(named(ids, first, name), [row.input for row in rows], outputs, listed)


class JsonReader(TaskReader):
    """Reads a ``.json`` task file, plain or compressed. Marks are byte offsets of the unpacked text."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._keys: dict[str, Any] = {}
        self._found = False
        self._bare = False

    def where(self, number: int, field: str = "") -> str:
        """A JSON path."""
        return f"$.Instances[{number}]" + (f".{field}" if field else "")

    def _read_card(self) -> Card:
        """The keys before ``Instances``, and those after it where the end of the file shows some."""
        probe = JsonReader(self.path)
        with open_source(self.path) as source, suppress(Broken, InvalidFile):
            probe._head(probe._start(source))
        keys = dict(probe._keys)
        if probe._found and not probe._bare:
            for key, value in self._late_keys().items():
                keys.setdefault(documented(key), value)
        return Shape(str(self.path)).card(keys)

    def _late_keys(self) -> dict[str, Any]:
        """Keys after ``Instances``: the longest end of the file that reads as the rest of one object.

        What follows a comma, starts with a key and parses up to the file's last brace can only stand at the top.
        """
        tail = self._tail().decode("utf-8", "replace")
        for found in _LATE_KEY.finditer(tail):
            try:
                value = StrictJson().decoder.decode("{" + tail[found.end() :])
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict):
                return {key: item for key, item in value.items() if documented(key) != "Instances"}
        return {}

    def _tail(self) -> bytes:
        if not split_name(self.path)[2]:
            size = self.path.stat().st_size
            with self.path.open("rb") as stream:
                stream.seek(max(0, size - _TAIL))
                return stream.read()
        last = b""
        with open_source(self.path) as source:
            while block := source.read(_TAIL):
                last = (last + block)[-_TAIL:]
        return last

    def _batches(self, start: Mark) -> Iterator[Batch]:
        if start.offset == _END:
            self._card = self._read_card()
            return
        with open_source(self.path) as source:
            cursor = self._start(source)
            if not self._head(cursor):
                return
            cursor.release()
            if start.offset:
                yield from self._resumed(start)
            else:
                yield from self._rows(cursor.window, 0)

    def _resumed(self, start: Mark) -> Iterator[Batch]:
        with open_source(self.path, start.offset) as source:
            yield from self._rows(Window(source, start.offset), start.index)

    def _start(self, source: ByteSource) -> Cursor:
        window = Window(source)
        start_of_text(window, str(self.path))
        return Cursor(window, StrictJson())

    def _head(self, cursor: Cursor) -> bool:
        """Read keys up to the first instance; False where there is none to come."""
        first = cursor.peek()
        if first == "[":
            cursor.position += 1
            self._found = self._bare = True
            return self._first_row(cursor)
        if first != "{":
            value = cursor.value()
            self._end(cursor)
            self.shape.problem("$", f"must be one JSON object, found {type(value).__name__}")
            return False
        cursor.position += 1
        if cursor.peek() == "}":
            cursor.position += 1
            self._end(cursor)
            self._close()
            return False
        return self._keys_up_to_rows(cursor)

    def _keys_up_to_rows(self, cursor: Cursor) -> bool:
        while True:
            if cursor.peek() != '"':
                cursor.fail("Expecting property name enclosed in double quotes")
            key = cursor.value()
            cursor.expect(":", "Expecting ':' delimiter")
            name = documented(key)
            if name == "Instances" and not self._found and cursor.peek() == "[":
                cursor.position += 1
                self._found = True
                if self._first_row(cursor):
                    return True
            else:
                self._keep(name, cursor)
            if cursor.peek() == "}":
                cursor.position += 1
                self._end(cursor)
                self._close()
                return False
            cursor.expect(",", "Expecting ',' delimiter")

    def _keep(self, name: str, cursor: Cursor) -> None:
        value = cursor.value()
        doubled = cursor.strict.take_duplicates()
        if name in self._keys or (name == "Instances" and self._found):
            doubled = [name, *doubled]
        if doubled:
            self.shape.problem(f"$.{name}", f"has the key '{doubled[0]}' twice in one object", "keep one of them")
        elif name == "Instances":
            self._found = True
            self.shape.problem("$.Instances", f"must be a list, found {type(value).__name__}")
        self._keys[name] = value

    def _first_row(self, cursor: Cursor) -> bool:
        if cursor.peek() != "]":
            return True
        cursor.position += 1
        if self._bare:
            self._end(cursor)
            self._close()
        return False

    def _end(self, cursor: Cursor) -> None:
        if cursor.peek():
            cursor.fail("Extra data")

    def _close(self) -> None:
        """The whole object was read."""
        if not self._found:
            what = "a task file has its samples in a list named Instances"
            self.shape.problem("$.Instances", "is missing", what)
        keys = {key: value for key, value in self._keys.items() if key != "Instances"}
        self._card = self.shape.card(keys)

    def _rows(self, window: Window, index: int) -> Iterator[Batch]:
        """Batches until the array ends, then the keys after it. The window stands at the start of an instance."""
        strict = StrictJson()
        with Ahead(window, WORTH) as ahead:
            while not self.full():
                if self.in_arrow:
                    index = yield from self._arrow_rows(ahead, index)
                window.fill()
                self.taken = window.source.taken if window.source else 0
                cut = ahead.take_refused() or (last_boundary(window) if len(window) >= WORTH else None)
                rows = plain_rows(window, cut[0]) if cut else None
                if cut and rows is not None:
                    window.drop(cut[1])
                    columns = columns_of(rows, self.name, index)
                    numbers = range(index, index + len(rows))
                    index = numbers.stop
                    yield Batch(columns, numbers, Mark(index, window.offset))
                    continue
                batch, more = self._careful(window, strict, index, cut[0] if cut else len(window))
                index = batch.end.index
                yield batch
                if not more:
                    return

    def _arrow_rows(self, ahead: Ahead, index: int) -> Generator[Batch, None, int]:
        """Batches in Arrow as far as all is plain; then the window stands at what is not. Returns the next index."""
        while run := ahead.take():
            rows = with_ids(run.rows, index, self.name)
            numbers = range(index, index + rows.num_rows)
            index, self.taken = numbers.stop, run.taken
            yield Batch(rows, numbers, Mark(index, run.offset))
        return index

    def _careful(self, window: Window, strict: StrictJson, index: int, upto: int) -> tuple[Batch, bool]:
        """Instances value by value up to ``upto`` bytes on, or to the end of the array and of the file."""
        cursor = Cursor(window, strict)
        instances: list[Instance] = []
        numbers: list[int] = []
        start, goal = window.offset, len(window.bytes(upto).decode("utf-8", "ignore"))
        more = True
        while more and not self.full():
            raw = cursor.value()
            place = self.where(index)
            for key in strict.take_duplicates():
                self.shape.problem(place, f"has the key '{key}' twice in one object", "keep one of them")
            instance = self.shape.instance(raw, place, f"{self.name}-{index}")
            if instance is not None:
                instances.append(instance)
                numbers.append(index)
            index += 1
            more = self._next_row(cursor)
            if window.offset > start or cursor.position >= goal:
                break
        if more:
            cursor.release()
        end = Mark(index, window.offset if more else _END)
        return Batch(Columns.of(instances), numbers, end), more

    def _next_row(self, cursor: Cursor) -> bool:
        """Read over the comma; at the end of the array, read the rest of the file."""
        if cursor.peek() == ",":
            cursor.position += 1
            cursor.peek()
            return True
        cursor.expect("]", "Expecting ',' delimiter")
        if self._bare:
            self._end(cursor)
            self._close()
        elif cursor.peek() == "}":
            cursor.position += 1
            self._end(cursor)
            self._close()
        else:
            cursor.expect(",", "Expecting ',' delimiter")
            self._keys_up_to_rows(cursor)
        return False
