"""How to contribute a task, with a form that checks a file at once; the service takes what it posts."""

from __future__ import annotations

from ._page import Page
from ._plain import words

PAGE = Page("contribute", "/contribute", "contribute.html", words, forms=True)
