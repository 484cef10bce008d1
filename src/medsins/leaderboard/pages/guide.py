"""How to submit a model, from running it to seeing its scores."""

from __future__ import annotations

from ._page import Page
from ._plain import words

PAGE = Page("guide", "/guide", "guide.html", words)
