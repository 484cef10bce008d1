"""Scoring jobs: leases with a fence, results that count once, at most three attempts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, delete, func, insert, or_, select, update

from medsins.core.errors import Problem
from medsins.core.files import digest

from . import _rows
from ._blobs import pack_samples
from ._chain import Writing
from ._schema import answers, jobs, published, scores, submissions, versions
from ._sql_base import SqlPart, enqueue, insert_flags, next_id, one
from ._types import compact_json
from .interface import Refused
from .records import Job, JobKind, Published, Scores

ATTEMPTS = 3
_DIED = f"scoring was broken off {ATTEMPTS} times; the maintainers were told"


class Jobs(SqlPart):
    """See ``Store``."""

    def lease(self, worker: str, seconds: float) -> Job | None:
        """See ``Store``. Two jobs of one model are never under lease at once, so that what the ladder compares with
        does not change under it.
        """
        with self._db.read() as connection:  # asking costs no write where there is nothing to do
            if connection.execute(self._ready().limit(1)).first() is None:
                return None
        with self._db.write() as writing:
            rows = writing.connection.execute(self._ready().with_for_update(of=jobs, skip_locked=True))
            for row in rows.all():
                if row.attempts >= ATTEMPTS:
                    _end(writing, row, _DIED, "board")
                    continue
                fence, attempts = row.fence + 1, row.attempts + 1
                until = writing.at + timedelta(seconds=seconds)
                values = {
                    "state": "leased",
                    "fence": fence,
                    "attempts": attempts,
                    "leased_until": until,
                    "progress": 0.0,
                }
                writing.connection.execute(update(jobs).where(jobs.c.id == row.id).values(values))
                unscored = (submissions.c.id == row.submission, submissions.c.state == "queued")
                writing.connection.execute(update(submissions).where(*unscored).values(state="scoring"))
                detail = {"job": row.id, "fence": fence, "attempt": attempts, "worker": worker}
                writing.log("board", "job.lease", row.submission, detail)
                return Job(row.id, row.kind, row.submission, fence, attempts, until)
        return None

    def _ready(self) -> Select[Any]:
        """Jobs that wait or whose lease ran out, of models with no other job under lease; oldest first."""
        now = self._db.now()
        other, theirs = jobs.alias("other"), submissions.alias("theirs")
        busy = (
            select(other.c.id)
            .join(theirs, theirs.c.id == other.c.submission)
            .where(other.c.state == "leased", other.c.leased_until > now, other.c.id != jobs.c.id)
            .where(theirs.c.model == submissions.c.model)
            .correlate(jobs, submissions)
            .exists()
        )
        free = or_(jobs.c.state == "waiting", and_(jobs.c.state == "leased", jobs.c.leased_until <= now))
        mine = select(jobs).join(submissions, submissions.c.id == jobs.c.submission)
        return mine.where(free, ~busy).order_by(jobs.c.id).limit(64)

    def extend(self, job: Job, seconds: float, progress: float) -> Job:
        """See ``Store``."""
        until = self._db.now() + timedelta(seconds=seconds)
        with self._db.plain_write() as connection:
            change = update(jobs).where(*_held(job)).values(leased_until=until, progress=progress)
            if connection.execute(change).rowcount != 1:
                raise _stale(job)
        return replace(job, leased_until=until, progress=progress)

    def finish(
        self,
        job: Job,
        scores: Sequence[Scores],
        published: Sequence[Published],
        flags: Sequence[tuple[str, Mapping[str, Any]]],
    ) -> None:
        """See ``Store``."""
        blocks = [pack_samples(found.samples) for found in scores]
        with self._db.write() as writing:
            row = _mine(writing.connection, job)
            detail: dict[str, Any] = {"job": job.id, "scores": _keep_scores(writing, row.submission, scores, blocks)}
            done = {"state": "scored", "failure": "", "ended": writing.at}
            writing.connection.execute(update(submissions).where(submissions.c.id == row.submission).values(done))
            detail["published"] = _show(writing, published)
            detail["flags"] = insert_flags(writing, row.submission, flags)
            over = {"state": "done", "progress": 1.0, "reason": "", "leased_until": None}
            writing.connection.execute(update(jobs).where(jobs.c.id == job.id).values(over))
            writing.log("board", "job.finish", row.submission, detail)

    def fail(self, job: Job, reason: str, retry: bool) -> None:
        """See ``Store``. A submission that was scored before keeps its scores and its state."""
        with self._db.write() as writing:
            row = _mine(writing.connection, job)
            if not (retry and row.attempts < ATTEMPTS):
                _end(writing, row, reason, "board")
                return
            waiting = select(jobs.c.id).where(jobs.c.submission == row.submission, jobs.c.state == "waiting")
            again = writing.connection.execute(waiting).first() is None  # else the one that waits does for both
            values = {
                "state": "waiting" if again else "failed",
                "reason": reason,
                "progress": 0.0,
                "leased_until": None,
            }
            writing.connection.execute(update(jobs).where(jobs.c.id == job.id).values(values))
            unscored = (submissions.c.id == row.submission, submissions.c.state == "scoring")
            writing.connection.execute(update(submissions).where(*unscored).values(state="queued"))
            writing.log("board", "job.retry", row.submission, {"job": job.id, "reason": reason, "again": again})

    def publish(self, published: Sequence[Published], actor: str) -> int:
        """See ``Store``."""
        with self._db.write() as writing:
            shown = _show(writing, published)
            if shown:
                writing.log(actor, "publish", published[0].version, {"published": shown})
        return len(shown)

    def queue(self, submissions: Sequence[str], kind: JobKind, actor: str) -> int:
        """See ``Store``. Left out are those that wait already, were withdrawn, or have no answers."""
        with self._db.write() as writing:
            added = [found for name in submissions if (found := _requeue(writing, name, kind))]
            if added:
                writing.log(actor, "job.queue", "", {"kind": kind, "jobs": added})
        return len(added)

    def waiting(self) -> Mapping[str, int]:
        """See ``Store``."""
        query = select(jobs.c.state, func.count(), func.min(jobs.c.queued)).group_by(jobs.c.state)
        with self._db.read() as connection:
            rows = connection.execute(query).all()
        found = dict.fromkeys(("waiting", "leased", "done", "failed", "cancelled"), 0)
        found |= {state: count for state, count, _ in rows}
        oldest = [first for state, _, first in rows if state == "waiting"]
        return found | {"oldest": int((self._db.now() - oldest[0]).total_seconds()) if oldest else 0}


def _held(job: Job) -> tuple[Any, ...]:
    return (jobs.c.id == job.id, jobs.c.fence == job.fence, jobs.c.state == "leased")


def _stale(job: Job) -> Refused:
    return Refused(Problem("the lease is another's by now, or the submission was withdrawn", f"job {job.id}"))


def _mine(connection: Connection, job: Job) -> Row[Any]:
    row = connection.execute(select(jobs).where(*_held(job)).with_for_update()).first()
    if row is None:
        raise _stale(job)
    return row


def _end(writing: Writing, row: Row[Any], reason: str, actor: str) -> None:
    """A job has failed for good, and so has its submission where it has no scores."""
    connection = writing.connection
    over = {"state": "failed", "reason": reason, "leased_until": None}
    connection.execute(update(jobs).where(jobs.c.id == row.id).values(over))
    failed = {"state": "failed", "failure": reason, "ended": writing.at}
    unscored = (submissions.c.id == row.submission, submissions.c.state.in_(("queued", "scoring")))
    connection.execute(update(submissions).where(*unscored).values(failed))
    writing.log(actor, "job.fail", row.submission, {"job": row.id, "reason": reason})


def scores_digest(values: Mapping[str, Any]) -> str:
    """What the log keeps of scores: enough to notice a change, too little to guess them from."""
    samples = hashlib.sha256(values["samples"]).hexdigest()
    document = hashlib.sha256(compact_json(values["document"]).encode()).hexdigest()
    return digest([values["version_digest"], values["metric_digest"], document, samples])


def _keep_scores(
    writing: Writing, submission_id: str, found: Sequence[Scores], blocks: Sequence[bytes]
) -> dict[str, str]:
    writing.connection.execute(delete(scores).where(scores.c.submission == submission_id))
    digests: dict[str, str] = {}
    for each, block in zip(found, blocks, strict=True):
        if each.submission != submission_id:
            raise Refused(Problem("scores of another submission", each.submission))
        values = {
            "submission": submission_id,
            "part": each.part,
            "version_digest": each.version_digest,
            "metric_digest": each.metric_digest,
            "document": each.document,
            "samples": block,
            "scored": each.scored or writing.at,
        }
        writing.connection.execute(insert(scores).values(values))
        digests[each.part] = scores_digest(values)
    return digests


def published_digest(values: Mapping[str, Any]) -> str:
    """What the log keeps of something shown."""
    plain = {name: values[name] for name in _rows.PUBLISHED if name not in ("at", "document")}
    document = hashlib.sha256(compact_json(values["document"]).encode()).hexdigest()
    return digest(plain | {"document": document, "at": values["at"].astimezone(UTC).isoformat()})


def _show(writing: Writing, new: Sequence[Published]) -> list[tuple[int, str, str]]:
    """Keep what is to be shown; number, submission and digest of each, for the log."""
    shown = []
    for each in new:
        row = one(writing.connection, submissions, each.submission, "submission")
        if row.state == "withdrawn":
            continue
        one(writing.connection, versions, each.version, "version")
        values = {name: getattr(each, name) for name in _rows.PUBLISHED}
        number = next_id(writing.connection, published)
        writing.connection.execute(insert(published).values(values | {"id": number}))
        shown.append((number, each.submission, published_digest(values)))
    return shown


def _requeue(writing: Writing, submission_id: str, kind: JobKind) -> tuple[int, str] | None:
    row = one(writing.connection, submissions, submission_id, "submission")
    has_answers = select(answers.c.submission).where(answers.c.submission == submission_id)
    if row.state == "withdrawn" or writing.connection.execute(has_answers).first() is None:
        return None
    number = enqueue(writing, submission_id, kind)
    if number is None:
        return None
    if row.state == "failed":
        values = {"state": "queued", "failure": "", "ended": None}
        writing.connection.execute(update(submissions).where(submissions.c.id == submission_id).values(values))
    return number, submission_id
