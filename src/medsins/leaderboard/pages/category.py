"""One category: every model with its interval and rank, the tasks behind the mean, and the article's figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from medsins.catalog import categories
from medsins.leaderboard.interface import NotFound, Store
from medsins.leaderboard.paper import PaperTable, paper_tables
from medsins.leaderboard.views import (
    Column,
    Frame,
    ModelLine,
    category_columns,
    read_board,
    read_frame,
    read_shown,
    read_version,
)

from ._page import Page, Query, Table
from ._tables import board_table


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """A task of the category. ``counted``: it shares the category's first metric and so enters its mean."""

    id: str
    language: str
    questions: int
    kept_back: int
    counted: bool


@dataclass(frozen=True, slots=True)
class CategoryView:
    """A category's models, best first. ``columns``: the category, then each task that enters its mean."""

    frame: Frame
    name: str
    key: str
    about: str
    columns: tuple[Column, ...]
    lines: tuple[ModelLine, ...]
    tasks: tuple[TaskFacts, ...]
    others: tuple[tuple[str, str], ...]
    paper: tuple[PaperTable, ...]


def view(store: Store, query: Query) -> CategoryView:
    """A category of a version.

    Raises:
        NotFound: the version has no such category.
    """
    frame = read_frame(store, query.one("version"), query.one("profile"))
    version = read_version(store, frame)
    shown = read_shown(store, frame.version)
    columns = category_columns(version, shown, frame.profile)
    column = next((column for column in columns if column.key == query.one("category")), None)
    if column is None:
        raise NotFound("this version has no such category")
    members = {task.task_id: task for task in version.tasks if task.category == column.name}
    single = [
        Column(task_id, task_id, column.metric, (task_id,), members[task_id].rows - members[task_id].private_rows)
        for task_id in column.tasks
    ]
    whole = read_board(store, frame, [column], shown)
    parts = {line.id: line for line in read_board(store, frame, single, shown, whole=False).lines}
    known = categories().get(column.name)
    return CategoryView(
        frame=frame,
        name=column.name,
        key=column.key,
        about=known.instruction if known else "",
        columns=(column, *single),
        lines=tuple(_joined(line, parts[line.id]) for line in whole.lines),
        tasks=tuple(
            TaskFacts(t.task_id, t.language, t.rows - t.private_rows, t.private_rows, t.task_id in column.tasks)
            for t in members.values()
        ),
        others=tuple((each.key, each.name) for each in columns),
        paper=tuple(table for table in paper_tables() if table.category == column.name),
    )


def _joined(whole: ModelLine, parts: ModelLine) -> ModelLine:
    return replace(whole, overall=whole.places[0], places=(*whole.places, *parts.places))


def tables(view: CategoryView) -> Sequence[Table]:
    """The models."""
    return (board_table(view.key, view.columns, view.lines, f"{view.name}, in percent"),)


PAGE = Page("category", "/category/{category}", "category.html", view, tables, ("version", "profile", "table"))
