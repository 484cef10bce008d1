"""Reading the board: nothing here changes anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select

from . import _rows
from ._blobs import unpack_answers, unpack_items, unpack_truncated
from ._chain import to_entry
from ._schema import answers, audit, flags, items, jobs, models, published, scores, submissions, teams, tokens, versions
from ._sql_base import HIGHEST, SqlPart, one
from .records import Amendment, Entry, Flag, Item, ModelCard, Part, Published, Scores, Submission, Team, Token, Version

VISIBLE: ColumnElement[bool] = and_(submissions.c.state != "withdrawn", submissions.c.hidden.is_(False))


class Reads(SqlPart):
    """See ``Store``."""

    def data_version(self) -> int:
        """See ``Store``."""
        return self._db.look().data

    def prompt_version(self) -> int:
        """See ``Store``."""
        return self._db.look().prompt

    def versions(self) -> list[Version]:
        """See ``Store``."""
        query = select(versions).order_by(versions.c.active_from.desc(), versions.c.id.desc())
        with self._db.read() as connection:
            return [_rows.to_version(row) for row in connection.execute(query)]

    def version(self, version_id: str) -> Version:
        """See ``Store``."""
        with self._db.read() as connection:
            return _rows.to_version(one(connection, versions, version_id, "version"))

    def items(self, version_id: str) -> Iterator[Item]:
        """See ``Store``. One block at a time, so that a slow reader holds up nobody."""
        with self._db.read() as connection:
            one(connection, versions, version_id, "version")
            query = select(items.c.first).where(items.c.version == version_id).order_by(items.c.first)
            blocks = list(connection.execute(query).scalars())
        return self._items(version_id, blocks)

    def _items(self, version_id: str, blocks: list[int]) -> Iterator[Item]:
        for first in blocks:
            query = select(items.c.data).where(items.c.version == version_id, items.c.first == first)
            with self._db.read() as connection:
                data = connection.execute(query).scalar_one()
            yield from unpack_items(data)

    def amendments(self, version_id: str) -> list[Amendment]:
        """See ``Store``; the audit log is where they are kept."""
        query = select(audit).where(audit.c.action == "version.amend", audit.c.subject == version_id)
        with self._db.read() as connection:
            one(connection, versions, version_id, "version")
            rows = connection.execute(query.order_by(audit.c.seq)).all()
        names = ("reason", "corrected", "before", "digest")
        return [Amendment(version_id, row.at, **{name: row.detail[name] for name in names}) for row in rows]

    def models(self) -> list[ModelCard]:
        """See ``Store``."""
        shown = select(submissions.c.id).where(submissions.c.model == models.c.id, VISIBLE).exists()
        with self._db.read() as connection:
            found = connection.execute(select(models).where(shown).order_by(models.c.id))
            return [_rows.to_model(row) for row in found]

    def model(self, model_id: str) -> ModelCard:
        """See ``Store``."""
        with self._db.read() as connection:
            return _rows.to_model(one(connection, models, model_id, "model"))

    def team(self, team_id: str) -> Team:
        """See ``Store``."""
        with self._db.read() as connection:
            return _rows.to_team(one(connection, teams, team_id, "team"))

    def teams(self) -> list[Team]:
        """See ``Store``."""
        with self._db.read() as connection:
            found = [_rows.to_team(row) for row in connection.execute(select(teams))]
        return sorted(found, key=lambda team: (team.name.casefold(), team.id))

    def token(self, token_id: str) -> Token:
        """See ``Store``."""
        with self._db.read() as connection:
            return _rows.to_token(one(connection, tokens, token_id, "token"))

    def tokens(self, team: str | None = None) -> list[Token]:
        """See ``Store``."""
        query = select(tokens).order_by(tokens.c.created.desc(), tokens.c.id)
        if team is not None:
            query = query.where(tokens.c.team == team)
        with self._db.read() as connection:
            return [_rows.to_token(row) for row in connection.execute(query)]

    def submissions(
        self, version: str | None = None, team: str | None = None, model: str | None = None
    ) -> list[Submission]:
        """See ``Store``."""
        query = select(submissions)
        for column, wanted in (("version", version), ("team", team), ("model", model)):
            if wanted is not None:
                query = query.where(submissions.c[column] == wanted)
        query = query.order_by(submissions.c.received.desc(), submissions.c.attempt.desc(), submissions.c.id)
        with self._db.read() as connection:
            return [_rows.to_submission(row) for row in connection.execute(query)]

    def submission(self, submission_id: str) -> Submission:
        """See ``Store``."""
        with self._db.read() as connection:
            return _rows.to_submission(one(connection, submissions, submission_id, "submission"))

    def answers(self, submission_id: str) -> list[str | None]:
        """See ``Store``. Empty for a link that was not run yet, and for what was withdrawn."""
        data = self._answers(submission_id)
        return [] if data is None else unpack_answers(data)

    def truncated(self, submission_id: str) -> frozenset[int]:
        """See ``Store``."""
        data = self._answers(submission_id)
        return frozenset() if data is None else unpack_truncated(data)

    def _answers(self, submission_id: str) -> bytes | None:
        with self._db.read() as connection:
            one(connection, submissions, submission_id, "submission")
            query = select(answers.c.data).where(answers.c.submission == submission_id)
            data: bytes | None = connection.execute(query).scalar()
        return data

    def progress(self, submission_id: str) -> float:
        """See ``Store``."""
        query = select(jobs.c.state, jobs.c.progress).where(
            jobs.c.submission == submission_id, jobs.c.state.in_(("waiting", "leased"))
        )
        with self._db.read() as connection:
            one(connection, submissions, submission_id, "submission")
            rows = connection.execute(query.order_by(jobs.c.id)).all()
        return 1.0 if not rows else rows[0].progress if rows[0].state == "leased" else 0.0

    def scores(self, submission_id: str, part: Part) -> Scores | None:
        """See ``Store``."""
        with self._db.read() as connection:
            one(connection, submissions, submission_id, "submission")
            query = select(scores).where(scores.c.submission == submission_id, scores.c.part == part)
            row = connection.execute(query).first()
        return None if row is None else _rows.to_scores(row)

    def scored_as(self) -> Mapping[str, tuple[str, str]]:
        """See ``Store``."""
        query = select(scores.c.submission, scores.c.version_digest, scores.c.metric_digest)
        with self._db.read() as connection:
            return {row[0]: (row[1], row[2]) for row in connection.execute(query)}

    def published(self, version_id: str, part: Part = "open") -> list[Published]:
        """See ``Store``: of each model the newest that is neither hidden nor withdrawn."""
        shown = (
            select(func.max(published.c.id))
            .join(submissions, submissions.c.id == published.c.submission)
            .where(published.c.version == version_id, published.c.part == part, VISIBLE)
            .group_by(published.c.model)
        )
        return self._published(version_id, published.c.id.in_(shown), published.c.model)

    def history(self, version_id: str) -> list[Published]:
        """See ``Store``. What was hidden is left out, what was withdrawn is gone."""
        seen = published.c.submission.in_(select(submissions.c.id).where(VISIBLE))
        return self._published(version_id, and_(published.c.part == "open", seen), published.c.id)

    def _published(self, version_id: str, condition: ColumnElement[bool], order: ColumnElement[Any]) -> list[Published]:
        """Documents are parsed once; an id may be taken again after a withdrawal, so their key holds more than that."""
        own = [column for column in published.c if column.name != "document"]
        query = select(*own).where(published.c.version == version_id, condition).order_by(order)

        with self._db.read() as connection:
            one(connection, versions, version_id, "version")
            rows = {(row.id, row.submission, row.at): row for row in connection.execute(query)}

            def read(missing: list[Any]) -> dict[Any, Any]:
                found: dict[int, Any] = {}
                for start in range(0, len(missing), 1_000):
                    ids = [key[0] for key in missing[start : start + 1_000]]
                    chosen = select(published.c.id, published.c.document).where(published.c.id.in_(ids))
                    found.update((row.id, row.document) for row in connection.execute(chosen))
                return {key: found[key[0]] for key in missing}

            documents = self._documents.get_all(list(rows), read)
        return [_rows.to_published(row, documents[key]) for key, row in rows.items()]

    def flags(self, submission_id: str | None = None) -> list[Flag]:
        """See ``Store``; oldest first."""
        query = select(flags).order_by(flags.c.id)
        if submission_id is not None:
            query = query.where(flags.c.submission == submission_id)
        with self._db.read() as connection:
            return [_rows.to_flag(row) for row in connection.execute(query)]

    def entries(self, after: int = 0, limit: int = 1000) -> list[Entry]:
        """See ``Store``."""
        first, most = min(max(after, 0), HIGHEST), min(max(limit, 0), HIGHEST)
        query = select(audit).where(audit.c.seq > first).order_by(audit.c.seq).limit(most)
        with self._db.read() as connection:
            return [to_entry(row) for row in connection.execute(query)]
