"""What a page is: a path, a view that turns the store into plain frozen data, and a template that shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from medsins.leaderboard.interface import Store
from medsins.reports.tables import Cell


@dataclass(frozen=True, slots=True)
class Query:
    """What a reader asks of a page: the parameters of its path and of its query string, decoded."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def one(self, name: str, default: str = "") -> str:
        """The last value of a parameter, without blanks around it and cut at 200 characters."""
        given = self.values.get(name) or (default,)
        return given[-1].strip()[:200]

    def many(self, name: str) -> tuple[str, ...]:
        """All values of a parameter, each once, in their order; commas separate values too."""
        parts = [part.strip()[:200] for value in self.values.get(name, ()) for part in value.split(",")]
        return tuple(dict.fromkeys(part for part in parts if part))


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a page for CSV and LaTeX. ``name`` is its name in addresses; cells are numbers at full precision."""

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Form:
    """What the service adds to a page with a form: the token against forged requests, what was filled in, what was
    wrong with it, and what came of it.
    """

    csrf: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[str] = ()
    result: Any = None
    maintainer: bool = False


def no_tables(view: Any) -> Sequence[Table]:
    """The tables of a page that has none."""
    return ()


@dataclass(frozen=True, slots=True)
class Page:
    """One page. ``parameters`` are all that its query string may hold; others change nothing, so a cache may drop them.

    ``access``: ``maintain`` for maintainers only. ``forms``: it needs a ``Form`` of its reader and is not cached.
    ``frameable``: other sites may show it in a frame.
    """

    name: str
    path: str
    template: str
    view: Callable[[Store, Query], Any]
    tables: Callable[[Any], Sequence[Table]] = no_tables
    parameters: tuple[str, ...] = ()
    access: Literal["all", "maintain"] = "all"
    forms: bool = False
    frameable: bool = False
