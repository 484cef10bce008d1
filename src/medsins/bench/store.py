"""The run store: one SQLite file in which every prediction is durable before it counts as done.

One process writes. ``synchronous=FULL`` with a truncated rollback journal survives a kill at any moment and avoids the
write-ahead-log defect of older SQLite versions.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from medsins.core import Completion, Prediction, Problem, RunError, UsageError, open_readonly

FILE_NAME = "run.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS predictions (
  row INTEGER PRIMARY KEY, task_id TEXT NOT NULL, idx INTEGER NOT NULL, instance_id TEXT NOT NULL,
  input TEXT NOT NULL, prompt TEXT NOT NULL, refs TEXT NOT NULL, output TEXT NOT NULL,
  status TEXT NOT NULL, error TEXT NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
  latency REAL NOT NULL, dropped_shots INTEGER NOT NULL, cut_characters INTEGER NOT NULL,
  thinking TEXT NOT NULL, thinking_tokens INTEGER NOT NULL, cached INTEGER NOT NULL, option_scores TEXT NOT NULL,
  answered_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS attempts (
  id INTEGER PRIMARY KEY, row INTEGER NOT NULL, ended_at REAL NOT NULL, status TEXT NOT NULL, error TEXT NOT NULL,
  task_id TEXT NOT NULL DEFAULT '', sent INTEGER NOT NULL DEFAULT 0, cost REAL NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS sent (
  id INTEGER PRIMARY KEY, row INTEGER NOT NULL, at REAL NOT NULL, endpoint TEXT NOT NULL, sha256 TEXT NOT NULL,
  bytes INTEGER NOT NULL, reserved REAL NOT NULL
);
"""
WAIT = 60.0  # seconds for a reader to finish before a write gives up

_COLUMNS = (
    "task_id, idx, instance_id, input, prompt, refs, output, status, error, prompt_tokens, completion_tokens, "
    "latency, dropped_shots, cut_characters, thinking, thinking_tokens, cached, option_scores"
)


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as the audit log has it, written before it goes out: SHA-256 and bytes (UTF-8) of the rendered
    prompt, never the text. ``reserved``: US dollars that it may cost at most.
    """

    row: int
    endpoint: str
    sha256: str
    bytes: int
    reserved: float = 0.0


@dataclass(frozen=True, slots=True)
class Bill:
    """What an answer belongs to in the audit log (0: nothing was sent), and its US dollars."""

    sent: int = 0
    cost: float = 0.0


_NO_BILL = Bill()
_NO_BILLS: Mapping[int, Bill] = MappingProxyType({})


class RunStore:
    """The predictions of one run. ``row`` is the instance's position in the suite (0-based)."""

    def __init__(self, run_dir: Path) -> None:
        """Open or create the store.

        Raises:
            RunError: the file is no run store.
        """
        self.path = run_dir / FILE_NAME
        self._db = sqlite3.connect(self.path, isolation_level=None, timeout=WAIT)
        try:
            self._db.execute("PRAGMA journal_mode=TRUNCATE")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_SCHEMA)
            # A store of an earlier version lacks columns, and is told here rather than at the first write.
            self._db.execute("SELECT option_scores FROM predictions LIMIT 0")
            self._db.execute("SELECT task_id, sent, cost FROM attempts LIMIT 0")
        except sqlite3.DatabaseError as error:
            raise _unreadable(self.path, error) from error

    def done(self) -> set[int]:
        """Rows that need not be asked again: answered, or ended as a named failure."""
        return {row for (row,) in self._db.execute("SELECT row FROM predictions")}

    def forget_failed(self) -> int:
        """Take failed rows out so that they are asked again; their attempts stay. Returns how many."""
        return int(self._db.execute("DELETE FROM predictions WHERE status = 'error'").rowcount)

    def put(self, rows: Sequence[tuple[int, Prediction]], bills: Mapping[int, Bill] = _NO_BILLS) -> None:
        """Make a group of predictions durable, all or none; ``bills`` by row.

        Raises:
            RunError: the disk is full or read-only; everything put before stays readable.
        """
        now = time.time()
        values = [(row, *_values(prediction), now) for row, prediction in rows]
        attempts = [_attempt(row, now, prediction, bills.get(row, _NO_BILL)) for row, prediction in rows]
        marks = ", ".join("?" * (2 + _COLUMNS.count(",") + 1))
        with self._writing():
            self._db.executemany(f"INSERT OR REPLACE INTO predictions VALUES ({marks})", values)
            self._db.executemany(
                "INSERT INTO attempts (row, ended_at, status, error, task_id, sent, cost) VALUES (?, ?, ?, ?, ?, ?, ?)",
                attempts,
            )

    def log_sent(self, requests: Sequence[Sent]) -> list[int]:
        """Make the audit log of requests durable, before they go out; returns their ids. Errors as in ``put``."""
        now = time.time()
        statement = "INSERT INTO sent (id, row, at, endpoint, sha256, bytes, reserved) VALUES (?, ?, ?, ?, ?, ?, ?)"
        with self._writing():
            (last,) = self._db.execute("SELECT COALESCE(MAX(id), 0) FROM sent").fetchone()
            ids = list(range(last + 1, last + 1 + len(requests)))
            rows = [
                (number, r.row, now, r.endpoint, r.sha256, r.bytes, r.reserved)
                for number, r in zip(ids, requests, strict=True)
            ]
            self._db.executemany(statement, rows)
        return ids

    def withdraw(self, ids: Iterable[int]) -> None:
        """Take requests out of the audit log that were never handed over."""
        with self._writing():
            self._db.executemany("DELETE FROM sent WHERE id = ?", [(number,) for number in ids])

    def spent(self) -> float:
        """US dollars so far: what answers cost, and the most that requests may have cost whose answer was lost."""
        (paid,) = self._db.execute("SELECT COALESCE(SUM(cost), 0) FROM attempts").fetchone()
        (lost,) = self._db.execute(
            "SELECT COALESCE(SUM(reserved), 0) FROM sent WHERE id NOT IN (SELECT sent FROM attempts)"
        ).fetchone()
        return float(paid) + float(lost)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if not isinstance(error, sqlite3.OperationalError):
                raise
            mend = "free some space or mend the permission, then resume: what was answered so far is kept"
            raise RunError(Problem(f"cannot write predictions: {error}", str(self.path), mend)) from error

    def counts(self) -> dict[str, int]:
        """How many predictions there are of each status."""
        return dict(self._db.execute("SELECT status, COUNT(*) FROM predictions GROUP BY status"))

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def read_predictions(run_dir: Path) -> Iterator[Prediction]:
    """The predictions of a run in the order of their rows, read-only; works while the run goes on.

    Raises:
        UsageError: there is no store.
        RunError: it is damaged.
    """
    for _, prediction in read_rows(run_dir):
        yield prediction


def read_rows(run_dir: Path) -> Iterator[tuple[int, Prediction]]:
    """Like ``read_predictions``, each with its row (position in the suite, 0-based)."""
    for values in query(run_dir, f"SELECT row, {_COLUMNS} FROM predictions ORDER BY row"):
        yield values[0], _prediction(values[1:])


def read_sent(run_dir: Path) -> Iterator[tuple[int, float, str, str, int]]:
    """The audit log as (row, Unix time, endpoint, SHA-256, bytes), oldest first."""
    yield from query(run_dir, "SELECT row, at, endpoint, sha256, bytes FROM sent ORDER BY id")


def read_attempts(run_dir: Path) -> Iterator[tuple[int, str, str]]:
    """Every attempt as (row, status, error), oldest first."""
    yield from query(run_dir, "SELECT row, status, error FROM attempts ORDER BY id")


def query(run_dir: Path, statement: str) -> Iterator[Any]:
    """The rows of a statement on a run's store, read-only; works while the run goes on. Errors as above."""
    path = run_dir / FILE_NAME
    if not path.is_file():
        raise UsageError(Problem("is no run directory (it has no run.sqlite)", str(run_dir), "check the path"))
    try:
        db = open_readonly(path, WAIT)
        try:
            yield from db.execute(statement)
        finally:
            db.close()
    except sqlite3.DatabaseError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> RunError:
    return RunError(Problem(f"cannot be read as a run store ({error})", str(path), "choose another run directory"))


def _attempt(row: int, now: float, p: Prediction, bill: Bill) -> tuple[Any, ...]:
    return row, now, p.completion.status, _clean(p.completion.error), p.task_id, bill.sent, bill.cost


def _clean(text: str) -> str:
    """Text as SQLite can hold it: lone surrogates, which no UTF-8 file can carry, become U+FFFD."""
    return text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text


def _values(p: Prediction) -> Iterable[Any]:
    c = p.completion
    references = json.dumps(list(p.references), ensure_ascii=True)
    texts = (p.task_id, p.index, p.instance_id, _clean(p.input), _clean(p.prompt), references, _clean(c.text))
    return (
        *texts, c.status, _clean(c.error), c.prompt_tokens, c.completion_tokens, c.latency, p.dropped_shots,
        p.cut_characters, _clean(c.thinking), c.thinking_tokens, c.cached, json.dumps(c.option_scores),
    )  # fmt: skip


def _prediction(values: Sequence[Any]) -> Prediction:
    task_id, index, instance_id, given, prompt, references, output, status, error, *numbers = values
    prompt_tokens, completion_tokens, latency, dropped, cut, thinking, thinking_tokens, cached, scores = numbers
    return Prediction(
        task_id=task_id,
        index=index,
        instance_id=instance_id,
        input=given,
        prompt=prompt,
        references=tuple(json.loads(references)),
        completion=Completion(
            text=output,
            status=status,
            error=error,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            latency=latency,
            thinking=thinking,
            thinking_tokens=thinking_tokens,
            cached=bool(cached),
            option_scores=tuple(json.loads(scores)),
        ),
        dropped_shots=dropped,
        cut_characters=cut,
    )
