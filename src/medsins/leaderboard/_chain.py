"""The audit log: append-only, each entry hashed together with the one before, written with the change it tells of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from medsins.core.files import digest

from ._schema import audit, board
from ._types import compact_json, storable, storable_json
from .records import Entry

GENESIS = "0" * 64
"""What the first entry follows."""


def entry_hash(entry: Entry) -> str:
    """SHA-256 over everything in an entry but its hash."""
    return digest(
        {
            "seq": entry.seq,
            "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": entry.actor,
            "action": entry.action,
            "subject": entry.subject,
            "detail": entry.detail,
            "previous": entry.previous,
        }
    )


def to_entry(row: Row[Any]) -> Entry:
    """An entry of a row of the table."""
    return Entry(row.seq, row.at, row.actor, row.action, row.subject, row.detail, row.previous, row.hash)


class Writing:
    """A transaction under way: its connection, its moment, and what it adds to the log."""

    def __init__(self, connection: Connection, at: datetime) -> None:
        self.connection = connection
        self.at = at
        row = connection.execute(select(board).where(board.c.id == 1).with_for_update()).one()
        self._version, self._seq, self._hash = row.data_version, row.seq, row.hash
        self._entries: list[Entry] = []

    def log(self, actor: str, action: str, subject: str, detail: Mapping[str, Any]) -> None:
        """Add an entry. ``detail`` tells no text of an answer, no reference, no contact, no secret and no score."""
        plain = storable_json(json.loads(compact_json(detail)))
        words = (storable(actor), action, storable(subject))
        entry = Entry(self._seq + 1, self.at, *words, plain, self._hash, "")
        self._seq, self._hash = entry.seq, entry_hash(entry)
        self._entries.append(entry)

    def seal(self) -> None:
        """Write the entries and the new head. A transaction that logged nothing changed nothing."""
        if not self._entries:
            return
        hashes = [entry.previous for entry in self._entries[1:]] + [self._hash]
        names = ("seq", "at", "actor", "action", "subject", "detail", "previous")
        rows = [
            {name: getattr(entry, name) for name in names} | {"hash": own}
            for entry, own in zip(self._entries, hashes, strict=True)
        ]
        self.connection.execute(insert(audit), rows)
        head = {"data_version": self._version + 1, "seq": self._seq, "hash": self._hash}
        self.connection.execute(update(board).where(board.c.id == 1).values(**head))


def broken_links(entries: Iterable[Entry], head: tuple[int, str]) -> Iterator[str]:
    """What is wrong with a chain whose last entry should be ``head`` (number and hash)."""
    seq, previous = 0, GENESIS
    for entry in entries:
        if entry.seq != seq + 1:
            yield (
                f"audit log: entry {seq + 1} is followed by {entry.seq}" if seq else f"audit log begins at {entry.seq}"
            )
        if entry.previous != previous:
            yield f"audit log: entry {entry.seq} does not follow the one before"
        if entry_hash(entry) != entry.hash:
            yield f"audit log: entry {entry.seq} was changed"
        seq, previous = entry.seq, entry.hash
    if (seq, previous) != head:
        yield f"audit log: ends at entry {seq}, should end at {head[0]}"
