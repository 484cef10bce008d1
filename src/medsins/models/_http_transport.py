"""Bytes to a server and back: the only file that knows the HTTP library."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
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

    def __init__(self, url: str, timeout: float) -> None:
        import aiohttp

        self.errors = (aiohttp.ClientError, OSError, ssl.SSLError)
        self.url = url
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_SECONDS, ttl_dns_cache=300),
            timeout=aiohttp.ClientTimeout(total=timeout, connect=None, sock_connect=CONNECT_SECONDS),
            trust_env=not is_loopback(url),
            auto_decompress=True,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent",),
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply | Fault:
        """Send a JSON document; what came back, or why nothing did."""
        return await self._ask("POST", url, body, headers)

    async def get(self, url: str, headers: Mapping[str, str]) -> Reply | Fault:
        """Ask for a document; what came back, or why nothing did."""
        return await self._ask("GET", url, None, headers)

    async def _ask(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Reply | Fault:
        import aiohttp

        try:
            async with self.session.request(method, url, data=body, headers=headers, allow_redirects=False) as response:
                data = await _read(response)
                return Reply(response.status, response.headers, data)
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


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine itself, literally."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
