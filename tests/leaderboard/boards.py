"""Small boards for tests of the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from medsins.leaderboard.interface import NewSubmission, Quota, Store
from medsins.leaderboard.records import (
    Item,
    Job,
    ModelCard,
    Part,
    Published,
    Scores,
    Submission,
    Team,
    Version,
    VersionTask,
)

MANY = Quota(limit=10_000)


class Clock:
    """A clock that tests move on."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def tick(self, **units: float) -> datetime:
        self.at += timedelta(**units)
        return self.at


def make_version(name: str = "small@1", rows: int = 4, start: datetime | None = None) -> tuple[Version, list[Item]]:
    """A version with one task; every other row is private."""
    task = VersionTask("task1", "Named Entity Recognition", "English", "d" * 64, rows, rows // 2, "Find the colours.")
    begin = start or datetime(2026, 1, 1, tzinfo=UTC)
    version = Version(name, "Small", begin, None, (task,), "notes", f"digest of {name}")
    return version, [make_item(row) for row in range(rows)]


def make_item(row: int) -> Item:
    part: Part = "private" if row % 2 else "open"
    return Item(row, "task1", f"i{row}", part, f"question {row}", (f"answer {row}", "another"))


def fill(store: Store, rows: int = 4) -> None:
    """One version and one team."""
    store.add_version(*make_version(rows=rows), "tester")
    store.add_team(Team("red", "Red team", "red@example.org"), "tester")


def new_submission(rows: int = 4, **changes: Any) -> NewSubmission:
    team, model = changes.pop("team", "red"), changes.pop("model", "crimson")
    values: dict[str, Any] = {
        "version": "small@1",
        "model": ModelCard(model, team, model.title(), 7.5, "open"),
        "team": team,
        "kind": "csv",
        "sha256": "a" * 64,
        "intake": {"rows": rows},
        "claims": {"shots": 3},
        "answers": [f"answer {row}" for row in range(rows)],
    }
    return NewSubmission(**(values | changes))


def put(store: Store, **changes: Any) -> Submission:
    return store.submit(new_submission(**changes), MANY)


def make_scores(submission_id: str, part: Part = "open", value: float = 50.0) -> Scores:
    document = {"format": 1, "profiles": {"strict": {"tasks": {"task1": {"metrics": {"f1": value}}}}}}
    samples = ({"row": 0, "task_id": "task1", "profile": "strict", "metrics": {"f1": value / 100}},)
    return Scores(submission_id, part, "digest of small@1", "metrics 1", document, samples)


def make_published(submission: Submission, value: float = 50.0, part: Part = "open") -> Published:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    return Published(submission.version, submission.model, submission.id, part, {"f1": value}, at, submission.attempt)


def score(store: Store, submission: Submission, value: float = 50.0, job: Job | None = None) -> None:
    """Lease the next job, which must be that of the submission, and finish it."""
    job = job or store.lease("worker", 60)
    assert job is not None
    assert job.submission == submission.id
    store.finish(job, [make_scores(submission.id, "open", value)], [make_published(submission, value)], [])
