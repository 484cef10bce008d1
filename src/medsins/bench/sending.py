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
from medsins.models import Backend, ModelInfo, StreamingBackend

from .cache import AnswerCache, request_key
from .ledger import Ledger, most_tokens, price
from .store import Bill, RunStore, Sent

AHEAD = 64
"""Requests logged together, in one transaction, before the first of them is handed over."""


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


@dataclass(slots=True)
class CacheUse:
    """The cache as one run uses it. ``tasks``: those whose answers may be kept. ``oldest``: Unix time."""

    cache: AnswerCache | None
    info: ModelInfo
    reasoning: str
    tasks: frozenset[str]
    say: Callable[[str], None]
    found: int = 0
    oldest: float = field(default_factory=time.time)

    def look_up(self, samples: Sequence[tuple[Sample, str]]) -> dict[int, Completion]:
        """Answers by row that need not be asked for."""
        keys = {sample.row: key for sample, rendered in samples if (key := self._key(sample, rendered))}
        if self.cache is None or not keys:
            return {}
        try:
            known = self.cache.find(keys.values())
        except (sqlite3.Error, ValueError, TypeError, KeyError) as error:
            self._give_up(error)
            return {}
        self.found += sum(key in known for key in keys.values())
        self.oldest = min((at for _, at in known.values()), default=self.oldest)
        return {row: known[key][0] for row, key in keys.items() if key in known}

    def keep(self, answers: Sequence[Answer], rendered: Mapping[int, str]) -> None:
        """Keep fresh answers for other runs."""
        found = ((self._key(sample, rendered[sample.row]), completion) for sample, completion in answers)
        keyed = {key: completion for key, completion in found if key}
        if self.cache is not None and keyed:
            try:
                self.cache.put(keyed)
            except sqlite3.Error as error:
                self._give_up(error)

    def _key(self, sample: Sample, rendered: str) -> bytes:
        if self.cache is None or sample.task.id not in self.tasks:
            return b""
        return request_key(self.info, sample.request, rendered, self.reasoning)

    def _give_up(self, error: Exception) -> None:
        assert self.cache is not None
        self.say(f"the cache cannot be used ({error}); going on without it: {self.cache.path}")
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
            group = [(sample, self.backend.render(sample.request.prompt)) for sample in islice(samples, AHEAD)]
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
            logs.append(self._log(ready[-1], most))
        for waiting, number in zip(ready, self.store.log_sent(logs) if logs else (), strict=True):
            waiting.sent = number
        return bool(ready)

    def _most(self, waiting: _Waiting) -> float:
        return price(self.ledger.prices, *most_tokens(self.backend, waiting.sample.request, waiting.rendered))

    def _log(self, waiting: _Waiting, most: float) -> Sent:
        content = waiting.rendered.encode("utf-8", "replace")
        checksum = hashlib.sha256(content).hexdigest()
        return Sent(waiting.sample.row, self.backend.info.endpoint, checksum, len(content), most)

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
        self.cached.keep(accepted, {waiting.sample.row: waiting.rendered for waiting, _ in done})
