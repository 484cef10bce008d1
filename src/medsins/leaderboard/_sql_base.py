"""What the parts of the SQL store share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, Table, func, insert, select

from medsins.core.errors import Problem

from ._chain import Writing
from ._database import Database
from ._kept import Kept
from ._schema import flags, jobs, submissions
from .interface import NotFound, Refused

HIGHEST = 2**31 - 1
"""The highest number a column of numbers holds."""
_LONGEST = 200


class SqlPart:
    """A part of the store, on a database."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._documents: Kept[Mapping[str, Any]] = Kept(500)


def one(connection: Connection, table: Table, key: str | int, what: str) -> Row[Any]:
    """The row of an id.

    Raises:
        NotFound: there is none.
    """
    known = isinstance(key, str) or 0 <= key <= HIGHEST
    row = connection.execute(select(table).where(table.c.id == key)).first() if known else None
    if row is None:
        raise NotFound(Problem(f"no such {what}", str(key)))
    return row


def check_name(what: str, name: str) -> None:
    """Refuse what an index cannot hold or a reader cannot see.

    Raises:
        Refused: the name is empty, or longer than 200 characters.
    """
    if not name.strip() or len(name) > _LONGEST:
        raise Refused(Problem(f"{what} has {len(name)} characters", mend=f"give it 1 to {_LONGEST}"))


def submission_row(connection: Connection, submission_id: str) -> Row[Any]:
    """The row of an attempt that was not withdrawn.

    Raises:
        NotFound: there is none.
        Refused: it was withdrawn.
    """
    row = one(connection, submissions, submission_id, "submission")
    if row.state == "withdrawn":
        raise Refused(Problem("the submission was withdrawn", submission_id))
    return row


def next_id(connection: Connection, table: Table) -> int:
    """The number after the highest. Whoever calls holds the lock of the board, so no other gets the same."""
    highest: int = connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
    return highest + 1


def enqueue(writing: Writing, submission_id: str, kind: str) -> int | None:
    """A waiting job for a submission; None where one waits already."""
    waits = select(jobs.c.id).where(jobs.c.submission == submission_id, jobs.c.state == "waiting")
    if writing.connection.execute(waits).first():
        return None
    number = next_id(writing.connection, jobs)
    values = {
        "id": number,
        "kind": kind,
        "submission": submission_id,
        "state": "waiting",
        "fence": 0,
        "attempts": 0,
        "queued": writing.at,
        "progress": 0.0,
        "reason": "",
    }
    writing.connection.execute(insert(jobs).values(values))
    return number


def insert_flags(
    writing: Writing, submission_id: str, new: Iterable[tuple[str, Mapping[str, Any]]]
) -> list[tuple[int, str]]:
    """Add flags to a submission; their numbers and kinds, for the log."""
    added = []
    for kind, detail in new:
        number = next_id(writing.connection, flags)
        values = {"id": number, "submission": submission_id, "kind": kind, "detail": detail, "at": writing.at}
        writing.connection.execute(insert(flags).values(values | {"settled": ""}))
        added.append((number, kind))
    return added
