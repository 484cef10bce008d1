"""Versions, teams and tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update

from medsins.core.errors import Problem
from medsins.core.files import digest

from . import _rows, _schema, _secrets
from ._blobs import pack_items
from ._chain import Writing
from ._schema import submissions, teams, tokens, versions
from ._sql_base import SqlPart, check_name, enqueue, one
from .interface import Amended, Refused
from .records import Item, Scope, Team, Token, Version

BLOCK = 4096
"""Instances in a compressed block: enough to compress well, few enough to hold in memory."""


class Admin(SqlPart):
    """See ``Store``."""

    def add_version(self, version: Version, items: Iterable[Item], actor: str) -> None:
        """See ``Store``. Rows must count from 0, in order."""
        check_name("the id of the version", version.id)
        blocks = list(_blocks(items))
        rows = sum(count for _, count, _ in blocks)
        with self._db.write() as writing:
            taken = select(versions.c.id).where(versions.c.id == version.id)
            if writing.connection.execute(taken).first():
                mend = "use another id, or correct its references with `medsins board version amend`"
                raise Refused(Problem("there is such a version", version.id, mend))
            values = _rows.version_values(version, rows)
            writing.connection.execute(insert(versions).values(values))
            _keep_blocks(writing.connection, version.id, blocks)
            detail = _version_detail(values, blocks) | {"until": iso(version.active_until)}
            writing.log(actor, "version.add", version.id, detail)

    def amend_version(self, amended: Amended, actor: str) -> int:
        """See ``Store``. A worker that scores on the old references meanwhile is done again by the job queued here."""
        version, blocks = amended.version, list(_blocks(amended.items))
        rows = sum(count for _, count, _ in blocks)
        with self._db.write() as writing:
            connection = writing.connection
            old = one(connection, versions, version.id, "version")
            if (old.digest, old.rows) != (amended.before, rows):
                mend = "read it again, and correct what it is now"
                raise Refused(Problem("the version was changed meanwhile", version.id, mend))
            values = _rows.version_values(version, rows)
            change = {name: values[name] for name in ("tasks", "digest")}
            connection.execute(update(versions).where(versions.c.id == version.id).values(change))
            connection.execute(delete(_schema.items).where(_schema.items.c.version == version.id))
            _keep_blocks(connection, version.id, blocks)
            detail = _version_detail(values, blocks) | {
                "before": amended.before,
                "corrected": amended.corrected,
                "reason": amended.reason,
                "errata": amended.errata,
                "jobs": _score_again(writing, version.id),
            }
            writing.log(actor, "version.amend", version.id, detail)
            return len(detail["jobs"])

    def close_version(self, version_id: str, at: datetime, actor: str) -> None:
        """See ``Store``."""
        with self._db.write() as writing:
            until = one(writing.connection, versions, version_id, "version").active_until
            if until is not None and until <= writing.at:
                raise Refused(Problem("the version is closed already", version_id))
            writing.connection.execute(update(versions).where(versions.c.id == version_id).values(active_until=at))
            writing.log(actor, "version.close", version_id, {"until": iso(at)})

    def add_team(self, team: Team, actor: str) -> None:
        """See ``Store``."""
        check_name("the id of the team", team.id)
        check_name("the name of the team", team.name)
        with self._db.write() as writing:
            taken = select(teams.c.id).where(or_(teams.c.id == team.id, teams.c.name == team.name))
            if writing.connection.execute(taken).first():
                raise Refused(Problem("id or name of the team is taken", team.id, "choose another"))
            values = {"id": team.id, "name": team.name, "contact": team.contact, "banned": team.banned}
            writing.connection.execute(insert(teams).values(values))
            writing.log(actor, "team.add", team.id, {"name": team.name, "banned": team.banned})

    def ban_team(self, team_id: str, reason: str, actor: str) -> None:
        """See ``Store``."""
        with self._db.write() as writing:
            connection = writing.connection
            if one(connection, teams, team_id, "team").banned:
                raise Refused(Problem("the team is banned already", team_id))
            connection.execute(update(teams).where(teams.c.id == team_id).values(banned=True))
            connection.execute(update(tokens).where(tokens.c.team == team_id).values(revoked=True))
            shown = (
                submissions.c.team == team_id,
                submissions.c.state != "withdrawn",
                submissions.c.hidden.is_(False),
            )
            connection.execute(update(submissions).where(*shown).values(hidden=True, reason=reason))
            writing.log(actor, "team.ban", team_id, {"reason": reason})

    def add_token(self, team_id: str, scope: Scope, expires: datetime | None, actor: str) -> tuple[Token, str]:
        """See ``Store``."""
        with self._db.write() as writing:
            if one(writing.connection, teams, team_id, "team").banned:
                raise Refused(Problem("the team is banned", team_id))
            token = Token(_secrets.new_id(), team_id, scope, writing.at, expires)
            secret = _secrets.new_secret(token.id)
            values = {
                "id": token.id,
                "team": team_id,
                "scope": scope,
                "created": token.created,
                "expires": expires,
                "revoked": False,
                "secret_sha256": _secrets.fingerprint(secret),
            }
            writing.connection.execute(insert(tokens).values(values))
            writing.log(actor, "token.add", token.id, {"team": team_id, "scope": scope, "expires": iso(expires)})
        return token, secret

    def revoke_token(self, token_id: str, reason: str, actor: str) -> None:
        """See ``Store``."""
        with self._db.write() as writing:
            if one(writing.connection, tokens, token_id, "token").revoked:
                raise Refused(Problem("the token is revoked already", token_id))
            writing.connection.execute(update(tokens).where(tokens.c.id == token_id).values(revoked=True))
            writing.log(actor, "token.revoke", token_id, {"reason": reason})

    def authenticate(self, secret: str) -> Token | None:
        """See ``Store``."""
        query = (
            select(tokens, teams.c.banned)
            .join(teams, teams.c.id == tokens.c.team)
            .where(tokens.c.id == _secrets.public_id(secret))
        )
        with self._db.read() as connection:
            row = connection.execute(query).first()
        if not _secrets.matches(secret, row.secret_sha256 if row else None) or row is None:
            return None
        expired = row.expires is not None and row.expires <= self._db.now()
        return None if expired or row.revoked or row.banned else _rows.to_token(row)


def _blocks(found: Iterable[Item]) -> Iterator[tuple[int, int, bytes]]:
    """First row, number of rows and compressed data of each block."""
    remaining, row = iter(found), 0
    while block := list(islice(remaining, BLOCK)):
        for offset, item in enumerate(block):
            if item.row != row + offset:
                raise Refused(Problem(f"row {item.row} where row {row + offset} should be", item.task_id))
        yield row, len(block), pack_items(block)
        row += len(block)


def _keep_blocks(connection: Connection, version_id: str, blocks: Sequence[tuple[int, int, bytes]]) -> None:
    for first, _, data in blocks:
        connection.execute(insert(_schema.items).values({"version": version_id, "first": first, "data": data}))


def _version_detail(values: Mapping[str, Any], blocks: Sequence[tuple[int, int, bytes]]) -> dict[str, Any]:
    """What the log keeps of a version's content."""
    return {
        "digest": values["digest"],
        "rows": values["rows"],
        "tasks": digest(values["tasks"]),
        "items": [hashlib.sha256(data).hexdigest() for _, _, data in blocks],
    }


def _score_again(writing: Writing, version_id: str) -> list[tuple[int, str]]:
    """Jobs for all that was scored, or is being scored, on a version; numbers and submissions."""
    scored = (submissions.c.version == version_id, submissions.c.state.in_(("scored", "scoring")))
    query = select(submissions.c.id).where(*scored).order_by(submissions.c.received, submissions.c.id)
    names = list(writing.connection.execute(query).scalars())
    return [(number, name) for name in names if (number := enqueue(writing, name, "rescore")) is not None]


def iso(at: datetime | None) -> str | None:
    """A moment as the log writes it: UTC."""
    return None if at is None else at.astimezone(UTC).isoformat()
