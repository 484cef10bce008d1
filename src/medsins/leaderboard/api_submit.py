"""The API's writing side for teams: submit a file or a link, withdraw; and the check of contributed task files."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import anyio.to_thread
from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ValidationError

from medsins.core.errors import Problem

from ._access import Submitter, actor, own
from ._schemas import FindingsOut, LinkIn, ReasonIn, SubmissionIn, SubmissionOut
from .api import PREFIX, Id, describe, errors
from .board import BoardOf
from .contribute import findings
from .replies import Halt
from .submitting import submit_file, submit_link
from .uploads import received

Told = TypeVar("Told", bound=BaseModel)
Key = Annotated[str, Header(alias="idempotency-key", max_length=100, pattern=r"^[\x21-\x7e]*$")]

router = APIRouter(prefix=PREFIX, tags=["submitting"])

_FILE = {"type": "string", "format": "binary"}
_FIELDS = SubmissionIn.model_json_schema()


def _body(fields: dict[str, Any], required: list[str]) -> dict[str, Any]:
    form = {"type": "object", "properties": {**fields, "file": _FILE}, "required": [*required, "file"]}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}}}


def parsed(kind: type[Told], fields: dict[str, str]) -> Told:
    """The fields of a form as what they should be.

    Raises:
        Halt: 422 with every problem.
    """
    given = {name: value for name, value in fields.items() if value != ""}
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        problems = [Problem(one["msg"], ".".join(map(str, one["loc"]))) for one in error.errors()]
        raise Halt(422, *problems) from None


@router.post(
    "/submissions",
    status_code=201,
    response_model=SubmissionOut,
    responses=errors(401, 403, 408, 409, 413, 415, 422),
    openapi_extra=_body(_FIELDS["properties"], _FIELDS["required"]),
)
async def submit(board: BoardOf, token: Submitter, request: Request, response: Response, key: Key = "") -> Any:
    """Submit predictions: CSV (plain or gzip), Parquet, or a zip of a run directory, with the model's card as further
    fields. Send an ``Idempotency-Key`` to be able to send the same again when a reply was lost."""
    async with received(request, board.settings) as upload:
        told = parsed(SubmissionIn, dict(upload.fields))
        submission = await anyio.to_thread.run_sync(
            submit_file, board, token.team, told, upload, key, limiter=board.readers
        )
    shown = await anyio.to_thread.run_sync(describe, board, submission, token)
    response.headers["location"] = f"{PREFIX}/submissions/{submission.id}"
    return shown


@router.post("/links", status_code=201, response_model=SubmissionOut, responses=errors(401, 403, 409, 422))
def link(board: BoardOf, token: Submitter, told: LinkIn, response: Response, key: Key = "") -> SubmissionOut:
    """Ask the maintainers to run a model. The server fetches nothing; a maintainer looks at the link."""
    submission = submit_link(board, token.team, told, key)
    response.headers["location"] = f"{PREFIX}/submissions/{submission.id}"
    return describe(board, submission, token)


@router.post(
    "/submissions/{submission}/withdraw", response_model=SubmissionOut, responses=errors(401, 403, 404, 409, 422)
)
def withdraw(board: BoardOf, token: Submitter, submission: Id, told: ReasonIn) -> SubmissionOut:
    """Withdraw a submission of your team: answers and scores are deleted, a dated tombstone with the reason stays."""
    found = own(board, submission, token)
    return describe(board, board.store.withdraw(found.id, told.reason, actor(token)), token)


@router.post(
    "/check",
    response_model=FindingsOut,
    responses=errors(408, 413, 415, 422),
    openapi_extra=_body({}, []),
)
async def check(board: BoardOf, request: Request) -> Any:
    """Check a task file (JSON, JSONL, Excel or Parquet) as ``medsins tasks validate`` does; nothing is kept."""
    async with received(request, board.settings) as upload:
        return await anyio.to_thread.run_sync(findings, upload, limiter=board.readers)
