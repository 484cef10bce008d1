"""The board as an ASGI application: ``create_app(store, settings)``."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from medsins import __version__
from medsins.core.errors import MedsinsError, Problem

from . import api, api_moderate, api_submit, health, web, web_forms
from ._cache import PageCache, whole_reply
from ._limited import die_with_parent
from ._state import State, Watch
from .board import Board
from .interface import Store
from .observe import Observer
from .replies import NOTHING_THERE, error_reply, problems_of, status_of
from .security import Gate, SecureHeaders
from .settings import Settings, read_settings

FOLDER_VARIABLE = "MEDSINS_BOARD_DIR"
ROUTES = (health, api, api_submit, api_moderate, web_forms, web)
"""In this order: ``web`` takes every path that is left."""


def create_app(store: Store, settings: Settings) -> FastAPI:
    """The application over a store. It owns neither; whoever opened the store closes it."""
    board = Board(store, settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        warming = asyncio.create_task(_warm(app, board))
        yield
        board.phase = "ending"
        warming.cancel()

    app = FastAPI(
        title="MedS-Bench board",
        version=__version__,
        lifespan=lifespan,
        openapi_url=f"{api.PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.board = board
    for room in ROUTES:
        app.include_router(room.router)
    _answer_errors(app)
    # The last one added meets a request first.
    watch = Watch(lambda: State(store.data_version(), store.prompt_version()))
    app.add_middleware(PageCache, watch=watch, proxies=settings.trusted_proxies)
    app.add_middleware(Gate, settings=settings, posts=board.posts)
    app.add_middleware(Observer, metrics=board.metrics, log_reads=settings.log_reads)
    app.add_middleware(SecureHeaders, settings=settings)
    return app


def from_environment() -> FastAPI:
    """The application of the folder named in ``MEDSINS_BOARD_DIR``, for server processes."""
    from .observe import log_to_stderr
    from .store import open_store

    if multiprocessing.parent_process():  # one of several servers that one process keeps
        die_with_parent()
    log_to_stderr()
    settings = read_settings(Path(os.environ[FOLDER_VARIABLE]))
    return create_app(open_store(settings.database_url), settings)


async def _warm(app: FastAPI, board: Board) -> None:
    """Make the first page before anybody asks, and with it all that is read once for a process: scores of all rows."""
    host = urlsplit(board.settings.url).netloc.encode()
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
             "path": "/", "raw_path": b"/", "query_string": b"", "root_path": "", "headers": [(b"host", host)],
             "client": ("127.0.0.1", 0), "server": (board.settings.host, board.settings.port)}  # fmt: skip
    with suppress(Exception):  # it was noted; whoever asks for the page meets it again
        await whole_reply(app, scope)
    board.phase = "ok"


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(MedsinsError)
    async def known(request: Request, error: MedsinsError) -> Response:
        headers = getattr(error, "headers", None)
        return error_reply(request.scope, status_of(error), *problems_of(error), headers=headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        problems = [Problem(one["msg"], ".".join(map(str, one["loc"]))) for one in error.errors()]
        return error_reply(request.scope, 422, *problems)

    @app.exception_handler(HTTPException)
    async def routed(request: Request, error: HTTPException) -> Response:
        said = NOTHING_THERE if error.status_code == 404 else Problem(str(error.detail))
        return error_reply(request.scope, error.status_code, said, headers=dict(error.headers or {}))
