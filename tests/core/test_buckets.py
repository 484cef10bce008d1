"""Rows by their first number: nothing lost, nothing torn apart, whatever had to go to disk."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core.buckets import Buckets

ROWS = st.lists(st.tuples(st.integers(-4, 40), st.integers(0, 3)), max_size=60)


@pytest.mark.parametrize("held", [1, 20, 10_000])
@given(batches=st.lists(ROWS, max_size=5))
def test_equal_keys_are_in_one_part_and_nothing_is_lost(batches: list[list[tuple[int, int]]], held: int) -> None:
    with pytest.MonkeyPatch.context() as patch, Buckets(2) as buckets:
        patch.setattr("medsins.core.buckets._IN_MEMORY", held)
        for batch in batches:
            buckets.add(np.array(batch, np.int64).reshape(-1, 2))
        parts = [part.tolist() for part in buckets.parts()]
    assert sorted(tuple(row) for part in parts for row in part) == sorted(row for batch in batches for row in batch)
    keys = [{row[0] for row in part} for part in parts]
    assert sum(map(len, keys)) == len(set().union(*keys))


def test_parts_of_what_is_on_disk_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medsins.core.buckets._IN_MEMORY", 1_000)
    with Buckets(1) as buckets:
        for start in range(0, 64_000, 1_000):
            buckets.add(np.arange(start, start + 1_000, dtype=np.int64).reshape(-1, 1))
        assert max(len(part) for part in buckets.parts()) == 2_000
