"""Versions of the benchmark and the changelog: what changed on the board and when, from its audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest

from medsins.leaderboard.amending import Difference, differences
from medsins.leaderboard.interface import Store
from medsins.leaderboard.records import Entry, Version

from ._page import Page, Query

NEWEST = 200
"""Lines of the changelog on the page; the audit log keeps all."""

WORDS: Mapping[str, str] = {
    "version.add": "Benchmark version added",
    "version.amend": "References of a benchmark version corrected",
    "version.close": "Benchmark version closed for submissions",
    "submission.add": "Submitted",
    "job.finish": "Scored",
    "submission.withdraw": "Withdrawn",
    "submission.restore": "Shown again",
}
"""What readers are told of the audit log: action to words. Teams, tokens, flags and hidden ones stay inside."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """An amendment: when and why, instances by task, and what it made of each model's mean of categories (strict)."""

    at: datetime
    reason: str
    tasks: Mapping[str, int]
    before: str
    models: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Edition:
    """A version of the benchmark with what changed against the one before, and its amendments, newest first."""

    id: str
    title: str
    active: bool
    active_from: datetime
    active_until: datetime | None
    tasks: int
    questions: int
    kept_back: int
    digest: str
    notes: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    amendments: tuple[Corrected, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A line of the changelog; ``seq`` is its place in the audit log, ``hash`` its link in the chain."""

    seq: int
    at: datetime
    what: str
    subject: str
    hash: str


@dataclass(frozen=True, slots=True)
class VersionsView:
    """All versions, newest first; the latest changes, newest first; the head of the audit log's chain."""

    editions: tuple[Edition, ...]
    changes: tuple[Change, ...]
    entries: int
    head: str


def view(store: Store, query: Query) -> VersionsView:
    """Versions and changelog."""
    known = store.versions()
    now = datetime.now(UTC)
    editions = [
        _edition(each, known[i + 1] if i + 1 < len(known) else None, now, _amendments(store, each.id))
        for i, each in enumerate(known)
    ]
    entries = _entries(store)
    visible = {each.id for each in store.submissions() if each.state != "hidden"} | {each.id for each in known}
    told = [entry for entry in entries if entry.action in WORDS and entry.subject in visible]
    changes = [Change(e.seq, e.at, WORDS[e.action], e.subject, e.hash) for e in reversed(told[-NEWEST:])]
    return VersionsView(tuple(editions), tuple(changes), len(entries), entries[-1].hash if entries else "")


def _entries(store: Store) -> list[Entry]:
    found: list[Entry] = []
    while page := store.entries(after=found[-1].seq if found else 0):
        found += page
    return found


def _amendments(store: Store, version: str) -> tuple[Corrected, ...]:
    found = store.amendments(version)
    ends = [each.at for each in found[1:]]
    made = [
        Corrected(each.at, each.reason, each.corrected, each.before, tuple(differences(store, each, end)))
        for each, end in zip_longest(found, ends)
    ]
    return tuple(reversed(made))


def _edition(version: Version, before: Version | None, now: datetime, amendments: tuple[Corrected, ...]) -> Edition:
    digests = {task.task_id: task.digest for task in version.tasks}
    old = {task.task_id: task.digest for task in before.tasks} if before else {}
    return Edition(
        id=version.id,
        title=version.title,
        active=version.active(now),
        active_from=version.active_from,
        active_until=version.active_until,
        tasks=len(version.tasks),
        questions=sum(task.rows - task.private_rows for task in version.tasks),
        kept_back=sum(task.private_rows for task in version.tasks),
        digest=version.digest,
        notes=version.notes,
        added=tuple(sorted(digests.keys() - old.keys())) if before else (),
        removed=tuple(sorted(old.keys() - digests.keys())),
        changed=tuple(sorted(task for task in digests.keys() & old.keys() if digests[task] != old[task])),
        amendments=amendments,
    )


PAGE = Page("versions", "/versions", "versions.html", view)
