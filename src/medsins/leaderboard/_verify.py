"""Whether the audit log is whole, and whether the tables hold what it tells: nothing lost, nothing slipped in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Row, Table, select, text

from medsins.core.files import digest

from ._chain import broken_links, to_entry
from ._database import Database
from ._replay import Replay, Things
from ._schema import (
    answers,
    audit,
    board,
    flags,
    items,
    jobs,
    models,
    published,
    scores,
    submissions,
    teams,
    tokens,
    versions,
)
from ._sql_admin import iso
from ._sql_jobs import published_digest, scores_digest
from .records import Entry

_NAMES = {
    "versions": "version",
    "teams": "team",
    "tokens": "token",
    "models": "model",
    "submissions": "submission",
    "published": "shown result",
    "flags": "flag",
    "jobs": "job",
}


def problems(database: Database) -> list[str]:
    """See ``Store.verify``; looks at one moment of the board."""
    with database.read(snapshot=True) as connection:
        return [*problems_of(connection)]


def problems_of(connection: Connection) -> Iterator[str]:
    """The same, inside a transaction."""
    if connection.dialect.name == "sqlite":
        yield from _file_problems(connection)
    replay = Replay()
    head = connection.execute(select(board)).one()
    yield from broken_links(_entries(connection), (head.seq, head.hash))
    for entry in _entries(connection):
        try:
            replay.apply(entry)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            yield f"audit log: entry {entry.seq} ({entry.action}) tells of something that is not there: {error!r}"
    for name, found in _tables(connection).items():
        yield from _differences(_NAMES[name], found, getattr(replay, name))
    yield from _forgotten(connection)


def _file_problems(connection: Connection) -> Iterator[str]:
    for (line,) in connection.execute(text("PRAGMA integrity_check")):
        if line != "ok":
            yield f"database file: {line}"
    for row in connection.execute(text("PRAGMA foreign_key_check")):
        yield f"database file: a row of {row[0]} refers to nothing in {row[2]}"


def _entries(connection: Connection) -> Iterator[Entry]:
    return map(to_entry, _rows(connection, audit, "seq", many=1000))


def _rows(connection: Connection, table: Table, order: str, many: int = 100) -> Iterator[Row[Any]]:
    query = select(table).order_by(table.c[order]).execution_options(yield_per=many)
    return iter(connection.execute(query))


def _tables(connection: Connection) -> dict[str, Things]:
    """What the tables hold, in the words of the log."""
    blocks: dict[str, list[str]] = {}
    for row in connection.execute(
        select(items).order_by(items.c.version, items.c.first).execution_options(yield_per=4)
    ):
        blocks.setdefault(row.version, []).append(hashlib.sha256(row.data).hexdigest())
    kept = {row.submission: hashlib.sha256(row.data).hexdigest() for row in _rows(connection, answers, "submission", 4)}
    scored: dict[str, dict[str, str]] = {}
    for row in _rows(connection, scores, "submission", 4):
        scored.setdefault(row.submission, {})[row.part] = scores_digest(row._asdict())
    found: dict[str, Things] = {name: {} for name in _NAMES}
    for row in _rows(connection, versions, "id"):
        found["versions"][row.id] = {
            "digest": row.digest,
            "rows": row.rows,
            "tasks": digest(row.tasks),
            "until": iso(row.active_until),
            "items": blocks.get(row.id, []),
        }
    for row in _rows(connection, tokens, "id"):
        columns = _some(row, "team", "scope", "revoked")
        found["tokens"][row.id] = columns | {"expires": iso(row.expires)}
    for row in _rows(connection, models, "id"):
        found["models"][row.id] = {"team": row.team, "card": digest(row.card)}
    for row in _rows(connection, submissions, "id"):
        columns = _some(row, "version", "model", "team", "attempt", "kind", "sha256", "state", "hidden")
        columns |= {"answers": kept.get(row.id, ""), "scores": scored.get(row.id, {})}
        found["submissions"][row.id] = columns
    for row in _rows(connection, published, "id", 20):
        found["published"][row.id] = {"submission": row.submission, "digest": published_digest(row._asdict())}
    for table, names in (
        (teams, ("name", "banned")),
        (flags, ("submission", "kind", "settled")),
        (jobs, ("submission", "kind", "state", "fence", "attempts")),
    ):
        found[table.name] = {row.id: _some(row, *names) for row in _rows(connection, table, "id")}
    return found


def _some(row: Row[Any], *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _differences(what: str, found: Things, expected: Things) -> Iterator[str]:
    for key in sorted(expected.keys() - found.keys(), key=str):
        yield f"{what} {key}: the log tells of it, the table does not have it"
    for key in sorted(found.keys() - expected.keys(), key=str):
        yield f"{what} {key}: the log does not tell of it"
    for key in sorted(expected.keys() & found.keys(), key=str):
        yield from (f"{what} {key}: {name} is not what the log tells" for name in _unlike(found[key], expected[key]))


def _unlike(found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    return [name for name in sorted(expected.keys() | found.keys()) if found.get(name) != expected.get(name)]


def _forgotten(connection: Connection) -> Iterator[str]:
    """Submissions that wait for a job that is not there."""
    open_job = select(jobs.c.id).where(jobs.c.submission == submissions.c.id, jobs.c.state.in_(("waiting", "leased")))
    has_answers = select(answers.c.submission).where(answers.c.submission == submissions.c.id)
    query = select(submissions.c.id).where(
        submissions.c.state.in_(("queued", "scoring")), has_answers.exists(), ~open_job.exists()
    )
    for key in connection.execute(query.order_by(submissions.c.id)).scalars():
        yield f"submission {key}: it waits, and no job will score it"
