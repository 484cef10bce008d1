"""The board as a folder of files for any static host, or to open from a disk: same templates, relative links.

Links are followed as they are made, from the first page on, so every link in the folder leads to a file in it. Forms
are left out; filters and free comparisons need a server, so models are compared with their neighbours, on small boards
all with all.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medsins.core import InvalidFile, Problem, UsageError, write_json
from medsins.core.files import atomic_open

from .interface import Store
from .pages import Page, Query, StaticLinks, find_page, read_query, show, static_files, static_name

LIST = "board-files.json"
"""What an export wrote, so that the next one can remove what is no longer there."""

Listener = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class _Target:
    """A page to be written. ``table`` and ``kind`` tell its forms apart; what it shows depends on the rest."""

    path: str
    query: tuple[tuple[str, str], ...]
    kind: str

    @property
    def shown(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        return self.path, tuple(pair for pair in self.query if pair[0] != "table")


@dataclass(slots=True)
class _Crawl:
    """What waits to be written and what was ever asked for; targets that show the same stand together."""

    waiting: deque[_Target] = field(default_factory=deque)
    known: set[_Target] = field(default_factory=set)

    def ask(self, path: str, query: Mapping[str, str], kind: str) -> None:
        target = _Target(path, tuple(sorted((name, value) for name, value in query.items() if value)), kind)
        if target not in self.known:
            self.known.add(target)
            self.waiting.append(target) if kind == "html" else self.waiting.appendleft(target)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A page's view, kept while its other forms are written."""

    of: tuple[str, tuple[tuple[str, str], ...]]
    page: Page
    query: Query
    view: Any


def export_board(store: Store, folder: Path, listen: Listener = lambda name, done: None) -> int:
    """Write the whole board into a folder, every file atomically; returns how many files.

    A folder that an export wrote before is brought up to date; files it no longer has are removed, others are left.

    Raises:
        UsageError: the folder holds something else.
    """
    before = _written_before(folder)
    crawl, written = _Crawl(), set[str]()
    for name, (_, content) in static_files().items():
        written.add(_write(folder, f"static/{name}", content))
    crawl.ask("/", {}, "html")
    shown: _Shown | None = None
    while crawl.waiting:
        target = crawl.waiting.popleft()
        if shown is None or shown.of != target.shown:
            shown = _look(store, target)
        name = static_name(target.path, dict(target.query), target.kind)
        query = Query({**shown.query.values, "table": (dict(target.query).get("table", ""),)})
        made = show(shown.page, target.kind, shown.view, query, StaticLinks(name, crawl.ask))
        written.add(_write(folder, name, made.body))
        listen(name, len(written))
    for name in before - written:
        (folder / name).unlink(missing_ok=True)
    write_json(folder / LIST, sorted(written))
    return len(written)


def _look(store: Store, target: _Target) -> _Shown:
    page, _, given = find_page(target.path)
    query = read_query(page, given, {name: (value,) for name, value in target.query})
    return _Shown(target.shown, page, query, page.view(store, query))


def _write(folder: Path, name: str, content: bytes) -> str:
    with atomic_open(folder / name, "wb") as stream:
        stream.write(content)
    return name


def _written_before(folder: Path) -> set[str]:
    if not folder.exists() or not any(folder.iterdir()):
        return set()
    if not (folder / LIST).is_file():
        mend = "name a new folder, or one that an export wrote"
        raise UsageError(Problem("holds files that no export wrote", str(folder), mend))
    try:
        names = json.loads((folder / LIST).read_text(encoding="utf-8"))
        safe = {name for name in names if not Path(name).is_absolute() and ".." not in Path(name).parts}
    except (ValueError, TypeError) as error:
        raise InvalidFile(
            Problem("is no list of an export's files", str(folder / LIST), "remove the folder")
        ) from error
    return safe
