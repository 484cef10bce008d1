"""The forms of the pages: submit, withdraw, check a task file, log in, moderate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote

import anyio.to_thread
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from medsins.core.errors import MedsinsError, Problem

from ._access import actor, own, verify
from ._schemas import LinkIn, ReasonIn, SubmissionIn, VerdictIn
from ._sessions import LIFETIME
from .api_submit import parsed
from .board import Board, BoardOf
from .contribute import findings
from .interface import NotFound
from .pages import Form
from .records import Submission, Token
from .replies import Halt, problems_of, status_of
from .submitting import submit_file, submit_link
from .uploads import Upload, received
from .web import LOGIN, form_of, session, show

router = APIRouter(include_in_schema=False)

MOST_FORM = 64 * 1024
"""Bytes of a form without a file."""
MODERATION = "/moderation"


@router.post("/submit")
async def submit(board: BoardOf, request: Request) -> Response:
    """Take what the form says; show the submission's page, or the form with what is in the way."""
    told: dict[str, str] = {}

    def check_token(fields: Mapping[str, str]) -> None:
        """Before a byte of the file is kept. The field with the token stands before it in the form."""
        told.update(fields)
        _submitter(board, request, fields.get("token", ""))

    try:
        async with received(request, board.settings, check_token) as upload:
            told.update(upload.fields)
            kept = await anyio.to_thread.run_sync(_kept, board, request, upload, limiter=board.readers)
    except MedsinsError as error:
        told.pop("token", None)
        return await anyio.to_thread.run_sync(_again, board, request, "/submit", error, told)
    return RedirectResponse(f"/submission/{quote(kept.id)}", 303)


def _submitter(board: Board, request: Request, secret: str) -> Token:
    token = verify(board, request, secret.strip())
    if token.scope == "read":
        raise Halt(403, "this token may read only")
    return token


def _kept(board: Board, request: Request, upload: Upload) -> Submission:
    fields = {name: value.strip() for name, value in upload.fields.items() if name not in ("csrf", "token")}
    fields["medical"] = {"yes": "true", "no": "false"}.get(fields.get("medical", ""), "")
    token = _submitter(board, request, upload.fields.get("token", ""))
    if upload.path is None:
        if not fields.get("link"):
            raise Halt(422, Problem("there is neither a file nor a link", mend="give one of them"))
        return submit_link(board, token.team, parsed(LinkIn, fields))
    return submit_file(board, token.team, parsed(SubmissionIn, fields), upload)


@router.post("/withdraw")
async def withdraw(board: BoardOf, request: Request) -> Response:
    """Withdraw a submission of the token's team."""
    fields = await _fields(request)

    def act() -> Response:
        try:
            token = _submitter(board, request, fields.get("withdraw_token", ""))
            reason = parsed(ReasonIn, {"reason": fields.get("reason", "").strip() or "withdrawn by its team"}).reason
            found = own(board, fields.get("submission", "").strip(), token)
            board.store.withdraw(found.id, reason, actor(token))
        except MedsinsError as error:
            kept = {name: fields.get(name, "") for name in ("submission", "reason")}
            return _again(board, request, "/submit", error, kept)
        return RedirectResponse("/removed", 303)

    return await anyio.to_thread.run_sync(act)


@router.post("/contribute")
async def contribute(board: BoardOf, request: Request) -> Response:
    """Check a task file; the findings are on the same page."""
    try:
        async with received(request, board.settings) as upload:
            found = await anyio.to_thread.run_sync(findings, upload, limiter=board.readers)
    except MedsinsError as error:
        return await anyio.to_thread.run_sync(_again, board, request, "/contribute", error, {})
    listed = [{**one, "severity": one["level"]} for one in found["problems"]]
    form = Form(result={**found, "name": upload.name, "findings": listed})
    return await anyio.to_thread.run_sync(show, board, request, "/contribute", form)


@router.get(LOGIN)
def login_page(board: BoardOf, request: Request) -> Response:
    """The form for a maintainer's token."""
    return show(board, request, LOGIN, form_of(board, request, session(board, request)))


@router.post(LOGIN)
async def login(board: BoardOf, request: Request) -> Response:
    """Open a session for a maintainer's token; what opens nothing and what opens less are not told apart."""
    fields = await _fields(request)

    def act() -> Response:
        try:
            token = verify(board, request, fields.get("token", "").strip(), "maintain")
        except Halt as error:
            return _again(board, request, LOGIN, error, {})
        reply = RedirectResponse(MODERATION, 303)
        reply.set_cookie(
            board.sessions.cookie,
            board.sessions.open(token),
            max_age=int(LIFETIME.total_seconds()),
            secure=board.sessions.https,
            httponly=True,
            samesite="strict",
        )
        return reply

    return await anyio.to_thread.run_sync(act)


@router.post("/logout")
async def logout(board: BoardOf, request: Request) -> Response:
    """End the session."""
    _own_form(board, request, await _fields(request))
    reply = RedirectResponse("/", 303)
    reply.delete_cookie(board.sessions.cookie, secure=board.sessions.https, httponly=True, samesite="strict")
    return reply


@router.post(MODERATION + "/{verb}")
async def moderate(board: BoardOf, request: Request, verb: str) -> Response:
    """What a maintainer decides: settle, hide, restore, ban."""
    fields = await _fields(request)
    if verb not in _DECISIONS:
        raise NotFound("no such form")

    def act() -> Response:
        token = _own_form(board, request, fields)
        try:
            said = _DECISIONS[verb](board, fields, actor(token))
        except MedsinsError as error:
            return _again(board, request, MODERATION, error, {})
        form = replace(form_of(board, request, token), result=said)
        return show(board, request, MODERATION, form)

    return await anyio.to_thread.run_sync(act)


def _settle(board: Board, fields: Mapping[str, str], who: str) -> str:
    number = fields.get("flag", "")
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise NotFound("no such flag")
    board.store.settle_flag(int(number), _reason(fields, "verdict"), who)
    return f"Flag {number} is settled."


def _hide(board: Board, fields: Mapping[str, str], who: str) -> str:
    return f"{board.store.hide(fields.get('submission', ''), _reason(fields), who).id} is hidden."


def _restore(board: Board, fields: Mapping[str, str], who: str) -> str:
    return f"{board.store.restore(fields.get('submission', ''), _reason(fields), who).id} is shown again."


def _ban(board: Board, fields: Mapping[str, str], who: str) -> str:
    team = board.store.team(fields.get("team", ""))
    board.store.ban_team(team.id, _reason(fields), who)
    return f"{team.name} is banned."


_DECISIONS = {"settle": _settle, "hide": _hide, "restore": _restore, "ban": _ban}


def _reason(fields: Mapping[str, str], name: str = "reason") -> str:
    given = {name: fields.get(name, "").strip()}
    return parsed(VerdictIn, given).verdict if name == "verdict" else parsed(ReasonIn, given).reason


def _own_form(board: Board, request: Request, fields: Mapping[str, str]) -> Token:
    """The maintainer whose page a form came from.

    Raises:
        NotFound: nobody is logged in.
        Halt: the form came from elsewhere, or from another session.
    """
    token = session(board, request)
    if token is None:
        raise NotFound("nobody is logged in")
    if not board.sessions.form_fits(request.cookies[board.sessions.cookie], fields.get("csrf", "")):
        raise Halt(403, Problem("this form is not of your session", mend="open the page again"))
    return token


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a form without a file."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_FORM:
            raise Halt(413, "this form is too long", headers={"connection": "close"})
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        raise Halt(422, "this is no form that can be read") from None


def _again(board: Board, request: Request, path: str, error: MedsinsError, values: Mapping[str, str]) -> Response:
    """The page of a form once more, with what is in the way."""
    told: list[Any] = [". ".join(part for part in (_where(p) + p.what, p.mend) if part) for p in problems_of(error)]
    form = replace(form_of(board, request, session(board, request)), values=values, problems=told)
    reply = show(board, request, path, form, status_of(error))
    reply.headers.update(getattr(error, "headers", {}))
    return reply


def _where(problem: Problem) -> str:
    return f"{problem.place}: " if problem.place else ""
