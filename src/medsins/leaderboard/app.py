"""The board as an ASGI application: ``create_app(store, settings)``."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from medsins import __version__
from medsins.core.errors import MedsinsError, Problem

from . import api, api_moderate, api_submit, health, web, web_forms
from ._cache import DataVersion, PageCache
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
        board.ready = True
        yield
        board.ready = False

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
    app.add_middleware(PageCache, version=DataVersion(store.data_version), proxies=settings.trusted_proxies)
    app.add_middleware(Gate, settings=settings, posts=board.posts)
    app.add_middleware(Observer, metrics=board.metrics, log_reads=settings.log_reads)
    app.add_middleware(SecureHeaders, settings=settings)
    return app


def from_environment() -> FastAPI:
    """The application of the folder named in ``MEDSINS_BOARD_DIR``, for server processes."""
    from .observe import log_to_stderr
    from .store import open_store

    log_to_stderr()
    settings = read_settings(Path(os.environ[FOLDER_VARIABLE]))
    return create_app(open_store(settings.database_url), settings)


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
