"""One endpoint: its address, and how much of what it can take right now."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from medsins.core import Problem, UsageError

from ._http_faults import SICK, Fault
from ._http_limits import AdaptiveLimit, Breaker, Bucket

FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0  # seconds between attempts at one sample


@dataclass(slots=True, eq=False)
class Endpoint:
    """A base URL with its concurrency, limits a minute and breaker. ``say`` tells the user what changes."""

    url: str
    say: Callable[[str], None]
    limit: AdaptiveLimit = field(default_factory=AdaptiveLimit)
    requests: Bucket = field(default_factory=Bucket)
    tokens: Bucket = field(default_factory=Bucket)
    breaker: Breaker = field(default_factory=Breaker)
    under_way: int = 0
    paused_until: float = 0.0

    def wait(self, now: float, tokens: int) -> float:
        """Seconds until a request of so many tokens may be sent here; infinite where only an answer can free it."""
        if self.under_way >= self.limit.limit:
            return float("inf")
        if self.breaker.is_open and now < self.breaker.until:
            return self.breaker.until - now
        pause = max(0.0, self.paused_until - now)
        pause = max(pause, self.requests.wait(now, 1), self.tokens.wait(now, tokens))
        if pause == 0 and not self.breaker.may_send(now):
            return float("inf")
        return pause

    def take(self, tokens: int) -> None:
        """One request goes out."""
        self.under_way += 1
        self.breaker.sent()
        self.requests.take(1)
        self.tokens.take(tokens)

    def answered(self, now: float, latency: float) -> None:
        """An answer came (latency in seconds)."""
        self.limit.answered(now, latency, self.under_way)
        if self.breaker.answered(now):
            self.say(f"{self.url} answers again")

    def failed(self, now: float, fault: Fault) -> None:
        """An attempt failed: slow down, pause, or hold everything back, as the fault says."""
        if fault.kind in ("rate limited", "overloaded"):
            self.limit.too_many(now)
        if fault.after:
            self.paused_until = max(self.paused_until, now + fault.after)
        if fault.kind not in SICK:  # it answers, if only to say no
            if self.breaker.answered(now):
                self.say(f"{self.url} answers again")
        elif self.breaker.failed(now, fault.brief):
            pause = self.breaker.until - now
            self.say(f"{self.url} is in trouble ({fault.brief}); nothing is sent for {pause:.0f} s")

    def learn(self, requests: float, tokens: float) -> None:
        """Keep to the limits a minute that the server's headers state."""
        if requests and not self.requests.a_minute:
            self.requests.a_minute = requests
        if tokens and not self.tokens.a_minute:
            self.tokens.a_minute = tokens


def backoff(attempt: int, fault: Fault, dice: random.Random) -> float:
    """Seconds before the next attempt at a sample (``attempt`` from 1): doubling, at least half of it drawn at random,
    never less than the server asked for.
    """
    wait: float = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1))
    return max(fault.after or 0.0, wait * (0.5 + dice.random() / 2))


def base_urls(text: str) -> list[str]:
    """The base URLs in a comma-separated list, without a slash at the end.

    Raises:
        UsageError: one is no http(s) URL, or carries a password (all such at once).
    """
    urls = [part.strip().rstrip("/") for part in text.split(",") if part.strip()]
    problems = [problem for url in urls if (problem := _url_problem(url))]
    if problems:
        raise UsageError(*problems)
    return urls


def _url_problem(url: str) -> Problem | None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        (host or "").encode("idna")
    except ValueError as error:
        return Problem(f"is no URL ({error})", url, "write http://HOST:PORT/v1")
    if parts.scheme not in ("http", "https") or not host:
        return Problem("is no http or https URL", url, "write http://HOST:PORT/v1")
    if parts.username or parts.password:
        shown = url.replace(f"{parts.netloc.rpartition('@')[0]}@", "…@")
        return Problem("has a password in it", shown, "set MEDSINS_API_KEY instead")
    return None
