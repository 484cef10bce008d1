"""Summary-level ROUGE-L of the ``rouge`` 1.0.1 package: the published "Rouge".

For every pair of a reference and a candidate sentence one longest common subsequence is taken; the distinct words of
all of them together are compared with the distinct words of either text. Which subsequence is taken changes the set of
words, so the package's tie-break is kept exactly (see ``_walk``).
"""

from __future__ import annotations

from collections.abc import Sequence

from ._lcs import lcs_rows

# The published code allows 10,000 nested calls; the package makes one for every step of its walk, ten levels down.
MOST_STEPS = 9_990
TOO_LONG = "RecursionError: a pair of sentences is too long for the package's recursion"

Words = tuple[str, ...]


class RougeError(ValueError):
    """The published function would raise on these texts; the message is its reason."""


def summary_rouge(candidate: str, reference: str) -> float:
    """F value of summary-level ROUGE-L over word sets, ``rouge`` 1.0.1, to the last bit. 0-1.

    Sentences end at every ASCII full stop, words at blanks; case and punctuation count. Memory is bounded whatever the
    lengths: where the package would need more than its 10,000 nested calls, that is reported, not computed.

    Raises:
        RougeError: no sentence in either text, or a pair of sentences too long for the package's recursion.
    """
    found, wanted = _sentences(candidate), _sentences(reference)
    if not found:
        raise RougeError("ValueError: Hypothesis is empty.")
    if not wanted:
        raise RougeError("ValueError: Reference is empty.")
    overlap = len(_union(wanted, found))
    recall = overlap / len({word for words in wanted for word in words})
    precision = overlap / len({word for words in found for word in words})
    return 2.0 * ((precision * recall) / (precision + recall + 1e-8))


def _sentences(text: str) -> list[Words]:
    """The distinct sentences as words, in order. A sentence of blanks has one word, the empty one."""
    return list(dict.fromkeys(tuple(piece.split()) or ("",) for piece in text.split(".") if piece))


def _union(wanted: Sequence[Words], found: Sequence[Words]) -> set[str]:
    """The distinct words of one longest common subsequence of every pair of sentences.

    Pairs that cannot add a word are not walked, nor are candidates that differ only in words the reference lacks.
    """
    sides = [(words, frozenset(words)) for words in found]
    anywhere = frozenset[str]().union(*(words for _, words in sides))
    longest = max(map(len, found))
    union: set[str] = set()
    for words in wanted:
        own = anywhere.intersection(words)
        missing = own - union
        walked: set[Words] = set()
        for other, others in sides if missing or len(words) + longest > MOST_STEPS else ():
            if len(words) + len(other) > MOST_STEPS:
                union |= _walk(words, other, own)
            elif not missing.isdisjoint(others):
                kept = tuple([word for word in other if word in own])
                if kept in walked:
                    continue
                walked.add(kept)
                union |= {kept[0]} if len(kept) == 1 else own if kept == words else _walk(words, kept, own)
            else:
                continue
            missing = own - union
    return union


def _walk(reference: Words, candidate: Words, shared: frozenset[str]) -> set[str]:
    """The words of the longest common subsequence the package finds: from the ends of both sentences backwards, equal
    words are taken; else the reference is shortened where that alone keeps more (T[i-1, j] > T[i, j-1], which for
    unequal words means that bit j-1 of row i is 0), else the candidate.

    Candidate words that are not ``shared`` are left out: on them the walk always shortens the candidate.
    """
    if min(len(reference), len(candidate)) > MOST_STEPS:
        raise RougeError(TOO_LONG)
    places = [place for place, word in enumerate(candidate) if word in shared]
    kept = [candidate[place] for place in places]
    rows = lcs_rows(reference, kept, MOST_STEPS + 1)  # one walk cannot leave this window
    top, left = len(reference) - len(rows), max(0, len(kept) - MOST_STEPS - 1)
    i, j, end = len(reference), len(kept), len(candidate)  # end: candidate words not yet passed
    taken: list[str] = []
    while i > top and j > left:
        if reference[i - 1] == kept[j - 1]:
            taken.append(kept[j - 1])
            i -= 1
            j -= 1
            end = places[j]
        elif rows[i - 1 - top] >> (j - 1 - left) & 1:
            j -= 1
            end = places[j]
        else:
            i -= 1
            end = places[j - 1] + 1
    if not j and i:
        end = 0
    if len(reference) - i + len(candidate) - end - len(taken) > MOST_STEPS:
        raise RougeError(TOO_LONG)
    return set(taken)
