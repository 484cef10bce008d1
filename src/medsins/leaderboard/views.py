"""What the board knows about models, as plain frozen data: the same for HTML, JSON and the static folder.

Nothing here is secret: no references, answers, contacts or scores that are not published.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from typing import Any

from medsins.catalog import categories
from medsins.reports.figures import Figure, Line, Sheet, read_sheet

from ._kept import Kept
from .interface import NotFound, Store
from .ranks import identity, ranks
from .records import ModelCard, Published, Version, VersionTask

PROFILES = ("strict", "official")
SIZES = {"small": "up to 10 B", "medium": "10 to 40 B", "large": "over 40 B", "unknown": "not published"}


@dataclass(frozen=True, slots=True)
class Frame:
    """Of which version and in which profile a page speaks, and what else there is. ``versions``: newest first."""

    version: str
    title: str
    profile: str
    versions: tuple[str, ...]
    digest: str

    def kept(self) -> dict[str, str]:
        """The query parameters that lead to this version and profile; empty for the newest in strict."""
        own = {} if self.version == (self.versions or ("",))[0] else {"version": self.version}
        return own | ({} if self.profile == PROFILES[0] else {"profile": self.profile})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of scores: some tasks that share a first metric. ``rows``: questions with open references."""

    key: str
    name: str
    metric: str
    tasks: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Place:
    """A model in a column: its figure and its rank. ``tied``: it shares the rank; ``leading``: it is in the first
    group, and there are others behind. None: no figure there.
    """

    figure: Figure
    rank: int | None = None
    tied: bool = False
    leading: bool = False


@dataclass(frozen=True, slots=True)
class ModelLine:
    """A model with what is shown of it. ``attempts``: submissions behind it; ``signature``: all its figures depend on;
    ``overall``: the mean of its columns; ``places`` in the order of the columns.
    """

    id: str
    name: str
    team: str
    parameters: float | None
    weights: str
    medical: bool | None
    submission: str
    attempts: int
    at: datetime
    note: str
    signature: str
    overall: Place
    places: tuple[Place, ...]
    unscored: int

    @property
    def size(self) -> str:
        """The class of its size."""
        return size_class(self.parameters)


@dataclass(frozen=True, slots=True)
class Board:
    """All models on all columns, best first."""

    frame: Frame
    columns: tuple[Column, ...]
    lines: tuple[ModelLine, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What is published of a model, read: its card, its team's name and its scores document."""

    published: Published
    card: ModelCard
    team: str
    sheet: Sheet


def read_frame(store: Store, version: str = "", profile: str = "") -> Frame:
    """The frame for the version and profile asked for; the newest and ``strict`` where nothing is.

    Raises:
        NotFound: no such version or profile.
    """
    known = store.versions()
    found = next((each for each in known if each.id == version), None) if version else (known[0] if known else None)
    if (version and found is None) or (profile and profile not in PROFILES):
        raise NotFound("there is no such version or profile")
    ids = tuple(each.id for each in known)
    if found is None:
        return Frame("", "", profile or PROFILES[0], ids, "")
    return Frame(found.id, found.title, profile or PROFILES[0], ids, found.digest)


def read_version(store: Store, frame: Frame) -> Version:
    """The version of a frame.

    Raises:
        NotFound: the board has none yet.
    """
    if not frame.version:
        raise NotFound("this board has no version of the benchmark yet")
    return store.version(frame.version)


def read_shown(store: Store, version: str) -> list[Shown]:
    """Everything that is published on the open part of a version; models that are hidden or withdrawn are not."""
    if not version:
        return []
    cards = {card.id: card for card in store.models()}
    names = {team.id: team.name for team in store.teams()}
    return [
        Shown(each, cards[each.model], names.get(cards[each.model].team, ""), _sheet(each))
        for each in store.published(version)
        if each.model in cards
    ]


_SHEETS: Kept[Sheet] = Kept(600)


def _sheet(published: Published) -> Sheet:
    """A document, read once for a process."""
    return _SHEETS.get(identity(published), lambda: read_sheet(published.document))


def slug(name: str) -> str:
    """A name as it stands in an address: lower case, hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def size_class(parameters: float | None) -> str:
    """Which of ``SIZES`` a number of parameters (billions) belongs to."""
    if parameters is None:
        return "unknown"
    return "small" if parameters <= 10 else "medium" if parameters <= 40 else "large"


def category_columns(version: Version, shown: Sequence[Shown], profile: str, language: str = "") -> list[Column]:
    """A column for each category of a version, in the catalogue's order, of the tasks (in a language) whose first
    metric is the category's.
    """
    found: dict[str, list[VersionTask]] = {}
    for task in version.tasks:
        if not language or task.language == language:
            found.setdefault(task.category, []).append(task)
    order = {name: i for i, name in enumerate(categories())}
    columns = []
    for name in sorted(found, key=lambda name: (order.get(name, len(order)), name)):
        primary = _first_metrics(shown, profile)
        metrics = [primary.get(task.task_id, "") for task in found[name]]
        metric = max(dict.fromkeys(metrics), key=metrics.count)
        tasks = [task for task, own in zip(found[name], metrics, strict=True) if own == metric]
        rows = sum(task.rows - task.private_rows for task in tasks)
        columns.append(Column(slug(name), name, metric, tuple(task.task_id for task in tasks), rows))
    return columns


def read_board(
    store: Store, frame: Frame, columns: Sequence[Column], shown: Sequence[Shown], whole: bool = True
) -> Board:
    """Figures, intervals and tied ranks of what is shown, on some columns.

    ``whole``: the columns are the document's categories, whose figures and intervals are then taken as they are; else
    they are means of tasks.
    """
    grid = [[_column_figure(each, column, frame.profile, whole) for column in columns] for each in shown]
    overall = [mean_figure(row, "mean of categories") for row in grid]
    published = [each.published for each in shown]

    def rank(figures: Sequence[Figure], tasks: Sequence[str]) -> list[Place]:
        """Models without a figure have no rank."""
        there = [i for i, figure in enumerate(figures) if figure.value is not None]
        values = [figures[i].value or 0.0 for i in there]
        given = ranks(store, [published[i] for i in there], frame.profile, tasks, values)
        place = dict(zip(there, given, strict=True))
        count, behind = Counter(given), any(rank > 1 for rank in given)
        return [
            Place(f, place[i], count[place[i]] > 1, behind and place[i] == 1) if i in place else Place(f)
            for i, f in enumerate(figures)
        ]

    by_column = [rank([row[i] for row in grid], column.tasks) for i, column in enumerate(columns)]
    every = [task for column in columns for task in column.tasks]
    totals = rank(overall, every)
    lines = [
        _line(each, totals[i], tuple(column[i] for column in by_column), frame.profile) for i, each in enumerate(shown)
    ]
    return Board(frame, tuple(columns), tuple(sorted(lines, key=lambda line: order_key(line.overall, line.name))))


def order_key(place: Place, name: str) -> tuple[float, str]:
    """Best first, then by name; those without a figure last."""
    return (math.inf if place.figure.value is None else -place.figure.value, name.lower())


def mean_figure(figures: Iterable[Figure], metric: str = "") -> Figure:
    """The mean of figures on different questions. Their errors are independent, so half-widths add in squares."""
    there = [figure for figure in figures if figure.value is not None]
    if not there:
        return Figure(metric)
    value = fmean(figure.value or 0.0 for figure in there)
    bounds = [(f.value or 0.0, f.low, f.high) for f in there]
    if any(low is None or high is None for _, low, high in bounds):
        return Figure(metric or there[0].metric, value, rows=sum(f.rows for f in there))
    down = math.sqrt(sum((v - (low or 0.0)) ** 2 for v, low, _ in bounds)) / len(there)
    up = math.sqrt(sum(((high or 0.0) - v) ** 2 for v, _, high in bounds)) / len(there)
    return Figure(metric or there[0].metric, value, max(0.0, value - down), min(100.0, value + up),
                  rows=sum(f.rows for f in there))  # fmt: skip


def task_figure(line: Line | None, profile: str, metric: str = "") -> Figure:
    """A line's figure of a metric in a profile (its first metric where none is named); empty where it has none."""
    if line is None:
        return Figure(metric)
    return (line.find(profile, metric) if metric else line.first(profile)) or Figure(metric)


def _column_figure(shown: Shown, column: Column, profile: str, whole: bool) -> Figure:
    if whole:
        line = next((line for line in shown.sheet.categories if line.name == column.name), None)
        return task_figure(line, profile, column.metric)
    lines = [line for line in shown.sheet.tasks if line.name in column.tasks]
    return mean_figure((task_figure(line, profile, column.metric) for line in lines), column.metric)


def _first_metrics(shown: Sequence[Shown], profile: str) -> Mapping[str, str]:
    """Task to its first metric, as the documents say (all of a version say the same)."""
    if not shown:
        return {}
    tasks: Mapping[str, Any] = shown[0].published.document.get("profiles", {}).get(profile, {}).get("tasks", {})
    return {task: str(entry.get("primary", "")) for task, entry in tasks.items()}


def _line(shown: Shown, overall: Place, places: tuple[Place, ...], profile: str) -> ModelLine:
    card, published = shown.card, shown.published
    return ModelLine(
        id=card.id,
        name=card.name,
        team=shown.team,
        parameters=card.parameters,
        weights=card.weights,
        medical=card.medical,
        submission=published.submission,
        attempts=published.attempts,
        at=published.at,
        note=published.note,
        signature=shown.sheet.signatures.get(profile, ""),
        overall=overall,
        places=places,
        unscored=sum(line.unscored_total for line in shown.sheet.tasks),
    )
