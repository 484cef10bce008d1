"""The first page: all models on all categories, with tied ranks, filters, and the published layer below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from medsins.leaderboard.interface import Store
from medsins.leaderboard.paper import PaperSummary, paper_summary
from medsins.leaderboard.views import (
    SIZES,
    Board,
    Column,
    Frame,
    ModelLine,
    Place,
    category_columns,
    order_key,
    read_board,
    read_frame,
    read_shown,
)

from ._page import Page, Query, Table
from ._tables import board_table, paper_summary_table

FILTERS = ("weights", "size", "medical", "language", "q", "sort")
PANEL_LINES = 12
"""Models in each of the small plots; the category's page has all."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One filter as a reader may set it: its values with what they are called."""

    name: str
    label: str
    values: tuple[tuple[str, str], ...]
    chosen: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A model in a small plot."""

    model: str
    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Panel:
    """The best models of a column, for its small plot."""

    column: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """The board after filters. ``models``: how many there are before; ``questions``: with open references;
    ``kept_back``: those of the private part; ``ends``: when the version stops to take submissions.
    """

    frame: Frame
    columns: tuple[Column, ...]
    lines: tuple[ModelLine, ...]
    models: int
    tasks: int
    questions: int
    kept_back: int
    panels: tuple[Panel, ...]
    choices: tuple[Choice, ...]
    search: str
    sort: str
    paper: PaperSummary


def view(store: Store, query: Query) -> Overview:
    """The board of a version and profile, filtered and sorted. Ranks are always among all models."""
    frame = read_frame(store, query.one("version"), query.one("profile"))
    shown = read_shown(store, frame.version)
    tasks = store.version(frame.version).tasks if frame.version else ()
    languages = sorted({task.language for task in tasks})
    language = query.one("language") if query.one("language") in languages else ""
    columns = category_columns(store.version(frame.version), shown, frame.profile, language) if frame.version else []
    board = read_board(store, frame, columns, shown, whole=not language)
    sort = query.one("sort") if query.one("sort") in _sorts(board) else "overall"
    search = query.one("q")
    chosen = {name: query.one(name) for name in ("weights", "size", "medical")}
    lines = _sorted(_filtered(board.lines, chosen, search), board.columns, sort)
    return Overview(
        frame=frame,
        columns=board.columns,
        lines=lines,
        models=len(board.lines),
        tasks=len(tasks),
        questions=sum(task.rows - task.private_rows for task in tasks),
        kept_back=sum(task.private_rows for task in tasks),
        panels=_panels(lines, board.columns),
        choices=_choices({**chosen, "language": language}, languages),
        search=search,
        sort=sort,
        paper=paper_summary(),
    )


def _choices(chosen: dict[str, str], languages: Sequence[str]) -> tuple[Choice, ...]:
    known = {
        "weights": ("Weights", (("open", "open"), ("closed", "closed"), ("unknown", "not stated"))),
        "size": ("Size", tuple(SIZES.items())),
        "medical": ("Made for medicine", (("yes", "yes"), ("no", "no"))),
        "language": ("Questions in", tuple((name, name) for name in languages)),
    }
    return tuple(
        Choice(name, label, values, chosen[name] if chosen[name] in dict(values) else "")
        for name, (label, values) in known.items()
    )


def _filtered(lines: Sequence[ModelLine], chosen: dict[str, str], search: str) -> list[ModelLine]:
    tests: dict[str, Callable[[ModelLine], bool]] = {
        "weights": lambda line: line.weights == chosen["weights"],
        "size": lambda line: line.size == chosen["size"],
        "medical": lambda line: line.medical is {"yes": True, "no": False}.get(chosen["medical"]),
    }
    valid = {"weights": ("open", "closed", "unknown"), "size": tuple(SIZES), "medical": ("yes", "no")}
    active = [test for name, test in tests.items() if chosen[name] in valid[name]]
    words = search.lower().split()
    return [
        line
        for line in lines
        if all(test(line) for test in active) and all(word in f"{line.name} {line.team}".lower() for word in words)
    ]


def _sorts(board: Board) -> tuple[str, ...]:
    return ("overall", "name", "date", *(column.key for column in board.columns))


def _sorted(lines: Sequence[ModelLine], columns: Sequence[Column], sort: str) -> tuple[ModelLine, ...]:
    place = next((i for i, column in enumerate(columns) if column.key == sort), None)
    if place is not None:
        return tuple(sorted(lines, key=lambda line: order_key(line.places[place], line.name)))
    if sort == "name":
        return tuple(sorted(lines, key=lambda line: line.name.lower()))
    return tuple(sorted(lines, key=lambda line: line.at, reverse=True)) if sort == "date" else tuple(lines)


def _panels(lines: Sequence[ModelLine], columns: Sequence[Column]) -> tuple[Panel, ...]:
    found = []
    for i, column in enumerate(columns):
        there = [(line, line.places[i]) for line in lines if line.places[i].figure.value is not None]
        there.sort(key=lambda pair: order_key(pair[1], pair[0].name))
        found.append(Panel(column.key, tuple(Dot(line.id, line.name, place) for line, place in there[:PANEL_LINES])))
    return tuple(found)


def tables(view: Overview) -> Sequence[Table]:
    """The board as shown, and the published layer."""
    return (board_table("board", view.columns, view.lines), paper_summary_table(view.paper))


PAGE = Page("overview", "/", "overview.html", view, tables, ("version", "profile", "table", *FILTERS))
