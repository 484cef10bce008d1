"""Tombstones: what was withdrawn, when, and the reason given. Answers and scores are gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from medsins.leaderboard.interface import NotFound, Store

from ._page import Page, Query


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A withdrawn submission."""

    submission: str
    model: str
    version: str
    attempt: int
    received: datetime
    ended: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class RemovedView:
    """All tombstones, newest first."""

    tombstones: tuple[Tombstone, ...]


def view(store: Store, query: Query) -> RemovedView:
    """All that was withdrawn."""
    found = [each for each in store.submissions() if each.state == "withdrawn"]
    return RemovedView(
        tuple(
            Tombstone(e.id, _name(store, e.model), e.version, e.attempt, e.received, e.ended, e.reason) for e in found
        )
    )


def _name(store: Store, model: str) -> str:
    try:
        return store.model(model).name
    except NotFound:
        return model


PAGE = Page("removed", "/removed", "removed.html", view)
