"""Pages kept in memory: what a reader may get is never older than a change that takes something away."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import aside

from medsins.leaderboard import _cache
from medsins.leaderboard._cache import LATE_SECONDS, OLDEST_SECONDS, REST, PageCache, whole_reply
from medsins.leaderboard._state import State, Watch

TAKES = 0.5  # seconds to make a page


@dataclass
class World:
    """A board whose pages say how often it was changed, on a clock that is moved by hand."""

    now: float = 1_000.0
    data: int = 0
    prompt: int = 0
    made: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None
    headers: dict[str, str] = field(default_factory=lambda: {"cache-control": "public, no-cache"})

    def __post_init__(self) -> None:
        self.watch = Watch(lambda: State(self.data, self.prompt))
        self.cache = PageCache(self._app, self.watch, clock=lambda: self.now)

    def change(self, prompt: bool) -> None:
        self.data += 1
        self.prompt = self.data if prompt else self.prompt
        self.watch.expire()

    async def read(self, path: str = "/", **scope: Any) -> int:
        """The number that the page shows."""
        reply = await whole_reply(self.cache, request(path, **scope))
        assert reply.status == 200
        return int(reply.body)

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self.made.append(scope["path"])
        shown = self.data
        if self.gate is not None:
            await self.gate.wait()
        self.now += TAKES
        headers = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": str(shown).encode()})


def request(path: str, client: str = "127.0.0.1") -> dict[str, Any]:
    return {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], "client": (client, 1)}


EVENTS = st.one_of(
    st.tuples(st.just("change"), st.booleans()),
    st.tuples(st.just("wait"), st.floats(0.01, 30)),
    st.tuples(st.just("read"), st.sampled_from(["/", "/progress", "/api/v1/models"])),
)


@given(st.lists(EVENTS, max_size=40))
def test_no_reader_gets_a_page_from_before_something_was_taken_away(events: list[tuple[str, Any]]) -> None:
    async def run() -> None:
        world = World()
        changes = [(world.now, 0)]
        for what, detail in events:
            if what == "change":
                world.change(prompt=detail)
                changes.append((world.now, world.data))
            elif what == "wait":
                world.now += detail
            else:
                asked, state = world.now, State(world.data, world.prompt)
                shown = await world.read(detail)
                assert state.prompt <= shown <= state.data
                assert shown == state.data or not detail.startswith("/api/")
                missed = [at for at, data in changes if data > shown]
                assert not missed or asked - missed[0] <= LATE_SECONDS, "late, but not by more"

    aside.run(run())


def test_while_changes_keep_coming_making_pages_takes_its_share_of_the_time_only() -> None:
    async def run() -> None:
        world = World()
        began = world.now
        for _ in range(2_000):
            world.change(prompt=False)
            await world.read()
            world.now += 0.05
        share = TAKES * len(world.made) / (world.now - began)
        assert 0.5 / (1 + REST) < share <= 1.1 / (1 + REST)

    aside.run(run())


def test_while_a_page_is_made_anew_others_get_the_one_before_but_not_what_was_taken_away() -> None:
    async def run() -> None:
        world = World()
        assert await world.read() == 0
        world.now += REST * TAKES + 1
        world.gate = asyncio.Event()
        world.change(prompt=False)
        first = asyncio.create_task(world.read())
        await asyncio.sleep(0.05)
        assert await world.read() == 0
        assert not first.done()
        world.change(prompt=True)
        others = [asyncio.create_task(world.read()) for _ in range(5)]
        await asyncio.sleep(0.05)
        assert not any(other.done() for other in others)
        world.gate.set()
        assert await first == 1, "it had asked before"
        assert await asyncio.gather(*others) == [2] * 5
        assert world.made == ["/"] * 3
        assert await world.read() == 2, "an older page that is ready later takes no newer one's place"

    aside.run(run())


def test_a_page_nobody_asked_for_in_a_while_is_made_anew_for_all_that_wait() -> None:
    async def run() -> None:
        world = World()
        await world.read()
        world.change(prompt=False)
        world.now += OLDEST_SECONDS + 1
        world.gate = asyncio.Event()
        readers = [asyncio.create_task(world.read()) for _ in range(5)]
        await asyncio.sleep(0.05)
        world.gate.set()
        assert await asyncio.gather(*readers) == [1] * 5
        assert world.made == ["/", "/"]

    aside.run(run())


def test_what_is_not_public_is_made_for_each_reader() -> None:
    async def run() -> None:
        world = World(headers={"cache-control": "no-store"})
        await asyncio.gather(*(world.read() for _ in range(3)))
        await world.read()
        assert len(world.made) == 4

    aside.run(run())


def test_a_page_that_is_no_longer_public_is_forgotten() -> None:
    async def run() -> None:
        world = World()
        await world.read()
        world.headers = {"cache-control": "no-store"}
        world.change(prompt=True)
        await world.read()
        world.headers = {"cache-control": "public, no-cache"}
        await world.read()
        assert len(world.made) == 3

    aside.run(run())


def test_pages_take_bounded_memory_and_one_address_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cache, "MOST_BYTES", 10)
    monkeypatch.setattr(_cache, "MADE_PER_MINUTE", 30)

    async def run() -> None:
        world = World()
        for number in range(30):
            await world.read(f"/model/{number}")
        last = len(world.made)
        for number in range(20, 30):
            await world.read(f"/model/{number}")
        assert len(world.made) == last, "a byte each: the latest ten are kept"
        refused = await whole_reply(world.cache, request("/model/0"))
        assert refused.status == 429
        assert await world.read("/model/0", client="192.0.2.1") == 0
        assert await world.read("/model/29") == 0

    aside.run(run())


def test_a_failure_is_told_to_all_that_wait_and_not_kept() -> None:
    async def run() -> None:
        world = World()
        plain, broken = world._app, True

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if broken:
                await asyncio.sleep(0.02)
                raise ValueError("no database")
            await plain(scope, receive, send)

        world.cache._app = app
        told = await asyncio.gather(*(world.read() for _ in range(3)), return_exceptions=True)
        assert [type(one) for one in told] == [ValueError] * 3
        broken = False
        assert await world.read() == 0

    aside.run(run())
