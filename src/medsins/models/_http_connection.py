"""One connection to a server: HTTP/1.1 (RFC 9112), one request after the other, each reply as a whole.

The parser is llhttp, compiled (httptools). What is left to do in Python is little, so that a request costs a third of
the loop's time that a client for every purpose takes.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from typing import cast

import httptools

from ._http_faults import Reply

LARGEST_REPLY = 64 << 20  # bytes


class Malformed(Exception):
    """What came back is no reply, or only a part of one."""


class Connection(asyncio.Protocol):
    """A connection that is ``open`` may be asked again. ``heard``: when something came last (monotonic seconds)."""

    def __init__(self) -> None:
        self.open, self.heard = False, 0.0
        self._reply: asyncio.Future[Reply] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands; called again when it has been wrapped in TLS."""
        self.transport, self.open = cast(asyncio.Transport, transport), True

    def ask(self, request: bytes, tunnel: bool = False) -> asyncio.Future[Reply]:
        """Send a request; the reply comes in time, or ``Malformed`` or ``OSError``. One at a time. The reply to a
        request for a ``tunnel`` ends with its headers, since what follows is not the proxy's any more.
        """
        self._parser = httptools.HttpResponseParser(self)
        self._tunnel, self.heard = tunnel, time.monotonic()
        self._reply = asyncio.get_running_loop().create_future()
        self._begin()
        self.transport.write(request)
        return self._reply

    def _begin(self) -> None:
        self._headers: dict[str, str] = {}
        self._parts: list[bytes] = []
        self._size, self._in_body = 0, False

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        self.heard = time.monotonic()
        if self._reply is None:
            self.close()  # nothing was asked
            return
        try:
            self._parser.feed_data(data)
        except Exception as error:  # of the parser, or of what it calls here
            self._fail(Malformed(str(error.__context__ or error) or type(error).__name__))

    def on_message_begin(self) -> None:
        """A reply; one more than was asked for makes it uncertain whose the next would be."""
        if self._reply is None:
            self.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The body begins."""
        self._in_body = True
        if self._tunnel:
            self._deliver()

    def on_body(self, part: bytes) -> None:
        """A part of the body, of whatever size."""
        self._size += len(part)
        if self._size > LARGEST_REPLY:
            raise Malformed(f"more than {LARGEST_REPLY >> 20} MiB")
        self._parts.append(part)

    def on_message_complete(self) -> None:
        """The reply is whole, unless it only announces another (1xx)."""
        if self._parser.get_status_code() < 200:
            self._begin()
            return
        if not self._parser.should_keep_alive():
            self.close()
        self._deliver()

    def _deliver(self) -> None:
        reply, self._reply = self._reply, None
        if reply is None or reply.done():
            return
        try:
            body = unpacked(b"".join(self._parts), self._headers.get("content-encoding", ""))
        except Malformed as error:
            reply.set_exception(error)
        else:
            reply.set_result(Reply(self._parser.get_status_code(), self._headers, body))

    def _fail(self, error: Exception) -> None:
        self.close()
        reply, self._reply = self._reply, None
        if reply is not None and not reply.done():
            reply.set_exception(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side is gone: that ends a reply whose length was not told, and breaks off any other."""
        self.open = False
        if self._reply is None:
            return
        if not self._headers and not self._in_body:
            self._fail(exc if isinstance(exc, OSError) else ConnectionResetError("the server closed the connection"))
        elif self._in_body and exc is None and not self._headers.keys() & {"content-length", "transfer-encoding"}:
            self._deliver()
        else:
            self._fail(Malformed("it ends before its end"))

    def close(self) -> None:
        """Close at once; what is under way is lost."""
        self.open = False
        self.transport.abort()


def unpacked(body: bytes, coding: str) -> bytes:
    """A body as it was before a gateway compressed it, though nothing compressed was asked for.

    Raises:
        Malformed: another coding than gzip and deflate, or what is too large.
    """
    if coding.strip().lower() in ("", "identity"):
        return body
    unpack = zlib.decompressobj(wbits=47)  # gzip or zlib, told by its beginning
    try:
        found = unpack.decompress(body, LARGEST_REPLY)
    except zlib.error as error:
        raise Malformed(f"it is compressed ({coding}) and cannot be unpacked") from error
    if not unpack.eof:
        raise Malformed(f"it is compressed ({coding}) and broke off, or is too large")
    return found
