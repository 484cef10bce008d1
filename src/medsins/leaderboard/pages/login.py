"""Where maintainers show their token, and end their session."""

from __future__ import annotations

from medsins.leaderboard.interface import Store

from ._page import Page, Query


def view(store: Store, query: Query) -> None:
    """Nothing is told here."""


PAGE = Page("login", "/login", "login.html", view, access="maintain", forms=True)
