"""Japanese words: surfaces of janome's morphological analysis, the same ones and faster.

The cheapest path through the lattice of dictionary entries and unknown words (Kudo et al. 2004), with janome's rules
for cutting long texts.
"""

from __future__ import annotations

from functools import cache

from .._memo import Memo
from ._lattice import BEGIN, Lattice

LONGEST = 1024  # characters in one lattice
ENOUGH = 500  # characters after which a lattice ends at the next punctuation mark
MARKS = "、。,.？?！!"
LINES = ("\n\n", "\r\n\r\n")

_texts: Memo[tuple[str, ...]] = Memo(entries=4_000, characters=4_000)
_pieces: Memo[tuple[tuple[str, ...], int]] = Memo(entries=256, characters=LONGEST)  # a model in a loop repeats itself


def japanese(text: str) -> tuple[str, ...]:
    """The surfaces of ``janome.tokenizer.Tokenizer().tokenize(text)``; blanks and punctuation are tokens."""
    return _texts.get(text, _surfaces)


def _surfaces(text: str) -> tuple[str, ...]:
    text = text.strip()
    found: list[str] = []
    done = 0
    while done < len(text):
        surfaces, used = _pieces.get(text[done : done + LONGEST], _piece)
        found += surfaces
        done += used
    return tuple(found)


def _piece(text: str) -> tuple[tuple[str, ...], int]:
    """The surfaces of the beginning of a text, and how many characters they cover."""
    lattice = _lattice()
    ends, passed = BEGIN, []
    for start, end in lattice.stretches(text):
        if end < ENOUGH:
            paths = lattice.paths(text[start:end], ends)
        else:
            stops = {at - start for at in range(max(start + 1, ENOUGH), end + 1) if _may_stop(text, at)}
            paths = lattice.paths(text[start:end], ends, frozenset(stops))
        passed.append(paths)
        ends = paths.ends
        if end >= ENOUGH and paths.length in stops:
            break
    return tuple(lattice.surfaces(passed)), start + paths.length


def _may_stop(text: str, place: int) -> bool:
    return text[place - 1] in MARKS or text.endswith(LINES, 0, place)


@cache
def _lattice() -> Lattice:
    return Lattice()
