"""Is the board alive, and can it work? For load balancers and service managers."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from .board import BoardOf

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
    return JSONResponse({"status": "ok"} if board.ready else {"status": "ending"}, 200 if board.ready else 503)
