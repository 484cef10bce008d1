"""Pages kept by data version: what is public is made once for each state of the board, and packed once.

A handler says that its reply may be kept by ``cache-control: public``. While a page is made anew, its first reader
waits for it and all others get the one before; so readers of a board that changes all the time never queue.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

import anyio
import anyio.to_thread

from medsins.core.errors import Problem

from ._limits import Limiter, network
from .replies import error_reply
from .security import App, Message, Receive, Scope, Send, client_address

MOST_BYTES = 64 * 2**20
"""Bytes of pages kept by a process."""
KEPT_SECONDS = 60.0
"""A page is made anew after this time even where nothing changed: versions close, private parts are shown."""
FRESH_SECONDS = 0.02
"""How old a look at the data version may be."""
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
    version: int = 0
    made: float = 0.0

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


class DataVersion:
    """The store's data version, asked at most every 20 ms, in a thread, by one request for all that wait."""

    def __init__(self, ask: Callable[[], int]) -> None:
        self._ask, self._value, self._until, self._changes = ask, 0, 0.0, 0
        self._asking: asyncio.Task[int] | None = None
        self._thread = anyio.CapacityLimiter(1)

    def expire(self) -> None:
        """This process changed something: look again."""
        self._until, self._changes = 0.0, self._changes + 1
        self._asking = None

    async def __call__(self) -> int:
        """The number, as it was at most 20 ms ago."""
        if time.monotonic() < self._until:
            return self._value
        if self._asking is None:
            self._asking = asyncio.create_task(self._look(self._changes))
        return await asyncio.shield(self._asking)

    async def _look(self, changes: int) -> int:
        try:
            value = await anyio.to_thread.run_sync(self._ask, limiter=self._thread)
        finally:
            if changes == self._changes:
                self._asking = None
        if changes == self._changes:
            self._value, self._until = value, time.monotonic() + FRESH_SECONDS
        return value


class PageCache:
    """The middleware that answers from memory."""

    def __init__(self, app: App, version: DataVersion, proxies: tuple[str, ...] = ()) -> None:
        self._app, self._version, self._proxies = app, version, proxies
        self._kept: OrderedDict[str, Reply] = OrderedDict()
        self._bytes = 0
        self._making: dict[str, asyncio.Task[Reply]] = {}
        self._misses = Limiter(MADE_PER_MINUTE, 60.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory where that is right, else pass on."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or _has(scope, b"authorization"):
            try:
                await self._app(scope, receive, send)
            finally:
                if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
                    self._version.expire()
            return
        key = _key(scope)
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            version = await self._version()
            if kept.version == version and time.monotonic() - kept.made < KEPT_SECONDS:
                await _send(kept, scope, send)
                return
        reply = await self._made(key, kept, scope)
        if reply is None:
            limited = error_reply(scope, 429, Problem("too many different pages at once", mend="wait a minute"))
            await limited(scope, receive, send)
        else:
            await _send(reply, scope, send)

    async def _made(self, key: str, kept: Reply | None, scope: Scope) -> Reply | None:
        """A reply of now; the one before where somebody else waits for that already; None for whoever asks too much."""
        making = self._making.get(key)
        if making is not None:
            if kept is not None:
                return kept
            reply = await asyncio.shield(making)
            if reply.public:
                return reply
        who = network(client_address(scope, self._proxies))
        if self._misses.wait(who):
            return None
        self._misses.count(who)
        if making is not None:
            return await self._make(key, scope, keep=False)
        task = asyncio.create_task(self._make(key, scope, keep=True))
        self._making[key] = task
        task.add_done_callback(lambda _: self._making.pop(key, None))
        return await asyncio.shield(task)

    async def _make(self, key: str, scope: Scope, keep: bool) -> Reply:
        version = await self._version()  # before the page is made, so that a page is never older than its number
        reply = await _whole(self._app, scope)
        if not reply.public:
            return reply
        packed = None
        if len(reply.body) > 500 and _header(reply, b"content-type").startswith(_PACKABLE):
            packed = await anyio.to_thread.run_sync(gzip.compress, reply.body, 6)
        etag = b'W/"' + hashlib.blake2b(reply.body, digest_size=12).hexdigest().encode() + b'"'
        reply = Reply(reply.status, reply.headers, reply.body, packed, etag, version, time.monotonic())
        if keep:
            self._keep(key, reply)
        return reply

    def _keep(self, key: str, reply: Reply) -> None:
        before = self._kept.pop(key, None)
        self._bytes += reply.size - (before.size if before else 0)
        self._kept[key] = reply
        while self._bytes > MOST_BYTES and self._kept:
            self._bytes -= self._kept.popitem(last=False)[1].size


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


async def _whole(app: App, scope: Scope) -> Reply:
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
