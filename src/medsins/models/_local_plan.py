"""Which requests are answered together: groups that begin alike, in batches of similar length."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

SHORTEST_PREFIX = 16  # tokens; below this sharing costs more than it saves


@dataclass(frozen=True, slots=True)
class Batch:
    """Positions of requests answered together, and how many first tokens they share."""

    positions: tuple[int, ...]
    prefix: int


def plan(prompts: Sequence[array[int]], limits: Sequence[int], rows: int, tokens: int) -> list[Batch]:
    """Batches over all prompts, the same for the same prompts.

    Args:
        prompts: token ids of each request, none empty.
        limits: the most new tokens of each request.
        rows: the most requests in a batch.
        tokens: the most cache places in a batch, every request as long as its longest.
    """
    batches = []
    for group in groups(prompts):
        prefix = shared_length(prompts, group)
        order = sorted(group, key=lambda i: (-len(prompts[i]) - limits[i], i))
        while order:
            longest = len(prompts[order[0]]) - prefix + limits[order[0]]
            size = max(1, min(rows, tokens // max(1, longest)))
            batches.append(Batch(tuple(order[:size]), prefix))
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
