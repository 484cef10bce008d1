"""Summary-level ROUGE-L of the ``rouge`` 1.0.1 package: the published "Rouge"."""

from __future__ import annotations


class Unscorable(ValueError):
    """The published function would raise on these texts; the message is its reason."""


def summary_rouge(candidate: str, reference: str) -> float:
    """F value of summary-level ROUGE-L over word sets, ``rouge`` 1.0.1, to the last bit. 0-1.

    Raises:
        Unscorable: no sentence in either text, or a sentence pair too long for the package's recursion.
    """
    raise NotImplementedError
