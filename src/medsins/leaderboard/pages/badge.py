"""A model's badge for a README: the mean of its categories with its rank, as ``/badge/MODEL.svg``."""

from __future__ import annotations

from dataclasses import dataclass

from medsins.leaderboard.interface import NotFound, Store
from medsins.leaderboard.views import category_columns, read_board, read_frame, read_shown, read_version

from ._page import Page, Query


@dataclass(frozen=True, slots=True)
class Badge:
    """What the badge says, and the widths of its two halves in pixels."""

    label: str
    value: str
    left: int
    right: int


def view(store: Store, query: Query) -> Badge:
    """The badge of a model on a version.

    Raises:
        NotFound: nothing of the model is shown.
    """
    frame = read_frame(store, query.one("version"), query.one("profile"))
    shown = read_shown(store, frame.version)
    columns = category_columns(read_version(store, frame), shown, frame.profile)
    board = read_board(store, frame, columns, shown)
    line = next((line for line in board.lines if line.id == query.one("model")), None)
    if line is None or line.overall.figure.value is None:
        raise NotFound("there is no such model")
    value = f"{line.overall.figure.value:.1f} · rank {line.overall.rank}{'=' if line.overall.tied else ''}"
    return Badge(frame.version, value, _width(frame.version), _width(value))


def _width(text: str) -> int:
    """About how wide a text is in 11 px Verdana, with a margin; the picture stretches the text to fit exactly."""
    return 12 + round(
        sum(4.0 if c in "iljtf.,:;|!'() ·" else 8.2 if c.isupper() or c in "mw@%=" else 6.9 for c in text)
    )


PAGE = Page("badge", "/badge/{model}", "badge.svg", view, parameters=("version", "profile"), frameable=True)
