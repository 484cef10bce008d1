"""The form for a maintainer's token; the service takes what it posts."""

from __future__ import annotations

from ._page import Page
from ._plain import words

PAGE = Page("login", "/login", "login.html", words, forms=True)
