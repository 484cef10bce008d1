"""One task: what is asked, every model in every metric, and the digest of the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from medsins.leaderboard.interface import NotFound, Store
from medsins.leaderboard.views import (
    Column,
    Frame,
    ModelLine,
    category_columns,
    read_board,
    read_frame,
    read_shown,
    read_version,
    slug,
    task_figure,
)
from medsins.reports.figures import Figure

from ._page import Page, Query, Table
from ._tables import board_table


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task's models, best first; ``metrics``: all that it is scored by, ``figures``: by model, in their order."""

    frame: Frame
    id: str
    category: str
    category_key: str
    language: str
    definition: str
    questions: int
    kept_back: int
    digest: str
    column: Column
    lines: tuple[ModelLine, ...]
    metrics: tuple[str, ...]
    figures: tuple[tuple[Figure, ...], ...]


def view(store: Store, query: Query) -> TaskView:
    """A task of a version.

    Raises:
        NotFound: the version has no such task.
    """
    frame = read_frame(store, query.one("version"), query.one("profile"))
    version = read_version(store, frame)
    task = next((task for task in version.tasks if task.task_id == query.one("task")), None)
    if task is None:
        raise NotFound("this version has no such task")
    shown = read_shown(store, frame.version)
    lines = {each.card.id: next((x for x in each.sheet.tasks if x.name == task.task_id), None) for each in shown}
    first = next((line for line in lines.values() if line is not None), None)
    figures = first.figures.get(frame.profile, ()) if first else ()
    metrics = tuple(figure.metric for figure in figures if not figure.metric.endswith("_answered"))
    column = Column(task.task_id, task.task_id, metrics[0] if metrics else "", (task.task_id,),
                    task.rows - task.private_rows)  # fmt: skip
    board = read_board(store, frame, [column], shown, whole=False)
    categories = {column.name for column in category_columns(version, shown, frame.profile)}
    return TaskView(
        frame=frame,
        id=task.task_id,
        category=task.category,
        category_key=slug(task.category) if task.category in categories else "",
        language=task.language,
        definition=task.definition,
        questions=task.rows - task.private_rows,
        kept_back=task.private_rows,
        digest=task.digest,
        column=column,
        lines=board.lines,
        metrics=metrics,
        figures=tuple(
            tuple(task_figure(lines[line.id], frame.profile, metric) for metric in metrics) for line in board.lines
        ),
    )


def tables(view: TaskView) -> Sequence[Table]:
    """The models in the first metric."""
    return (board_table(slug(view.id), [view.column], view.lines, f"{view.id}, in percent"),)


PAGE = Page("task", "/task/{task}", "task.html", view, tables, ("version", "profile", "table"))
