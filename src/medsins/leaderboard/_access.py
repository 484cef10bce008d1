"""Who asks: tokens of the API, sessions of maintainers, addresses; and what each may see."""

from __future__ import annotations

import math
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ._limits import network
from .board import Board, BoardOf
from .interface import NotFound
from .records import Submission, Token
from .replies import NOT_KNOWN, Halt
from .security import client_address

_BEARER = HTTPBearer(auto_error=False, description="A token of a team or of a maintainer")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


def verify(board: Board, request: Request, secret: str, scope: str = "") -> Token:
    """The token of a secret, of a scope where one is named.

    Raises:
        Halt: 401 for whatever opens nothing, whyever; 429 for an address that failed ten times.
    """
    who = network(client_address(request.scope, board.settings.trusted_proxies))
    wait = board.failures.wait(who)
    if wait:
        told = {"retry-after": str(math.ceil(wait)), "connection": "close"}
        raise Halt(429, "too many tokens that open nothing came from your address", headers=told)
    token = board.store.authenticate(secret) if 0 < len(secret) <= 200 and secret.isascii() else None
    if token is None or scope not in ("", token.scope):
        board.failures.count(who)
        raise Halt(401, NOT_KNOWN, headers={"www-authenticate": "Bearer", "connection": "close"})
    return token


def anybody(board: BoardOf, request: Request, credentials: Credentials) -> Token | None:
    """The token that was sent, None where none was."""
    return verify(board, request, credentials.credentials) if credentials else None


def somebody(board: BoardOf, request: Request, credentials: Credentials) -> Token:
    """The token that was sent; there must be one."""
    return verify(board, request, credentials.credentials if credentials else "")


def maintainer(token: Annotated[Token, Depends(somebody)]) -> Token:
    """A maintainer's token; for all others what is here does not exist."""
    if token.scope != "maintain":
        raise NotFound("no such thing")
    return token


def submitter(token: Annotated[Token, Depends(somebody)]) -> Token:
    """A token that may submit."""
    if token.scope == "read":
        raise Halt(403, "this token may read only", headers={"connection": "close"})
    return token


Anybody = Annotated[Token | None, Depends(anybody)]
Somebody = Annotated[Token, Depends(somebody)]
Maintainer = Annotated[Token, Depends(maintainer)]
Submitter = Annotated[Token, Depends(submitter)]


def is_owner(token: Token | None, submission: Submission) -> bool:
    """Whether a token's team made a submission, or maintains the board."""
    return token is not None and (token.scope == "maintain" or token.team == submission.team)


def visible(board: Board, submission_id: str, token: Token | None) -> Submission:
    """A submission for whoever asks; hidden ones are there for their team and the maintainers alone.

    Raises:
        NotFound: not there, or not for them; the two are not told apart.
    """
    submission = board.store.submission(submission_id)
    if submission.state == "hidden" and not is_owner(token, submission):
        raise NotFound("no such thing")
    return submission


def own(board: Board, submission_id: str, token: Token) -> Submission:
    """A submission of the token's team.

    Raises:
        NotFound: not there, or of another team.
    """
    submission = visible(board, submission_id, token)
    if not is_owner(token, submission):
        raise NotFound("no such thing")
    return submission


def actor(token: Token) -> str:
    """How the audit log names whoever holds a token."""
    return f"token {token.id}"
