"""Which requests are answered together: groups that begin alike, in batches of similar length."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

SHORTEST_PREFIX = 16  # tokens; below this sharing costs more than it saves
WORTH = 2000  # tokens read less; a group of its own costs about as much, in passes that are not full
ALIKE = 4  # a slot is at most so many times longer than its request needs
DEEPEST = 50  # beginnings within beginnings


@dataclass(frozen=True, slots=True)
class Batch:
    """Requests answered together: their positions, how many first tokens each shares with its neighbours, and how many
    of them are under way at a time.
    """

    positions: tuple[int, ...]
    shared: tuple[int, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Room:
    """What fits: ``rows`` requests and ``tokens`` cache places at a time. ``refill`` lets a finished request make room
    for the next one, so a batch may hold any number of requests of similar length, whatever they begin with.
    """

    rows: int
    tokens: int
    refill: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """Requests of similar length that share a beginning; ``length`` is the longest's, answer included."""

    positions: tuple[int, ...]
    shared: int
    length: int


def plan(prompts: Sequence[array[int]], limits: Sequence[int], room: Room) -> list[Batch]:
    """Batches over all prompts, the same for the same prompts.

    Args:
        prompts: token ids of each request, none empty.
        limits: the most new tokens of each request.
        room: what fits at a time; every request counts as long as the longest of its batch.
    """
    parts = [part for group in groups(prompts) for part in _parts(prompts, limits, group, room)]
    if not room.refill:
        return [_batch([part], room) for part in parts]
    batches = []
    while parts:
        longest = max(part.length for part in parts)
        alike = [part for part in parts if ALIKE * part.length >= longest]
        parts = [part for part in parts if ALIKE * part.length < longest]
        batches.append(_batch(alike, room))
    return batches


def _parts(prompts: Sequence[array[int]], limits: Sequence[int], group: Sequence[int], room: Room) -> Iterator[_Part]:
    shared = shared_length(prompts, group)
    length = {i: len(prompts[i]) - shared + limits[i] for i in group}
    order = sorted(group, key=lambda i: (-length[i], i))
    while order:
        longest = length[order[0]]
        rows = max(1, min(room.rows, room.tokens // longest))
        size = max(rows, sum(2 * length[i] >= longest for i in order)) if room.refill else rows
        yield _Part(tuple(order[:size]), shared, longest)
        order = order[size:]


def _batch(parts: Sequence[_Part], room: Room) -> Batch:
    longest = max(part.length for part in parts)
    rows = max(1, min(room.rows, room.tokens // longest))
    shared = tuple(part.shared for part in parts for _ in part.positions)
    return Batch(tuple(i for part in parts for i in part.positions), shared, rows)


def groups(prompts: Sequence[array[int]]) -> list[list[int]]:
    """Positions whose prompts begin alike, in order of first arrival: one group for each beginning that is shared by
    enough requests to be worth batches of its own, and one for all others.
    """
    order = sorted(range(len(prompts)), key=lambda i: (prompts[i], i))
    common = [common_length(prompts[a], prompts[b]) for a, b in pairwise(order)]
    found, rest = _split(prompts, order, common, DEEPEST)
    return sorted((sorted(group) for group in [*found, rest] if group), key=lambda group: group[0])


def _split(
    prompts: Sequence[array[int]], order: list[int], common: list[int], depth: int
) -> tuple[list[list[int]], list[int]]:
    """Groups worth it, and the rest, among prompts in lexicographic order, where those that share most are neighbours;
    ``common`` is what each shares with the next.
    """
    if not common or not depth:
        return [], order
    shared = min(common)
    cuts = [0, *(i + 1 for i, length in enumerate(common) if length == shared), len(order)]
    found: list[list[int]] = []
    rest: list[int] = []
    for start, end in pairwise(cuts):
        part = order[start:end]
        if len(part) * (max(len(prompts[i]) for i in part) - shared) < WORTH:
            rest += part
            continue
        inner, others = _split(prompts, part, common[start : end - 1], depth - 1)
        found += inner
        own = min(common[start : end - 1], default=shared)
        if len(others) * (own - shared) >= WORTH:
            found.append(others)
        else:
            rest += others
    return found, rest


def shared_length(prompts: Sequence[array[int]], group: Sequence[int]) -> int:
    """How many first tokens a group shares, at least one token of each prompt left over; 0 where it does not pay."""
    if len(group) < 2:
        return 0
    first, last = min(prompts[i] for i in group), max(prompts[i] for i in group)
    length = min(common_length(first, last), min(len(prompts[i]) for i in group) - 1)
    return length if length >= SHORTEST_PREFIX else 0


def common_length(first: array[int], second: array[int]) -> int:
    """How many tokens two prompts share at their beginning."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
