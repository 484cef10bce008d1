"""How much a server is asked at a time: concurrency that adapts, requests and tokens a minute, a circuit breaker."""

from __future__ import annotations

from dataclasses import dataclass

FIRST = 32  # requests under way at the start
MOST = 512  # requests under way, unless the user says otherwise
GAIN = 0.15  # of the throughput for a doubling, and
SLOWER = 1.3  # of the shortest latency: less of the one and more of the other, and more at a time are not worth it
SLACK = 1.25  # beyond the knee, so that the server never waits for the client
SHORTEST_WINDOW = 0.1  # seconds
PROBE_EVERY = 8  # windows

OPENS_AFTER = 12  # failures in a row
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 120.0  # seconds
GIVES_UP_AFTER = 900.0  # seconds without one answer


@dataclass(slots=True)
class AdaptiveLimit:
    """Requests under way: doubles until answers take longer and no more of them come, halves when the server says that
    it is too many, and then grows in small steps. Later it tries a few more or a few less now and then.

    A window lasts about one and a half latencies. Only windows in which the limit was used up say anything.
    """

    most: int = MOST
    limit: int = 0
    growing: bool = True
    factor: float = 2.0
    _start: float = 0.0
    _finished: int = 0
    _busy: int = 0
    _latencies: float = 0.0
    _shortest: float = float("inf")
    _rate: float = 0.0
    _before: int = 0
    _windows: int = 0
    _halved: float = float("-inf")

    def __post_init__(self) -> None:
        self.limit = max(1, min(FIRST, self.most))

    def answered(self, now: float, latency: float, under_way: int) -> None:
        """Take in one answer: ``latency`` in seconds, ``under_way`` requests when it came, itself included."""
        self._start = self._start or now
        self._finished += 1
        self._latencies += latency
        self._busy += under_way >= self.limit
        length, usual = now - self._start, self._latencies / self._finished
        if length >= max(SHORTEST_WINDOW, 1.5 * usual) and self._finished >= min(self.limit, 16):
            if self._busy >= 0.7 * self._finished:
                self._decide(self._finished / length, usual)
            self._begin(now)

    def too_many(self, now: float) -> None:
        """The server said so: halve, once for all requests that were under way together."""
        if now - self._halved > 1.0:
            self._halved, self.growing, self.factor = now, True, 1.25
            self.limit = max(1, self.limit // 2)
            self._rate, self._before, self._windows = 0.0, 0, 0
            self._begin(0.0)

    def _begin(self, now: float) -> None:
        self._start, self._finished, self._busy, self._latencies = now, 0, 0, 0.0

    def _decide(self, rate: float, latency: float) -> None:
        slower = latency > SLOWER * self._shortest
        self._shortest = min(latency, self._shortest)
        self._windows += 1
        if self._before:
            self._judge(rate / self._rate, slower)
        self._rate = rate
        if self.growing:
            self._try(max(self.limit + 1, int(self.factor * self.limit)))
        elif self._windows % PROBE_EVERY == 0:
            step = max(1, self.limit // 5)
            self._try(self.limit - step if slower else self.limit + step)

    def _try(self, limit: int) -> None:
        self._before, self.limit = self.limit, max(1, min(self.most, limit))
        if self._before == self.limit:
            self._before, self.growing = 0, False

    def _judge(self, gain: float, slower: bool) -> None:
        """Keep what was tried, or go back: more must bring more answers, fewer must bring as many."""
        before, self._before = self._before, 0
        if self.growing:
            if slower and gain < 1 + GAIN * (self.factor - 1):
                self.growing = False
                self.limit = min(self.limit, max(1, int(before * SLACK)))
        elif gain < (1.05 if self.limit > before else 0.97):
            self.limit = before


@dataclass(slots=True)
class Bucket:
    """So many units a minute, filled steadily (0: no limit). It holds six seconds' worth, so that a burst at the start
    does not use up the first minute; what costs more than that may go when it is full, and is owed.
    """

    a_minute: float = 0.0
    level: float = 0.0
    at: float = 0.0

    def wait(self, now: float, cost: float) -> float:
        """Seconds until so much may be taken."""
        if not self.a_minute:
            return 0.0
        holds = self.a_minute / 10
        self.level = min(holds, self.level + (now - self.at) * self.a_minute / 60) if self.at else holds
        self.at = now
        return max(0.0, (min(cost, holds) - self.level) * 60 / self.a_minute)

    def take(self, cost: float) -> None:
        """Take so much out."""
        self.level -= cost


@dataclass(slots=True)
class Breaker:
    """Stops asking an endpoint that fails every time, and lets one request through now and then."""

    failures: int = 0
    until: float = 0.0
    pause: float = FIRST_PAUSE
    probing: bool = False
    last_answer: float = 0.0
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether requests are held back."""
        return self.until > 0

    def answered(self, now: float) -> bool:
        """An answer came; true if the endpoint had been held back until now."""
        was_open = self.is_open
        self.failures, self.until, self.pause, self.probing, self.last_answer = 0, 0.0, FIRST_PAUSE, False, now
        return was_open

    def failed(self, now: float, reason: str) -> bool:
        """A sick endpoint; true if it is held back from now on (first or again)."""
        self.failures += 1
        self.last_answer = self.last_answer or now
        if self.is_open and not self.probing:
            return False
        if self.failures < OPENS_AFTER and not self.probing:
            return False
        self.until, self.reason, self.probing = now + self.pause, reason, False
        self.pause = min(LONGEST_PAUSE, 2 * self.pause)
        return True

    def may_send(self, now: float) -> bool:
        """Whether a request may go out; when the pause is over, one may go as a probe."""
        return not self.is_open or (now >= self.until and not self.probing)

    def sent(self) -> None:
        """A request goes out; while requests are held back it is the probe."""
        self.probing = self.is_open

    def gives_up(self, now: float) -> bool:
        """Whether the endpoint has been silent for too long."""
        return self.is_open and now - self.last_answer > GIVES_UP_AFTER
