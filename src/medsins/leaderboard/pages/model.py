"""One model: its card, every attempt, all its figures in both profiles, and what could not be scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from medsins.leaderboard.interface import NotFound, Store
from medsins.leaderboard.publication import tiers
from medsins.leaderboard.records import ModelCard, Published, Submission
from medsins.leaderboard.views import (
    PROFILES,
    Column,
    Frame,
    ModelLine,
    Shown,
    category_columns,
    read_board,
    read_frame,
    read_shown,
    read_version,
    task_figure,
)
from medsins.reports.figures import Figure, Line
from medsins.reports.tables import Cell

from ._page import Page, Query, Table


@dataclass(frozen=True, slots=True)
class Card:
    """A model as its team describes it; claims, not findings."""

    id: str
    name: str
    team: str
    parameters: float | None
    weights: str
    licence: str
    training_data: str
    link: str
    medical: bool | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A submission of the model. ``shown``: the board shows this one; ``reason``: why it failed, was hidden or
    withdrawn.
    """

    id: str
    version: str
    attempt: int
    kind: str
    state: str
    received: datetime
    ended: datetime | None
    reason: str
    shown: bool
    sha256: str


@dataclass(frozen=True, slots=True)
class FigureLine:
    """A category or task: its figure in each profile, against answering without reading, and unscored answers."""

    name: str
    key: str
    category: str
    language: str
    rows: int
    strict: Figure
    official: Figure
    verdict: str
    unscored: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PrivatePart:
    """What is told of the private part: percent by category, rounded, as it was published; the model's ``tier`` of
    ``tiers`` by the mean of categories (``overall``, whole percent), 1 being the best, and how many models share it.
    """

    at: datetime
    note: str
    figures: tuple[tuple[str, Figure], ...]
    overall: int
    tier: int
    tiers: int
    shared: int


@dataclass(frozen=True, slots=True)
class ModelView:
    """A model. ``line`` is None where nothing of it is shown on this version; ``signatures`` by profile."""

    frame: Frame
    card: Card
    attempts: tuple[Attempt, ...]
    claims: Mapping[str, str]
    columns: tuple[Column, ...]
    line: ModelLine | None
    neighbours: tuple[tuple[str, str], ...]
    categories: tuple[FigureLine, ...]
    tasks: tuple[FigureLine, ...]
    kinds: tuple[str, ...]
    signatures: Mapping[str, str]
    digest: str
    private: PrivatePart | None


def view(store: Store, query: Query) -> ModelView:
    """A model on a version.

    Raises:
        NotFound: no such model, or nothing of it was ever shown (hidden ones included).
    """
    frame = read_frame(store, query.one("version"), query.one("profile"))
    version = read_version(store, frame)
    card = store.model(query.one("model"))
    visible = [each for each in store.submissions(model=card.id) if each.state != "hidden"]
    if not visible or store.team(card.team).banned:
        raise NotFound("there is no such model")
    shown = read_shown(store, frame.version)
    own = next((each for each in shown if each.card.id == card.id), None)
    columns = category_columns(version, shown, frame.profile)
    board = read_board(store, frame, columns, shown) if own else None
    lines = board.lines if board else ()
    line = next((line for line in lines if line.id == card.id), None)
    claimed = next((each for each in visible if own and each.id == own.published.submission), visible[0])
    return ModelView(
        frame=frame,
        card=read_card(card, store.team(card.team).name),
        attempts=tuple(_attempt(each, own) for each in visible),
        claims={str(name): str(value)[:2_000] for name, value in claimed.claims.items() if value not in (None, "", [])},
        columns=tuple(columns),
        line=line,
        neighbours=_neighbours(lines, card.id),
        categories=tuple(_figures(each) for each in own.sheet.categories) if own else (),
        tasks=tuple(_figures(each) for each in own.sheet.tasks) if own else (),
        kinds=tuple(own.sheet.kinds()) if own else (),
        signatures=dict(own.sheet.signatures) if own else {},
        digest=claimed.sha256,
        private=_private(store, frame, card.id),
    )


def read_card(card: ModelCard, team: str) -> Card:
    """A card for readers. A link is shown as text, and as a link only where it is plain http(s)."""
    return Card(card.id, card.name, team, card.parameters, card.weights, card.licence, card.training_data,
                card.link, card.medical)  # fmt: skip


def _attempt(each: Submission, own: Shown | None) -> Attempt:
    shown = own is not None and own.published.submission == each.id
    return Attempt(each.id, each.version, each.attempt, each.kind, each.state, each.received, each.ended,
                   each.reason, shown, each.sha256)  # fmt: skip


def _figures(line: Line) -> FigureLine:
    main = line.main
    return FigureLine(
        name=line.name,
        key=line.name,
        category=line.category,
        language=line.language,
        rows=line.rows,
        strict=task_figure(line, PROFILES[0]),
        official=line.official,
        verdict=main.verdict,
        unscored=dict(line.unscored),
    )


def _neighbours(lines: Sequence[ModelLine], model: str) -> tuple[tuple[str, str], ...]:
    """The models next to it on the board, to compare it with."""
    place = next((i for i, line in enumerate(lines) if line.id == model), None)
    if place is None:
        return ()
    near = [*lines[max(0, place - 2) : place], *lines[place + 1 : place + 3]]
    return tuple((line.id, line.name) for line in near)


def _private(store: Store, frame: Frame, model: str) -> PrivatePart | None:
    told = [each for each in store.published(frame.version, "private") if _content(each, frame.profile)]
    found = next((each for each in told if each.model == model), None)
    if found is None:
        return None
    content = _content(found, frame.profile)
    figures = [
        (str(name), Figure(str(entry.get("primary", "")), (entry.get("metrics") or {}).get(str(entry.get("primary")))))
        for name, entry in (content.get("categories") or {}).items()
    ]
    by_model = tiers(told, frame.profile)
    tier, places = by_model[model], list(by_model.values())
    overall = int(content["overall"])
    return PrivatePart(found.at, found.note, tuple(figures), overall, tier, max(places), places.count(tier))


def _content(shown: Published, profile: str) -> Mapping[str, Any]:
    return (shown.document.get("profiles") or {}).get(profile) or {}


def tables(view: ModelView) -> Sequence[Table]:
    """Categories and tasks in both profiles."""
    header = ("name", "category", "language", "rows", "metric", "strict", "strict_low", "strict_high",
              "official_metric", "official", "unscored")  # fmt: skip
    return tuple(
        Table(name, f"{view.card.name}, {name}, in percent", header, tuple(map(_cells, lines)))
        for name, lines in (("categories", view.categories), ("tasks", view.tasks))
    )


def _cells(line: FigureLine) -> tuple[Cell, ...]:
    strict = line.strict
    return (line.name, line.category, line.language, line.rows, strict.metric, strict.value, strict.low, strict.high,
            line.official.metric, line.official.value, sum(line.unscored.values()))  # fmt: skip


PAGE = Page("model", "/model/{model}", "model.html", view, tables, ("version", "profile", "table"))
