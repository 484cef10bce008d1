"""Which words two texts share in the same order: a longest common subsequence with bit vectors (Hyyrö 2004)."""

from __future__ import annotations

from collections.abc import Sequence


def common_words(short: Sequence[int], long: Sequence[int]) -> tuple[list[int], list[int]]:
    """Positions of the words of a longest common subsequence, in both texts.

    Time: the product of the lengths, some sixty cells at a time; memory: one bit a cell.

    Args:
        short: words as numbers; they lie along the bits.
        long: words as numbers.
    """
    masks: dict[int, int] = {}
    for place, word in enumerate(short):
        masks[word] = masks.get(word, 0) | 1 << place
    full = (1 << len(short)) - 1
    vector, rows, places = full, [], []
    for place, word in enumerate(long):
        mask = masks.get(word)
        if mask is not None:
            hit = vector & mask
            vector = ((vector + hit) | (vector - hit)) & full
            rows.append(vector)
            places.append(place)
    return _trace(rows, places, len(short), full)


def _trace(rows: list[int], places: list[int], columns: int, full: int) -> tuple[list[int], list[int]]:
    """Back through the table: bit ``c`` of row ``r`` is 0 where a word more of ``short`` lengthens what is common."""
    found: tuple[list[int], list[int]] = [], []
    row, column = len(rows), columns
    while row:
        # to the last column that lengthens it: the highest zero bit below ``column``
        open_bits = ~rows[row - 1] & full & ((1 << column) - 1)
        if not open_bits:
            break
        column = open_bits.bit_length()
        above = rows[row - 2] if row > 1 else full
        if above >> (column - 1) & 1:
            found[0].append(column - 1)
            found[1].append(places[row - 1])
            column -= 1
        row -= 1
    found[0].reverse()
    found[1].reverse()
    return found
