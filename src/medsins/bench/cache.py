"""Answers that were paid for once: an identical request is not asked again, by no run of this user.

The key covers everything that an answer depends on; the file holds keys and answers, never a prompt. Only answers of
served models are kept, and only for tasks whose text is free to leave this machine: answers in this process may
depend on their batch and are cheap to repeat, and answers to restricted text belong into their run directory alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path

from medsins import __version__
from medsins.core import Completion, Request
from medsins.core.assets import cache_folder
from medsins.models import ModelInfo

FILE_NAME = "answers.sqlite"
WAIT = 30.0  # seconds for another process to finish its write
_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
  key BLOB PRIMARY KEY, at REAL NOT NULL, answer TEXT NOT NULL, seal BLOB NOT NULL
) WITHOUT ROWID
"""
_NO_PART = ("prices", "remote")
_FIELDS = tuple(field.name for field in fields(Completion))


def cache_path() -> Path:
    """The file: in ``MEDSINS_CACHE``, else in the user's cache folder."""
    return cache_folder() / FILE_NAME


class Keys:
    """Makes keys of 32 bytes that are equal for requests that are equal in everything an answer depends on.

    The endpoint counts, because a name means another model on another server; the version of this package counts,
    because it builds the requests.
    """

    def __init__(self, info: ModelInfo, reasoning: str) -> None:
        """``info`` is the model after its check; ``reasoning`` how much thinking is asked for."""
        model = {key: value for key, value in asdict(info).items() if key not in _NO_PART}
        model["endpoint"] = sorted(part.strip() for part in info.endpoint.split(","))
        self._start = hashlib.sha256(json.dumps([__version__, model, reasoning], sort_keys=True).encode())

    def key(self, request: Request, rendered: str) -> bytes:
        """The key of a request, with its prompt as the backend renders it."""
        prompt, how = request.prompt, request.sampling
        parts = [
            rendered,
            [[message.role, message.content] for message in prompt.messages],
            prompt.text,
            prompt.text_has_bos,
            prompt.stop,
            [how.max_new_tokens, how.temperature, how.top_p, how.seed],
            request.options,
        ]
        found = self._start.copy()
        found.update(json.dumps(parts).encode())
        return found.digest()


class AnswerCache:
    """The cache file. Several processes may use it at once; whatever is wrong with it, a run goes on without it."""

    def __init__(self, path: Path | None = None) -> None:
        """Open or create the file, readable by its owner alone.

        Raises:
            OSError, sqlite3.Error: it cannot be used.
        """
        self.path = path or cache_path()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        os.chmod(self.path, 0o600)
        self._db = sqlite3.connect(self.path, isolation_level=None, timeout=WAIT)
        self._db.execute("PRAGMA journal_mode=TRUNCATE")
        # Waiting for the disk would halve the pace of a run. Answers survive a kill; what a power cut may leave behind
        # is told by its seal.
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(_SCHEMA)

    def find(self, keys: Iterable[bytes]) -> dict[bytes, tuple[Completion, float]]:
        """Answers by key, those that are there, each with the Unix time at which it was given."""
        wanted = list(keys)
        found: dict[bytes, tuple[Completion, float]] = {}
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ", ".join("?" * len(part))
            statement = f"SELECT key, at, answer, seal FROM answers WHERE key IN ({marks})"
            for key, at, text, seal in self._db.execute(statement, part):
                if seal == _seal(key, text):
                    found[bytes(key)] = (_answer(text), at)
        return found

    def put(self, answers: Mapping[bytes, Completion]) -> None:
        """Keep answers; failed ones, and those that came from the cache, are left out. The first answer stays."""
        now = time.time()
        rows = [
            (key, now, text := _text(completion), _seal(key, text))
            for key, completion in answers.items()
            if completion.status != "error" and not completion.cached
        ]
        if rows:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?)", rows)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _seal(key: bytes, text: str) -> bytes:
    return hashlib.sha256(key + text.encode()).digest()[:8]


def _text(completion: Completion) -> str:
    return json.dumps({name: getattr(completion, name) for name in _FIELDS}, ensure_ascii=True)


def _answer(text: str) -> Completion:
    values = json.loads(text)
    values["option_scores"] = tuple(values["option_scores"])
    return Completion(**{**values, "cached": True, "latency": 0.0})
