"""The form to submit predictions or a link to a model; the service takes what it posts."""

from __future__ import annotations

from ._page import Page
from ._plain import words

PAGE = Page("submit", "/submit", "submit.html", words, forms=True)
