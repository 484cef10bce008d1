"""The API for maintainers: flags, hiding, banning, scoring again, answers of models that were run, the audit log.

For all others these addresses hold nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import StreamingResponse

from ._access import Maintainer, actor
from ._schemas import FlagOut, Out, ReasonIn, SubmissionOut, VerdictIn
from .api import PREFIX, Id, VersionId, describe, errors
from .board import Board, BoardOf
from .records import Submission
from .submitting import read_file
from .uploads import Upload, received

router = APIRouter(prefix=PREFIX, tags=["maintaining"])


class EntryOut(Out):
    """A line of the audit log."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    previous: str
    hash: str


class QueuedOut(Out):
    """How many jobs are new."""

    queued: int


@router.get("/flags", response_model=list[FlagOut], responses=errors(401, 404))
def flags(board: BoardOf, token: Maintainer) -> list[FlagOut]:
    """What waits for a look, and what was settled."""
    return [FlagOut.of(flag) for flag in board.store.flags()]


@router.post("/flags/{flag}/settle", status_code=204, responses=errors(401, 404, 422))
def settle(board: BoardOf, token: Maintainer, flag: Annotated[int, Path(ge=1, le=2**31 - 1)], told: VerdictIn) -> None:
    """Note what was decided about a flag."""
    board.store.settle_flag(flag, told.verdict, actor(token))


@router.post("/submissions/{submission}/hide", response_model=SubmissionOut, responses=errors(401, 404, 409, 422))
def hide(board: BoardOf, token: Maintainer, submission: Id, told: ReasonIn) -> SubmissionOut:
    """Show a submission nowhere; everything is kept."""
    return describe(board, board.store.hide(submission, told.reason, actor(token)), token)


@router.post("/submissions/{submission}/restore", response_model=SubmissionOut, responses=errors(401, 404, 409, 422))
def restore(board: BoardOf, token: Maintainer, submission: Id, told: ReasonIn) -> SubmissionOut:
    """Show again what was hidden."""
    return describe(board, board.store.restore(submission, told.reason, actor(token)), token)


@router.post(
    "/submissions/{submission}/rescore", status_code=202, response_model=QueuedOut, responses=errors(401, 404, 409, 422)
)
def rescore(board: BoardOf, token: Maintainer, submission: Id) -> QueuedOut:
    """Score a submission again."""
    board.store.submission(submission)
    return QueuedOut(queued=board.store.queue([submission], "rescore", actor(token)))


@router.post("/teams/{team}/ban", status_code=204, responses=errors(401, 404, 409, 422))
def ban(board: BoardOf, token: Maintainer, team: Id, told: ReasonIn) -> None:
    """Take nothing more from a team, revoke its tokens, hide what it submitted."""
    board.store.ban_team(team, told.reason, actor(token))


@router.get("/log", response_model=list[EntryOut], responses=errors(401, 404, 422))
def log(
    board: BoardOf,
    token: Maintainer,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> list[EntryOut]:
    """The audit log after a sequence number."""
    return [EntryOut.model_validate(entry) for entry in board.store.entries(after, limit)]


@router.get(
    "/versions/{version}/instances",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/jsonl": {"schema": {"type": "string"}}}}, **errors(401, 404, 422)},
)
def instances(board: BoardOf, token: Maintainer, version: VersionId) -> StreamingResponse:
    """The instances of a version without their references, one JSON object a line: what a model is asked."""
    found = board.store.version(version)

    def lines() -> Iterator[str]:
        for item in board.store.items(found.id):
            told = {"task_id": item.task_id, "instance_id": item.instance_id, "input": item.input}
            yield json.dumps(told, ensure_ascii=False) + "\n"

    return StreamingResponse(lines(), media_type="application/jsonl")


@router.post(
    "/submissions/{submission}/answers",
    response_model=SubmissionOut,
    responses=errors(401, 404, 408, 409, 413, 415, 422),
    openapi_extra={
        "requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}}
    },
)
async def answers(board: BoardOf, token: Maintainer, submission: Id, request: Request) -> Any:
    """The answers of a model that a maintainer ran, as a predictions file; its scoring is queued."""
    found = await anyio.to_thread.run_sync(board.store.submission, submission)
    async with received(request, board.settings) as upload:
        changed = await anyio.to_thread.run_sync(_attach, board, found, upload, actor(token), limiter=board.readers)
    return await anyio.to_thread.run_sync(describe, board, changed, token)


def _attach(board: Board, found: Submission, upload: Upload, who: str) -> Submission:
    taken = read_file(board, board.store.version(found.version), upload)
    return board.store.attach_answers(found.id, taken.answers, taken.report, upload.sha256, who, taken.truncated)
