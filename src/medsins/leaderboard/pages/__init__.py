"""The pages of the board; the folder is the registry: ``pages/task.py`` is the page ``task``, its ``PAGE`` says where.

``answer`` is all that a server needs: a path and a query string in, bytes and their type out. Each page has a JSON twin
at its path + ``.json`` (the first page's is ``/index.json``), and its tables at ``.csv`` and ``.tex``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

from medsins.core.registry import Registry
from medsins.leaderboard.interface import NotFound, Store

from ._links import Links, ServerLinks, StaticLinks, static_name
from ._page import Form, Page, Query, Table
from ._render import Answer, render, render_error, show, static_files

__all__ = [
    "Answer",
    "Form",
    "Links",
    "Page",
    "Query",
    "ServerLinks",
    "StaticLinks",
    "Table",
    "answer",
    "find_page",
    "pages",
    "read_query",
    "render",
    "render_error",
    "show",
    "static_files",
    "static_name",
]

KINDS = ("html", "json", "csv", "tex", "svg")


@cache
def pages() -> Mapping[str, Page]:
    """All pages by name."""
    registry = Registry(__name__, "page")
    found = {name: registry.load(name).PAGE for name in registry.names()}
    return {name: page for name, page in sorted(found.items()) if isinstance(page, Page)}


def find_page(path: str) -> tuple[Page, str, dict[str, str]]:
    """The page at a decoded path, which of ``KINDS`` is asked for, and the path's parameters.

    Raises:
        NotFound: no page is there.
    """
    path, kind = _kind(path)
    for page in pages().values():
        match = _pattern(page.path).fullmatch(path)
        if match:
            return page, kind, match.groupdict()
    raise NotFound("there is no such page")


def answer(
    store: Store, path: str, query: Mapping[str, Sequence[str]], links: Links | None = None, form: Form | None = None
) -> Answer:
    """What to answer to a request for a page, in any of its kinds. What is not there is an ``Answer`` with status 404;
    who may see a page is for the caller to decide (``find_page(path)[0].access``).
    """
    links = links or ServerLinks()
    kind = _kind(path)[1]
    try:
        page, kind, given = find_page(path)
        known = {name: query[name] for name in page.parameters if name in query}
        return render(
            page, kind, store, Query({**known, **{name: (text,) for name, text in given.items()}}), links, form
        )
    except NotFound as error:
        return render_error(404, str(error), links, kind)


def read_query(page: Page, given: Mapping[str, str], query: Mapping[str, Sequence[str]]) -> Query:
    """The parameters of a page's path and those of its query string that it knows."""
    known = {name: query[name] for name in page.parameters if name in query}
    return Query({**known, **{name: (text,) for name, text in given.items()}})


def _kind(path: str) -> tuple[str, str]:
    for kind in KINDS[1:]:
        if path.endswith(f".{kind}"):
            bare = path.removesuffix(f".{kind}")
            return ("/" if bare in ("", "/", "/index") else bare), kind
    return path, "html"


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]{1,200})", path))
