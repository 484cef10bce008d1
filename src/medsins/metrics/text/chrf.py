"""chrF: character n-gram F-score (Popović 2015)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ORDER = 6  # longest n-gram, characters
BETA_SQUARED = 4.0  # recall counts twice as much as precision

Codes = NDArray[np.int64]


def chrf(candidate: str, reference: str) -> float:
    """chrF2 of one sentence: character n-grams up to 6, beta 2, whitespace removed, as sacrebleu computes it. 0-1.

    Precision and recall are averaged over the orders that both texts are long enough for.
    """
    found, wanted = _characters(candidate), _characters(reference)
    orders = min(ORDER, len(found), len(wanted))
    if not orders:
        return 0.0
    precision = recall = 0.0
    for n, matches in enumerate(_matches(found, wanted, orders), start=1):
        precision += matches / (len(found) - n + 1)
        recall += matches / (len(wanted) - n + 1)
    if not precision + recall:
        return 0.0
    precision, recall = precision / orders, recall / orders
    return (1 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall)


def _matches(found: Codes, wanted: Codes, orders: int) -> list[int]:
    """By n-gram length the common n-grams, with their multiplicity.

    An n-gram is numbered by its beginning of n-1 characters, itself numbered, and its last character. Only n-grams of
    the reference have a number, so what is looked for in the candidate gets less with every length.
    """
    alphabet = np.unique(wanted)
    wanted = np.searchsorted(alphabet, wanted)
    starts, last = _numbered(found, alphabet)
    letters = np.full(len(found) + ORDER, -1)
    letters[starts] = last
    grams, places, shared = np.zeros(len(wanted), dtype=np.int64), starts, []
    known = np.zeros(len(starts), dtype=np.int64)
    for n in range(orders):
        grams = grams[: len(wanted) - n] * len(alphabet) + wanted[n:]
        following = letters[places + n]
        kept = following >= 0
        places, codes = places[kept], known[kept] * len(alphabet) + following[kept]
        numbers, grams, counts = np.unique(grams, return_inverse=True, return_counts=True)
        kept_places, known = _numbered(codes, numbers)
        places = places[kept_places]
        shared.append(int(np.minimum(np.bincount(known, minlength=len(numbers)), counts).sum()))
    return shared


def _numbered(values: Codes, numbers: Codes) -> tuple[Codes, Codes]:
    """Which values are among the sorted ``numbers``, and their places there."""
    places = np.searchsorted(numbers, values)
    places[places == len(numbers)] = 0
    among = np.flatnonzero(numbers[places] == values)
    return among, places[among]


def _characters(text: str) -> Codes:
    code = "".join(text.split()).encode("utf-32-le", "surrogatepass")
    return np.frombuffer(code, dtype="<u4").astype(np.int64)
