"""Runs of a JSON file's instances decoded to Arrow in threads, some runs ahead of the one that is taken.

Arrow's parser holds no lock of Python's, so runs are decoded while those before them are packed and written.
"""

from __future__ import annotations

import re
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

from ._arrow import arrow_of_json
from ._bytes import Window

_THREADS = 2  # more than that a file's writer does not keep up with
_RUNS = 4  # of one to two megabytes, decoded or waiting
_BETWEEN = re.compile(rb'[ \t\n\r]*,[ \t\n\r]*(?=\{[ \t\n\r]*")')
_GUESSES = 32

Cut = tuple[int, int]  # end of an instance, start of the next: bytes from the start of a view


def last_boundary(window: Window) -> Cut | None:
    """Where an instance ends nearest to the end of the view, as it looks; None where none does."""
    end = len(window.buffer)
    for _ in range(_GUESSES):
        end = window.buffer.rfind(b"}", window.start, end)
        if end < 0:
            return None
        if found := _BETWEEN.match(window.buffer, end + 1):
            return end + 1 - window.start, found.end() - window.start
    return None


@dataclass(frozen=True, slots=True)
class Run:
    """Instances as an Arrow record batch (ids may be missing); where the next one starts in the (unpacked) file, and
    how many bytes of the file itself were read when it was cut off.
    """

    rows: Any
    offset: int
    taken: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    text: bytes
    cut: Cut
    offset: int
    taken: int
    rows: Future[Any]


class Ahead:
    """Takes runs of instances off a window that stands at the start of one, as long as ``least`` bytes are in view."""

    def __init__(self, window: Window, least: int) -> None:
        self._window, self._least = window, least
        self._runs: deque[_Waiting] = deque()
        self._pool = ThreadPoolExecutor(_THREADS)
        self._reach = _RUNS  # runs to look ahead: fewer after a refusal, since what is ahead is then decoded twice
        self._refused: Cut | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def take(self) -> Run | None:
        """The next run; None where none can be cut off, or it is not plain: then the window stands at its start."""
        while len(self._runs) < self._reach and self._cut():
            pass
        if not self._runs:
            return None
        first = self._runs.popleft()
        rows = first.rows.result()
        if rows is None:
            self._window.put_back(b"".join(run.text for run in (first, *self._runs)))
            self._runs.clear()
            self._refused, self._reach = first.cut, 1
            return None
        self._reach = min(self._reach + 1, _RUNS)
        return Run(rows, first.offset, first.taken)

    def take_refused(self) -> Cut | None:
        """Where the run ends that was refused since the last call, if one was."""
        found, self._refused = self._refused, None
        return found

    def _cut(self) -> bool:
        window = self._window
        window.fill()
        found = last_boundary(window) if len(window) >= self._least else None
        if found is None:
            return False
        text = window.bytes(found[1])
        window.drop(len(text))
        taken = window.source.taken if window.source else 0
        rows = self._pool.submit(arrow_of_json, text[: found[0]])
        self._runs.append(_Waiting(text, found, window.offset, taken, rows))
        return True
