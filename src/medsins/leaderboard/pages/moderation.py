"""For maintainers: what waits for a look, and the forms to hide, restore, ban and settle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from medsins.leaderboard.interface import Store
from medsins.leaderboard.records import Flag, Submission

from ._page import Page, Query

NEWEST = 100


@dataclass(frozen=True, slots=True)
class Waiting:
    """A flag with the submission it is about."""

    flag: int
    kind: str
    at: datetime
    settled: str
    detail: Mapping[str, Any]
    submission: str
    model: str
    team: str


@dataclass(frozen=True, slots=True)
class Case:
    """A submission with its model and team, for decisions. ``waits``: a model link nobody ran yet."""

    id: str
    model: str
    name: str
    team: str
    team_name: str
    version: str
    attempt: int
    kind: str
    state: str
    received: datetime
    reason: str
    link: str
    waits: bool


@dataclass(frozen=True, slots=True)
class ModerationView:
    """Open flags, settled ones, the latest submissions, teams, and the queue of scoring."""

    open: tuple[Waiting, ...]
    settled: tuple[Waiting, ...]
    cases: tuple[Case, ...]
    teams: tuple[tuple[str, str, bool], ...]
    queue: Mapping[str, int]


def view(store: Store, query: Query) -> ModerationView:
    """Everything a maintainer decides on."""
    submissions = {each.id: each for each in store.submissions()}
    teams = {team.id: team for team in store.teams()}
    names = {model: store.model(model) for model in {each.model for each in submissions.values()}}
    flags = [_waiting(flag, submissions.get(flag.submission), names) for flag in store.flags()]
    latest = sorted(submissions.values(), key=lambda each: each.received, reverse=True)
    waiting = [each for each in latest if each.kind == "link" and each.state == "queued"]
    chosen = [*waiting, *(each for each in latest if each not in waiting)][:NEWEST]
    return ModerationView(
        open=tuple(flag for flag in flags if not flag.settled),
        settled=tuple(flag for flag in flags if flag.settled)[:NEWEST],
        cases=tuple(
            Case(e.id, e.model, names[e.model].name, e.team, teams[e.team].name, e.version, e.attempt, e.kind, e.state,
                 e.received, e.reason, names[e.model].link, e in waiting)
            for e in chosen
        ),
        teams=tuple((team.id, team.name, team.banned) for team in teams.values()),
        queue=dict(store.waiting()),
    )  # fmt: skip


def _waiting(flag: Flag, about: Submission | None, names: Mapping[str, Any]) -> Waiting:
    model = names[about.model].name if about else ""
    return Waiting(flag.id, flag.kind, flag.at, flag.settled, dict(flag.detail), flag.submission, model,
                   about.team if about else "")  # fmt: skip


PAGE = Page("moderation", "/moderation", "moderation.html", view, access="maintain", forms=True)
