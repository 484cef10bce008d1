"""janome's dictionary, looked up character by character instead of byte by byte."""

from __future__ import annotations

from struct import unpack
from typing import Any, NamedTuple


class Word(NamedTuple):
    """A dictionary entry: its number, its length in characters, its context classes and its cost."""

    number: int
    length: int
    left: int
    right: int
    cost: int


class Step(NamedTuple):
    """One character further in an automaton: the next state, the output on the way, and the words that end there."""

    state: int
    output: bytes
    endings: tuple[bytes, ...]


class Dictionary:
    """The system dictionary (IPADIC): two automata over UTF-8 bytes, a table of entries, costs between classes."""

    def __init__(self) -> None:
        from janome.fst import FLAG_FINAL_ARC, FLAG_LAST_ARC, Matcher
        from janome.sysdic import all_fstdata, connections
        from janome.system_dic import MMapSystemDictionary

        self.costs: list[list[int]] = connections
        self.unknown: Any = MMapSystemDictionary.instance()
        self._automata: list[bytes] = all_fstdata()
        self._arc = Matcher(None).next_arc
        self._final, self._last = FLAG_FINAL_ARC, FLAG_LAST_ARC
        self._steps: list[dict[tuple[int, str], Step | None]] = [{} for _ in self._automata]
        self._words: dict[bytes, Word] = {}

    def words(self, text: str, start: int, stop: int) -> list[Word]:
        """Every entry that begins at ``start`` and ends before ``stop``."""
        found: list[bytes] = []
        for number, steps in enumerate(self._steps):
            state, output = 0, b""
            for place in range(start, stop):
                key = state, text[place]
                if key not in steps:
                    steps[key] = self._step(self._automata[number], *key)
                step = steps[key]
                if step is None:
                    break
                state, added, endings = step
                output += added
                if endings:
                    found += [output + ending for ending in endings]
        return [self._words.get(code) or self._word(code) for code in found]

    def _word(self, code: bytes) -> Word:
        number = unpack("I", code)[0]
        surface, left, right, cost = self.unknown._find_entry(number)
        word = self._words[code] = Word(number, len(surface), left, right, cost)
        return word

    def _step(self, data: bytes, state: int, character: str) -> Step | None:
        output = b""
        for byte in character.encode("utf-8", "surrogatepass"):
            arc = self._arcs(data, state)[1].get(byte)
            if arc is None:
                return None
            state, added = arc
            output += added
        return Step(state, output, self._arcs(data, state)[0])

    def _arcs(self, data: bytes, state: int) -> tuple[tuple[bytes, ...], dict[int, tuple[int, bytes]]]:
        """The outputs of the words that end in a state, and where every byte leads from it."""
        endings: tuple[bytes, ...] = ()
        arcs: dict[int, tuple[int, bytes]] = {}
        while state < len(data):
            flag, label, output, final, target, size = self._arc(data, state)
            if flag & self._final:
                endings = tuple(final)
            else:
                arcs[label] = state + target, output
            if flag & self._last:
                break
            state += size
        return endings, arcs
