"""What the verbs of ``medsins board`` share: the board's folder, its store, texts of options."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medsins.leaderboard.interface import Store
    from medsins.leaderboard.settings import Settings

ACTOR = "command line"
"""Who did it, in the audit log, where whoever did it has the board's folder."""


def add_folder(parser: argparse.ArgumentParser) -> None:
    """The option that says which board."""
    parser.add_argument("--dir", type=Path, default=Path("board"), metavar="D", help="the board's folder (board)")


@contextmanager
def needs_board() -> Iterator[None]:
    """Around imports of the board: where its packages are not installed, say how to install them."""
    from medsins.core.errors import MissingExtra

    try:
        yield
    except ModuleNotFoundError as error:
        if str(error.name).startswith("medsins"):
            raise
        raise MissingExtra("the leaderboard", "board") from error


@contextmanager
def opened(args: argparse.Namespace) -> Iterator[tuple[Store, Settings]]:
    """The store and the settings of the board that the options name."""
    with needs_board():
        from medsins.leaderboard.settings import read_settings
        from medsins.leaderboard.store import open_store
    settings = read_settings(args.dir)
    store = open_store(settings.database_url)
    try:
        yield store, settings
    finally:
        store.close()


def moment(text: str) -> datetime:
    """The type of an option that takes a date or a date with time; UTC where no zone is given."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no date, write 2026-11-30 or 2026-11-30T12:00") from None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def a_reason(text: str) -> str:
    """The type of an option that takes a reason, which is shown on the board."""
    if not text.strip() or len(text) > 500:
        raise argparse.ArgumentTypeError("must be a text of 1 to 500 characters")
    return text.strip()
