"""Samples into rows of a fixed capacity, nothing cut: best-fit decreasing; shared prefixes computed once on request.

Best fit: D. S. Johnson, "Near-optimal bin packing algorithms" (1973). A shared prefix is exact, not an approximation:
in a causal model the states of a prefix do not depend on what follows, so samples that begin alike may all attend to
one copy of it, each at the positions it would have alone; gradients of the copies add up in the one.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .records import Ints, Row, TokenSample

SHORTEST_PREFIX = 8
"""Tokens below which sharing is not worth its bookkeeping."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Samples that share the first ``prefix`` tokens (0: a single sample of its own), by their numbers."""

    prefix: int
    samples: tuple[int, ...]
    tokens: int


def best_fit(sizes: Sequence[int], capacity: int) -> list[list[int]]:
    """Bins of items, by their positions in ``sizes``; each bin holds at most ``capacity``.

    Longest first, each into the fullest bin that still has room; O(n log n + capacity).

    Raises:
        ValueError: an item is larger than the capacity.
    """
    order = sorted(range(len(sizes)), key=lambda i: -sizes[i])
    bins: list[list[int]] = []
    by_room: dict[int, list[int]] = defaultdict(list)  # free tokens -> bins
    rooms: list[int] = []  # the keys that have bins, sorted
    for item in order:
        size = sizes[item]
        if size > capacity:
            raise ValueError(f"an item of {size} tokens does not fit {capacity}")
        at = bisect.bisect_left(rooms, size)
        if at < len(rooms):
            room = rooms[at]
            chosen = by_room[room].pop()
            if not by_room[room]:
                del rooms[at]
        else:
            room, chosen = capacity, len(bins)
            bins.append([])
        bins[chosen].append(item)
        left = room - size
        if not by_room[left]:
            bisect.insort(rooms, left)
        by_room[left].append(chosen)
    return bins


def pack(samples: Sequence[TokenSample], capacity: int, share: bool = False) -> Iterator[Row]:
    """Rows of at most ``capacity`` tokens that hold every sample once.

    Args:
        samples: none longer than ``capacity``.
        capacity: tokens of a row.
        share: compute prefixes that samples have in common once.
    """
    units = shared_units(samples, capacity) if share else [Unit(0, (i,), len(s)) for i, s in enumerate(samples)]
    for chosen in best_fit([unit.tokens for unit in units], capacity):
        yield build_row(samples, [units[i] for i in sorted(chosen)])


def shared_units(samples: Sequence[TokenSample], capacity: int) -> list[Unit]:
    """Samples gathered by what they begin with, in order of their tokens, so that neighbours share most.

    A group grows while the tokens saved by sharing do not fall: taking in a sample that shares less would shorten the
    prefix of all.
    """
    order = sorted(range(len(samples)), key=lambda i: samples[i].prompt.tobytes())
    units: list[Unit] = []
    group: list[int] = []
    prefix = tokens = 0
    for number in order:
        sample = samples[number]
        if group:
            common = min(prefix, common_prefix(samples[group[-1]].prompt, sample.prompt))
            grown = tokens + (prefix - common) * (len(group) - 1) + len(sample) - common
            saved, would = prefix * (len(group) - 1), common * len(group)
            if common >= SHORTEST_PREFIX and would > saved and grown <= capacity:
                group.append(number)
                prefix, tokens = common, grown
                continue
            units.append(_unit(group, prefix, tokens))
        group, prefix, tokens = [number], len(sample.prompt), len(sample)
    if group:
        units.append(_unit(group, prefix, tokens))
    return units


def _unit(group: Sequence[int], prefix: int, tokens: int) -> Unit:
    return Unit(prefix if len(group) > 1 else 0, tuple(group), tokens)


def common_prefix(a: Ints, b: Ints) -> int:
    """How many tokens two sequences begin with in common."""
    length = min(len(a), len(b))
    differ = np.flatnonzero(a[:length] != b[:length])
    return int(differ[0]) if len(differ) else length


def build_row(samples: Sequence[TokenSample], units: Sequence[Unit]) -> Row:
    """The arrays of a row."""
    ids, positions, groups, parts, loss = [], [], [], [], []

    def add(tokens: Ints, start: int, group: int, part: int, answer: int) -> None:
        """Tokens at positions from ``start``; the last ``answer`` of them bear loss."""
        ids.append(tokens)
        positions.append(np.arange(start, start + len(tokens), dtype=np.int32))
        groups.append(np.full(len(tokens), group, np.int32))
        parts.append(np.full(len(tokens), part, np.int32))
        marks = np.zeros(len(tokens), np.bool_)
        marks[len(tokens) - answer :] = True
        loss.append(marks)

    for group, unit in enumerate(units):
        if unit.prefix:
            add(samples[unit.samples[0]].prompt[: unit.prefix], 0, group, 0, 0)
        for part, number in enumerate(unit.samples, start=1 if unit.prefix else 0):
            sample = samples[number]
            rest = np.concatenate([sample.prompt[unit.prefix :], sample.answer])
            add(rest, unit.prefix, group, part, len(sample.answer))
    return Row(
        np.concatenate(ids),
        np.concatenate(positions),
        np.concatenate(groups),
        np.concatenate(parts),
        np.concatenate(loss),
    )
