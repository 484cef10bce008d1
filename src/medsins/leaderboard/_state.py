"""What state the board is in: what pages are kept by, looked up once for all requests that ask at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

import anyio
import anyio.to_thread

FRESH_SECONDS = 0.02
"""How old a look may be."""


class State(NamedTuple):
    """See ``Store.data_version`` and ``Store.prompt_version``; both only grow."""

    data: int
    prompt: int


class Watch:
    """The board's state, asked at most every 20 ms, in a thread, by one request for all that wait."""

    def __init__(self, ask: Callable[[], State]) -> None:
        self._ask, self._value, self._until, self._changes = ask, State(0, 0), 0.0, 0
        self._asking: asyncio.Task[State] | None = None
        self._thread = anyio.CapacityLimiter(1)

    def expire(self) -> None:
        """This process changed something: look again."""
        self._until, self._changes = 0.0, self._changes + 1
        self._asking = None

    async def __call__(self) -> State:
        """The state, as it was at most 20 ms ago."""
        if time.monotonic() < self._until:
            return self._value
        if self._asking is None:
            self._asking = asyncio.create_task(self._look(self._changes))
        return await asyncio.shield(self._asking)

    async def _look(self, changes: int) -> State:
        try:
            value = await anyio.to_thread.run_sync(self._ask, limiter=self._thread)
        finally:
            if changes == self._changes:
                self._asking = None
        if changes == self._changes:
            self._value, self._until = value, time.monotonic() + FRESH_SECONDS
        return value
