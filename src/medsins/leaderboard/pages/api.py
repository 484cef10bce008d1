"""The API for readers: every address, who may use it, what it takes; the document itself is OpenAPI.

The service hands over what there is (``Form.result``), because pages know no routes.
"""

from __future__ import annotations

from medsins.leaderboard.interface import Store

from ._page import Page, Query


def view(store: Store, query: Query) -> None:
    """Nothing of the board is told here."""


PAGE = Page("api", "/api", "api.html", view, forms=True)
