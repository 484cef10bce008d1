"""Asks servers many requests at a time and loses none: the event loop runs in a thread of its own, so that answers are
made durable while others are under way.
"""

from __future__ import annotations

import asyncio
import queue
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Protocol

from medsins.core import Completion, Problem, Request, RunError

from ._http_endpoint import Endpoint, backoff
from ._http_faults import FATAL, RETRIED, SICK, Fault, Reply
from ._http_transport import Transport

ATTEMPTS = 6  # at one sample; rate limits and pauses of the endpoint are counted apart
PATIENCE = 60  # attempts that ended in a rate limit
SECONDS = 600.0  # for one answer, or for the next piece of one that is streamed
STREAM_SECONDS = 3600.0  # for one answer that is streamed
GROUP, GROUP_SECONDS = 128, 0.1  # answers handed over together, or so late
AHEAD = 192  # requests drawn beyond those under way, so that the loop never waits for a disk


class Wire(Protocol):
    """A protocol's own part: what is sent, and what an answer means. ``without`` are parameters that are left out."""

    reasoning: str
    stream: bool
    without: set[str]

    def path(self, request: Request) -> str:
        """Where the request goes, below the base URL."""

    def body(self, request: Request) -> bytes:
        """The request as JSON."""

    def read(self, request: Request, reply: Reply) -> Completion | Fault:
        """What came back."""

    def limits(self, headers: Mapping[str, str]) -> tuple[float, float]:
        """Requests and tokens a minute that a reply's headers state (0: not stated)."""


@dataclass(slots=True, eq=False)
class _Call:
    number: int
    request: Request
    path: str
    body: bytes
    tokens: int = 0
    attempts: int = 0
    limited: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """How an engine asks. ``seconds`` for one answer, ``idle`` of them without a byte (0: as many as it may take);
    ``headers`` go with every request and hold the key.
    """

    urls: Sequence[str]
    headers: Mapping[str, str]
    query: str = ""
    seconds: float = SECONDS
    idle: float = 0.0
    concurrency: int = 0
    attempts: int = ATTEMPTS

    def transport(self, url: str) -> Transport:
        """Connections to one of the base URLs; made on the loop that uses them."""
        return Transport(url, self.query, self.headers, (self.seconds, self.idle))

    @property
    def secrets(self) -> list[str]:
        """What must not be shown."""
        kept = ("authorization", "x-api-key", "api-key")
        return [value.removeprefix("Bearer ") for name, value in self.headers.items() if name.lower() in kept]


@dataclass(slots=True, eq=False)
class _State:
    """What belongs to one stream, on the loop's thread."""

    endpoints: list[Endpoint]
    transports: dict[str, Transport]
    waiting: deque[_Call] = field(default_factory=deque)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    timer: asyncio.TimerHandle | None = None
    answered: list[tuple[int, Completion]] = field(default_factory=list)
    due: asyncio.TimerHandle | None = None
    closed: bool = False

    @property
    def metered(self) -> bool:
        """Whether a server states a limit of tokens, so that they have to be counted."""
        return any(endpoint.tokens.a_minute for endpoint in self.endpoints)


class Engine:
    """Answers a stream of requests over one or several endpoints of the same model."""

    def __init__(
        self,
        wire: Wire,
        settings: Settings,
        estimate: Callable[[Request], int],
        say: Callable[[str], None],
    ) -> None:
        self.wire, self.settings, self.estimate, self.say = wire, settings, estimate, say
        self._answers: queue.SimpleQueue[list[tuple[int, Completion]] | RunError] = queue.SimpleQueue()
        self._dice = random.Random()
        self._state: _State | None = None

    def stream(self, requests: Iterator[tuple[int, Request]]) -> Generator[list[tuple[int, Completion]]]:
        """Answer numbered requests in any order. See ``StreamingBackend``.

        Raises:
            RunError: the endpoint refuses the key or the model, or stayed silent for a quarter of an hour.
        """
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="medsins-http", daemon=True)
        thread.start()
        try:
            state = self._state = asyncio.run_coroutine_threadsafe(self._open(), loop).result()
            out = 0  # requests handed to the loop and not yet answered
            drawn = False
            while True:
                fresh: list[_Call] = []
                while not drawn and out + len(fresh) < self._wanted(state):
                    numbered = next(requests, None)
                    if numbered is None:
                        drawn = True
                    else:
                        fresh.append(self._call(*numbered))
                if fresh:
                    out += len(fresh)
                    loop.call_soon_threadsafe(self._submit, fresh)
                if not out:
                    return
                answers = self._collect()
                out -= len(answers)
                yield answers
        finally:
            if self._state is not None:
                asyncio.run_coroutine_threadsafe(self._close(self._state), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()
            self._state, self._answers = None, queue.SimpleQueue()

    def _wanted(self, state: _State) -> int:
        return sum(endpoint.limit.limit for endpoint in state.endpoints) + AHEAD

    def _call(self, number: int, request: Request) -> _Call:
        return _Call(number, request, self.wire.path(request), self.wire.body(request))

    def _collect(self) -> list[tuple[int, Completion]]:
        """Wait for the next group of answers."""
        while True:
            try:
                # A wait without end cannot be interrupted on every platform.
                answers = self._answers.get(timeout=1.0)
            except queue.Empty:
                continue
            if isinstance(answers, RunError):
                raise answers
            return answers

    # Everything below runs on the loop's thread.

    async def _open(self) -> _State:
        most = self.settings.concurrency
        endpoints = [Endpoint(url, self.say) for url in self.settings.urls]
        for endpoint in endpoints:
            if most:
                endpoint.limit.most = most
                endpoint.limit.limit = min(endpoint.limit.limit, most)
        transports = {url: self.settings.transport(url) for url in self.settings.urls}
        return _State(endpoints, transports)

    async def _close(self, state: _State) -> None:
        state.closed = True
        for timer in (state.timer, state.due):
            if timer:
                timer.cancel()
        for task in list(state.tasks):
            task.cancel()
        await asyncio.gather(*state.tasks, return_exceptions=True)
        for transport in state.transports.values():
            await transport.close()

    def _submit(self, calls: Sequence[_Call]) -> None:
        assert self._state is not None
        self._state.waiting.extend(calls)
        self._pump(self._state)

    def _pump(self, state: _State) -> None:
        """Send what may be sent now; come back when more may."""
        while turn := self._next(state):
            task = asyncio.get_running_loop().create_task(self._work(state, *turn))
            state.tasks.add(task)
            task.add_done_callback(state.tasks.discard)

    def _next(self, state: _State) -> tuple[Endpoint, _Call] | None:
        """Take the next request that may be sent now, with the endpoint it goes to."""
        if state.timer:
            state.timer.cancel()
            state.timer = None
        if not state.waiting or state.closed:
            return None
        now, call = time.monotonic(), state.waiting[0]
        if state.metered and not call.tokens:
            call.tokens = self.estimate(call.request)
        wait, _, best = min((e.wait(now, call.tokens), e.under_way, i) for i, e in enumerate(state.endpoints))
        if wait > 0:
            if all(endpoint.breaker.gives_up(now) for endpoint in state.endpoints):
                self._give_up(state)
            elif wait != float("inf"):
                state.timer = asyncio.get_running_loop().call_later(wait + 0.001, self._pump, state)
            return None
        state.endpoints[best].take(call.tokens)
        return state.endpoints[best], state.waiting.popleft()

    async def _work(self, state: _State, endpoint: Endpoint, call: _Call) -> None:
        """Ask for one request after the other, as long as one may be sent: a task for each would cost more."""
        turn: tuple[Endpoint, _Call] | None = (endpoint, call)
        while turn:
            await self._ask(state, *turn)
            if turn := self._next(state):
                self._pump(state)  # there may be room for more than took its place

    async def _ask(self, state: _State, endpoint: Endpoint, call: _Call) -> None:
        started = time.monotonic()
        try:
            outcome = await self._once(state.transports[endpoint.url], endpoint, call)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # a defect of ours must end as a named failure too, never as a lost sample
            outcome = Fault("malformed reply", f"{type(error).__name__}: {error}")
        now = time.monotonic()
        if isinstance(outcome, Completion):
            endpoint.answered(now, now - started)
            self._deliver(state, call, replace(outcome, latency=now - started))
        else:
            endpoint.failed(now, outcome)
            self._failed(state, endpoint, call, outcome)
        endpoint.under_way -= 1

    async def _once(self, transport: Transport, endpoint: Endpoint, call: _Call) -> Completion | Fault:
        reply = await transport.ask("POST", call.path, call.body)
        if isinstance(reply, Fault):
            return reply
        endpoint.learn(*self.wire.limits(reply.headers))
        outcome = self.wire.read(call.request, reply)
        return outcome.without(self.settings.secrets) if isinstance(outcome, Fault) else outcome

    def _failed(self, state: _State, endpoint: Endpoint, call: _Call, fault: Fault) -> None:
        if fault.kind in FATAL:
            mend = "mend it, then resume: what was answered so far is kept"
            self._end(state, RunError(Problem(fault.brief, endpoint.url, mend)))
            return
        # While an endpoint is held back, failures say nothing about the sample.
        excused = fault.kind == "rate limited" or (fault.kind in SICK and endpoint.breaker.is_open)
        call.limited += excused
        call.attempts += not excused
        if fault.kind in RETRIED and call.attempts < self.settings.attempts and call.limited < PATIENCE:
            wait = backoff(call.attempts + call.limited, fault, self._dice)
            loop = asyncio.get_running_loop()
            loop.call_later(wait, self._again, state, call)
            return
        tries = call.attempts + call.limited
        text = f"{fault} (after {tries} attempts)" if tries > 1 else str(fault)
        self._deliver(state, call, Completion("", "error", text))

    def _again(self, state: _State, call: _Call) -> None:
        if not state.closed:
            state.waiting.appendleft(call)
            self._pump(state)

    def _give_up(self, state: _State) -> None:
        reasons = sorted({f"{endpoint.url}: {endpoint.breaker.reason}" for endpoint in state.endpoints})
        mend = "mend the server, then resume: what was answered so far is kept"
        self._end(state, RunError(Problem("no answer for 15 minutes", "; ".join(reasons), mend)))

    def _end(self, state: _State, error: RunError) -> None:
        """Answers that are here count; then the stream ends with the error."""
        self._hand_over(state)
        self._answers.put(error)
        state.waiting.clear()

    def _deliver(self, state: _State, call: _Call, completion: Completion) -> None:
        """Answers change threads in groups: each change wakes the other thread, which takes Python's lock from here."""
        state.answered.append((call.number, completion))
        if len(state.answered) >= GROUP:
            self._hand_over(state)
        elif not state.due:
            state.due = asyncio.get_running_loop().call_later(GROUP_SECONDS, self._hand_over, state)

    def _hand_over(self, state: _State) -> None:
        if state.due:
            state.due.cancel()
            state.due = None
        if state.answered:
            self._answers.put(state.answered)
            state.answered = []


def ask_once(settings: Settings, method: str, path: str, body: bytes | None = None) -> Reply | Fault:
    """One request outside a stream, for a look before the run: no second attempt."""

    async def ask() -> Reply | Fault:
        transport = settings.transport(settings.urls[0])
        try:
            return await transport.ask(method, path, body)
        finally:
            await transport.close()

    # In a thread of its own, because a notebook's thread already runs a loop.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(ask())).result()
