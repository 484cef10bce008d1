"""A connection pool with the board's rules: one writer at a time, durable commits, errors in words.

Every write locks the one row of ``board`` before it looks at anything, because the audit log is a chain. So writes
follow one another on both databases, and no rule (quota, lease, publication) can be broken by two at once.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, and_, create_engine, event, func, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from medsins.core.errors import Problem, UsageError

from ._chain import Writing
from ._schema import audit, board
from .interface import Unavailable

Clock = Callable[[], datetime]

WAIT = 30
"""Seconds a writer waits for the one before it."""
_LATE = 0.02
"""Seconds that a look may be behind other processes."""
LATE_ACTIONS = (
    *("submission.add", "submission.answers", "publish", "team.add", "token.add", "token.revoke"),
    *("job.lease", "job.finish", "job.fail", "job.retry", "job.queue", "flag.add", "flag.settle"),
)
"""Entries of the audit log that take nothing from what is shown, so that readers may see them a little later."""
_SQLITE_RULES = (
    "PRAGMA journal_mode = TRUNCATE",  # not WAL: see docs/leaderboard-operation.md
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # what was withdrawn is overwritten, not only unlinked
    "PRAGMA cache_size = -65536",  # a large submission fits, so readers wait for its commit only
)


def parse_url(url: str) -> URL:
    """``sqlite:///PATH`` or ``postgresql://…``.

    Raises:
        UsageError: anything else.
    """
    mend = "use sqlite:///PATH or postgresql://USER@HOST/NAME"
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UsageError(Problem("the database URL cannot be read", mend=mend)) from None
    backend = parsed.drivername.split("+")[0]
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed.set(drivername="sqlite")
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    raise UsageError(Problem(f"no such database: '{parsed.render_as_string()}'", mend=mend))


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a board: its data version, its last entry of the audit log, the last whose action is not one of
    ``LATE_ACTIONS`` (before any such, the last of the first look), and until when this may be believed (monotonic).
    """

    data: int
    seq: int
    prompt: int
    until: float


class Database:
    """One database, for any number of threads."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.url = parse_url(url)
        self.now = clock
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        shown = self.url.set(drivername=self.url.get_backend_name()).render_as_string(hide_password=True)
        self.name = str(self.path) if self.is_sqlite else shown
        self.engine = create_engine(
            self.url, **(_sqlite_options() if self.is_sqlite else _postgresql_options(self.url))
        )
        if self.is_sqlite:
            event.listen(self.engine, "connect", _set_sqlite_rules)
            event.listen(self.engine, "begin", _begin_sqlite)
        level: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        whole: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        self._reader = self.engine.execution_options(**level)
        self._snapshot = self.engine.execution_options(board_begin="BEGIN", **whole)
        self._writer = self.engine.execution_options(board_begin="BEGIN IMMEDIATE")
        self._last: Look | None = None
        self._seen: Look | None = None
        self._changes = 0
        self._lock = threading.Lock()

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database."""
        return Path(self.url.database or "") if self.is_sqlite else None

    @contextmanager
    def read(self, snapshot: bool = False) -> Iterator[Connection]:
        """A connection to read with; a ``snapshot`` shows one moment over several queries."""
        with self._errors(), (self._snapshot if snapshot else self._reader).connect() as connection:
            if snapshot and self.is_sqlite:
                connection.execute(text("SELECT 1 FROM board")).all()  # the moment is that of the first look
            yield connection

    @contextmanager
    def plain_write(self) -> Iterator[Connection]:
        """A transaction that changes nothing the audit log tells of."""
        with self._errors(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Writing]:
        """A transaction that holds the lock of the board; what it logged is chained when it ends well."""
        with self.plain_write() as connection:
            writing = Writing(connection, self.now())
            yield writing
            writing.seal()
        with self._lock:
            self._changes += 1
            self._last = None

    def look(self) -> Look:
        """The state of the board, as it was at most 20 ms ago."""
        began, last = time.monotonic(), self._last
        if last is not None and began < last.until:
            return last
        changes, seen = self._changes, self._seen
        with self.read() as connection:
            data, seq = connection.execute(select(board.c.data_version, board.c.seq)).one()
            prompt = seen.prompt if seen else seq
            if seen and seq > seen.seq:
                loud = and_(audit.c.seq > seen.seq, audit.c.seq <= seq, audit.c.action.not_in(LATE_ACTIONS))
                prompt = connection.execute(select(func.max(audit.c.seq)).where(loud)).scalar() or prompt
        found = Look(data, seq, prompt, began + _LATE)
        with self._lock:
            if self._seen is None or seq >= self._seen.seq:
                self._seen = found
            if changes == self._changes:  # else it was read before a change of our own
                self._last = found
        return found

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except PoolTimeout as error:
            raise Unavailable(Problem("all connections are in use", self.name, "ask again")) from error
        except DBAPIError as error:
            if not _is_outage(error):
                raise
            words = str(error.orig).strip().splitlines() or ["no answer"]
            raise Unavailable(Problem(words[0], self.name, _mend(words[0]))) from error


def _sqlite_options() -> dict[str, Any]:
    return {"hide_parameters": True, "connect_args": {"timeout": WAIT}}


def _postgresql_options(url: URL) -> dict[str, Any]:
    arguments: dict[str, Any] = {"application_name": "medsins-board"}
    if "options" not in url.query:
        # A process that hangs while it holds the lock of the board loses it, and the others go on.
        arguments["options"] = f"-c lock_timeout={WAIT}s -c idle_in_transaction_session_timeout={2 * WAIT}s"
    if "connect_timeout" not in url.query:
        arguments["connect_timeout"] = 10
    return {"hide_parameters": True, "pool_pre_ping": True, "connect_args": arguments}


def _set_sqlite_rules(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself
    for rule in _SQLITE_RULES:
        connection.execute(rule).close()


def _begin_sqlite(connection: Connection) -> None:
    if statement := connection.get_execution_options().get("board_begin"):
        connection.exec_driver_sql(statement)


def _is_outage(error: DBAPIError) -> bool:
    return error.connection_invalidated or type(error).__name__ in ("OperationalError", "DatabaseError")


def _mend(words: str) -> str:
    hints = {
        "lock": "another process writes for too long; ask again",
        "full": "free some space on the disk",
        "readonly": "the file and its folder must be writable",
        "unable to open": "the folder must exist and be writable",
        "not a database": "the path names another kind of file",
        "malformed": "the file is damaged: restore a backup with `medsins board restore`",
        "connection": "check that the database runs, and the host, port, user and password",
    }
    return next((hint for key, hint in hints.items() if key in words), "")


def make_private_file(path: Path) -> None:
    """Create an empty file only its owner can read, with its folder; one that is there stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
