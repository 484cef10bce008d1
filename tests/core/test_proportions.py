"""Wilson's interval: inside 0 to 1, around the share, narrower with more rows, and as published tables have it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core.proportions import wilson


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_it_holds_the_share(rows: int, share: float) -> None:
    low, high = wilson(share, rows)
    assert 0 <= low <= share <= high <= 1
    assert wilson(1 - share, rows) == pytest.approx((1 - high, 1 - low))


@given(st.integers(1, 1_000), st.floats(0.01, 0.99))
def test_more_rows_tell_more(rows: int, share: float) -> None:
    (a, b), (c, d) = wilson(share, rows), wilson(share, 4 * rows)
    assert d - c < b - a


@pytest.mark.parametrize(
    ("hits", "rows", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605)],
)
def test_known_values(hits: int, rows: int, low: float, high: float) -> None:
    """The last two from Newcombe (1998), table I, method 3."""
    assert wilson(hits / rows, rows) == pytest.approx((low, high), abs=6e-5)


def test_nothing_known() -> None:
    assert wilson(0.0, 0) == (0.0, 1.0)
