"""Requests to one base URL: connections that are kept open, TLS, a proxy, and what can go wrong with each."""

from __future__ import annotations

import asyncio
import base64
import errno
import ipaddress
import socket
import ssl
import time
import urllib.request
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

from medsins.core import Problem, UsageError

from ._http_connection import Connection, Malformed
from ._http_faults import Fault, Reply

CONNECT_SECONDS = 10.0
KEEP_SECONDS = 30.0  # an idle connection
_AS_IS = "/:@!$&'()*+,;=~%?"  # in the path and query of a URL (RFC 3986)


class Transport:
    """Connections to one endpoint, kept open between requests. Redirects are not followed: a guard decided on the
    address that was named. A proxy from the environment is used for other machines only.
    """

    def __init__(self, url: str, query: str, headers: Mapping[str, str], seconds: tuple[float, float]) -> None:
        """``query`` and ``headers`` go with every request; ``seconds`` for one answer, and without a byte (0: any).

        Raises:
            UsageError: a header holds what none can carry.
        """
        parts = urlsplit(url)
        self.host, self.port = (parts.hostname or "").encode("idna").decode(), parts.port
        self.tls = ssl.create_default_context() if parts.scheme == "https" else None
        self.proxy = urlsplit(environment_proxy(url))
        self.path, self.query, (self.seconds, self.idle) = parts.path, query, seconds
        authority = f"[{self.host}]" if ":" in self.host else self.host
        self.origin = authority if self.port is None else f"{authority}:{self.port}"
        self.headers = {"Host": self.origin, "User-Agent": "medsins", "Accept-Encoding": "identity"} | dict(headers)
        if self.proxy.hostname and not self.tls:
            self.headers |= proxy_key(self.proxy.username, self.proxy.password)
        for name, value in self.headers.items():
            if not (value.isascii() and value.isprintable()):
                mend = "is there a line break or a typographic character in the key?"
                raise UsageError(Problem(f"the header {name} cannot be sent", url, mend))
        self._heads: dict[tuple[str, str], bytes] = {}
        self._idle: list[Connection] = []
        self._used: set[Connection] = set()

    async def ask(self, method: str, path: str, body: bytes | None = None) -> Reply | Fault:
        """Send a JSON document to a path below the base URL, or ask for one; what came back, or why nothing did."""
        try:
            async with asyncio.timeout(self.seconds):
                connection = self._kept() or await self._connect()
                self._used.add(connection)
                try:
                    reply = await self._answer(connection, self._head(method, path, body) + (body or b""))
                except BaseException:
                    connection.close()
                    raise
                finally:
                    self._used.discard(connection)
        except TimeoutError:
            return Fault("timeout", "no answer in time")
        except ssl.SSLCertVerificationError as error:
            return Fault("connection", f"its certificate is not trusted ({error.verify_message})")
        except Malformed as error:
            return Fault("malformed reply", f"the reply broke off or cannot be read ({error})")
        except (OSError, ValueError) as error:  # ValueError: of a proxy's address
            return Fault("connection", _reason(error))
        if connection.open:
            self._idle.append(connection)
        return reply

    async def _answer(self, connection: Connection, request: bytes) -> Reply:
        reply = connection.ask(request)
        while self.idle and not reply.done():
            left = connection.heard + self.idle - time.monotonic()
            if left <= 0:
                reply.cancel()
                raise TimeoutError
            await asyncio.wait([reply], timeout=left)
        return await reply

    def _head(self, method: str, path: str, body: bytes | None) -> bytes:
        """Everything before the body: the same for all requests to a path but for the length."""
        if (method, path) not in self._heads:
            target = quote(f"{self.path}{path}{self.query}", safe=_AS_IS)
            if self.proxy.hostname and not self.tls:
                target = f"http://{self.origin}{target}"
            self._heads[method, path] = _lines(f"{method} {target} HTTP/1.1", self.headers)
        length = b"" if body is None else b"Content-Length: %d\r\n" % len(body)
        return self._heads[method, path] + length + b"\r\n"

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.open and time.monotonic() - connection.heard < KEEP_SECONDS:
                return connection
            connection.close()
        return None

    async def _connect(self) -> Connection:
        loop, proxy = asyncio.get_running_loop(), self.proxy
        port = self.port or (443 if self.tls else 80)
        async with asyncio.timeout(CONNECT_SECONDS):
            if not proxy.hostname:
                _, connection = await loop.create_connection(
                    Connection, self.host, port, ssl=self.tls, happy_eyeballs_delay=0.25
                )
                return connection
            if proxy.scheme != "http":
                raise OSError(f"a proxy of the kind {proxy.scheme}:// cannot be used")
            transport, connection = await loop.create_connection(Connection, proxy.hostname, proxy.port or 80)
            if self.tls:
                target = f"{self.origin.removesuffix(f':{self.port}')}:{port}"
                own = {"Host": target} | proxy_key(proxy.username, proxy.password)
                reply = await connection.ask(_lines(f"CONNECT {target} HTTP/1.1", own) + b"\r\n", tunnel=True)
                if reply.status != 200:
                    connection.close()
                    raise OSError(f"the proxy refuses the connection (HTTP {reply.status})")
                made = await loop.start_tls(transport, connection, self.tls, server_hostname=self.host)
                assert made is not None
                connection.connection_made(made)
            return connection

    async def close(self) -> None:
        """Close the connections."""
        for connection in (*self._idle, *self._used):
            connection.close()
        self._idle.clear()
        await asyncio.sleep(0)  # one turn of the loop lets the sockets close


def _lines(first: str, headers: Mapping[str, str]) -> bytes:
    return "".join((f"{first}\r\n", *(f"{name}: {value}\r\n" for name, value in headers.items()))).encode("ascii")


def proxy_key(user: str | None, password: str | None) -> dict[str, str]:
    """The header that opens a proxy."""
    if user is None:
        return {}
    both = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(both).decode()}"}


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason or error})"
    if isinstance(error, ConnectionRefusedError) or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        return "nothing listens there (connection refused)"
    if isinstance(error, socket.gaierror):
        return "the host's name is not known"
    text = str(getattr(error, "strerror", None) or error) or type(error).__name__
    return text[:200]


def environment_proxy(url: str) -> str:
    """The proxy that the environment names for a URL (``HTTPS_PROXY``, ``HTTP_PROXY``, ``NO_PROXY``), this machine's
    own addresses excepted; empty where there is none.
    """
    parts = urlsplit(url)
    if is_loopback(url) or urllib.request.proxy_bypass(parts.hostname or ""):
        return ""
    proxy = urllib.request.getproxies().get(parts.scheme, "")
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine itself, literally."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
