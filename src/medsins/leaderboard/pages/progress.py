"""Progress over time: what the board showed of each model, and the best so far, by category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from medsins.leaderboard.interface import Store
from medsins.leaderboard.views import Column, Frame, category_columns, read_frame, read_shown, read_version
from medsins.reports.figures import Figure, mapping, number, sequence

from ._page import Page, Query, Table


@dataclass(frozen=True, slots=True)
class Moment:
    """A model's figure from a moment on. ``best``: no model was higher before; ``x``: place in time, 0 to 100."""

    model: str
    name: str
    submission: str
    at: datetime
    figure: Figure
    best: bool
    x: float


@dataclass(frozen=True, slots=True)
class Course:
    """A category over time, oldest first. ``steps``: corners of the line of the best, as (x, percent)."""

    key: str
    name: str
    metric: str
    moments: tuple[Moment, ...]
    steps: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class ProgressView:
    """All categories over the time the version has been there."""

    frame: Frame
    start: datetime | None
    end: datetime | None
    courses: tuple[Course, ...]


def view(store: Store, query: Query) -> ProgressView:
    """What was shown on a version, in the order of time. Models that are hidden or withdrawn now are left out."""
    frame = read_frame(store, query.one("version"), query.one("profile"))
    version = read_version(store, frame)
    shown = read_shown(store, frame.version)
    names = {each.card.id: each.card.name for each in shown}
    history = [each for each in store.history(frame.version) if each.model in names]
    times = [each.at for each in history]
    start, end = (min(times), max(times)) if times else (None, None)
    courses = []
    for column in category_columns(version, shown, frame.profile):
        raw = [(each, _figure(each.document, frame.profile, column)) for each in history]
        moments: list[Moment] = []
        top = -1.0
        for each, figure in raw:
            if figure.value is None:
                continue
            best, top = figure.value > top, max(top, figure.value)
            x = _place(each.at, start, end)
            moments.append(Moment(each.model, names[each.model], each.submission, each.at, figure, best, x))
        courses.append(Course(column.key, column.name, column.metric, tuple(moments), _steps(moments)))
    return ProgressView(frame, start, end, tuple(courses))


def _place(at: datetime, start: datetime | None, end: datetime | None) -> float:
    if start is None or end is None or end <= start:
        return 50.0
    return 100 * (at - start).total_seconds() / (end - start).total_seconds()


def _steps(moments: Sequence[Moment]) -> tuple[tuple[float, float], ...]:
    corners: list[tuple[float, float]] = []
    for moment in moments:
        if moment.best:
            if corners:
                corners.append((moment.x, corners[-1][1]))
            corners.append((moment.x, moment.figure.value or 0.0))
    return (*corners, (100.0, corners[-1][1])) if corners else ()


def _figure(document: object, profile: str, column: Column) -> Figure:
    """A category's figure straight from a document: history may be long, and a whole sheet is not needed."""
    content = mapping(mapping(mapping(document).get("profiles")).get(profile))
    entry = mapping(mapping(content.get("categories")).get(column.name))
    bounds = [number(bound) for bound in sequence(mapping(entry.get("ci95")).get(column.metric))]
    low, high = bounds if len(bounds) == 2 else (None, None)
    return Figure(column.metric, number(mapping(entry.get("metrics")).get(column.metric)), low, high)


def tables(view: ProgressView) -> Sequence[Table]:
    """Every moment of every category."""
    header = ("category", "metric", "at", "model", "submission", "value", "low", "high", "best_so_far")
    rows = tuple(
        (c.name, c.metric, m.at.isoformat(), m.name, m.submission, m.figure.value, m.figure.low, m.figure.high,
         int(m.best))
        for c in view.courses for m in c.moments
    )  # fmt: skip
    return (Table("progress", "What the board showed over time, in percent", header, rows),)


PAGE = Page("progress", "/progress", "progress.html", view, tables, ("version", "profile", "table"))
