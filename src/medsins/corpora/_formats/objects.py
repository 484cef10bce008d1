"""Large JSON files: the members of one object, or the items of one list, one at a time."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any

from medsins.corpora._raw import RawFile

CHUNK = 1 << 16  # bytes read at a time
_SPACE = " \t\n\r"
_CUT = re.compile(r"[.eE][+-]?")
"""What may be left at a window's end of a number that was cut there: ``0`` of ``0.`` is a whole value too."""


def object_items(file: RawFile) -> Iterator[tuple[str, Any]]:
    """(key, value) of each member of the object that the file holds.

    Memory: the longest member.

    Raises:
        InvalidFile: the file does not hold one object, is cut off, or is not UTF-8.
    """
    window = _Window(file)
    window.take("{")
    if window.peek() == "}":
        return
    while True:
        key = window.value()
        if not isinstance(key, str):
            file.invalid("is not JSON: a key is no string", f"about character {window.offset}")
        window.take(":")
        yield key, window.value()
        if window.take(",}") == "}":
            return


class _Window:
    """A sliding piece of the file's text."""

    def __init__(self, file: RawFile) -> None:
        self.file, self.text, self.place, self.passed = file, "", 0, 0
        self._stream = file.open()
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._parse = json.JSONDecoder().raw_decode

    @property
    def offset(self) -> int:
        """Characters read so far."""
        return self.passed + self.place

    def _more(self) -> bool:
        """Read on; what was used up is forgotten. False at the end."""
        raw = self._stream.read(max(CHUNK, len(self.text)))
        try:
            text = self._decoder.decode(raw, final=not raw)
        except UnicodeDecodeError:
            self.file.invalid("is not UTF-8: it was re-encoded, or is another file", f"about character {self.offset}")
        self.passed += self.place
        self.text, self.place = self.text[self.place :] + text, 0
        return bool(raw)

    def peek(self) -> str:
        """The next character that is no blank."""
        while True:
            while self.place < len(self.text) and self.text[self.place] in _SPACE:
                self.place += 1
            if self.place < len(self.text):
                return self.text[self.place]
            if not self._more():
                self.file.invalid("ends too early: the file was cut off", f"character {self.offset}")

    def take(self, expected: str) -> str:
        """The next character that is no blank, which must be one of the expected."""
        found = self.peek()
        if found not in expected:
            where = f"character {self.offset + 1}"
            self.file.invalid(f"has '{found}' where '{' or '.join(expected)}' is expected", where)
        self.place += 1
        return found

    def value(self) -> Any:
        """The next whole JSON value."""
        self.peek()
        while True:
            try:
                value, end = self._parse(self.text, self.place)
                if end < len(self.text) and not _CUT.fullmatch(self.text, end):
                    self.place = end
                    return value
            except json.JSONDecodeError:
                pass
            if not self._more():
                self.file.invalid("is not JSON, or was cut off", f"character {self.offset + 1}")
