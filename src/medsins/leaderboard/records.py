"""What the board keeps, as frozen records. The store gives and takes these and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Part = Literal["open", "private"]
"""``open``: instances everybody has, scored and shown at once; ``private``: instances only the board has or shows
later and coarser."""

State = Literal["queued", "scoring", "scored", "failed", "hidden", "withdrawn"]
Kind = Literal["csv", "parquet", "run", "link"]
JobKind = Literal["score", "rescore"]
Scope = Literal["read", "submit", "maintain"]


@dataclass(frozen=True, slots=True)
class Item:
    """One instance of a benchmark version, with the references only the board has.

    ``row`` counts from 0 over the whole version.
    """

    row: int
    task_id: str
    instance_id: str
    part: Part
    input: str
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VersionTask:
    """A task of a benchmark version: what decides its scorer, how many rows it has, the digest of its file."""

    task_id: str
    category: str
    language: str
    digest: str
    rows: int
    private_rows: int
    definition: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """A dated state of the benchmark. Submissions are for one version; it takes them while it is active."""

    id: str
    """``name@label``, for example ``meds-bench@2026.11``."""
    title: str
    active_from: datetime
    active_until: datetime | None
    tasks: tuple[VersionTask, ...]
    notes: str = ""
    digest: str = ""
    """SHA-256 over tasks, references and parts; changes when and only when a score could."""

    def active(self, at: datetime) -> bool:
        """Whether submissions are taken at this moment (UTC)."""
        return self.active_from <= at and (self.active_until is None or at < self.active_until)


@dataclass(frozen=True, slots=True)
class Amendment:
    """References of a version that were corrected after it was published. ``corrected``: task to number of instances,
    of both parts together; ``before`` and ``digest``: the version's digests; ``reason`` is shown.
    """

    version: str
    at: datetime
    reason: str
    corrected: Mapping[str, int]
    before: str
    digest: str


@dataclass(frozen=True, slots=True)
class Team:
    """Who submits. ``contact`` is never shown."""

    id: str
    name: str
    contact: str = ""
    banned: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """What a request may do, once its secret was verified. The secret itself is never kept."""

    id: str
    team: str
    scope: Scope
    created: datetime
    expires: datetime | None = None
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model as its submitter describes it. ``parameters`` in billions, None where it is not published."""

    id: str
    team: str
    name: str
    parameters: float | None = None
    weights: Literal["open", "closed", "unknown"] = "unknown"
    licence: str = ""
    training_data: str = ""
    link: str = ""
    medical: bool | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """One attempt. Every attempt is kept; ``attempt`` counts a team's attempts on a version from 1.

    ``intake`` is what was noticed while the file was matched: rows, missing, changed references (row numbers), and so
    on; texts of others never appear in it. ``claims`` are the submitter's: protocol, shots, sampling, remarks.
    """

    id: str
    version: str
    model: str
    team: str
    attempt: int
    kind: Kind
    state: State
    received: datetime
    sha256: str
    intake: Mapping[str, Any] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    """Why it failed, was hidden or withdrawn; shown."""
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of a submission on one part: the document of ``scores.json`` in both profiles (CONTRACT.md's shape),
    and one record a row and profile for paired tests (as ``samples.jsonl`` has them).

    ``metric_digest`` changes with the scoring code; a change means scoring again.
    """

    submission: str
    part: Part
    version_digest: str
    metric_digest: str
    document: Mapping[str, Any]
    samples: tuple[Mapping[str, Any], ...] = ()
    scored: datetime | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """What the board shows for a model on a version: a submission's document, and why this one (the ladder's rule).

    A later attempt replaces it only where it is better by more than noise.
    """

    version: str
    model: str
    submission: str
    part: Part
    document: Mapping[str, Any]
    at: datetime
    attempts: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """Work for a worker. ``fence`` grows with every lease; results with an old fence are refused."""

    id: int
    kind: JobKind
    submission: str
    fence: int
    attempts: int
    leased_until: datetime
    progress: float = 0.0


@dataclass(frozen=True, slots=True)
class Flag:
    """Something a maintainer should look at: ``copied``, ``near-duplicate``, ``references-changed``, ``constant``."""

    id: int
    submission: str
    kind: str
    detail: Mapping[str, Any]
    at: datetime
    settled: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the audit log; ``hash`` is SHA-256 over ``previous`` and everything else in canonical JSON."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    previous: str
    hash: str
