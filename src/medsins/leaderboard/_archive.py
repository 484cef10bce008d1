"""Backup and restore: one archive for both databases, so it is the way from one to the other too.

A ZIP with ``manifest.json`` and one ``tables/NAME.jsonl`` a table (one row a line, blobs as Base64). The manifest has
rows and SHA-256 of each. It holds references, contacts and hashes of tokens: keep it as you keep the database.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, delete, insert, select

from medsins.core import open_readonly
from medsins.core.errors import InvalidFile, Problem, UsageError

from ._database import Database, make_private_file
from ._migrate import migrate_within, revision
from ._schema import REVISION, board, metadata
from ._types import UtcTime, compact_json
from ._verify import problems_of

FORMAT = 1
_MANIFEST = "manifest.json"
_BATCH = 50
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    TypeError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)


def write_archive(database: Database, destination: Path) -> None:
    """Write one moment of a board. The archive takes its name only after a restore of it was verified.

    Raises:
        InvalidFile: the board does not verify; the problems are listed.
    """
    if destination.is_dir():
        raise UsageError(Problem("a folder, not a file", str(destination), "name the archive, for example board.zip"))
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".backup.") as folder:
        archive = Path(folder, "board.zip")
        with _moment(database, Path(folder)) as connection, archive.open("wb") as stream:
            _write(connection, stream, database.now())
            stream.flush()
            os.fsync(stream.fileno())
        trial = Path(folder, "trial.sqlite")
        make_private_file(trial)
        try:
            with closing(Database(f"sqlite:///{trial}", database.now)) as restored:
                read_archive(archive, restored)
        except InvalidFile as error:
            advice = Problem(
                "no backup was written: the board does not verify", database.name, "see `medsins board verify`"
            )
            raise InvalidFile(advice, *(problem.what for problem in error.problems)) from error
        archive.chmod(0o600)
        os.replace(archive, destination)


def read_archive(archive: Path, database: Database) -> None:
    """Read an archive into a database without a board and verify it, in one transaction.

    Raises:
        InvalidFile: the archive is damaged, or the board in it does not verify.
        UsageError: there is a board already, or the archive is of another revision.
    """
    with database.plain_write() as connection:
        if revision(connection) is not None:
            mend = "restore into a new file or an empty database"
            raise UsageError(Problem("there is a board already", database.name, mend))
        try:
            with zipfile.ZipFile(archive) as opened:
                _read(opened, connection, str(archive))
        except _DAMAGE as error:
            raise InvalidFile(Problem(f"no archive of a board, or a damaged one ({error})", str(archive))) from error
        if wrong := list(problems_of(connection)):
            raise InvalidFile(*(Problem(line, str(archive)) for line in wrong))


@contextmanager
def _moment(database: Database, folder: Path) -> Iterator[Connection]:
    """A connection to one moment of the board. A SQLite file is copied first, so that writers wait for that only."""
    if database.path is None:
        with database.read(snapshot=True) as connection:
            yield connection
        return
    copy = folder / "copy.sqlite"
    make_private_file(copy)
    with closing(open_readonly(database.path, 30.0)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    with closing(Database(f"sqlite:///{copy}", database.now)) as copied, copied.read(snapshot=True) as connection:
        yield connection


def _write(connection: Connection, stream: Any, at: datetime) -> None:
    tables = {}
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for table in metadata.sorted_tables:
            seal, rows = hashlib.sha256(), 0
            with archive.open(_member(table), "w", force_zip64=True) as member:
                query = select(table).order_by(*table.primary_key).execution_options(yield_per=_BATCH)
                for row in connection.execute(query):
                    line = compact_json([_plain(value) for value in row]).encode() + b"\n"
                    seal.update(line)
                    member.write(line)
                    rows += 1
            columns = [column.name for column in table.columns]
            tables[table.name] = {"columns": columns, "rows": rows, "sha256": seal.hexdigest()}
        manifest = {"format": FORMAT, "revision": REVISION, "written": at.isoformat(), "tables": tables}
        archive.writestr(_MANIFEST, json.dumps(manifest, indent=2))


def _read(archive: zipfile.ZipFile, connection: Connection, place: str) -> None:
    manifest = json.loads(archive.read(_MANIFEST))
    if manifest["format"] != FORMAT or manifest["revision"] != REVISION:
        found = f"format {manifest['format']}, revision {manifest['revision']}"
        mend = "restore it with the version of medsins that wrote it, then upgrade"
        raise UsageError(Problem(f"the archive has {found}; this program has {FORMAT} and {REVISION}", place, mend))
    for table in metadata.sorted_tables:
        _check(archive, table, manifest["tables"][table.name])
    migrate_within(connection, upgrade=False)
    connection.execute(delete(board))
    for table in metadata.sorted_tables:
        columns = manifest["tables"][table.name]["columns"]
        with archive.open(_member(table)) as member:
            while lines := list(islice(member, _BATCH)):
                connection.execute(insert(table), [_values(table, columns, json.loads(line)) for line in lines])


def _check(archive: zipfile.ZipFile, table: Table, told: dict[str, Any]) -> None:
    seal, rows = hashlib.sha256(), 0
    with archive.open(_member(table)) as member:
        for line in member:
            seal.update(line)
            rows += 1
    if (rows, seal.hexdigest()) != (told["rows"], told["sha256"]):
        raise ValueError(f"table {table.name} is not what the manifest tells")


def _member(table: Table) -> str:
    return f"tables/{table.name}.jsonl"


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, datetime) else value


def _values(table: Table, columns: list[str], row: list[Any]) -> dict[str, Any]:
    values = dict(zip(columns, row, strict=True))
    for column in table.columns:
        value = values[column.name]
        if value is not None and isinstance(column.type, LargeBinary):
            values[column.name] = base64.b64decode(value)
        elif value is not None and isinstance(column.type, UtcTime):
            values[column.name] = datetime.fromisoformat(value)
    return values
