"""The tokenizers our tokens are compared with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from medsins.core import AssetUnavailable
from medsins.core.assets import punkt


@pytest.fixture(scope="session")
def word_tokenize() -> Callable[[str], list[str]]:
    """NLTK's own ``word_tokenize`` with the pinned model."""
    import nltk

    try:
        folder = punkt()
    except AssetUnavailable as error:
        pytest.skip(f"NLTK's punkt_tab could not be had: {error}")
    if str(folder) not in nltk.data.path:
        nltk.data.path.insert(0, str(folder))
    return nltk.word_tokenize
