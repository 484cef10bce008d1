"""Longest common subsequences with bit vectors (Hyyrö 2004): one machine word does thirty cells of the table.

Row i of the table T of prefix lengths is kept as an integer whose bit j-1 is 0 exactly where T[i, j] - T[i, j-1] = 1.
"""

from __future__ import annotations

from collections.abc import Sequence


def lcs_length(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of a longest common subsequence, in tokens. Time: len(a) * len(b) / 30 word operations."""
    if len(a) > len(b):
        a, b = b, a  # the longer one lies along the bits
    known = set(a)
    b = [token for token in b if token in known]  # what only one side has is in no common subsequence
    masks = position_masks(b)
    full = (1 << len(b)) - 1
    vector = full
    for token in a:
        mask = masks.get(token)
        if mask:
            hit = vector & mask
            vector = ((vector + hit) | (vector - hit)) & full
    return len(b) - vector.bit_count()


def lcs_rows(reference: Sequence[str], candidate: Sequence[str], window: int) -> list[int]:
    """The bit vectors of the last ``window`` rows, reference tokens down, candidate tokens along the bits; of each only
    the last ``window`` bits.
    """
    masks = position_masks(candidate)
    full = (1 << len(candidate)) - 1
    first, cut = len(reference) - window, max(0, len(candidate) - window)
    vector, rows = full, []
    for row, token in enumerate(reference):
        mask = masks.get(token)
        if mask:
            hit = vector & mask
            vector = ((vector + hit) | (vector - hit)) & full
        if row >= first:
            rows.append(vector >> cut if cut else vector)
    return rows


def position_masks(tokens: Sequence[str]) -> dict[str, int]:
    """For every token an integer with the bits of its positions set."""
    if len(tokens) < 2_000:
        masks: dict[str, int] = {}
        bit = 1
        for token in tokens:
            masks[token] = masks.get(token, 0) | bit
            bit <<= 1
        return masks
    places: dict[str, list[int]] = {}
    for place, token in enumerate(tokens):
        places.setdefault(token, []).append(place)
    return {token: _integer(found) for token, found in places.items()}


def _integer(places: list[int]) -> int:
    bits = bytearray(places[-1] // 8 + 1)
    for place in places:
        bits[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(bits, "little")
