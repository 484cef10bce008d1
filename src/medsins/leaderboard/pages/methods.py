"""How the figures come about: scoring, intervals, ties, publication, privacy of references."""

from __future__ import annotations

from ._page import Page
from ._plain import words

PAGE = Page("methods", "/methods", "methods.html", words)
