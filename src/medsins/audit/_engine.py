"""Where portions of text are worked on: in this process, in several, or on a Ray cluster; the same results in the same
order everywhere.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar

from medsins.core import Problem, RunError, unknown_name

from ._index import TextIndex
from ._judge import Judged, Weights, judge
from ._scan import Scanned, scan
from ._sources import Portion, Source

WORTH = 32 << 20  # bytes of training files from which on several processes pay for their start

ENGINES = ("here", "ray")

R = TypeVar("R")


class Engine(Protocol):
    """Scans and judges portions against one index. A context manager: leaving it ends what was started."""

    def scan(self, portions: Iterable[Portion]) -> Iterator[tuple[Portion, Scanned]]:
        """The first look at each portion."""

    def judge(self, weights: Weights, portions: Iterable[Portion]) -> Iterator[tuple[Portion, Judged]]:
        """The second look at each portion."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_engine(name: str, index: TextIndex, train: Sequence[Source], tests: Sequence[Source]) -> Engine:
    """An engine by name.

    Args:
        name: ``here`` (processes of this machine, where the work is worth it) or ``ray``.
        index: what is looked for.
        train: the files to look in.
        tests: the files the index is of.

    Raises:
        UsageError: no engine of that name.
        RefusedByPolicy: restricted text would leave this machine.
    """
    if name not in ENGINES:
        raise unknown_name("engine", name, ENGINES)
    if name == "ray":
        from ._ray import RayEngine

        return RayEngine(index, (*train, *tests))
    processes = len(os.sched_getaffinity(0))
    worth = processes > 1 and sum(source.size for source in train) >= WORTH
    return Processes(index, processes) if worth else Alone(index)


class Alone:
    """Everything in this process."""

    def __init__(self, index: TextIndex) -> None:
        self.index = index

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def scan(self, portions: Iterable[Portion]) -> Iterator[tuple[Portion, Scanned]]:
        """The first look at each portion."""
        for portion in portions:
            yield portion, scan(self.index, portion.texts)

    def judge(self, weights: Weights, portions: Iterable[Portion]) -> Iterator[tuple[Portion, Judged]]:
        """The second look at each portion."""
        for portion in portions:
            yield portion, judge(self.index, weights, portion.texts)


class Processes:
    """Several processes of this machine. They map the index from a temporary folder, so it is in memory once."""

    def __init__(self, index: TextIndex, processes: int) -> None:
        self.processes = processes
        self._folder = tempfile.TemporaryDirectory(prefix="medsins-audit-")
        self.folder = Path(self._folder.name)
        index.save(self.folder)
        self._pool = ProcessPoolExecutor(processes, get_context("spawn"), _start, (self.folder,))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._folder.cleanup()

    def scan(self, portions: Iterable[Portion]) -> Iterator[tuple[Portion, Scanned]]:
        """The first look at each portion."""
        return self._each(_scan, portions)

    def judge(self, weights: Weights, portions: Iterable[Portion]) -> Iterator[tuple[Portion, Judged]]:
        """The second look at each portion."""
        weights.save(self.folder)
        return self._each(_judge, portions)

    def _each(self, work: Callable[[list[str]], R], portions: Iterable[Portion]) -> Iterator[tuple[Portion, R]]:
        waiting: deque[tuple[Portion, Future[R]]] = deque()
        try:
            for portion in portions:
                waiting.append((portion, self._pool.submit(work, portion.texts)))
                if len(waiting) > 2 * self.processes:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        except BrokenProcessPool as error:
            mend = "memory ran out (give it fewer benchmark files at a time), or a script has no `if __name__ == ...`"
            raise RunError(Problem("a process of the audit was ended from outside", mend=mend)) from error


_here: TextIndex
_weights: list[Weights] = []
_folder: Path


def _start(folder: Path) -> None:
    global _here, _folder
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command itself ends its processes
    _here, _folder = TextIndex.load(folder), folder


def _scan(texts: list[str]) -> Scanned:
    return scan(_here, texts)


def _judge(texts: list[str]) -> Judged:
    if not _weights:
        _weights.append(Weights.load(_folder))
    return judge(_here, _weights[0], texts)
