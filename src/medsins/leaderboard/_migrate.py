"""Making and upgrading the tables. All missing revisions are one transaction, so a kill leaves the old or the new."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from medsins.core.errors import Problem, UsageError

from ._database import Database
from ._schema import REVISION

_MIGRATIONS = Path(__file__).parent / "migrations"
FOLDERS: tuple[Path, ...] = (_MIGRATIONS / "versions",)
"""Where revisions lie."""
_LOCK = 0x6D656473  # any number, but always this one
_UPGRADE = "make a backup, then run `medsins board init --upgrade`"


def revision(connection: Connection) -> str | None:
    """The revision of a database; None where no board is in it."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def check_revision(database: Database) -> None:
    """Raise UsageError where a database has no board, or one of another revision than this program's."""
    with database.read() as connection:
        found = revision(connection)
    if found == REVISION:
        return
    if found is None:
        raise UsageError(Problem("no board in this database", database.name, "run `medsins board init`"))
    if found < REVISION:
        raise UsageError(Problem(f"the board has revision {found}, this program {REVISION}", database.name, _UPGRADE))
    raise UsageError(
        Problem(
            f"the board has revision {found}, newer than this program's {REVISION}", database.name, "update medsins"
        )
    )


def migrate(database: Database, upgrade: bool) -> None:
    """Make the tables where there are none, and bring older ones up to date where ``upgrade`` says so."""
    with database.plain_write() as connection:
        migrate_within(connection, upgrade)


def migrate_within(connection: Connection, upgrade: bool) -> None:
    """The same, as part of a transaction that does more."""
    from alembic import command
    from alembic.config import Config

    if connection.dialect.name == "postgresql":  # SQLite's writers follow one another anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    found = revision(connection)
    if found is not None and (not upgrade or found >= REVISION):
        return
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(str(folder).replace("%", "%%") for folder in FOLDERS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
