"""Rows of tables as the records of the board, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

from sqlalchemy import Row

from ._blobs import unpack_samples
from ._types import storable
from .records import Flag, Job, ModelCard, Published, Scores, State, Submission, Team, Token, Version, VersionTask

PUBLISHED = ("version", "model", "submission", "part", "document", "at", "attempts", "note")


def to_version(row: Row[Any]) -> Version:
    """A version; its instances are read apart."""
    tasks = tuple(VersionTask(**task) for task in row.tasks)
    return Version(row.id, row.title, row.active_from, row.active_until, tasks, row.notes, row.digest)


def version_values(version: Version, rows: int) -> dict[str, Any]:
    """The row of a version with so many instances."""
    return {
        "id": version.id,
        "title": version.title,
        "active_from": version.active_from,
        "active_until": version.active_until,
        "tasks": [asdict(task) for task in version.tasks],
        "notes": version.notes,
        "digest": version.digest,
        "rows": rows,
    }


def to_team(row: Row[Any]) -> Team:
    """A team."""
    return Team(row.id, row.name, row.contact, row.banned)


def to_token(row: Row[Any]) -> Token:
    """A token, without what is kept of its secret."""
    return Token(row.id, row.team, row.scope, row.created, row.expires, row.revoked)


def to_model(row: Row[Any]) -> ModelCard:
    """A model card."""
    return ModelCard(**row.card)


def card_values(card: ModelCard) -> dict[str, Any]:
    """A card as it is kept: its texts have neither NUL nor lone surrogates, like those in other columns."""
    return {name: storable(value) if isinstance(value, str) else value for name, value in asdict(card).items()}


def to_submission(row: Row[Any]) -> Submission:
    """An attempt. Hidden lies over the state of the scoring, withdrawn over hidden."""
    hidden = row.hidden and row.state != "withdrawn"
    return Submission(
        id=row.id,
        version=row.version,
        model=row.model,
        team=row.team,
        attempt=row.attempt,
        kind=row.kind,
        state=cast("State", "hidden" if hidden else row.state),
        received=row.received,
        sha256=row.sha256,
        intake=row.intake,
        claims=row.claims,
        reason=row.reason or row.failure,
        ended=row.ended,
    )


def to_scores(row: Row[Any]) -> Scores:
    """Scores with their samples."""
    samples = unpack_samples(row.samples)
    return Scores(row.submission, row.part, row.version_digest, row.metric_digest, row.document, samples, row.scored)


def to_published(row: Row[Any], document: Mapping[str, Any]) -> Published:
    """What was or is shown, with its document."""
    return Published(**{name: getattr(row, name) for name in PUBLISHED if name != "document"}, document=document)


def to_flag(row: Row[Any]) -> Flag:
    """A flag."""
    return Flag(row.id, row.submission, row.kind, row.detail, row.at, row.settled)


def to_job(row: Row[Any]) -> Job:
    """A job under lease."""
    return Job(row.id, row.kind, row.submission, row.fence, row.attempts, row.leased_until, row.progress)
