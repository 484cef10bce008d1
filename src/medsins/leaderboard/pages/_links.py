"""Addresses of pages and files: absolute ones on a server, relative ones in a static folder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote, urlencode

Parameters = Mapping[str, str]


class Links(Protocol):
    """Where a page finds others. ``live``: there is a server that takes forms and answers any query."""

    @property
    def live(self) -> bool:
        """Whether forms and free queries work."""

    def page(self, path: str, query: Parameters, kind: str = "html") -> str:
        """The address of a page in a kind, with query parameters."""

    def asset(self, name: str) -> str:
        """The address of a static file."""


@dataclass(frozen=True, slots=True)
class ServerLinks:
    """Addresses on a server; ``base`` is where the board begins, without a slash at its end."""

    base: str = ""

    @property
    def live(self) -> bool:
        """Always."""
        return True

    def page(self, path: str, query: Parameters, kind: str = "html") -> str:
        """See ``Links``."""
        where = path if kind == "html" else f"{'/index' if path == '/' else path}.{kind}"
        text = urlencode({name: value for name, value in query.items() if value})
        return f"{self.base}{quote(where)}{'?' if text else ''}{text}"

    def asset(self, name: str) -> str:
        """See ``Links``."""
        return f"{self.base}/static/{name}"


@dataclass(frozen=True, slots=True)
class StaticLinks:
    """Addresses in a folder of files, relative to the file ``at``; ``ask`` is told of every page that is linked."""

    at: str
    ask: Callable[[str, Parameters, str], None]

    @property
    def live(self) -> bool:
        """Never."""
        return False

    def page(self, path: str, query: Parameters, kind: str = "html") -> str:
        """See ``Links``."""
        self.ask(path, query, kind)
        return self._relative(static_name(path, query, kind))

    def asset(self, name: str) -> str:
        """See ``Links``."""
        return self._relative(f"static/{name}")

    def _relative(self, target: str) -> str:
        return quote("../" * self.at.count("/") + target)


def static_name(path: str, query: Parameters, kind: str = "html") -> str:
    """The file of a page in a static folder. Each parameter that has a value is a folder in front."""
    folders = [f"{name}-{_safe(value)}" for name, value in sorted(query.items()) if value]
    parts = [_safe(part) for part in path.strip("/").split("/") if part] or ["index"]
    return "/".join([*folders, *parts]) + f".{kind}"


def _safe(part: str) -> str:
    """A file name of letters, digits and ``.-_``; names that had to be changed stay apart by a digest."""
    plain = re.sub(r"[^A-Za-z0-9._@-]+", "-", part)[:80].lstrip(".") or "-"
    return plain if plain == part else f"{plain}-{hashlib.sha256(part.encode()).hexdigest()[:8]}"
