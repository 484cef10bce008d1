"""Who keeps the board, what is stored of whom, how to have something removed."""

from __future__ import annotations

from ._page import Page
from ._plain import words

PAGE = Page("about", "/about", "about.html", words)
