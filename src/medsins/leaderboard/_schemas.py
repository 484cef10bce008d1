"""The JSON of the API: what goes out, what comes in, and how the board's records become it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from .records import Flag, Published, Submission, Token, Version

VERSION_ID = r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,110}$"


def _clean(text: str) -> str:
    """A line of text without control characters."""
    if not text.isprintable():
        raise ValueError("must be one line of printable characters")
    return text


def _prose(text: str) -> str:
    if not all(c.isprintable() or c in "\n\t" for c in text):
        raise ValueError("must hold no control characters")
    return text


Line = Annotated[str, Field(max_length=300), AfterValidator(_clean)]
Prose = Annotated[str, Field(max_length=2_000), AfterValidator(_prose)]
Reason = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_clean)]
Weights = Literal["open", "closed", "unknown"]


class In(BaseModel):
    """What comes in: unknown names are an error."""

    model_config = ConfigDict(extra="forbid")


class ModelIn(In):
    """A model as its submitter describes it."""

    name: Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_clean)]
    parameters: Annotated[float | None, Field(gt=0, le=1_000_000, description="in billions")] = None
    weights: Weights = "unknown"
    licence: Line = ""
    training_data: Prose = ""
    link: Annotated[Line, Field(pattern=r"^(https?://[^\s<>\"']{1,290})?$")] = ""
    medical: bool | None = None


class ClaimsIn(In):
    """How the answers came about, as the submitter says."""

    protocol: Line = ""
    shots: Line = ""
    sampling: Line = ""
    remarks: Prose = ""


class SubmissionIn(ModelIn, ClaimsIn):
    """The fields that go with an uploaded file."""

    version: Annotated[str, Field(pattern=VERSION_ID)]

    def claims(self) -> dict[str, Any]:
        """What is claimed, without what is not said."""
        return {key: value for key in ClaimsIn.model_fields if (value := getattr(self, key)) not in ("", None)}


class LinkIn(SubmissionIn):
    """A model for the maintainers to run: ``link`` says where it is; the server does not fetch it."""

    link: Annotated[str, Field(pattern=r"^https?://[^\s<>\"']{1,290}$")]


class ReasonIn(In):
    """Why; it is shown on the board."""

    reason: Reason


class VerdictIn(In):
    """What a maintainer decided about a flag."""

    verdict: Reason


class Out(BaseModel):
    """What goes out, made from a record of the board."""

    model_config = ConfigDict(from_attributes=True)


class ProblemOut(Out):
    """One thing that is wrong: what, where, what to do."""

    what: str
    place: str
    mend: str


class ErrorOut(Out):
    """A request that failed."""

    status: int
    title: str
    problems: list[ProblemOut]


class TaskOut(Out):
    """A task of a version."""

    task_id: str
    category: str
    definition: str
    language: str
    digest: str
    rows: int
    private_rows: int


class VersionOut(Out):
    """A dated state of the benchmark."""

    id: str
    title: str
    active: bool
    active_from: datetime
    active_until: datetime | None
    notes: str
    digest: str
    tasks: list[TaskOut]

    @classmethod
    def of(cls, version: Version, now: datetime) -> VersionOut:
        """From a record, at a moment."""
        tasks = [TaskOut.model_validate(task) for task in version.tasks]
        names = ("id", "title", "active_from", "active_until", "notes", "digest")
        return cls(active=version.active(now), tasks=tasks, **{name: getattr(version, name) for name in names})


class ModelOut(Out):
    """A model's card."""

    id: str
    team: str
    name: str
    parameters: float | None
    weights: Weights
    licence: str
    training_data: str
    link: str
    medical: bool | None


class PublishedOut(Out):
    """What the board shows of a submission on a part; ``document`` has the shape of ``scores.json``."""

    version: str
    model: str
    submission: str
    part: Literal["open", "private"]
    at: datetime
    attempts: int
    note: str
    document: dict[str, Any] | None = None

    @classmethod
    def of(cls, shown: Published, whole: bool) -> PublishedOut:
        """From a record, with its document or without."""
        names = ("version", "model", "submission", "part", "at", "attempts", "note")
        document: Mapping[str, Any] | None = shown.document if whole else None
        return cls(document=dict(document) if document is not None else None, **{n: getattr(shown, n) for n in names})


class SubmissionOut(Out):
    """One attempt. ``published`` is what the board shows of it; a later attempt that is no better than noise shows
    nothing of its own."""

    id: str
    url: str
    version: str
    model: str
    team: str
    attempt: int
    kind: str
    state: str
    progress: float
    received: datetime
    ended: datetime | None
    reason: str
    claims: dict[str, Any]
    published: list[PublishedOut] = []
    noticed: dict[str, Any] | None = Field(None, description="what was noticed in the file; only for its team")

    @classmethod
    def of(cls, submission: Submission, url: str, progress: float) -> SubmissionOut:
        """From a record, without what only its team may see."""
        names = ("id", "version", "model", "team", "attempt", "kind", "state", "received", "ended", "reason")
        given = {name: getattr(submission, name) for name in names}
        return cls(url=url, progress=progress, claims=dict(submission.claims), **given)


class MeOut(Out):
    """The token that was sent."""

    token: str
    team: str
    scope: str
    expires: datetime | None

    @classmethod
    def of(cls, token: Token) -> MeOut:
        """From a record."""
        return cls(token=token.id, team=token.team, scope=token.scope, expires=token.expires)


class FlagOut(Out):
    """Something for a maintainer to look at."""

    id: int
    submission: str
    kind: str
    detail: dict[str, Any]
    at: datetime
    settled: str

    @classmethod
    def of(cls, flag: Flag) -> FlagOut:
        """From a record."""
        return cls(**{name: getattr(flag, name) for name in ("id", "submission", "kind", "at", "settled")},
                   detail=dict(flag.detail))  # fmt: skip


class FindingsOut(Out):
    """What a look at a contributed task file found."""

    instances: int
    errors: int
    warnings: int
    problems: list[dict[str, Any]]
