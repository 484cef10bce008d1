"""The pages for readers and their static files; forms are in ``web_forms.py``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from .board import Board, BoardOf
from .interface import NotFound
from .pages import Form, answer, find_page, static_files
from .records import Token

router = APIRouter(include_in_schema=False)

PUBLIC = "public, no-cache"
FOR_EVER = "public, max-age=31536000, immutable"
LOGIN = "/login"


@router.get("/static/{name}")
async def static(name: str) -> Response:
    """A static file; its name changes with its content."""
    if name not in static_files():
        raise NotFound("no such file")
    media_type, content = static_files()[name]
    return Response(content, media_type=media_type, headers={"cache-control": FOR_EVER})


@router.get("/api")
def api_page(board: BoardOf, request: Request) -> Response:
    """The API for readers, made from its own description."""
    return show(board, request, "/api", Form(result=_operations(board, request.app.openapi())))


@router.get("/{path:path}")
def page(board: BoardOf, request: Request, path: str) -> Response:
    """Any page in any of its kinds."""
    found, kind, _ = find_page(f"/{path}")
    token = session(board, request)
    if found.access == "maintain" and token is None:
        if kind == "html":
            return RedirectResponse(LOGIN, 303)
        raise NotFound("no such page")
    return show(board, request, f"/{path}", form_of(board, request, token) if found.forms else None)


def show(board: Board, request: Request, path: str, form: Form | None = None, status: int = 200) -> Response:
    """A page with what its form needs; pages without a form are everybody's, and kept by data version."""
    query = parse_qs(request.url.query, max_num_fields=50)
    made = answer(board.store, path, query, form=form)
    if made.status == 404:
        raise NotFound("no such page")  # answered in the same words, whatever is not there, or not for this reader
    shared = form is None and not path.startswith("/submission/")
    headers = {"cache-control": PUBLIC if shared else "no-store"}
    return Response(made.body, status, headers, made.media_type)


def session(board: Board, request: Request) -> Token | None:
    """The maintainer behind a request's cookie."""
    value = request.cookies.get(board.sessions.cookie, "")
    return board.sessions.token(value) if value else None


def form_of(board: Board, request: Request, token: Token | None) -> Form:
    """What a form needs of its reader before it was filled in."""
    value = request.cookies.get(board.sessions.cookie, "")
    return Form(csrf=board.sessions.form_mark(value) if token else "", maintainer=token is not None)


def _operations(board: Board, document: Mapping[str, Any]) -> dict[str, Any]:
    """An OpenAPI document by groups, as the page shows it."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, verbs in document["paths"].items():
        for method, told in verbs.items():
            fields = [parameter["name"] for parameter in told.get("parameters", ()) if parameter["in"] == "query"]
            says = " ".join(told.get("description", "").split())
            groups.setdefault(told["tags"][0], []).append(
                {"method": method.upper(), "path": path, "says": says, "fields": fields}
            )
    active = [version.id for version in board.store.versions() if version.active(datetime.now(UTC))]
    listed = [{"name": name, "operations": operations} for name, operations in groups.items()]
    return {"groups": listed, "url": board.settings.url, "version": active[0] if active else "VERSION"}
