"""Is the board alive, can it work, and how is it doing? For load balancers, service managers and Prometheus."""

from __future__ import annotations

import time

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse

from ._access import Anybody
from .board import BoardOf
from .interface import NotFound

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def alive() -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
def ready(board: BoardOf) -> JSONResponse:
    """The database answers too, and the process is neither starting nor ending."""
    try:
        board.store.data_version()
    except Exception:  # whatever it is, this process cannot serve now
        return JSONResponse({"status": "no database"}, 503)
    return JSONResponse({"status": board.phase}, 200 if board.phase == "ok" else 503)


@router.get("/metrics")
def metrics(board: BoardOf, token: Anybody) -> PlainTextResponse:
    """Counters of this process and the queue of scoring, for Prometheus; for tokens that may read or maintain."""
    if token is None or token.scope == "submit":
        raise NotFound("no such page")
    gauges = {f"jobs_{name}": float(value) for name, value in board.store.waiting().items()}
    gauges["data_version"] = float(board.store.data_version())
    gauges["uptime_seconds"] = round(time.time() - board.started, 1)
    return PlainTextResponse(board.metrics.text(gauges), media_type="text/plain; version=0.0.4")
