"""What guards every request: host names, origins, sizes, and the headers of every reply."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from medsins.core.errors import Problem

from ._limits import Limiter, network
from .replies import error_reply
from .settings import Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
MOST_TARGET = 4_096
"""Longest path with query, in bytes."""

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {frames}"
)
MOST_BODY = 64 * 1024
"""Bytes of a body that is no upload; it is held in memory."""
UPLOADS = re.compile(r"/submit|/contribute|/api/v1/(submissions|check)|/api/v1/submissions/[^/]+/answers")
"""Paths whose bodies are streamed to disk under bounds of their own (``uploads.py``)."""
EMBED = "/embed/"
"""Pages that others may frame begin with this; no other page may be framed."""


class SecureHeaders:
    """Adds the security headers to every reply; a reply that does not say otherwise is kept by nobody."""

    def __init__(self, app: App, settings: Settings) -> None:
        self._app = app
        self._headers = _reply_headers(settings, "'none'")
        self._embed_headers = [pair for pair in _reply_headers(settings, "*") if pair[0] != b"x-frame-options"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and complete the headers of its reply."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        added = self._embed_headers if scope["path"].startswith(EMBED) else self._headers

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", b"no-store"))
                message = {**message, "headers": headers + added}
            await send(message)

        await self._app(scope, receive, send_with_headers)


class Gate:
    """Refuses what no honest client sends: foreign host names, forms of other sites, endless addresses, too many
    posts of one address.
    """

    def __init__(self, app: App, settings: Settings, posts: Limiter) -> None:
        self._app, self._hosts, self._posts = app, settings.known_hosts, posts
        self._proxies = settings.trusted_proxies
        self._public = _origin(settings.public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal:
            headers = {"connection": "close"} | ({"retry-after": "60"} if refusal[0] == 429 else {})
            await error_reply(scope, *refusal, headers=headers)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, Problem] | None:
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MOST_TARGET:
            return 414, Problem("the address is too long")
        found: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            if name == b"host" and name in found:
                return 400, Problem("more than one Host header")
            found[name] = value
        host = found.get(b"host", b"").decode("latin-1").lower()
        if self._hosts and _hostname(host) not in self._hosts:
            return 400, Problem("this board does not answer for that host name", mend="name it in hosts of board.toml")
        if scope["method"] in SAFE:
            return None
        if b"authorization" not in found and self._foreign(found, host):
            return 403, Problem("this form came from another site", mend="open the form on the board itself")
        if not UPLOADS.fullmatch(scope["path"]) and (wrong := _too_much(found)):
            return wrong
        who = network(client_address(scope, self._proxies))
        if self._posts.wait(who):
            return 429, Problem("too many changes from your address", mend="try again in an hour")
        self._posts.count(who)
        return None

    def _foreign(self, headers: dict[bytes, bytes], host: str) -> bool:
        """Whether a browser says that another site made it send this."""
        site = headers.get(b"sec-fetch-site", b"").decode("latin-1")
        if site and site not in ("same-origin", "none"):
            return True
        origin = headers.get(b"origin", b"").decode("latin-1").lower()
        if not origin:
            return False
        return origin != self._public and urlsplit(origin).netloc != host


def _too_much(headers: dict[bytes, bytes]) -> tuple[int, Problem] | None:
    """What is wrong with the size that a body is said to have."""
    if b"transfer-encoding" in headers:
        return 411, Problem("say how long the body is", mend="send Content-Length")
    length = headers.get(b"content-length", b"0")
    if not length.isdigit():
        return 400, Problem("Content-Length is no number")
    return (413, Problem(f"a body may have {MOST_BODY:,} bytes here")) if int(length) > MOST_BODY else None


def _origin(url: str) -> str:
    parts = urlsplit(url.lower())
    return f"{parts.scheme}://{parts.netloc}" if url else ""


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _reply_headers(settings: Settings, frames: str) -> list[tuple[bytes, bytes]]:
    headers = {
        "content-security-policy": _POLICY.format(frames=frames),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
    }
    if settings.https:
        headers["strict-transport-security"] = "max-age=31536000"
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def client_address(scope: Scope, proxies: Iterable[str]) -> str:
    """The reader's address: the connection's, or what a trusted proxy says it is (the last one it did not add)."""
    address = str(scope["client"][0]) if scope.get("client") else ""
    trusted = set(proxies)
    if address not in trusted:
        return address
    told = [v.decode("latin-1") for name, v in scope["headers"] if name == b"x-forwarded-for"]
    for hop in reversed([part.strip() for value in told for part in value.split(",") if part.strip()]):
        address = hop
        if hop not in trusted:
            break
    return address
