"""Uploads: streamed to a file of the board's folder with every size and time bounded, whatever the client says.

A multipart form or a raw body; the file is never held in memory, and what else a form holds is small.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from ._scratch import scratch
from .replies import Halt
from .settings import Settings

IDLE_SECONDS = 20.0
"""Longest silence in the middle of an upload."""
MOST_FIELDS, MOST_FIELD_BYTES = 40, 20_000
_OTHER_BYTES = 1_000_000
"""What a body may hold besides its file."""
_CLOSE = {"connection": "close"}
_LINGER, _LINGER_BYTES = 0.3, 64_000_000
"""How long, and how much, of what still comes is thrown away before a refusal, so that more clients get to read it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one upload."""

    most_bytes: int
    seconds: float
    idle: float

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Those of a board."""
        return cls(settings.upload_mb * 1_000_000, float(settings.upload_seconds), IDLE_SECONDS)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that arrived whole, and the form's other fields. ``name`` is what the client calls it: never a path here.
    ``path`` is None where no file came.
    """

    path: Path | None
    name: str
    size: int
    sha256: str
    fields: Mapping[str, str]


@dataclass(slots=True)
class _Sink:
    """Where the pieces of an upload go; counts all bytes and stops at the cap."""

    folder: Path
    limits: Limits
    before_file: Callable[[Mapping[str, str]], None]
    fields: dict[str, str] = field(default_factory=dict)
    name: str = ""
    size: int = 0
    _file: IO[bytes] | None = None
    _hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    @property
    def path(self) -> Path | None:
        """The file, where one came."""
        return self.folder / "upload" if self._file else None

    def begin(self, name: str) -> None:
        """A file begins."""
        if self._file is not None:
            raise Halt(422, "one file at a time", headers=_CLOSE)
        self.before_file(self.fields)
        self.name = "".join(c if c.isprintable() else "?" for c in name.replace("\\", "/").rsplit("/", 1)[-1][:200])
        self._file = (self.folder / "upload").open("wb")

    def write(self, data: bytes) -> None:
        """More of the file."""
        assert self._file is not None
        self.size += len(data)
        if self.size > self.limits.most_bytes:
            raise too_large(self.limits)
        self._hash.update(data)
        self._file.write(data)

    def end(self) -> Upload:
        """All has come."""
        if self._file is not None:
            self._file.close()
        return Upload(self.path, self.name, self.size, self._hash.hexdigest(), self.fields)


def too_large(limits: Limits) -> Halt:
    """The refusal of an upload over the cap."""
    return Halt(413, f"an upload may have {limits.most_bytes / 1e6:,.0f} MB", headers=_CLOSE)


@asynccontextmanager
async def received(
    request: Request, settings: Settings, before_file: Callable[[Mapping[str, str]], None] = lambda fields: None
) -> AsyncIterator[Upload]:
    """An upload, in a folder of its own that is removed afterwards.

    Args:
        request: whose body it is: ``multipart/form-data``, or the file itself (with fields in the query).
        settings: the board's.
        before_file: told of the fields that came before the file, as soon as it begins; may refuse it.

    Raises:
        Halt: too large (413), too slow (408), packed (415), no form that can be read (422).
    """
    with scratch(settings.incoming) as folder:
        sink = _Sink(folder, Limits.of(settings), before_file)
        try:
            _check_head(request, sink.limits)
            await _receive(request, sink)
        except Halt:
            await _drain(request)
            raise
        yield sink.end()


def _check_head(request: Request, limits: Limits) -> None:
    declared = request.headers.get("content-length", "0")
    if not declared.isascii() or not declared.isdigit() or int(declared) > limits.most_bytes + _OTHER_BYTES:
        raise too_large(limits)
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Halt(415, "the body must not be packed; pack the file instead", headers=_CLOSE)


async def _receive(request: Request, sink: _Sink) -> None:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind == b"multipart/form-data":
        feed, finish = _multipart(options.get(b"boundary", b""), sink)
    elif kind == b"application/x-www-form-urlencoded":
        raise Halt(415, "send the form as multipart/form-data", headers=_CLOSE)
    else:
        sink.fields.update({key[:100]: value[:MOST_FIELD_BYTES] for key, value in request.query_params.items()})
        sink.begin(sink.fields.get("filename", ""))
        feed, finish = sink.write, lambda: None
    until = time.monotonic() + sink.limits.seconds
    total = 0
    stream = request.stream().__aiter__()
    while True:
        try:
            patience = min(sink.limits.idle, until - time.monotonic())
            data = await asyncio.wait_for(_next(stream), patience)
        except TimeoutError:
            raise Halt(408, "the upload came too slowly", headers=_CLOSE) from None
        except ClientDisconnect:
            raise Halt(400, "the upload broke off", headers=_CLOSE) from None
        if data is None:
            break
        total += len(data)
        if total > sink.limits.most_bytes + _OTHER_BYTES:
            raise too_large(sink.limits)
        try:
            feed(data)
        except FormParserError:
            raise Halt(422, "this is no form that can be read", headers=_CLOSE) from None
    finish()


async def _next(stream: AsyncIterator[bytes]) -> bytes | None:
    try:
        return await stream.__anext__()
    except StopAsyncIteration:
        return None


async def _drain(request: Request) -> None:
    """Throw away what comes for a moment: a client that is still sending seldom reads a reply."""

    async def rest() -> None:
        left = _LINGER_BYTES
        while left > 0 and (message := await request.receive()).get("more_body"):
            left -= len(message.get("body", b""))

    try:
        await asyncio.wait_for(rest(), _LINGER)
    except (TimeoutError, RuntimeError):
        return


def _multipart(boundary: bytes, sink: _Sink) -> tuple[Callable[[bytes], object], Callable[[], None]]:
    """What to feed with the body of a form, and what to call at its end."""
    if not 1 <= len(boundary) <= 200:
        raise Halt(422, "this form names no boundary", headers=_CLOSE)
    form = _Form(sink)
    parser = MultipartParser(boundary, form.callbacks())  # type: ignore[arg-type]

    def finish() -> None:
        if not form.ended:
            raise Halt(422, "the form ends in the middle", headers=_CLOSE)

    return parser.write, finish


class _Form:
    """The parts of a form, as the parser tells of them."""

    def __init__(self, sink: _Sink) -> None:
        self._sink, self.ended = sink, False
        self._header, self._value, self._field = bytearray(), bytearray(), bytearray()
        self._name, self._is_file, self._disposition = "", False, b""

    def callbacks(self) -> dict[str, Callable[..., None]]:
        """By the parser's names."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._grow(self._header, data[start:end], 200),
            "on_header_value": lambda data, start, end: self._grow(self._value, data[start:end], 2_000),
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._all,
        }

    def _begin(self) -> None:
        self._disposition, self._is_file = b"", False
        self._field.clear()

    def _grow(self, to: bytearray, data: bytes, most: int) -> None:
        to += data
        if len(to) > most:
            raise Halt(422, "a part of the form is too long", headers=_CLOSE)

    def _header_end(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")[:100]
        filename = options.get(b"filename")
        self._is_file = filename is not None
        if self._is_file and filename:
            self._sink.begin(filename.decode("utf-8", "replace"))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if not self._is_file:
            self._grow(self._field, data[start:end], MOST_FIELD_BYTES)
        elif self._sink.path is not None:
            self._sink.write(data[start:end])
        elif end > start:
            raise Halt(422, "the file of the form has no name", headers=_CLOSE)

    def _end(self) -> None:
        if self._is_file:
            return
        if len(self._sink.fields) >= MOST_FIELDS:
            raise Halt(422, "the form has too many fields", headers=_CLOSE)
        self._sink.fields[self._name] = self._field.decode("utf-8", "replace")

    def _all(self) -> None:
        self.ended = True
