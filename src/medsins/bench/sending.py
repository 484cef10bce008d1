"""Samples to a server and answers back: looked up in the cache first, logged before they go out, within the budget."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice

from medsins.core import Completion, Request, Task
from medsins.models import Backend, StreamingBackend

from .cache import AnswerCache, Keys
from .ledger import Ledger, most_tokens, price
from .store import Bill, RunStore, Sent

AHEAD, MOST_AHEAD, SOON = 64, 512, 0.5
"""Requests logged together, in one transaction, before the first of them is handed over; the most of them; more are
taken where the last ones went out within so many seconds.
"""

KEPT = 512
"""Answers written to the cache together."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One instance to ask. ``row`` is its place in the suite, ``index`` its place in the task (both 0-based)."""

    row: int
    index: int
    task: Task
    request: Request


Answer = tuple[Sample, Completion]
Accept = Callable[[list[Answer], Mapping[int, Bill]], None]
"""Makes answers durable, with their bills by row."""


def sent_record(row: int, endpoint: str, rendered: str, reserved: float = 0.0) -> Sent:
    """What the audit log keeps of a prompt: where it goes, its SHA-256 and its size."""
    content = rendered.encode("utf-8", "replace")
    return Sent(row, endpoint, hashlib.sha256(content).hexdigest(), len(content), reserved)


@dataclass(slots=True)
class CacheUse:
    """The cache as one run uses it. ``tasks``: those whose answers may be kept. ``oldest``: Unix time of the oldest
    answer that was ``found``.
    """

    cache: AnswerCache | None
    keys: Keys
    tasks: frozenset[str]
    say: Callable[[str], None]
    found: int = 0
    oldest: float = field(default_factory=time.time)
    _asked: dict[int, bytes] = field(default_factory=dict)
    _fresh: dict[bytes, Completion] = field(default_factory=dict)

    def look_up(self, samples: Sequence[tuple[Sample, str]]) -> dict[int, Completion]:
        """Answers by row that need not be asked for; ``samples`` with their prompts as rendered."""
        if self.cache is None:
            return {}
        keys = {s.row: self.keys.key(s.request, rendered) for s, rendered in samples if s.task.id in self.tasks}
        try:
            known = self.cache.find(keys.values())
        except (sqlite3.Error, ValueError, TypeError, KeyError) as error:
            self._give_up(error)
            return {}
        found = {row: known[key][0] for row, key in keys.items() if key in known}
        self._asked.update((row, key) for row, key in keys.items() if row not in found)
        self.found += len(found)
        self.oldest = min((self.oldest, *(at for _, at in known.values())))
        return found

    def keep(self, answers: Sequence[Answer]) -> None:
        """Keep fresh answers for other runs; they are written some hundred at a time."""
        for sample, completion in answers:
            if key := self._asked.pop(sample.row, b""):
                self._fresh[key] = completion
        if len(self._fresh) >= KEPT:
            self.flush()

    def flush(self) -> None:
        """Write what is kept."""
        if self.cache is not None:
            try:
                self.cache.put(self._fresh)
            except sqlite3.Error as error:
                self._give_up(error)
        self._fresh.clear()

    def close(self) -> None:
        """Write what is kept, and close the cache."""
        self.flush()
        if self.cache is not None:
            self.cache.close()

    def _give_up(self, error: Exception) -> None:
        assert self.cache is not None
        self.say(f"the cache cannot be used ({error}); going on without it: {self.cache.path}")
        self.cache.close()
        self.cache = None


@dataclass(slots=True, eq=False)
class _Waiting:
    sample: Sample
    rendered: str
    sent: int = 0


@dataclass(slots=True, eq=False)
class Sender:
    """Asks one stream of samples. ``stopped`` says afterwards that the budget had no room for the rest."""

    backend: Backend
    store: RunStore
    ledger: Ledger
    cached: CacheUse
    accept: Accept
    stopped: bool = False
    _waiting: deque[_Waiting] = field(default_factory=deque)
    _out: dict[int, _Waiting] = field(default_factory=dict)
    _ahead: int = AHEAD // 2
    _drawn: float = 0.0

    def ask(self, samples: Iterator[Sample]) -> None:
        """Ask every sample, each once; answers are accepted as they come.

        Where the budget has no room for all that could be under way, it is asked again what is left of it when the
        answers have come: they cost less than the most they could have cost.
        """
        assert isinstance(self.backend, StreamingBackend)
        while True:
            self.stopped, asked = False, 0
            # Closed in this order and here: what was logged and not sent is taken back while the store is open.
            with closing(self._draw(samples)) as drawn, closing(self.backend.stream(drawn)) as stream:
                for answers in stream:
                    asked += len(answers)
                    self._settle(answers)
            if not self.stopped or not asked:
                return

    def _draw(self, samples: Iterator[Sample]) -> Generator[tuple[int, Request]]:
        ready: deque[_Waiting] = deque()
        try:
            while ready or self._ready(samples, ready):
                waiting = ready.popleft()
                self._out[waiting.sample.row] = waiting
                yield waiting.sample.row, waiting.sample.request
        finally:
            self._withdraw(ready)

    def _ready(self, samples: Iterator[Sample], ready: deque[_Waiting]) -> bool:
        """Fill ``ready`` with what may be sent now, logged; False where nothing is left, or the budget has no room."""
        while not self._waiting:
            now = time.monotonic()
            self._ahead = min(MOST_AHEAD, 2 * self._ahead) if now - self._drawn < SOON else AHEAD
            self._drawn = now
            group = [(sample, self.backend.render(sample.request.prompt)) for sample in islice(samples, self._ahead)]
            if not group:
                return False
            known = self.cached.look_up(group)
            if known:
                self.accept([(sample, known[sample.row]) for sample, _ in group if sample.row in known], {})
            self._waiting += [_Waiting(sample, text) for sample, text in group if sample.row not in known]
        logs = []
        while self._waiting:
            most = self._most(self._waiting[0])
            if not self.ledger.reserve(self._waiting[0].sample.row, most):
                self.stopped = True
                break
            ready.append(self._waiting.popleft())
            logs.append(sent_record(ready[-1].sample.row, self.backend.info.endpoint, ready[-1].rendered, most))
        for waiting, number in zip(ready, self.store.log_sent(logs) if logs else (), strict=True):
            waiting.sent = number
        return bool(ready)

    def _most(self, waiting: _Waiting) -> float:
        return price(self.ledger.prices, *most_tokens(self.backend, waiting.sample.request, waiting.rendered))

    def _withdraw(self, ready: deque[_Waiting]) -> None:
        """What was logged and never handed over was not sent."""
        if ready:
            self.store.withdraw(waiting.sent for waiting in ready)
            for waiting in ready:
                self.ledger.release(waiting.sample.row)
            self._waiting.extendleft(reversed(ready))
            ready.clear()

    def _settle(self, answers: Sequence[tuple[int, Completion]]) -> None:
        done = [(self._out.pop(row), completion) for row, completion in answers]
        bills = {
            waiting.sample.row: Bill(waiting.sent, self.ledger.settle(waiting.sample.row, completion))
            for waiting, completion in done
        }
        accepted = [(waiting.sample, completion) for waiting, completion in done]
        self.accept(accepted, bills)
        self.cached.keep(accepted)
