"""Pages that are mostly words: they need the open versions and little else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from medsins.catalog import categories
from medsins.leaderboard.interface import Store
from medsins.leaderboard.ranks import LEVEL

from ._page import Query


@dataclass(frozen=True, slots=True)
class OpenVersion:
    """A version that takes submissions now."""

    id: str
    title: str
    tasks: int
    questions: int
    active_until: datetime | None


@dataclass(frozen=True, slots=True)
class Words:
    """What pages of words name: open versions, the level of tests, the categories of the benchmark."""

    versions: tuple[OpenVersion, ...]
    level: float
    categories: tuple[str, ...]


def words(store: Store, query: Query) -> Words:
    """The view of a page of words."""
    now = datetime.now(UTC)
    found = tuple(
        OpenVersion(v.id, v.title, len(v.tasks), sum(task.rows for task in v.tasks), v.active_until)
        for v in store.versions()
        if v.active(now)
    )
    return Words(found, LEVEL, tuple(name for name, category in categories().items() if category.bench))
