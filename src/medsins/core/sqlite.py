"""SQLite files of other processes: read without changing them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

READONLY_ROLLBACK = 776
"""A killed writer left a journal that must be rolled back before anyone can read (SQLITE_READONLY_ROLLBACK)."""


def open_readonly(path: Path, timeout: float = 5.0) -> sqlite3.Connection:
    """A connection that cannot write. What a killed process left half written is rolled back first, as SQLite does for
    any writer; so a file is readable at any moment after a kill.

    Args:
        path: the file.
        timeout: how long to wait for a writer, in seconds.

    Raises:
        sqlite3.Error: the file is no database, or cannot be opened.
    """
    uri = path.resolve().as_uri()
    db = sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=timeout)
    try:
        db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        db.close()
        if error.sqlite_errorcode != READONLY_ROLLBACK:
            raise
        writer = sqlite3.connect(f"{uri}?mode=rw", uri=True, timeout=timeout)
        try:
            writer.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        finally:
            writer.close()
        return sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=timeout)
    except sqlite3.Error:
        db.close()
        raise
    return db
