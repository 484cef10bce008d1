"""How much a server is asked: simulated servers and clocks."""

from __future__ import annotations

import heapq
import random

from hypothesis import given
from hypothesis import strategies as st

from medsins.models._http_endpoint import Endpoint, backoff, base_urls
from medsins.models._http_faults import Fault
from medsins.models._http_limits import FIRST, GIVES_UP_AFTER, OPENS_AFTER, AdaptiveLimit, Breaker, Bucket


def simulate(slots: int, latency: float, seconds: float, most: int = 512) -> tuple[float, AdaptiveLimit]:
    """Answers a second of a server with so many slots, asked through an adaptive limit."""
    limit, now, done, dice = AdaptiveLimit(most=most), 0.0, 0, random.Random(0)
    free = [0.0] * slots
    heapq.heapify(free)
    under_way: list[tuple[float, float]] = []
    while now < seconds:
        while len(under_way) < limit.limit:
            start = max(now, heapq.heappop(free))
            end = start + latency * dice.uniform(0.95, 1.05)
            heapq.heappush(free, end)
            heapq.heappush(under_way, (end, now))
        now, sent = under_way[0]
        limit.answered(now, now - sent, len(under_way))
        heapq.heappop(under_way)
        done += 1
    return done / now, limit


def test_the_limit_finds_what_a_server_can_take() -> None:
    for slots in (4, 32, 64, 256):
        rate, limit = simulate(slots, 0.2, 60)
        assert rate >= 0.95 * slots / 0.2, slots
        assert limit.limit >= slots * 0.9
        assert limit.limit <= max(FIRST, 4 * slots)


def test_a_cap_is_never_exceeded() -> None:
    _, limit = simulate(64, 0.1, 10, most=10)
    assert limit.limit <= 10


def test_a_refusal_halves_once_for_all_that_were_under_way() -> None:
    limit = AdaptiveLimit()
    limit.limit = 100
    for i in range(50):
        limit.too_many(10.0 + i / 1000)
    assert limit.limit == 50
    limit.too_many(20.0)
    assert limit.limit == 25
    for i in range(20):
        limit.too_many(30.0 + 10 * i)
    assert limit.limit == 1


@given(st.integers(1, 100_000), st.lists(st.integers(1, 5000), min_size=1, max_size=80))
def test_a_bucket_never_gives_more_than_its_minutes_hold(a_minute: int, costs: list[int]) -> None:
    bucket, now = Bucket(a_minute), 1.0
    taken = 0
    for cost in costs:
        now += bucket.wait(now, cost) + 1e-9
        assert bucket.wait(now, cost) <= 1e-6
        bucket.take(cost)
        taken += cost
    assert taken - max(costs) <= a_minute / 10 + (now - 1.0) * a_minute / 60 + 1e-3


def test_no_limit_never_waits() -> None:
    assert Bucket().wait(5.0, 10**9) == 0


def test_the_breaker_opens_probes_and_closes() -> None:
    breaker, now = Breaker(), 0.0
    assert not any(breaker.failed(now, "dead") for _ in range(OPENS_AFTER - 1))
    assert breaker.failed(now, "dead")
    assert breaker.is_open
    assert not breaker.may_send(now + 1)
    now = breaker.until
    assert breaker.may_send(now)
    assert breaker.may_send(now)  # asking whether is not sending
    breaker.sent()
    assert not breaker.may_send(now)  # one probe at a time
    assert breaker.failed(now, "dead")
    assert breaker.until - now == 10
    now = breaker.until
    assert breaker.may_send(now)
    breaker.sent()
    assert breaker.answered(now)
    assert not breaker.is_open


def test_the_breaker_gives_up_after_a_quarter_of_an_hour_without_an_answer() -> None:
    breaker, now = Breaker(), 100.0
    for _ in range(OPENS_AFTER):
        breaker.failed(now, "dead")
    assert not breaker.gives_up(now + GIVES_UP_AFTER - 1)
    assert breaker.gives_up(now + GIVES_UP_AFTER + 1)


@given(st.integers(1, 40), st.one_of(st.none(), st.floats(0, 500)))
def test_back_off_doubles_has_a_cap_and_obeys_the_server(attempt: int, after: float | None) -> None:
    wait = backoff(attempt, Fault("rate limited", "", 429, after), random.Random(attempt))
    assert wait <= max(60.0, after or 0)
    assert wait >= max(min(60.0, 0.5 * 2 ** (attempt - 1)) / 2, after or 0)


def held_back() -> tuple[Endpoint, float]:
    """An endpoint whose pause is over, and when that is."""
    endpoint, now = Endpoint("http://h/v1", lambda line: None), 1.0
    for _ in range(OPENS_AFTER):
        endpoint.failed(now, Fault("connection", "nobody there"))
    assert endpoint.wait(now, 1) > 0
    return endpoint, endpoint.breaker.until


def test_an_endpoint_that_was_only_looked_at_may_still_be_tried() -> None:
    endpoint, now = held_back()
    assert endpoint.wait(now, 1) == 0  # another endpoint was taken
    assert endpoint.wait(now, 1) == 0
    endpoint.take(1)
    assert endpoint.wait(now, 1) == float("inf")


def test_a_probe_that_meets_a_rate_limit_found_the_server_alive() -> None:
    endpoint, now = held_back()
    endpoint.take(1)
    endpoint.failed(now, Fault("rate limited", "slow down", 429, 2.0))
    endpoint.under_way -= 1
    assert endpoint.wait(now, 1) == 2.0
    assert endpoint.wait(now + 2.0, 1) == 0


def test_limits_stated_in_headers_are_kept() -> None:
    endpoint = Endpoint("http://h/v1", lambda line: None)
    endpoint.learn(60, 6000)
    now = 1.0
    sent = 0
    while now < 61:
        wait = endpoint.wait(now, 10)
        if wait == 0:
            endpoint.take(10)
            endpoint.under_way -= 1
            sent += 1
        now += max(wait, 0.001)
    assert 60 <= sent <= 67


def test_base_urls_are_checked() -> None:
    import pytest

    from medsins.core import UsageError

    assert base_urls("http://a:1/v1/, https://b/v1") == ["http://a:1/v1", "https://b/v1"]
    for bad in ("ftp://a/v1", "http://", "http://user:secret@host/v1", "http://[bad", "http://h:99999/v1"):
        with pytest.raises(UsageError) as raised:
            base_urls(bad)
        assert "secret" not in str(raised.value)
