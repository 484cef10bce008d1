"""Which requests are answered together: groups that begin alike, in batches of similar length."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

SHORTEST_PREFIX = 16  # tokens; below this sharing costs more than it saves


@dataclass(frozen=True, slots=True)
class Batch:
    """Requests answered over one prefix: their positions, longest first, how many first tokens they share, and how
    many of them are under way at a time.
    """

    positions: tuple[int, ...]
    prefix: int
    rows: int


@dataclass(frozen=True, slots=True)
class Room:
    """What fits: ``rows`` requests and ``tokens`` cache places at a time. ``refill`` lets a finished request make room
    for the next one, so a batch may hold any number of requests of similar length.
    """

    rows: int
    tokens: int
    refill: bool


def plan(prompts: Sequence[array[int]], limits: Sequence[int], room: Room) -> list[Batch]:
    """Batches over all prompts, the same for the same prompts.

    Args:
        prompts: token ids of each request, none empty.
        limits: the most new tokens of each request.
        room: what fits at a time; every request counts as long as the longest of its batch.
    """
    batches = []
    for group in groups(prompts):
        prefix = shared_length(prompts, group)
        length = {i: len(prompts[i]) - prefix + limits[i] for i in group}
        order = sorted(group, key=lambda i: (-length[i], i))
        while order:
            longest = length[order[0]]
            rows = max(1, min(room.rows, room.tokens // longest))
            alike = sum(2 * length[i] >= longest for i in order) if room.refill else 0
            size = max(rows, alike)
            batches.append(Batch(tuple(order[:size]), prefix, rows))
            order = order[size:]
    return batches


def groups(prompts: Sequence[array[int]]) -> list[list[int]]:
    """Positions whose prompts begin alike, groups in order of first arrival.

    In lexicographic order those that share most are neighbours. A group ends where the neighbours share less than
    half of what both share on their other side.
    """
    order = sorted(range(len(prompts)), key=lambda i: (prompts[i], i))
    common = [common_length(prompts[a], prompts[b]) for a, b in pairwise(order)]
    most = [max(left, right) for left, right in zip([0, *common], [*common, 0], strict=True)]
    found: list[list[int]] = []
    for place, position in enumerate(order):
        if place and 2 * common[place - 1] >= min(most[place - 1], most[place]):
            found[-1].append(position)
        else:
            found.append([position])
    return sorted((sorted(group) for group in found), key=lambda group: group[0])


def shared_length(prompts: Sequence[array[int]], group: Sequence[int]) -> int:
    """How many first tokens a group shares, at least one token of each prompt left over; 0 where it does not pay."""
    if len(group) < 2:
        return 0
    first, last = min(prompts[i] for i in group), max(prompts[i] for i in group)
    length = min(common_length(first, last), min(len(prompts[i]) for i in group) - 1)
    return length if length >= SHORTEST_PREFIX else 0


def common_length(first: array[int], second: array[int]) -> int:
    """How many tokens two prompts share at their beginning."""
    for i, (a, b) in enumerate(zip(first, second, strict=False)):
        if a != b:
            return i
    return min(len(first), len(second))
