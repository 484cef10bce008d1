"""Multiple-choice questions: where the right options stand, and how long they are."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from medsins.core.options import parse_options

from ._chi_square import chi_square, tail
from ._length_cues import OptionLengths

_LEAD = re.compile(
    r"^.{0,60}?(?:\bis|\bare|\best|\bsont|\bes|\bson|ответ\w*|答えは|答案是|正解は|answer)\s*[:：]?\s*(?=\(?[A-Z]\b)",
    re.IGNORECASE,
)
_KEY = re.compile(r"\(?([A-Z])\)?(?=\s*[:.)、,，;&]|\s+(?:and|et|y|и|です)\b|\s*と|\s*$|\s*です)")
_NEXT = re.compile(
    r"(?:^|[,，;、&]\s*|\b(?:and|et|y|и)\s+|と\s*)\(?([A-Z])\)?(?=\s*[:.)、,，;&]|\s*$|\s+(?:and|et|y|и)\b|です|と|\s)"
)
_SOLVED = re.compile(
    r"\n[^\n:：]{0,40}(?:right answer|bonnes? réponses?|respuestas? correctas?|ответ\w*|答えは|答案是)[^\n]*\Z",
    re.IGNORECASE,
)
_LOOKALIKES = str.maketrans("АВСЕ", "ABCE")


def read_key(answer: str, options: Mapping[str, str]) -> frozenset[str]:
    """The right letters that a reference names ("B", "The right answer is B: …", "B: …, D: …"); empty where it names
    none of the options.
    """
    text = unicodedata.normalize("NFKC", answer).strip()
    lead = _LEAD.match(text)
    text = text[lead.end() :] if lead else text
    if not text.isascii():
        text = re.sub(r"(?<!\w)[АВСЕ](?!\w)", lambda found: found[0].translate(_LOOKALIKES), text)
    if not _KEY.match(text):
        same = [letter for letter, option in options.items() if option.casefold() == text.rstrip(". ").casefold()]
        return frozenset(same[:1])
    return frozenset(_NEXT.findall(text)) & frozenset(options)


def solved_line(given: str) -> tuple[str, str]:
    """An input without the line that tells its answer, as questions of the category Rationale have, and that line."""
    found = _SOLVED.search(unicodedata.normalize("NFKC", given).rstrip())
    return (found.string[: found.start()], found[0].strip()) if found else (given, "")


@dataclass(slots=True)
class Choices:
    """What is counted of the questions of one task. ``positions`` has, by number of options, how often each letter is
    the only right one; ``keys`` counts whole sets of right letters.
    """

    asked: int = 0
    with_options: int = 0
    read: int = 0
    keys: Counter[str] = field(default_factory=Counter)
    chance: float = 0.0
    positions: dict[int, Counter[str]] = field(default_factory=dict)
    lengths: OptionLengths = field(default_factory=OptionLengths)
    _wordings: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def add(self, given: str, reference: str) -> None:
        """Count one instance, which may be no question."""
        self.asked += 1
        question, answer = solved_line(given)
        options = parse_options(question)
        if len(options) < 2:
            return
        self.with_options += 1
        key = read_key(answer or reference, options)
        if not key:
            return
        self.read += 1
        self.keys[", ".join(sorted(key))] += 1
        self.chance += 1 / len(options)
        if len(self._wordings) < 64:
            self._wordings[tuple(options.values())] += 1
        if len(key) == 1:
            (letter,) = key
            self.positions.setdefault(len(options), Counter())[letter] += 1
            self.lengths.add(options, letter)

    @property
    def usual(self) -> bool:
        """Whether nearly all instances are questions whose key can be read."""
        return self.read >= 0.8 * self.asked and self.read > 0

    @property
    def fixed(self) -> bool:
        """Whether the options are always the same ("yes", "no"): a letter is then a label, and no place."""
        return self.read > 0 and max(self._wordings.values()) >= 0.9 * min(self.read, sum(self._wordings.values()))

    @property
    def single(self) -> int:
        """Questions with one right letter."""
        return sum(map(sum, (counts.values() for counts in self.positions.values())))

    def position_test(self) -> tuple[float, int, float]:
        """Whether the right option stands as often at each place: chi-square, degrees of freedom, p-value. Questions
        with as many options are one group; groups of fewer than five expected at a place are left out.
        """
        statistic, freedom = 0.0, 0
        for options, counts in self.positions.items():
            mean = sum(counts.values()) / options
            if mean >= 5:
                letters = [chr(ord("A") + place) for place in range(options)]
                statistic += chi_square([counts[letter] for letter in letters], [mean] * options)
                freedom += options - 1
        return statistic, freedom, tail(statistic, freedom)
