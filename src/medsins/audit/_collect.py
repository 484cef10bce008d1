"""From matches of texts to leaks: which training instance holds which benchmark instance, on which side, how alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ._benchmark import INPUT, MIN_INPUT, OUTPUT, Benchmark, exact_hash
from ._judge import Match
from ._sources import Portion, Source
from ._words import U64

Kind = Literal["exact", "normalised", "near"]
Side = Literal["input", "output", "both"]

KINDS: tuple[Kind, ...] = ("exact", "normalised", "near")
SIDES: tuple[Side, ...] = ("both", "input", "output")
MIN_SHARED = 8
"""Weight in words of what an output, or a text that is not there in one piece, must share: shorter sentences resemble
each other by chance."""

SHOWN = 3  # pairs kept for each pair of tasks, to be read side by side


@dataclass(frozen=True, slots=True)
class Leak:
    """One benchmark instance in one training instance. ``side``: what of the benchmark instance is there; ``where``:
    the field of the training instance that holds it; ``score`` as in ``Match``, ``weight`` in words; ``inside``: the
    training text stands in the benchmark text.
    """

    test: int
    kind: Kind
    side: Side
    where: Literal["input", "output"]
    score: float
    weight: float
    inside: bool = False

    @property
    def rank(self) -> tuple[int, int, float, float, int]:
        """Greater is more telling."""
        return -KINDS.index(self.kind), -SIDES.index(self.side), round(self.weight, 3), round(self.score, 6), -self.test


@dataclass(slots=True)
class TaskPair:
    """What of a benchmark file stands in a training file: the best leak of each instance, training rows, and the most
    telling examples first, each of another instance on both sides.
    """

    instances: dict[int, tuple[Side, Kind]] = field(default_factory=dict)
    rows: int = 0
    pairs: int = 0
    shown: list[tuple[tuple[int, int, float, float, int], int, Example]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Example:
    """A leak with the training instance's text."""

    leak: Leak
    row: int
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Removal:
    """Why a training row goes: its most telling leak, and how many benchmark instances it touches."""

    id: str
    leak: Leak
    tests: int


class Collector:
    """Takes in judged portions in their order."""

    def __init__(self, benchmark: Benchmark, train: Sequence[Source]) -> None:
        self.benchmark = benchmark
        self.pairs: dict[tuple[int, int], TaskPair] = {}
        self.removals: list[dict[int, Removal]] = [{} for _ in train]

    def add(self, portion: Portion, matches: Sequence[Match], whole: U64) -> None:
        """Take in what was found in a portion."""
        of_row: dict[int, list[Match]] = {}
        for match in matches:
            of_row.setdefault(match.text // 2, []).append(match)
        for place, found in of_row.items():
            texts = portion.texts[2 * place : 2 * place + 2]
            leaks = self._leaks(found, texts, int(whole[2 * place + OUTPUT]))
            if leaks:
                self._keep(portion, place, leaks)

    def _leaks(self, matches: list[Match], texts: list[str], output: int) -> list[Leak]:
        """At most one leak for each benchmark instance, by instance."""
        benchmark = self.benchmark
        fields: dict[int, dict[int, Match]] = {}
        for match in matches:
            for owner in benchmark.owners_of(match.test):
                sides = fields.setdefault(owner // 2, {})
                held = sides.get(owner % 2)
                if held is None or (match.equal, match.score) > (held.equal, held.score):
                    sides[owner % 2] = match
        found = []
        for test, sides in sorted(fields.items()):
            answered = bool(output) and output == int(benchmark.whole_outputs[test])
            telling = {side: match for side, match in sides.items() if _telling(match, side, answered)}
            if telling:
                found.append(_leak(test, telling, answered, texts, benchmark.exact[test]))
        return found

    def _keep(self, portion: Portion, place: int, leaks: list[Leak]) -> None:
        row = portion.rows[place]
        best = max(leaks, key=lambda leak: leak.rank)
        self.removals[portion.file][row] = Removal(portion.ids[place], best, len(leaks))
        met = set()
        for leak in leaks:
            key = (portion.file, int(self.benchmark.files[leak.test]))
            pair = self.pairs.setdefault(key, TaskPair())
            pair.pairs += 1
            pair.rows += key not in met
            met.add(key)
            known = pair.instances.get(leak.test)
            if known is None or _order(leak.side, leak.kind) < _order(*known):
                pair.instances[leak.test] = (leak.side, leak.kind)
            self._show(pair, leak, portion, place)

    def _show(self, pair: TaskPair, leak: Leak, portion: Portion, place: int) -> None:
        row = portion.rows[place]
        entry = (leak.rank, -row)
        if len(pair.shown) == SHOWN and entry <= pair.shown[-1][:2]:
            return
        others = [shown for shown in pair.shown if leak.test != shown[2].leak.test and row != shown[2].row]
        if len(others) < len(pair.shown) and any(shown[:2] >= entry for shown in pair.shown if shown not in others):
            return
        text = portion.texts[2 * place + (leak.where == "output")]
        others.append((*entry, Example(leak, row, portion.ids[place], text)))
        pair.shown = sorted(others, key=lambda shown: shown[:2], reverse=True)[:SHOWN]


def _order(side: Side, kind: Kind) -> tuple[int, int]:
    return SIDES.index(side), KINDS.index(kind)


def _telling(match: Match, side: int, answered: bool) -> bool:
    """Whether what is shared says enough. An equal input with an equal output always does."""
    if match.equal and side == INPUT:
        return answered or match.weight >= MIN_INPUT / 2
    if match.unbroken and side == INPUT and not match.inside:
        return match.weight >= MIN_INPUT
    return match.weight >= MIN_SHARED


def _leak(test: int, sides: dict[int, Match], answered: bool, texts: list[str], exact: NDArray[np.uint64]) -> Leak:
    main_side = INPUT if INPUT in sides else OUTPUT
    match = sides[main_side]
    kind: Kind = "near"
    if match.equal:
        kind = "exact" if exact_hash(texts[match.text % 2]) == int(exact[main_side]) else "normalised"
    side: Side = "both" if len(sides) == 2 or (INPUT in sides and answered) else "output" if main_side else "input"
    where: Literal["input", "output"] = "output" if match.text % 2 else "input"
    return Leak(test, kind, side, where, match.score, match.weight, match.inside)
