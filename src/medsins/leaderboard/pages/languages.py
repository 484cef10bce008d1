"""The language view: categories whose questions come in several languages, a column for each language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from medsins.leaderboard.interface import Store
from medsins.leaderboard.views import (
    Board,
    Column,
    Frame,
    Shown,
    category_columns,
    read_board,
    read_frame,
    read_shown,
    read_version,
    slug,
)

from ._page import Page, Query, Table
from ._tables import board_table


@dataclass(frozen=True, slots=True)
class LanguagesView:
    """``boards``: one for each category with more than one language; ``names`` and ``keys`` are theirs."""

    frame: Frame
    names: tuple[str, ...]
    keys: tuple[str, ...]
    boards: tuple[Board, ...]
    only_english: tuple[str, ...]


def view(store: Store, query: Query) -> LanguagesView:
    """Models by language, in every category that has several."""
    frame = read_frame(store, query.one("version"), query.one("profile"))
    version = read_version(store, frame)
    shown = read_shown(store, frame.version)
    languages = {task.task_id: task.language for task in version.tasks}
    questions = {task.task_id: task.rows - task.private_rows for task in version.tasks}
    names, boards, single = [], [], []
    for column in category_columns(version, shown, frame.profile):
        if len({languages[task] for task in column.tasks}) > 1:
            names.append(column.name)
            boards.append(_board(store, frame, shown, column, languages, questions))
        else:
            single.append(column.name)
    return LanguagesView(frame, tuple(names), tuple(map(slug, names)), tuple(boards), tuple(single))


def _board(
    store: Store, frame: Frame, shown: Sequence[Shown], column: Column, languages: dict[str, str], rows: dict[str, int]
) -> Board:
    found: dict[str, list[str]] = {}
    for task in column.tasks:
        found.setdefault(languages[task], []).append(task)
    order = sorted(found, key=lambda name: (name != "English", name))
    columns = [Column(slug(n), n, column.metric, tuple(found[n]), sum(rows[t] for t in found[n])) for n in order]
    return read_board(store, frame, columns, shown, whole=False)


def tables(view: LanguagesView) -> Sequence[Table]:
    """A table for each category."""
    return tuple(
        board_table(key, board.columns, board.lines, f"{name} by language, in percent")
        for key, name, board in zip(view.keys, view.names, view.boards, strict=True)
    )


PAGE = Page("languages", "/languages", "languages.html", view, tables, ("version", "profile", "table"))
