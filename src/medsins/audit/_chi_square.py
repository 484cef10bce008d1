"""Pearson's chi-square test (1900): may counts have come from the shares that were expected?"""

from __future__ import annotations

import math
from collections.abc import Sequence


def chi_square(counts: Sequence[int], expected: Sequence[float]) -> float:
    """The statistic: squared deviations in units of what was expected."""
    return sum((count - mean) ** 2 / mean for count, mean in zip(counts, expected, strict=True))


def tail(statistic: float, freedom: int) -> float:
    """The probability of a statistic at least as large by chance, with so many degrees of freedom.

    The closed form for whole degrees of freedom (Abramowitz and Stegun, 26.4.4 and 26.4.5).
    """
    if freedom < 1 or statistic <= 0:
        return 1.0
    half = statistic / 2
    odd = freedom % 2
    total = math.erfc(math.sqrt(half)) if odd else 0.0
    power = 0.5 if odd else 0.0
    while power < freedom / 2:
        total += math.exp(power * math.log(half) - half - math.lgamma(power + 1))
        power += 1
    return min(1.0, total)
