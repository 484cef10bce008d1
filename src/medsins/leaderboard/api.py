"""The API's reading side, under ``/api/v1``: versions, models, submissions, what is published."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse, Response

from ._access import Anybody, Somebody, is_owner, visible
from ._schemas import VERSION_ID, ErrorOut, MeOut, ModelOut, PublishedOut, SubmissionOut, VersionOut
from .board import Board, BoardOf
from .records import Part, Submission, Token

PREFIX = "/api/v1"
PARTS: tuple[Part, ...] = ("open", "private")
VersionId = Annotated[str, Path(pattern=VERSION_ID)]
Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
OptionalId = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,110}$")]

_WORDS = {
    400: "no request that can be understood",
    401: "the token opens nothing here",
    403: "not with this token",
    404: "nothing there, or nothing that you may see",
    408: "the upload came too slowly",
    409: "a rule of the board says no",
    411: "the length of the body is not told",
    413: "too large",
    415: "not in this form",
    422: "something in it is wrong; every problem is named",
    429: "too often; Retry-After says when again",
    503: "the database is busy; nothing was changed, ask again",
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How the API document describes what may go wrong."""
    return {status: {"model": ErrorOut, "description": _WORDS[status]} for status in (400, *statuses, 429, 503)}


router = APIRouter(prefix=PREFIX, tags=["reading"])


def shared(value: Any) -> Response:
    """A reply that everybody may get the same, kept by data version."""
    return JSONResponse(jsonable_encoder(value), headers={"cache-control": "public, no-cache"})


@router.get("/versions", response_model=list[VersionOut], responses=errors())
def versions(board: BoardOf) -> Response:
    """All benchmark versions, newest first."""
    now = datetime.now(UTC)
    return shared([VersionOut.of(version, now) for version in board.store.versions()])


@router.get("/versions/{version}", response_model=VersionOut, responses=errors(404, 422))
def version(board: BoardOf, version: VersionId) -> Response:
    """One benchmark version with its tasks."""
    return shared(VersionOut.of(board.store.version(version), datetime.now(UTC)))


@router.get("/versions/{version}/published", response_model=list[PublishedOut], responses=errors(404, 422))
def published(board: BoardOf, version: VersionId) -> Response:
    """What the board shows now for each model, without the score documents (a submission has its own)."""
    board.store.version(version)
    return shared([PublishedOut.of(one, False) for part in PARTS for one in board.store.published(version, part)])


@router.get("/versions/{version}/history", response_model=list[PublishedOut], responses=errors(404, 422))
def history(board: BoardOf, version: VersionId) -> Response:
    """All that the board ever showed, oldest first."""
    board.store.version(version)
    return shared([PublishedOut.of(one, False) for one in board.store.history(version)])


@router.get("/models", response_model=list[ModelOut], responses=errors())
def models(board: BoardOf) -> Response:
    """All models that are shown."""
    return shared([ModelOut.model_validate(model) for model in board.store.models()])


@router.get("/models/{model}", response_model=ModelOut, responses=errors(404, 422))
def model(board: BoardOf, model: Id) -> Response:
    """One model's card."""
    shown = next((one for one in board.store.models() if one.id == model), None)
    return shared(ModelOut.model_validate(shown or board.store.model("")))


@router.get("/submissions", response_model=list[SubmissionOut], responses=errors(422))
def submissions(
    board: BoardOf, version: OptionalId = None, team: OptionalId = None, model: OptionalId = None
) -> Response:
    """Every attempt, newest first; hidden ones are left out, withdrawn ones stay as tombstones."""
    found = board.store.submissions(version=version, team=team, model=model)
    return shared([describe(board, one, None) for one in found if one.state != "hidden"])


@router.get("/submissions/{submission}", response_model=SubmissionOut, responses=errors(401, 404, 422))
def submission(board: BoardOf, submission: Id, token: Anybody, request: Request) -> Response:
    """One attempt: its state, how far its scoring is, and what is published of it. Ask again until ``state`` is neither
    ``queued`` nor ``scoring``."""
    found = visible(board, submission, token)
    return JSONResponse(jsonable_encoder(describe(board, found, token, whole=True)))


@router.get("/me", response_model=MeOut, responses=errors(401))
def me(token: Somebody) -> MeOut:
    """What the token that was sent is."""
    return MeOut.of(token)


def describe(board: Board, submission: Submission, token: Token | None, whole: bool = False) -> SubmissionOut:
    """A submission as JSON; ``whole`` adds its progress and the score documents that are published."""
    store = board.store
    waiting = submission.state in ("queued", "scoring")
    progress = store.progress(submission.id) if whole and waiting else 0.0 if waiting else 1.0
    told = SubmissionOut.of(submission, f"{board.settings.url}/submission/{submission.id}", progress)
    if whole and submission.state == "scored":
        shown = [one for part in PARTS for one in store.published(submission.version, part)]
        told.published = [PublishedOut.of(one, True) for one in shown if one.submission == submission.id]
    if is_owner(token, submission):
        told.noticed = dict(submission.intake)
    return told
