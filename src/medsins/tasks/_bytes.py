"""Task files as byte streams: names, compression, a sliding window, and where in a file a byte stands."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from medsins.core import InvalidFile, Problem

TEXT_FORMATS = (".json", ".jsonl")
FORMATS = (*TEXT_FORMATS, ".xlsx", ".parquet")
COMPRESSIONS = (".gz", ".zst")
SUFFIXES = (*FORMATS, *(f"{form}{packed}" for form in TEXT_FORMATS for packed in COMPRESSIONS))

BLOCK = 1 << 20  # bytes read at a time
MAX_VALUE = 64 << 20  # bytes one JSON value may take; a sample of a task is a text, not a library

_TASK_NUMBER = re.compile(r"task\d+", re.IGNORECASE)


def split_name(path: Path) -> tuple[str, str, str]:
    """(stem, format, compression) of a file name: ``task1.json.gz`` is ``("task1", ".json", ".gz")``.

    The format is empty where the name ends in none of ``SUFFIXES``.
    """
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if path.name.lower().endswith(suffix):
            packed = next((end for end in COMPRESSIONS if suffix.endswith(end)), "")
            return path.name[: -len(suffix)], suffix.removesuffix(packed), packed
    return path.name, "", ""


def task_id_of(path: Path) -> str:
    """The leading ``task<N>`` of the file name, else the stem."""
    found = _TASK_NUMBER.match(path.name)
    return found.group(0).lower() if found else split_name(path)[0]


class Broken(Exception):
    """The text of a file is not what its format asks; ``offset`` in (unpacked) bytes, ``cut``: the file ended."""

    def __init__(self, what: str, offset: int, mend: str = "") -> None:
        super().__init__(what)
        self.what, self.offset, self.mend = what, offset, mend


class ByteSource:
    """Bytes of a file, unpacked on the fly. ``taken`` counts bytes of the file itself, for progress."""

    def __init__(self, path: Path, offset: int = 0) -> None:
        self.path = path
        self._file = path.open("rb")
        packed = split_name(path)[2]
        self._stream: Any = self._file
        if packed == ".gz":
            self._stream = gzip.GzipFile(fileobj=self._file)
        elif packed == ".zst":
            import pyarrow as pa

            self._stream = pa.CompressedInputStream(pa.PythonFile(self._file, mode="r"), "zstd")
        self._packed = bool(packed)
        if offset and not packed:
            self._file.seek(offset)
        while packed and offset > 0:
            skipped = self.read(min(BLOCK, offset))
            if not skipped:
                break
            offset -= len(skipped)

    @property
    def taken(self) -> int:
        """Bytes of the file read so far."""
        return 0 if self._file.closed else self._file.tell()

    def read(self, size: int) -> bytes:
        """At most ``size`` unpacked bytes; empty at the end.

        Raises:
            InvalidFile: the compressed file is damaged or cut off.
        """
        try:
            return bytes(self._stream.read(size))
        except (OSError, EOFError, zlib.error) as error:
            if not self._packed:
                raise
            kind = "gzip" if self.path.name.endswith(".gz") else "zstd"
            problem = Problem(f"not a whole {kind} file ({error})", str(self.path), "fetch or pack it again")
            raise InvalidFile(problem) from error

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
        self._file.close()


class Window:
    """A sliding view of a byte source, in a buffer that is never copied as it slides.

    ``buffer[start:]`` is in view; ``offset`` is where it stands in the (unpacked) file; ``ended``: no more comes. At
    least one byte of the buffer is always before the view.
    """

    def __init__(self, source: ByteSource | None, offset: int = 0) -> None:
        self.source, self.offset = source, offset
        self.buffer = bytearray(b" ")
        self.start = 1
        self.ended = source is None

    @classmethod
    def of(cls, data: bytes) -> Window:
        """A window over bytes that are all there."""
        window = cls(None)
        window.buffer += data
        return window

    def put_back(self, data: bytes) -> None:
        """Move the view back over ``data``, which was in it before."""
        self.buffer[: self.start] = b" " + data
        self.start = 1
        self.offset -= len(data)

    def __len__(self) -> int:
        return len(self.buffer) - self.start

    def bytes(self, count: int | None = None) -> bytes:
        """A copy of what is in view, or of its first ``count`` bytes."""
        return bytes(self.buffer[self.start : None if count is None else self.start + count])

    def fill(self, size: int = BLOCK) -> None:
        """Read until ``size`` bytes are in view or the file ends."""
        if len(self) >= size or self.ended or self.source is None:
            return
        del self.buffer[: self.start - 1]
        self.start = 1
        while len(self) < size and not self.ended:
            part = self.source.read(max(BLOCK, size - len(self)))
            self.ended = not part
            self.buffer += part

    def grow(self) -> bool:
        """Have twice as much in view; False when the file has no more.

        Raises:
            Broken: what is in view is already larger than one value may be.
        """
        before = len(self)
        if before >= MAX_VALUE:
            what = f"holds a value of more than {MAX_VALUE >> 20} MiB"
            raise Broken(what, self.offset, "a sample is one text: split it, or close the quote that is missing")
        self.fill(max(BLOCK, 2 * before))
        return len(self) > before

    def drop(self, count: int) -> None:
        """Move the view on by ``count`` bytes."""
        self.start += count
        self.offset += count


def start_of_text(window: Window, place: str) -> None:
    """Read over a byte order mark; refuse UTF-16.

    Raises:
        InvalidFile: the file is UTF-16.
    """
    window.fill()
    first = window.bytes(3)
    unmarked = b"\0" in first[:2] and first[:2] != b"\0\0"  # no text begins with NUL, and no JSON has one second
    if window.offset == 0 and (unmarked or first.startswith((b"\xff\xfe", b"\xfe\xff"))):
        raise InvalidFile(Problem("is UTF-16", f"{place}: line 1, column 1", "save it as UTF-8"))
    if window.offset == 0 and first == b"\xef\xbb\xbf":
        window.drop(3)


def locate(path: Path, offset: int) -> tuple[int, int]:
    """(line, column) of an unpacked byte offset, both 1-based, the column in characters. Reads up to there."""
    line, start = 1, True
    column = 0
    with open_source(path) as source:
        while offset > 0:
            block = source.read(min(BLOCK, offset))
            if not block:
                break
            offset -= len(block)
            if start:
                block = block.removeprefix(b"\xef\xbb\xbf")
                start = False
            line += block.count(b"\n")
            last = block.rfind(b"\n")
            column = (0 if last >= 0 else column) + _characters(block[last + 1 :])
    return line, column + 1


def _characters(block: bytes) -> int:
    """Characters that start in a UTF-8 block: bytes that continue none."""
    return len(block.translate(None, bytes(range(0x80, 0xC0))))


@contextmanager
def open_source(path: Path, offset: int = 0) -> Iterator[ByteSource]:
    """A ``ByteSource`` that is closed at the end."""
    source = ByteSource(path, offset)
    try:
        yield source
    finally:
        source.close()


class Unclosed:
    """A file for libraries that close what they write to: closing only flushes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.closed = False

    def write(self, data: Any) -> int:
        """Write bytes."""
        return self._file.write(data)

    def flush(self) -> None:
        """Flush the file."""
        self._file.flush()

    def close(self) -> None:
        """Flush, and leave the file open."""
        self._file.flush()
        self.closed = True
