"""janome's dictionary as a tree of characters, which grows where texts lead, and its rules for unknown words."""

from __future__ import annotations

from collections.abc import Callable
from struct import unpack
from typing import Any, NamedTuple, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Lazy(dict[Key, Value]):
    """Values that are computed when they are first asked for."""

    def __init__(self, compute: Callable[[Key], Value]) -> None:
        self._compute = compute

    def __missing__(self, key: Key) -> Value:
        value = self[key] = self._compute(key)
        return value


class Word(NamedTuple):
    """A dictionary entry: its number (-1: none), its length in characters, its context classes and its cost."""

    number: int
    length: int
    left: int
    right: int
    cost: int


class UnknownKind(NamedTuple):
    """A category of characters and its unknown words, whose length is that of a run in the text.

    ``always``: also where a dictionary entry begins; ``longest``: characters after the first, None for the whole run;
    ``members``: by character whether it goes on a run.
    """

    category: str
    always: bool
    longest: int | None
    members: Lazy[str, bool]
    words: tuple[Word, ...]


class Prefix(dict[str, "Prefix | None"]):
    """The beginning of entries: the entries that end here, and by character what may follow (None: no entry)."""

    def __init__(self, dictionary: Dictionary, states: tuple[int, ...], outputs: tuple[bytes, ...]) -> None:
        self._dictionary, self._states, self._outputs = dictionary, states, outputs
        self.words: tuple[Word, ...] = dictionary.ending(states, outputs)

    def __missing__(self, character: str) -> Prefix | None:
        following = self[character] = self._dictionary.follow(self._states, self._outputs, character)
        return following


_NOWHERE = -1
_Arcs = tuple[tuple[bytes, ...], dict[int, tuple[int, bytes]]]


class Dictionary:
    """The system dictionary (IPADIC): two automata over UTF-8 bytes, a table of entries, costs between classes.

    ``beside`` and ``alone`` are the kinds of unknown words that begin with a character, where a dictionary entry begins
    too and where none does.
    """

    def __init__(self) -> None:
        from janome.fst import FLAG_FINAL_ARC, FLAG_LAST_ARC, Matcher
        from janome.sysdic import all_fstdata, connections
        from janome.system_dic import MMapSystemDictionary

        self.costs: list[list[int]] = connections
        self._tables: Any = MMapSystemDictionary.instance()
        self._automata: list[bytes] = all_fstdata()
        self._arc = Matcher(None).next_arc
        self._final, self._last = FLAG_FINAL_ARC, FLAG_LAST_ARC
        self._arcs: Lazy[tuple[int, int], _Arcs] = Lazy(self._read_arcs)
        self._kinds = Lazy(self._kind)
        self.alone: Lazy[str, tuple[UnknownKind, ...]] = Lazy(self._alone)
        self.beside: Lazy[str, tuple[UnknownKind, ...]] = Lazy(self._beside)
        self.root = Prefix(self, (0,) * len(self._automata), (b"",) * len(self._automata))

    def ending(self, states: tuple[int, ...], outputs: tuple[bytes, ...]) -> tuple[Word, ...]:
        """The entries that end in these states of the automata."""
        found = []
        for number, (state, output) in enumerate(zip(states, outputs, strict=True)):
            if state > 0:
                found += [self._word(output + ending) for ending in self._arcs[number, state][0]]
        return tuple(found)

    def follow(self, states: tuple[int, ...], outputs: tuple[bytes, ...], character: str) -> Prefix | None:
        """One character further; None where no entry goes on so."""
        code = character.encode("utf-8", "surrogatepass")
        after = [self._step(number, *at, code) for number, at in enumerate(zip(states, outputs, strict=True))]
        if all(state == _NOWHERE for state, _ in after):
            return None
        return Prefix(self, tuple(state for state, _ in after), tuple(output for _, output in after))

    def _step(self, number: int, state: int, output: bytes, code: bytes) -> tuple[int, bytes]:
        for byte in code:
            arc = None if state == _NOWHERE else self._arcs[number, state][1].get(byte)
            if arc is None:
                return _NOWHERE, b""
            state, added = arc
            output += added
        return state, output

    def _read_arcs(self, key: tuple[int, int]) -> _Arcs:
        """The outputs of the words that end in a state, and where every byte leads from it."""
        number, state = key
        data = self._automata[number]
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

    def _word(self, code: bytes) -> Word:
        number = unpack("I", code)[0]
        surface, left, right, cost = self._tables._find_entry(number)
        return Word(number, len(surface), left, right, cost)

    def _categories(self, character: str) -> dict[str, list[str]]:
        """A character's categories, each with those compatible with it."""
        found: dict[str, list[str]] = self._tables.get_char_categories(character)
        return found

    def _alone(self, character: str) -> tuple[UnknownKind, ...]:
        return tuple([self._kinds[category] for category in self._categories(character)])

    def _beside(self, character: str) -> tuple[UnknownKind, ...]:
        return tuple([kind for kind in self.alone[character] if kind.always])

    def _kind(self, category: str) -> UnknownKind:
        def belongs(character: str) -> bool:
            found = self._categories(character)
            return category in found or any(category in compatible for compatible in found.values())

        tables = self._tables
        words = tuple(Word(-1, 0, left, right, cost) for left, right, cost, _ in tables.unknowns[category])
        longest = None if tables.unknown_grouping(category) else tables.unknown_length(category)
        always = bool(tables.unknown_invoked_always(category))
        return UnknownKind(category, always, longest, Lazy(belongs), words)
