"""Addresses as the guard reads them: strictly, so that no spelling means one machine here and another to a client."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

# Only what every URL parser understands alike: no user, no escapes, no backslash, no blank, nothing beyond ASCII.
_URL = re.compile(
    r"(?P<scheme>https?|ray)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:/[a-z0-9._~:@!$&'()*+;=-]*)*)",
    re.ASCII | re.IGNORECASE,
)
_PORTS = {"http": 80, "https": 443, "ray": 10001}


@dataclass(frozen=True, slots=True)
class Address:
    """An endpoint's parts: ``host`` in lower case (IPv6 without brackets), ``path`` as its segments."""

    scheme: str
    host: str
    port: int
    path: tuple[str, ...]

    @property
    def is_local(self) -> bool:
        """Whether it names this machine itself: a loopback address in its usual form, or exactly ``localhost``.

        ``127.1``, ``2130706433``, ``0177.0.0.1``, ``::ffff:127.0.0.1``, ``0.0.0.0``, ``localhost.`` and names that
        merely start or end so are not taken for it: what they mean depends on who reads them.
        """
        if self.host == "localhost":
            return True
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address):
            return address == ipaddress.IPv6Address(1)
        return address in ipaddress.IPv4Network("127.0.0.0/8")

    def covers(self, other: Address) -> bool:
        """Whether ``other`` is this very scheme, host and port, at this path or below it."""
        same = (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)
        return same and other.path[: len(self.path)] == self.path


def read_address(url: str) -> Address | None:
    """The parts of a URL; None where it has any other form than ``scheme://host[:port][/path]`` in plain ASCII."""
    found = _URL.fullmatch(url)
    if found is None:
        return None
    scheme, host = found["scheme"].lower(), found["host"].lower().strip("[]")
    port = int(found["port"] or _PORTS[scheme])
    below = found["path"].removeprefix("/").removesuffix("/")
    path = tuple(below.split("/")) if below else ()
    if not 0 < port < 65_536 or any(part in ("", ".", "..") for part in path):
        return None
    return Address(scheme, host, port, path)
