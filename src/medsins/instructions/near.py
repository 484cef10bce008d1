"""Wordings that say the same in the same words: repeats, and those that differ in a word or two."""

from __future__ import annotations

from dataclasses import dataclass

from .anchors import plain
from .rules import Fault, words

NEAR = 0.9
"""Jaccard similarity of the words of two wordings, counted, from which the later one is a near-duplicate."""


@dataclass(slots=True)
class Kept:
    """The wordings of one task that were kept so far, in their order."""

    texts: dict[str, str]
    bags: list[tuple[frozenset[str], str]]

    @classmethod
    def empty(cls) -> Kept:
        """No wordings yet."""
        return cls({}, [])

    def fault(self, text: str) -> Fault | None:
        """Whether a text repeats one that was kept, or nearly."""
        folded = plain(text)
        if folded in self.texts:
            return Fault("repeat", f"repeats '{_short(self.texts[folded])}'")
        bag = bag_of(text)
        for other, whole in self.bags:
            if jaccard(bag, other) >= NEAR:
                return Fault("near-duplicate", f"is nearly '{_short(whole)}'")
        return None

    def add(self, text: str) -> None:
        """Keep a text."""
        self.texts.setdefault(plain(text), text)
        self.bags.append((bag_of(text), text))


def bag_of(text: str) -> frozenset[str]:
    """The words of a text with their occurrences: the second ``the`` is another element than the first."""
    seen: dict[str, int] = {}
    bag = []
    for word in words(text):
        seen[word] = seen.get(word, 0) + 1
        bag.append(f"{word} {seen[word]}")
    return frozenset(bag)


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """Elements in common to elements of either, 0 to 1; two empty sets are alike."""
    if not a and not b:
        return 1.0
    common = len(a & b)
    return common / (len(a) + len(b) - common)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59].rstrip()}…"
