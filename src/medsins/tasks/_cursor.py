"""JSON values one after the other out of a window of bytes, strict, each fault with its byte offset."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from ._bytes import Broken, Window

_BLANKS = " \t\n\r"
_BLANK = re.compile(f"[{_BLANKS}]*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|NaN|-?Infinity|-?\d[\d.eE+-]*', re.DOTALL)
_MOST_DIGITS = 4300  # of a whole number that Python reads
_LONGEST_TOKEN = 16  # characters: a literal, an escape or a number's start that the end of the view may cut


class StrictJson:
    """Parses strict JSON and notes keys that an object has twice, which ``json`` alone would let pass."""

    def __init__(self) -> None:
        self.duplicates: list[str] = []
        self.decoder = json.JSONDecoder(object_pairs_hook=self._pairs, parse_constant=_no_constant, parse_float=_finite)

    def _pairs(self, items: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(items)
        if len(result) != len(items):
            seen: set[str] = set()
            for key, _ in items:
                if key in seen:
                    self.duplicates.append(key)
                seen.add(key)
        return result

    def take_duplicates(self) -> list[str]:
        """The doubled keys noted since the last call."""
        found, self.duplicates = self.duplicates, []
        return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"holds {name}, which is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"holds the number {text[:40]}, which is too large")
    return value


class Cursor:
    """Reads values and signs from a window as text; fetches more bytes where a value is cut by the view's end.

    ``release`` hands the window back, moved on to where the cursor stands.
    """

    def __init__(self, window: Window, strict: StrictJson) -> None:
        self.window, self.strict = window, strict
        self.text, self.position = "", 0
        self._decode()

    def _decode(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            self.text = decoder.decode(self.window.bytes(), final=self.window.ended)
        except UnicodeDecodeError as error:
            what = f"is not UTF-8 (byte {error.object[error.start]:#04x})"
            raise Broken(what, self.window.offset + error.start, "save it as UTF-8") from None

    def offset(self, position: int | None = None) -> int:
        """The byte offset in the file of a position in the view (default: where the cursor stands)."""
        return self.window.offset + len(self.text[: self.position if position is None else position].encode())

    def release(self) -> None:
        """Give the window back, moved on to where the cursor stands; the cursor is spent."""
        self.window.drop(self.offset() - self.window.offset)

    def _grow(self) -> bool:
        """Fetch more, forgetting what is behind; False at the end of the file."""
        behind = self.offset() - self.window.offset
        if behind:
            self.window.drop(behind)
        grew = self.window.grow()
        self._decode()
        self.position = 0
        return grew

    def peek(self) -> str:
        """The next character that is no blank, not yet read; empty at the end of the file."""
        while True:
            self.position = _BLANK.match(self.text, self.position).end()  # type: ignore[union-attr]
            if self.position < len(self.text):
                return self.text[self.position]
            if not self._grow():
                return ""

    def fail(self, message: str) -> NoReturn:
        """Refuse the text at the cursor, with a hint where one helps."""
        raise Broken(f"is not JSON: {message}", self.offset(), self._hint(self.position))

    def _hint(self, position: int) -> str:
        if self.window.ended and position >= len(self.text.rstrip(_BLANKS)):
            return "the file ends too early: it was cut off, fetch or save it again"
        before = self.text[max(0, position - 40) : position].rstrip()
        return "remove the comma before this place" if before.endswith(",") else ""

    def expect(self, sign: str, message: str) -> None:
        """Read one sign."""
        if self.peek() != sign:
            self.fail(message)
        self.position += 1

    def value(self) -> Any:
        """Read one JSON value.

        Raises:
            Broken: with the offset of the fault.
        """
        self.peek()
        while True:
            try:
                value, end = self.strict.decoder.raw_decode(self.text, self.position)
            except json.JSONDecodeError as error:
                self.strict.take_duplicates()
                if self._may_be_cut(error) and self._grow():
                    continue
                raise Broken(f"is not JSON: {error.msg}", self.offset(error.pos), self._hint(error.pos)) from None
            except RecursionError:
                raise Broken("is nested too deeply", self.offset()) from None
            except ValueError as error:
                self.strict.take_duplicates()
                if len(self.text) - self.position <= _LONGEST_TOKEN and self._grow():
                    continue
                what = str(error)
                if what.startswith("Exceeds the limit"):
                    what = "holds a number of thousands of digits"
                raise Broken(what, self.offset(self._culprit()), "put it in quotes if it is a text") from None
            if end == len(self.text) and not self.window.ended and self._grow():
                self.strict.take_duplicates()
                continue  # a number may go on
            self.position = end
            return value

    def _culprit(self) -> int:
        """Where the first constant or number of the value stands that JSON does not allow."""
        for found in _TOKEN.finditer(self.text, self.position):
            token = found.group()
            if token[0] != '"' and (len(token) > _MOST_DIGITS or not math.isfinite(float(token))):
                return found.start()
        return self.position

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        if self.window.ended:
            return False
        return error.msg.startswith("Unterminated string") or error.pos >= len(self.text) - _LONGEST_TOKEN
