"""HTTP/1.1 with patience that ends: a client that does not send its request's head, in time and in size, is left."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 15.0
MOST_HEAD = 64 * 1024
"""Bytes of a head after which no more is read."""


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a time limit on the head of every request."""

    _deadline: asyncio.TimerHandle | None = None
    _head = 0

    def connection_made(self, transport: Any) -> None:
        """A client is there; its request must follow."""
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Some bytes; too many before the head is whole end it."""
        if self._deadline is not None:
            if self._head > MOST_HEAD:
                self._leave()
                return
            self._head += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._expect()

    def on_headers_complete(self) -> None:
        """Its head is here."""
        self._relax()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._relax()
        super().connection_lost(exc)

    def _expect(self) -> None:
        self._relax()
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._leave)

    def _relax(self) -> None:
        self._head = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _leave(self) -> None:
        # A reply may still be under way to a client that already sends its next request.
        if (
            self.transport is not None
            and not self.transport.is_closing()
            and (self.cycle is None or self.cycle.response_complete)
        ):
            self.transport.close()
