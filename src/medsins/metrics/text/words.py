"""English word tokens, identical to NLTK's ``word_tokenize`` and much faster."""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """The tokens NLTK 3.10.4 ``word_tokenize`` gives with its English Punkt model.

    Raises:
        AssetUnavailable: the Punkt model could not be had.
    """
    raise NotImplementedError
