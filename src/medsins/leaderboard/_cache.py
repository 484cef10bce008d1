"""Pages kept by the state of the board: what is public is made once for each, and packed once.

A handler says that its reply may be kept by ``cache-control: public``. After a change that takes something away
(``Store.prompt_version``) everybody gets a page that was made since. After one by which something arrived, one reader
waits for the new page and the others get the one before; and where such changes keep coming, pages are made anew for a
share of the time only. So readers do not queue while uploads are scored.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

import anyio.to_thread

from medsins.core.errors import Problem

from ._limits import Limiter, network
from ._state import State, Watch
from .replies import error_reply
from .security import App, Message, Receive, Scope, Send, client_address

MOST_BYTES = 64 * 2**20
"""Bytes of pages kept by a process."""
KEPT_SECONDS = 60.0
"""A page is made anew after this time even where nothing changed: versions close, private parts are shown."""
REST = 4
"""While changes keep coming, a process makes nothing anew for this many times as long as it made the last page."""
LATE_SECONDS, OLDEST_SECONDS = 5.0, 20.0
"""A page that may be late is made anew after so long whatever else is made; and no reader gets one that is older."""
MADE_PER_MINUTE = 1_000
"""Pages not in the cache that one address may ask for."""
_PACKABLE = (b"text/", b"application/json", b"image/svg", b"application/javascript")


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply, plain and packed."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    packed: bytes | None = None
    etag: bytes = b""

    @property
    def public(self) -> bool:
        """Whether its handler said that everybody may get the same."""
        return self.status == 200 and any(
            name == b"cache-control" and value.startswith(b"public") for name, value in self.headers
        )

    @property
    def size(self) -> int:
        """Bytes it takes."""
        return len(self.body) + len(self.packed or b"")


@dataclass(slots=True)
class _Kept:
    """A reply with the state of the board before it was made; ``made``, and when it was last ``known`` to be what the
    board shows (seconds, monotonic).
    """

    reply: Reply
    state: State
    made: float
    known: float


@dataclass(frozen=True, slots=True)
class _Making:
    """A reply that is being made, and the state of the board before."""

    state: State
    task: asyncio.Task[Reply]


class PageCache:
    """The middleware that answers from memory. ``clock``: seconds, monotonic."""

    def __init__(
        self, app: App, watch: Watch, proxies: tuple[str, ...] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app, self._watch, self._proxies, self._clock = app, watch, proxies, clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._bytes = 0
        self._making: dict[str, _Making] = {}
        self._rested = 0.0
        self._misses = Limiter(MADE_PER_MINUTE, 60.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory where that is right, else pass on."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or _has(scope, b"authorization"):
            try:
                await self._app(scope, receive, send)
            finally:
                if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
                    self._watch.expire()
            return
        reply = await self._reply(_key(scope), scope)
        if reply is None:
            limited = error_reply(scope, 429, Problem("too many different pages at once", mend="wait a minute"))
            await limited(scope, receive, send)
        else:
            await _send(reply, scope, send)

    async def _reply(self, key: str, scope: Scope) -> Reply | None:
        """What a reader gets; None for whoever asks for too much that is not kept."""
        state, kept = await self._watch(), self._kept.get(key)
        late = False
        if kept is not None:
            self._kept.move_to_end(key)
            if self._is_fresh(kept, state):
                kept.known = self._clock()
                return kept.reply
            late = self._may_be_late(kept, state, scope)
            if late and self._may_wait(key, kept):
                return kept.reply
        making = self._making.get(key)
        if making is not None and _serves(making.state, state, scope):
            reply = await asyncio.shield(making.task)
            if reply.public:
                return reply
        who = network(client_address(scope, self._proxies))
        if self._misses.wait(who):
            return kept.reply if late and kept is not None else None
        self._misses.count(who)
        task = asyncio.create_task(self._make(key, scope, state))
        self._making[key] = _Making(state, task)
        task.add_done_callback(lambda task: self._made(key, task))
        return await asyncio.shield(task)

    def _is_fresh(self, kept: _Kept, state: State) -> bool:
        return kept.state.data >= state.data and self._clock() - kept.made < KEPT_SECONDS

    def _may_be_late(self, kept: _Kept, state: State, scope: Scope) -> bool:
        """Whether this reader may get a page that another may find newer."""
        return self._clock() - kept.known < OLDEST_SECONDS and _serves(kept.state, state, scope)

    def _may_wait(self, key: str, kept: _Kept) -> bool:
        """Whether somebody makes a page anew already, or making others has taken its share for now."""
        now = self._clock()
        return key in self._making or (now < self._rested and now - kept.known < LATE_SECONDS)

    async def _make(self, key: str, scope: Scope, state: State) -> Reply:
        began = self._clock()
        reply = await whole_reply(self._app, scope)
        if reply.public:
            reply = await _packed(reply)
            self._rested = self._clock() + REST * (self._clock() - began)
        now = self._clock()
        self._keep(key, _Kept(reply, state, now, now))
        return reply

    def _made(self, key: str, task: asyncio.Task[Reply]) -> None:
        """It is under way no more (another of a later state may be)."""
        if key in self._making and self._making[key].task is task:
            del self._making[key]
        if not task.cancelled():
            task.exception()  # whoever waited was told

    def _keep(self, key: str, new: _Kept) -> None:
        """Keep what is public; of two that were made at a time, the one of the later state."""
        before = self._kept.get(key)
        if before is not None and before.state > new.state:
            return
        if before is not None:
            self._bytes -= self._kept.pop(key).reply.size
        if not new.reply.public:
            return
        self._bytes += new.reply.size
        self._kept[key] = new
        while self._bytes > MOST_BYTES and self._kept:
            self._bytes -= self._kept.popitem(last=False)[1].reply.size


def _serves(made: State, wanted: State, scope: Scope) -> bool:
    """Whether what was made in one state may be shown in another. Programs get what is true now: they may have made the
    change themselves.
    """
    return made.data >= wanted.data or (made.prompt >= wanted.prompt and not scope["path"].startswith("/api/"))


def _key(scope: Scope) -> str:
    query = scope["query_string"]
    if not query:
        return str(scope["path"])
    pairs = sorted(parse_qsl(query.decode("latin-1"), max_num_fields=None))
    return f"{scope['path']}?{urlencode(pairs)}"


def _has(scope: Scope, header: bytes) -> bool:
    return any(name == header for name, _ in scope["headers"])


def _header(reply: Reply, header: bytes) -> bytes:
    return next((value for name, value in reply.headers if name == header), b"")


async def whole_reply(app: App, scope: Scope) -> Reply:
    """Run the application for a request without a body and gather its reply."""
    status, headers, parts = 500, (), []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], tuple(message.get("headers", ()))
        else:
            parts.append(message.get("body", b""))

    await app({**scope, "method": "GET"}, receive, send)
    return Reply(status, headers, b"".join(parts))


async def _packed(reply: Reply) -> Reply:
    packed = None
    if len(reply.body) > 500 and _header(reply, b"content-type").startswith(_PACKABLE):
        packed = await anyio.to_thread.run_sync(gzip.compress, reply.body, 6)
    etag = b'W/"' + hashlib.blake2b(reply.body, digest_size=12).hexdigest().encode() + b'"'
    return replace(reply, packed=packed, etag=etag)


async def _send(reply: Reply, scope: Scope, send: Send) -> None:
    status, headers, body = reply.status, list(reply.headers), reply.body
    if reply.etag:
        headers = [pair for pair in headers if pair[0] != b"content-length"]
        headers += [(b"etag", reply.etag), (b"vary", b"accept-encoding")]
        asked = dict(scope["headers"])
        if reply.packed is not None and b"gzip" in asked.get(b"accept-encoding", b""):
            body = reply.packed
            headers.append((b"content-encoding", b"gzip"))
        if reply.etag in asked.get(b"if-none-match", b""):
            status, body = 304, b""
        else:
            headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
