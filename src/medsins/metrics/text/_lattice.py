"""The lattice of a Japanese text, built stretch by stretch.

Every path passes the places that no word crosses, and what comes after such a place depends on what came before only
through the few words that end there. So the paths through a stretch between two such places are kept; in ordinary text
nine stretches in ten have been met before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from ._morphemes import Dictionary, Lazy, UnknownKind, Word

WINDOW = 50  # characters: no longer entry is looked up
FAR = 1 << 31
KEPT = 4_000_000  # characters of stretches

# The cheapest way to a word: cost; the word's right class, number (-1: in no dictionary) and start; the node before.
# A word before the stretch has as start its place among those that end there.
Node = tuple[int, int, int, int, Any]

# Words that end at one place, as all that follows sees them: cost above the cheapest, right class, number.
Ends = tuple[tuple[int, int, int], ...]

BEGIN: Ends = ((0, 0, -1),)


class Paths(NamedTuple):
    """The cheapest paths through a stretch: its length; the words that end with it; for each of these the place of the
    word before the stretch among those that end there, and the surfaces in between.
    """

    length: int
    ends: Ends
    ways: tuple[tuple[int, tuple[str, ...]], ...]


class Lattice:
    """janome's rules for unknown words and for equal costs, over its system dictionary."""

    def __init__(self) -> None:
        self._dictionary = Dictionary()
        self._costs = self._dictionary.costs
        self._known: dict[tuple[str, Ends], Paths] = {}
        self._matrix = np.array(self._costs, dtype=np.int32)
        self._leads = Lazy(self._lead)
        self._lefts = Lazy(self._first_classes)
        self._kept = 0

    def stretches(self, text: str) -> Iterator[tuple[int, int]]:
        """Start and end of every stretch that no word crosses."""
        root, alone, beside = self._dictionary.root, self._dictionary.alone, self._dictionary.beside
        runs = _Runs(text)
        start, farthest, size = 0, 0, len(text)
        for place, character in enumerate(text):
            prefix, at, end = root[character], place + 1, 0
            while prefix is not None:
                if prefix.words:
                    end = at
                if at == size or at == place + WINDOW:
                    break
                prefix = prefix[text[at]]
                at += 1
            for kind in beside[character] if end else alone[character]:
                end = max(end, runs.word_end(kind, place))
            if end > farthest:
                farthest = end
            if farthest == place + 1:
                yield start, farthest
                start = farthest

    def paths(self, stretch: str, begins: Ends, stops: frozenset[int] = frozenset()) -> Paths:
        """The cheapest paths through a stretch, or to the first of the ``stops`` in it at which a word ends."""
        if stops:
            return self._find(stretch, begins, stops)
        paths = self._known.get((stretch, begins))
        if paths is None:
            self._make_room(len(stretch))
            paths = self._known[stretch, begins] = self._shared(stretch, begins)
        return paths

    def surfaces(self, passed: Sequence[Paths]) -> Iterator[str]:
        """The surfaces of the cheapest path through stretches that follow each other."""
        *_, place, _ = self._cheapest(self._arrivals(_before(passed[-1].ends)), 0)[1]
        ways = []
        for paths in reversed(passed):
            place, surfaces = paths.ways[place]
            ways.append(surfaces)
        for surfaces in reversed(ways):
            yield from surfaces

    def _shared(self, stretch: str, begins: Ends) -> Paths:
        """The paths, from those of fewer beginnings: only the cheapest for some first word of the stretch counts."""
        if len(begins) == 1:
            return self._find(stretch, begins)
        arrivals = self._arrivals(_before(begins))
        needed = sorted({self._cheapest(arrivals, left)[1][3] for left in self._lefts[stretch]})
        least = min(begins[i][0] for i in needed)
        if len(needed) == 1:
            found = self.paths(stretch, ((0, begins[needed[0]][1], -1),))
        elif len(needed) < len(begins) or least:
            found = self.paths(stretch, tuple([(begins[i][0] - least, *begins[i][1:]) for i in needed]))
        else:
            return self._find(stretch, begins)
        return found._replace(ways=tuple([(needed[i], surfaces) for i, surfaces in found.ways]))

    def _make_room(self, size: int) -> None:
        self._kept += size + 20
        if self._kept > KEPT:
            self._known.clear()
            self._lefts.clear()
            self._kept = 0

    def _first_classes(self, stretch: str) -> tuple[int, ...]:
        return tuple({word.left for word in self._words(stretch, 0, _Runs(stretch))})

    def _find(self, stretch: str, begins: Ends, stops: frozenset[int] = frozenset()) -> Paths:
        size, runs = len(stretch), _Runs(stretch)
        ending: list[list[Node]] = [[] for _ in range(size + 1)]
        ending[0] = _before(begins)
        place = 0
        while place < size and place not in stops:
            arrivals = self._arrivals(ending[place])
            cheapest: dict[int, tuple[int, Node]] = {}
            for number, length, left, right, cost in self._words(stretch, place, runs):
                if left not in cheapest:
                    cheapest[left] = self._cheapest(arrivals, left)
                spent, before = cheapest[left]
                ending[place + length].append((spent + cost, right, number, place, before))
            place += 1
            while not ending[place]:
                place += 1
        nodes = self._undefeated(ending[place])
        least = min(node[0] for node in nodes)
        ends = tuple([(node[0] - least, node[1], node[2] if len(nodes) > 1 else -1) for node in nodes])
        return Paths(place, ends, tuple([_way(stretch, place, node) for node in nodes]))

    def _words(self, stretch: str, place: int, runs: _Runs) -> Iterator[Word]:
        """Every entry that begins at a place, and the unknown words there."""
        prefix, known = self._dictionary.root, False
        for character in stretch[place : place + WINDOW]:
            following = prefix[character]
            if following is None:
                break
            prefix = following
            if prefix.words:
                known = True
                yield from prefix.words
        first = stretch[place]
        for kind in self._dictionary.beside[first] if known else self._dictionary.alone[first]:
            length = runs.word_end(kind, place) - place
            for word in kind.words:
                yield word._replace(length=length)

    def _arrivals(self, nodes: Sequence[Node]) -> list[tuple[Node, list[int]]]:
        return [(node, self._costs[node[1]]) for node in nodes]

    def _cheapest(self, arrivals: Sequence[tuple[Node, list[int]]], left: int) -> tuple[int, Node]:
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

    def _undefeated(self, nodes: list[Node]) -> list[Node]:
        """The nodes from which some following word may be reached at the lowest cost."""
        first = min(nodes, key=itemgetter(0))
        return [node for node in nodes if node is first or node[0] - first[0] <= self._leads[first[1], node[1]]]

    def _lead(self, classes: tuple[int, int]) -> int:
        """By how much a connection from the first class may at most be dearer than one from the second."""
        dearer, cheaper = classes
        return int((self._matrix[dearer] - self._matrix[cheaper]).max())


class _Runs:
    """Runs of characters of one category in a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: dict[str, tuple[int, int]] = {}

    def word_end(self, kind: UnknownKind, place: int) -> int:
        """Where the unknown words of a kind end that begin at a place."""
        start, end = self._found.get(kind.category, (0, 0))
        if not start <= place + 1 <= end:
            start = end = place + 1
            text, members = self._text, kind.members
            while end < len(text) and members[text[end]]:
                end += 1
            self._found[kind.category] = start, end
        return end if kind.longest is None else min(end, place + 1 + kind.longest)


def _before(begins: Ends) -> list[Node]:
    return [(cost, right, number, i, None) for i, (cost, right, number) in enumerate(begins)]


def _way(stretch: str, end: int, node: Node) -> tuple[int, tuple[str, ...]]:
    surfaces = []
    while node[4]:
        surfaces.append(stretch[node[3] : end])
        end, node = node[3], node[4]
    return node[3], tuple(reversed(surfaces))
