"""Replies that say what went wrong: JSON for programs, a page for readers; the same words whoever asks."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse, Response

from medsins.core.errors import MedsinsError, Problem

from .interface import NotFound, Refused, Unavailable
from .pages import ServerLinks, render_error

NOTHING_THERE = Problem("there is nothing here", mend="it may have moved, or you may not see it")
BUSY = Problem("the board's database is busy", mend="nothing was changed; try again in a moment")
NOT_KNOWN = Problem("this token opens nothing here", mend="check it, or ask the maintainers for another")


class Halt(MedsinsError):
    """A request ends here, with this status."""

    def __init__(self, status: int, *problems: Problem | str, headers: dict[str, str] | None = None) -> None:
        super().__init__(*problems)
        self.status, self.headers = status, headers or {}


def status_of(error: MedsinsError) -> int:
    """The HTTP status of an error of this project's family."""
    if isinstance(error, Halt):
        return error.status
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, Unavailable):
        return 503
    return 409 if isinstance(error, Refused) else 422


def problems_of(error: MedsinsError) -> tuple[Problem, ...]:
    """What is said about an error: unknown and forbidden are not told apart, and the database is not described."""
    if isinstance(error, NotFound):
        return (NOTHING_THERE,)
    return (BUSY,) if isinstance(error, Unavailable) else error.problems


def wants_json(scope: MutableMapping[str, Any]) -> bool:
    """Whether a program asks: the API, a JSON twin, or whoever accepts JSON and not HTML."""
    if scope["path"].startswith("/api/") or scope["path"].endswith(".json"):
        return True
    accept = b",".join(value for name, value in scope["headers"] if name == b"accept")
    return b"json" in accept and b"html" not in accept


def document(status: int, problems: Iterable[Problem]) -> dict[str, Any]:
    """The JSON of an error."""
    rows = [{"what": p.what, "place": p.place, "mend": p.mend} for p in problems]
    return {"status": status, "title": HTTPStatus(status).phrase, "problems": rows}


def error_reply(
    scope: MutableMapping[str, Any], status: int, *problems: Problem, headers: dict[str, str] | None = None
) -> Response:
    """The reply to a request that failed."""
    if wants_json(scope):
        return JSONResponse(document(status, problems), status, headers)
    said = " ".join(f"{p.place}: {p.what}. {p.mend}" if p.place else f"{p.what}. {p.mend}" for p in problems)
    page = render_error(status, said.strip(), ServerLinks())
    return Response(page.body, status, headers, page.media_type)
