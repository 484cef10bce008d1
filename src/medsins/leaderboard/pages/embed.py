"""A board small enough for a frame on another site: the only page that may be framed."""

from __future__ import annotations

from dataclasses import dataclass

from medsins.leaderboard.interface import NotFound, Store
from medsins.leaderboard.views import Board, category_columns, read_board, read_frame, read_shown, read_version

from ._page import Page, Query

MOST = 10


@dataclass(frozen=True, slots=True)
class EmbedView:
    """The best models of one column (``overall`` where none is named)."""

    board: Board
    name: str
    column: str


def view(store: Store, query: Query) -> EmbedView:
    """The best models.

    Raises:
        NotFound: no such column.
    """
    frame = read_frame(store, query.one("version"), query.one("profile"))
    shown = read_shown(store, frame.version)
    columns = category_columns(read_version(store, frame), shown, frame.profile)
    wanted = query.one("column")
    if wanted != "overall":
        columns = [column for column in columns if column.key == wanted]
        if not columns:
            raise NotFound("this version has no such category")
    board = read_board(store, frame, columns, shown)
    name = "Mean of categories" if wanted == "overall" else columns[0].name
    return EmbedView(Board(frame, board.columns, board.lines[:MOST]), name, wanted)


PAGE = Page("embed", "/embed/{column}", "embed.html", view, parameters=("version", "profile"), frameable=True)
