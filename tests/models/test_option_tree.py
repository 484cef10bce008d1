"""The tree of options asks for every token once, and its sums are those of each option alone."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.models._option_tree import option_sums, option_tree

OPTIONS = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=4), min_size=1, max_size=8)


def odds_of(path: tuple[int, ...], token: int) -> float:
    """Any rule that depends on path and token."""
    return -1.0 - token / 7 - sum((i + 1) * part for i, part in enumerate(path)) / 11


def test_a_shared_beginning_is_asked_once() -> None:
    assert option_tree([[5, 6, 1], [5, 6, 2], [7]]) == {(): [5, 7], (5,): [6], (5, 6): [1, 2]}


@given(OPTIONS)
def test_every_option_finds_its_sum(options: list[list[int]]) -> None:
    tree = option_tree(options)
    odds = {path: {token: odds_of(path, token) for token in tokens} for path, tokens in tree.items()}
    expected = [math.fsum(odds_of(tuple(o[:i]), token) for i, token in enumerate(o)) for o in options]
    assert option_sums(options, odds) == pytest.approx(expected)


@given(OPTIONS)
def test_nothing_is_asked_twice_or_for_nothing(options: list[list[int]]) -> None:
    tree = option_tree(options)
    asked = [(path, token) for path, tokens in tree.items() for token in tokens]
    assert len(asked) == len(set(asked))
    assert set(asked) == {(tuple(o[:i]), token) for o in options for i, token in enumerate(o)}
