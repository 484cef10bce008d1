"""Japanese words: surfaces of janome's morphological analysis, the same ones and faster.

The cheapest path through the lattice of dictionary entries and unknown words (Kudo et al. 2004), with janome's rules
for unknown words, for equal costs and for cutting long texts.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from .._memo import Memo
from ._morphemes import Dictionary, Word

WINDOW = 50  # characters: no longer entry is looked up
LONGEST = 1024  # characters in one lattice
ENOUGH = 500  # characters after which a lattice ends at the next punctuation mark
FAR = 1 << 31
MARKS = "、。,.？?！!"

# The cheapest way to a word: cost; the word's right class, number (-1: in no dictionary) and start; the node before.
Node = tuple[int, int, int, int, Any]

_texts: Memo[tuple[str, ...]] = Memo(entries=4_000, characters=4_000)


def japanese(text: str) -> tuple[str, ...]:
    """The surfaces of ``janome.tokenizer.Tokenizer().tokenize(text)``; blanks and punctuation are tokens."""
    return _texts.get(text, _surfaces)


def _surfaces(text: str) -> tuple[str, ...]:
    text = text.strip()
    found: list[str] = []
    done = 0
    while done < len(text):
        piece = text[done : done + LONGEST]
        surfaces, used = _lattice(piece)
        found += surfaces
        done += used
    return tuple(found)


@cache
def _dictionary() -> Dictionary:
    return Dictionary()


def _lattice(text: str) -> tuple[list[str], int]:
    """The surfaces of the beginning of a text, and how many characters they cover."""
    dictionary = _dictionary()
    unknown = _Unknown(dictionary, text)
    ending: list[list[Node]] = [[] for _ in range(len(text) + 1)]
    ending[0].append((0, 0, -1, 0, None))
    place = 0
    while not _complete(text, place):
        arrivals = [(node, dictionary.costs[node[1]]) for node in ending[place]]
        cheapest: dict[int, tuple[int, Node]] = {}
        words = dictionary.words(text, place, min(place + WINDOW, len(text)))
        candidates = [*words, *unknown.words(place, bool(words))]
        for number, length, left, right, cost in candidates:
            if left not in cheapest:
                cheapest[left] = _cheapest(arrivals, left)
            spent, before = cheapest[left]
            ending[place + length].append((spent + cost, right, number, place, before))
        place += 1
        while not ending[place]:
            place += 1
    path, end = [], place
    *_, node = _cheapest([(node, dictionary.costs[node[1]]) for node in ending[place]], 0)
    while node[4]:
        path.append(text[node[3] : end])
        end, node = node[3], node[4]
    return path[::-1], place


def _complete(text: str, place: int) -> bool:
    if place >= len(text):
        return True
    return place >= ENOUGH and (text[place - 1] in MARKS or text[:place].endswith(("\n\n", "\r\n\r\n")))


def _cheapest(arrivals: list[tuple[Node, list[int]]], left: int) -> tuple[int, Node]:
    """The node from which a word of class ``left`` is reached at the lowest cost: of equals the first, but of two
    dictionary words the one with the lower number.
    """
    least, best = FAR, arrivals[0][0]
    for node, costs in arrivals:
        cost = node[0] + costs[left]
        if cost < least:
            least, best = cost, node
        elif cost == least and -1 < node[2] < best[2]:
            best = node
    return least, best


class _Unknown:
    """Words that are in no dictionary: runs of characters of one category, as the dictionary's tables say."""

    def __init__(self, dictionary: Dictionary, text: str) -> None:
        self.tables, self.text = dictionary.unknown, text
        self.runs: dict[str, tuple[int, int]] = {}

    def words(self, place: int, matched: bool) -> list[Word]:
        """The unknown words that begin at ``place``; ``matched``: so does a dictionary entry."""
        found = []
        for category in self.tables.get_char_categories(self.text[place]):
            if matched and not self.tables.unknown_invoked_always(category):
                continue
            end = self._run_end(category, place)
            if not self.tables.unknown_grouping(category):
                end = min(end, place + 1 + self.tables.unknown_length(category))
            for left, right, cost, _ in self.tables.unknowns[category]:
                found.append(Word(-1, end - place, left, right, cost))
        return found

    def _run_end(self, category: str, place: int) -> int:
        """Where the characters after ``place`` stop being of the category."""
        start, end = self.runs.get(category, (0, 0))
        if not start <= place + 1 <= end:
            start = end = place + 1
            while end < len(self.text) and self._belongs(category, self.text[end]):
                end += 1
            self.runs[category] = start, end
        return end

    def _belongs(self, category: str, character: str) -> bool:
        categories = self.tables.get_char_categories(character)
        return category in categories or any(category in compatible for compatible in categories.values())
