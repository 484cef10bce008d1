"""Packing loses nothing, fills rows, and shares prefixes without changing who sees what."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.training.attention import predictors, visible
from medsins.training.packing import SHORTEST_PREFIX, best_fit, common_prefix, pack
from medsins.training.records import Row, TokenSample


def sample(prompt: list[int], answer: list[int]) -> TokenSample:
    return TokenSample(np.array(prompt, np.int32), np.array(answer, np.int32))


prefixes = [list(range(100, 100 + n)) for n in (0, 5, 12, 30)]
prompts = st.tuples(st.sampled_from(prefixes), st.lists(st.integers(0, 3), max_size=6)).map(lambda p: p[0] + p[1])
samples = st.lists(
    st.builds(sample, prompts.filter(bool), st.lists(st.integers(50, 60), min_size=1, max_size=5)), max_size=40
)


@given(st.lists(st.integers(1, 50), max_size=200), st.integers(50, 90))
def test_best_fit_keeps_every_item_once_and_within_the_capacity(sizes: list[int], capacity: int) -> None:
    bins = best_fit(sizes, capacity)
    assert sorted(item for one in bins for item in one) == list(range(len(sizes)))
    assert all(sum(sizes[item] for item in one) <= capacity for one in bins)
    # Two bins that are at most half full would have been one.
    assert sum(2 * sum(sizes[item] for item in one) <= capacity for one in bins) <= 1


def test_an_item_that_fits_no_bin_is_an_error() -> None:
    with pytest.raises(ValueError, match="51 tokens does not fit 50"):
        best_fit([3, 51], 50)


def seen(row: Row, place: int) -> list[tuple[int, int]]:
    """What a token attends to, as (token, position), in order."""
    return [(int(row.ids[i]), int(row.positions[i])) for i in np.flatnonzero(visible(row)[place])]


@settings(max_examples=60)
@given(samples, st.booleans())
def test_every_answer_token_sees_what_it_would_see_alone(given_samples: list[TokenSample], share: bool) -> None:
    rows = list(pack(given_samples, 48, share))
    assert all(len(row) <= 48 for row in rows)
    found = []
    for row in rows:
        for place in np.flatnonzero(row.loss):
            found.append(seen(row, int(place)))
    wanted = []
    for one in given_samples:
        whole = [*one.prompt.tolist(), *one.answer.tolist()]
        for length in range(len(one.prompt) + 1, len(whole) + 1):
            wanted.append(list(zip(whole[:length], range(length), strict=True)))
    assert sorted(found) == sorted(wanted)


@settings(max_examples=60)
@given(samples, st.booleans())
def test_each_answer_token_is_predicted_from_all_before_it(given_samples: list[TokenSample], share: bool) -> None:
    pairs = []
    for row in pack(given_samples, 48, share):
        places, targets = predictors(row)
        for place, target in zip(places.tolist(), targets.tolist(), strict=True):
            pairs.append(([token for token, _ in seen(row, place)], target))
    wanted = []
    for one in given_samples:
        whole = [*one.prompt.tolist(), *one.answer.tolist()]
        wanted += [(whole[:i], whole[i]) for i in range(len(one.prompt), len(whole))]
    assert sorted(pairs) == sorted(wanted)


def test_sharing_computes_a_long_instruction_once() -> None:
    many = [sample([*range(100, 141), i % 7, i % 5, 9], [60, 61]) for i in range(64)]
    alone = sum(len(row) for row in pack(many, 256))
    shared = sum(len(row) for row in pack(many, 256, share=True))
    assert alone == 64 * 46
    # 41 tokens for each of at most two rows, and what differs.
    assert shared <= 64 * 5 + 3 * 41


def test_short_common_beginnings_are_not_shared() -> None:
    few = [sample([*range(SHORTEST_PREFIX - 1), 50 + i], [7]) for i in range(4)]
    assert all(not row.part.any() for row in pack(few, 64, share=True))


@given(st.lists(st.integers(0, 2)), st.lists(st.integers(0, 2)))
def test_common_prefix(a: list[int], b: list[int]) -> None:
    length = common_prefix(np.array(a, np.int32), np.array(b, np.int32))
    assert a[:length] == b[:length]
    assert length in (len(a), len(b)) or a[length] != b[length]


def test_an_answer_without_prompt_bears_loss_from_its_second_token() -> None:
    (row,) = pack([sample([], [5, 6, 7])], 8)
    places, targets = predictors(row)
    assert places.tolist() == [0, 1]
    assert targets.tolist() == [6, 7]


def test_groups_without_loss_between_others_shift_nothing() -> None:
    """A row whose middle sample has no answer token: the prefix's end is still found in each group by itself."""
    ids = np.arange(12, dtype=np.int32)
    group = np.repeat(np.arange(3, dtype=np.int32), 4)
    part = np.array([0, 0, 1, 2] * 3, np.int32)
    loss = np.array([False, False, True, True] + [False] * 4 + [False, False, True, True])
    row = Row(ids, ids, group, part, loss)
    places, targets = predictors(row)
    assert places.tolist() == [1, 1, 9, 9]
    assert targets.tolist() == [2, 3, 10, 11]
