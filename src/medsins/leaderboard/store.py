"""Opening the board's store: ``open_store(url)``, for SQLite and for PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from medsins.core.errors import MissingExtra, Problem, UsageError

from .interface import Store

if TYPE_CHECKING:
    from ._database import Database

__all__ = ["open_store", "restore_store", "upgrade_store"]

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def open_store(url: str, create: bool = False, clock: Clock = utc_now) -> Store:
    """Open a board.

    Args:
        url: ``sqlite:///PATH`` or ``postgresql://USER@HOST/NAME``.
        create: make the tables where there are none; a board that is there is opened as it is.
        clock: what time it is (UTC), for tests.

    Raises:
        UsageError: the URL is wrong, there is no board, or it is of another revision than this program.
        Unavailable: the database cannot be reached.
    """
    database = _open(url, create, clock)
    from ._migrate import check_revision, migrate
    from ._sql import SqlStore

    try:
        if create:
            migrate(database, upgrade=False)
        check_revision(database)
    except BaseException:
        database.close()
        raise
    return SqlStore(database)


def upgrade_store(url: str) -> None:
    """Bring a board of an older revision up to date, all or nothing. Errors as in ``open_store``."""
    database = _open(url, False, utc_now)
    from ._migrate import check_revision, migrate

    try:
        migrate(database, upgrade=True)
        check_revision(database)
    finally:
        database.close()


def restore_store(archive: Path, url: str) -> None:
    """Read an archive of ``Store.backup`` into a database that has no board yet, and verify what is there then.

    Raises:
        InvalidFile: the archive is damaged or is none.
        UsageError: the database has a board already.
    """
    database = _open(url, True, utc_now)
    from ._archive import read_archive

    try:
        read_archive(archive, database)
    finally:
        database.close()


def _open(url: str, create: bool, clock: Clock) -> Database:
    try:
        from ._database import Database, make_private_file

        database = Database(url, clock)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in ("sqlalchemy", "alembic", "psycopg"):
            raise MissingExtra("the leaderboard", "board") from error
        raise
    if database.path is not None and not database.path.exists():
        if not create:
            raise UsageError(Problem("no board here", str(database.path), "run `medsins board init`"))
        make_private_file(database.path)
    return database
