"""The one storage interface of the board. ``open_store(url)`` gives it for SQLite and for PostgreSQL.

Every method is one transaction; those that change something append to the hash-chained audit log and raise
``data_version`` in that same transaction (``extend`` alone does neither: it is a heartbeat). Times are UTC. Unknown ids
raise ``NotFound``, broken rules ``Refused``, a database that cannot be reached or written ``Unavailable``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from medsins.core.errors import MedsinsError

from .records import (
    Amendment,
    Entry,
    Flag,
    Item,
    Job,
    JobKind,
    Kind,
    ModelCard,
    Part,
    Published,
    Scope,
    Scores,
    Submission,
    Team,
    Token,
    Version,
)


class NotFound(MedsinsError):
    """No such thing on the board; the message does not tell whether it ever existed."""


class Refused(MedsinsError):
    """A rule of the board says no: quota, closed version, banned team, stale lease."""


class Unavailable(MedsinsError):
    """The database cannot be reached, is locked for too long, or has no room; nothing was changed, so ask again."""


@dataclass(frozen=True, slots=True)
class NewSubmission:
    """All that is kept of an upload, in one transaction with its scoring job and its place in the quota."""

    version: str
    model: ModelCard
    team: str
    kind: Kind
    sha256: str
    intake: Mapping[str, Any] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)
    answers: Sequence[str | None] = ()
    """One output for each row of the version, in its order; None where the upload has none. Empty for links."""
    key: str = ""
    """What a client sends again when the reply was lost: the same team and key give the submission that was kept."""
    truncated: Sequence[int] = ()
    """Rows whose output was cut by a length limit, as whoever made it says."""


@dataclass(frozen=True, slots=True)
class Amended:
    """A version with corrected references, and all its instances. ``before`` is the digest of the version that was
    corrected; ``corrected`` counts instances by task; ``errata`` is the digest of the corrections.
    """

    version: Version
    items: Sequence[Item]
    before: str
    corrected: Mapping[str, int]
    reason: str
    errata: str = ""


@dataclass(frozen=True, slots=True)
class Quota:
    """At most ``limit`` submissions of a team within ``window``; withdrawn and failed ones count too."""

    limit: int = 5
    window: timedelta = timedelta(days=7)


class Store(Protocol):
    """See the module."""

    # What readers need

    def data_version(self) -> int:
        """A number that grows with every change; pages are cached by it. Asking is free: it may be 20 ms late where
        another process changed something, and is never late for changes of this store object.
        """

    def prompt_version(self) -> int:
        """A number that grows with every change that readers must see at once: all but those by which something
        arrives (uploads, jobs, scores, flags, tokens). As free, and as late, as ``data_version``.
        """

    def versions(self) -> list[Version]:
        """All benchmark versions, newest first."""

    def version(self, version_id: str) -> Version:
        """One benchmark version."""

    def items(self, version_id: str) -> Iterator[Item]:
        """Its instances with their references, by row."""

    def amendments(self, version_id: str) -> list[Amendment]:
        """Its amendments, oldest first."""

    def models(self) -> list[ModelCard]:
        """All model cards with at least one submission that is neither hidden nor withdrawn."""

    def model(self, model_id: str) -> ModelCard:
        """One model card."""

    def team(self, team_id: str) -> Team:
        """One team."""

    def teams(self) -> list[Team]:
        """All teams, by name; banned ones too."""

    def token(self, token_id: str) -> Token:
        """One token by its public id, revoked and expired ones too."""

    def tokens(self, team: str | None = None) -> list[Token]:
        """All tokens (of a team), newest first; never their secrets."""

    def submissions(
        self, version: str | None = None, team: str | None = None, model: str | None = None
    ) -> list[Submission]:
        """Every attempt, newest first; withdrawn ones are there as tombstones."""

    def submission(self, submission_id: str) -> Submission:
        """One attempt."""

    def answers(self, submission_id: str) -> list[str | None]:
        """Its outputs, one for each row of its version."""

    def truncated(self, submission_id: str) -> frozenset[int]:
        """Rows whose output was cut by a length limit, as its sender says."""

    def progress(self, submission_id: str) -> float:
        """How far its scoring is, 0 to 1: 0 while it waits, 1 when no job of it is left."""

    def scores(self, submission_id: str, part: Part) -> Scores | None:
        """Its scores on a part, as scored; only maintainers see those that are not published."""

    def scored_as(self) -> Mapping[str, tuple[str, str]]:
        """Of each submission with scores, the version digest and the metric digest they were made with."""

    def published(self, version_id: str, part: Part = "open") -> list[Published]:
        """What the board shows now for each model."""

    def history(self, version_id: str) -> list[Published]:
        """All that the board ever showed on the open part, oldest first."""

    def flags(self, submission_id: str | None = None) -> list[Flag]:
        """What waits for a maintainer, and what was settled."""

    def entries(self, after: int = 0, limit: int = 1000) -> list[Entry]:
        """The audit log after a sequence number."""

    # What changes the board

    def add_version(self, version: Version, items: Iterable[Item], actor: str) -> None:
        """Add a benchmark version with its instances; Refused when the id is taken."""

    def amend_version(self, amended: Amended, actor: str) -> int:
        """Put corrected references in the place of a version's and queue all that was scored on it, in one
        transaction; how many jobs are new. Refused where the version is no longer the one that was corrected.
        """

    def close_version(self, version_id: str, at: datetime, actor: str) -> None:
        """Take no submissions for it from a moment on."""

    def add_team(self, team: Team, actor: str) -> None:
        """Add a team; Refused when id or name is taken."""

    def ban_team(self, team_id: str, reason: str, actor: str) -> None:
        """Revoke all its tokens and take nothing more from it; what it submitted is hidden."""

    def add_token(self, team_id: str, scope: Scope, expires: datetime | None, actor: str) -> tuple[Token, str]:
        """A new token and its secret, which is told this once and never kept."""

    def revoke_token(self, token_id: str, reason: str, actor: str) -> None:
        """The token opens nothing any more."""

    def authenticate(self, secret: str) -> Token | None:
        """The token of a secret; None for unknown, expired and revoked ones and for banned teams alike."""

    def submit(self, new: NewSubmission, quota: Quota) -> Submission:
        """Keep an upload, its job and its place in the quota, or Refused and nothing is kept."""

    def withdraw(self, submission_id: str, reason: str, actor: str) -> Submission:
        """Delete answers, scores and what is shown; a dated tombstone with the reason stays."""

    def hide(self, submission_id: str, reason: str, actor: str) -> Submission:
        """Show it nowhere, keep everything."""

    def restore(self, submission_id: str, reason: str, actor: str) -> Submission:
        """Show again what was hidden."""

    def attach_answers(
        self,
        submission_id: str,
        answers: Sequence[str | None],
        intake: Mapping[str, Any],
        sha256: str,
        actor: str,
        truncated: Sequence[int] = (),
    ) -> Submission:
        """Answers of a ``link`` submission, run by the maintainers; queues its scoring."""

    def add_flag(self, submission_id: str, kind: str, detail: Mapping[str, Any]) -> None:
        """Ask a maintainer to look at it."""

    def settle_flag(self, flag_id: int, verdict: str, actor: str) -> None:
        """Note what a maintainer decided."""

    # What workers do; a result whose fence is no longer the job's is Refused and changes nothing

    def lease(self, worker: str, seconds: float) -> Job | None:
        """The oldest waiting job, or one whose lease ran out, with a new fence; None when there is none."""

    def extend(self, job: Job, seconds: float, progress: float) -> Job:
        """Hold a job for longer and tell how far it is (0 to 1)."""

    def finish(
        self,
        job: Job,
        scores: Sequence[Scores],
        published: Sequence[Published],
        flags: Sequence[tuple[str, Mapping[str, Any]]],
    ) -> None:
        """Scores, what is to be shown and flags, together; the job is done. What is to be shown of a submission that
        was withdrawn meanwhile is left out.
        """

    def fail(self, job: Job, reason: str, retry: bool) -> None:
        """Note why; the job waits again where ``retry`` and fewer than three attempts, else it has failed."""

    def publish(self, published: Sequence[Published], actor: str) -> int:
        """Show these without a job (private parts when their delay is over); those of withdrawn submissions are left
        out. Returns how many are shown.
        """

    def queue(self, submissions: Sequence[str], kind: JobKind, actor: str) -> int:
        """Score these (again); how many jobs are new."""

    def waiting(self) -> Mapping[str, int]:
        """Jobs by state, and the age in seconds of the oldest waiting one under ``oldest``."""

    # Care

    def verify(self) -> list[str]:
        """What is wrong with the audit log and with what hangs together; empty when all is well."""

    def backup(self, destination: Any) -> None:
        """A consistent copy that ``open_store`` opens after a restore, checked before it is called done."""

    def close(self) -> None:
        """Let go of the database."""
