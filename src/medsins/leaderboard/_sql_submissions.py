"""Taking submissions, and what becomes of them: withdrawn, hidden, restored, flagged."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from medsins.core.errors import Problem
from medsins.core.files import digest

from . import _rows, _schema, _secrets
from ._blobs import pack_answers
from ._chain import Writing
from ._schema import flags, jobs, models, published, scores, submissions, teams, versions
from ._sql_base import SqlPart, check_name, enqueue, insert_flags, one, submission_row
from .interface import NewSubmission, Quota, Refused
from .records import Submission


class Submissions(SqlPart):
    """See ``Store``."""

    def submit(self, new: NewSubmission, quota: Quota) -> Submission:
        """See ``Store``."""
        check_name("the id of the model", new.model.id)
        check_name("the key", new.key or "none")
        data = pack_answers(new.answers, new.truncated)  # before the lock: it takes a while
        with self._db.write() as writing:
            connection = writing.connection
            kept = _kept(connection, new)
            if kept is not None:
                return _rows.to_submission(kept)
            version = one(connection, versions, new.version, "version")
            team = one(connection, teams, new.team, "team")
            _check_open(writing, version, team)
            _check_answers(new.kind, len(new.answers), version.rows)
            _check_quota(writing, new.team, quota)
            card = _keep_model(connection, new)
            submission_id = _secrets.new_id()
            values = _values(writing, new) | {"id": submission_id, "attempt": _attempts(connection, new) + 1}
            connection.execute(insert(submissions).values(values))
            sha256, job = "", None
            if new.kind != "link":
                sha256 = _keep_answers(connection, submission_id, data)
                job = enqueue(writing, submission_id, "score")
            detail = {name: values[name] for name in ("version", "model", "team", "attempt", "kind", "sha256")}
            detail |= {"answers": sha256, "card": digest(card), "job": job}
            writing.log(f"team:{new.team}", "submission.add", submission_id, detail)
            return _rows.to_submission(one(connection, submissions, submission_id, "submission"))

    def attach_answers(
        self,
        submission_id: str,
        answers: Sequence[str | None],
        intake: Mapping[str, Any],
        sha256: str,
        actor: str,
        truncated: Sequence[int] = (),
    ) -> Submission:
        """See ``Store``. Refused where answers are there already, unless their scoring failed."""
        data = pack_answers(answers, truncated)
        with self._db.write() as writing:
            connection = writing.connection
            row = submission_row(connection, submission_id)
            there = select(_schema.answers.c.submission).where(_schema.answers.c.submission == submission_id)
            if row.kind != "link" or (row.state != "failed" and connection.execute(there).first()):
                raise Refused(Problem("the submission has its answers", submission_id))
            version = one(connection, versions, row.version, "version")
            _check_answers("answers", len(answers), version.rows)
            kept = _keep_answers(connection, submission_id, data)
            values = {"intake": intake, "sha256": sha256, "state": "queued", "failure": "", "ended": None}
            connection.execute(update(submissions).where(submissions.c.id == submission_id).values(values))
            detail = {"answers": kept, "sha256": sha256, "job": enqueue(writing, submission_id, "score")}
            writing.log(actor, "submission.answers", submission_id, detail)
            return _rows.to_submission(one(connection, submissions, submission_id, "submission"))

    def withdraw(self, submission_id: str, reason: str, actor: str) -> Submission:
        """See ``Store``. Its jobs are cancelled; a worker that is at it is refused when it is done."""
        with self._db.write() as writing:
            connection = writing.connection
            submission_row(connection, submission_id)
            for table in (_schema.answers, scores, published):
                connection.execute(delete(table).where(table.c.submission == submission_id))
            open_jobs = (jobs.c.submission == submission_id, jobs.c.state.in_(("waiting", "leased")))
            connection.execute(update(jobs).where(*open_jobs).values(state="cancelled", fence=jobs.c.fence + 1))
            values = {"state": "withdrawn", "reason": reason, "ended": writing.at, "intake": {}, "claims": {}}
            connection.execute(update(submissions).where(submissions.c.id == submission_id).values(values))
            writing.log(actor, "submission.withdraw", submission_id, {"reason": reason})
            return _rows.to_submission(one(connection, submissions, submission_id, "submission"))

    def hide(self, submission_id: str, reason: str, actor: str) -> Submission:
        """See ``Store``."""
        return self._set_hidden(submission_id, True, reason, actor)

    def restore(self, submission_id: str, reason: str, actor: str) -> Submission:
        """See ``Store``."""
        return self._set_hidden(submission_id, False, reason, actor)

    def _set_hidden(self, submission_id: str, hidden: bool, reason: str, actor: str) -> Submission:
        with self._db.write() as writing:
            connection = writing.connection
            if submission_row(connection, submission_id).hidden == hidden:
                raise Refused(
                    Problem(f"the submission is {'hidden already' if hidden else 'not hidden'}", submission_id)
                )
            values = {"hidden": hidden, "reason": reason if hidden else ""}
            connection.execute(update(submissions).where(submissions.c.id == submission_id).values(values))
            action = "submission.hide" if hidden else "submission.restore"
            writing.log(actor, action, submission_id, {"reason": reason})
            return _rows.to_submission(one(connection, submissions, submission_id, "submission"))

    def add_flag(self, submission_id: str, kind: str, detail: Mapping[str, Any]) -> None:
        """See ``Store``."""
        with self._db.write() as writing:
            one(writing.connection, submissions, submission_id, "submission")
            added = insert_flags(writing, submission_id, [(kind, detail)])
            writing.log("board", "flag.add", submission_id, {"flags": added})

    def settle_flag(self, flag_id: int, verdict: str, actor: str) -> None:
        """See ``Store``."""
        with self._db.write() as writing:
            row = one(writing.connection, flags, flag_id, "flag")
            writing.connection.execute(update(flags).where(flags.c.id == flag_id).values(settled=verdict))
            writing.log(actor, "flag.settle", row.submission, {"flag": flag_id, "verdict": verdict})


def _kept(connection: Connection, new: NewSubmission) -> Row[Any] | None:
    if not new.key:
        return None
    return connection.execute(
        select(submissions).where(submissions.c.team == new.team, submissions.c.key == new.key)
    ).first()


def _check_open(writing: Writing, version: Row[Any], team: Row[Any]) -> None:
    if team.banned:
        raise Refused(Problem("nothing more is taken from this team", team.id))
    if not _rows.to_version(version).active(writing.at):
        raise Refused(Problem("this version takes no submissions now", version.id, "submit for an active version"))


def _check_answers(kind: str, count: int, rows: int) -> None:
    wanted = 0 if kind == "link" else rows
    if count != wanted:
        raise Refused(Problem(f"{count} answers where {wanted} belong"))


def _check_quota(writing: Writing, team: str, quota: Quota) -> None:
    received = submissions.c.received
    query = select(received).where(submissions.c.team == team, received > writing.at - quota.window)
    times = list(writing.connection.execute(query.order_by(received.desc()).limit(quota.limit)).scalars())
    if len(times) >= quota.limit:
        mend = "ask the maintainers"
        if times:
            free = times[-1] + quota.window + timedelta(seconds=59)
            mend = f"the next one is taken from {free:%Y-%m-%d %H:%M} UTC on"
        days = f"{quota.window / timedelta(days=1):g} days"
        raise Refused(Problem(f"the quota of {quota.limit} submissions in {days} is used up", team, mend))


def _keep_model(connection: Connection, new: NewSubmission) -> dict[str, Any]:
    """Add or renew the model's card; its row as kept."""
    card = _rows.card_values(new.model) | {"team": new.team}
    row = connection.execute(select(models).where(models.c.id == new.model.id)).first()
    if row is None:
        connection.execute(insert(models).values(id=new.model.id, team=new.team, card=card))
    elif row.team != new.team:
        raise Refused(Problem("this id belongs to a model of another team", new.model.id, "choose another"))
    else:
        connection.execute(update(models).where(models.c.id == row.id).values(card=card))
    return card


def _attempts(connection: Connection, new: NewSubmission) -> int:
    query = select(func.count()).select_from(submissions)
    mine = query.where(submissions.c.team == new.team, submissions.c.version == new.version)
    count: int = connection.execute(mine).scalar_one()
    return count


def _values(writing: Writing, new: NewSubmission) -> dict[str, Any]:
    return {
        "version": new.version,
        "model": new.model.id,
        "team": new.team,
        "kind": new.kind,
        "state": "queued",
        "hidden": False,
        "received": writing.at,
        "sha256": new.sha256,
        "key": new.key or None,
        "intake": new.intake,
        "claims": new.claims,
        "failure": "",
        "reason": "",
    }


def _keep_answers(connection: Connection, submission_id: str, data: bytes) -> str:
    """Keep compressed answers in the place of older ones; SHA-256 of the block, for the log."""
    connection.execute(delete(_schema.answers).where(_schema.answers.c.submission == submission_id))
    connection.execute(insert(_schema.answers).values(submission=submission_id, data=data))
    return hashlib.sha256(data).hexdigest()
