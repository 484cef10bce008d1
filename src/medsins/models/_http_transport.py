"""Bytes to a server and back: the only file that knows the HTTP library."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ._http_faults import Fault, Reply

LARGEST_REPLY = 64 << 20  # bytes
CONNECT_SECONDS = 10.0
KEEP_SECONDS = 30.0  # an idle connection


class Transport:
    """Connections to one endpoint, kept open between requests. Redirects are not followed: a guard decided on the
    address that was named. A proxy from the environment is used for other machines only.
    """

    def __init__(self, url: str, query: str, headers: Mapping[str, str], seconds: tuple[float, float]) -> None:
        """``query`` and ``headers`` go with every request; ``seconds`` for one answer, and without a byte (0: any)."""
        import aiohttp

        self.errors = (aiohttp.ClientError, OSError, ssl.SSLError)
        self.url, self.query = url, query
        self.proxy = environment_proxy(url)
        self._targets: dict[str, Any] = {}
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_SECONDS, ttl_dns_cache=300),
            timeout=aiohttp.ClientTimeout(total=seconds[0], sock_read=seconds[1] or None, sock_connect=CONNECT_SECONDS),
            # Nothing is left for the library to add to each request: it copies them once more to find out what.
            headers={"User-Agent": "medsins", "Accept-Encoding": "gzip, deflate"} | dict(headers),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def ask(self, method: str, path: str, body: bytes | None = None) -> Reply | Fault:
        """Send a JSON document to a path below the base URL, or ask for one; what came back, or why nothing did."""
        import aiohttp

        try:
            request = self.session.request(
                method, self._target(path), data=body, allow_redirects=False, proxy=self.proxy
            )
            async with request as response:
                return Reply(response.status, response.headers, await _read(response))
        except (TimeoutError, aiohttp.ServerTimeoutError):
            return Fault("timeout", "no answer in time")
        except aiohttp.ClientConnectorCertificateError as error:
            return Fault("connection", f"its certificate is not trusted ({error.certificate_error})")
        except aiohttp.ClientConnectorError as error:
            return Fault("connection", _reason(error.os_error))
        except (aiohttp.ClientPayloadError, _TooLarge) as error:
            return Fault("malformed reply", f"the reply broke off or is too large ({error})")
        except self.errors as error:
            return Fault("connection", _reason(error))

    def _target(self, path: str) -> Any:
        """The parsed URL of a path: there are one or two, and parsing takes longer than looking them up."""
        if path not in self._targets:
            from yarl import URL

            self._targets[path] = URL(f"{self.url}{path}{self.query}")
        return self._targets[path]

    async def close(self) -> None:
        """Close the connections."""
        await self.session.close()


class _TooLarge(Exception):
    """A reply without end."""


async def _read(response: Any) -> bytes:
    if (response.content_length or LARGEST_REPLY) < LARGEST_REPLY and not response.headers.get("Content-Encoding"):
        whole: bytes = await response.read()
        return whole
    parts, size = [], 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > LARGEST_REPLY:
            raise _TooLarge(f"more than {LARGEST_REPLY >> 20} MiB")
        parts.append(part)
    return b"".join(parts)


def _reason(error: BaseException) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason or error})"
    if isinstance(error, asyncio.IncompleteReadError):
        return "the connection broke off"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there (connection refused)"
    if isinstance(error, socket.gaierror):
        return "the host's name is not known"
    text = str(getattr(error, "strerror", None) or error) or type(error).__name__
    return text[:200]


def environment_proxy(url: str) -> str | None:
    """The proxy that the environment names for a URL (``HTTPS_PROXY``, ``HTTP_PROXY``, ``NO_PROXY``), this machine's
    own addresses excepted. It is looked up once: aiohttp itself would do so, and read ``.netrc``, for every request.
    """
    parts = urlsplit(url)
    if is_loopback(url) or urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    return urllib.request.getproxies().get(parts.scheme)


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine itself, literally."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
