"""Intervals of shares: how far a counted share may be from the true one."""

from __future__ import annotations

import math

Z95 = 1.959963984540054
"""Standard normal quantile of a two-sided 95 % interval."""


def wilson(share: float, rows: int) -> tuple[float, float]:
    """Wilson's 95 % interval (1927) of a proportion: it has width even where all of ``rows`` rows are alike."""
    if rows <= 0:
        return 0.0, 1.0
    z2 = Z95 * Z95 / rows
    middle = (share + z2 / 2) / (1 + z2)
    reach = math.sqrt(share * (1 - share) * z2 + z2 * z2 / 4) / (1 + z2)
    return (0.0 if share == 0 else max(0.0, middle - reach)), (1.0 if share == 1 else min(1.0, middle + reach))
