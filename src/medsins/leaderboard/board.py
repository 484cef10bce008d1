"""What every request handler shares: the store, the settings, sessions, limits."""

from __future__ import annotations

import os
import time
from typing import Annotated, Literal

import anyio
from fastapi import Depends, Request

from ._limits import Limiter
from ._sessions import Sessions
from .interface import Store
from .observe import Metrics
from .settings import Settings

FAILED_LOGINS, LOGIN_WINDOW = 10, 900.0
"""Failed authentications of an address before it must wait, and within how many seconds."""


class Board:
    """One server process's view of a board. ``readers`` bounds how many uploads are read at a time."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store, self.settings = store, settings
        self.sessions = Sessions(store, settings.key(), settings.https)
        self.failures = Limiter(FAILED_LOGINS, LOGIN_WINDOW)
        self.posts = Limiter(settings.posts_per_hour, 3_600.0)
        self.readers = anyio.CapacityLimiter(os.cpu_count() or 1)
        self.metrics = Metrics()
        self.started = time.time()
        self.phase: Literal["starting", "ok", "ending"] = "starting"


def _board(request: Request) -> Board:
    board: Board = request.app.state.board
    return board


BoardOf = Annotated[Board, Depends(_board)]
