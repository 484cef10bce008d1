"""Batches: every request once, prefixes really shared, nothing beyond the room there is."""

from __future__ import annotations

from array import array
from itertools import groupby

import pytest

pytest.importorskip("torch")
from hypothesis import given
from hypothesis import strategies as st

from medsins.models._local_plan import SHORTEST_PREFIX, Room, common_length, groups, plan, shared_length

Tokens = list[int]
prompt = st.lists(st.integers(0, 3), min_size=1, max_size=12)
heads = st.sampled_from([[], [1] * 20, [2] * 900, [2] * 1800, [2] * 900 + [3] * 900])
prompts = st.lists(st.tuples(heads, prompt).map(lambda pair: array("i", pair[0] + pair[1])), max_size=24)


@given(prompts, st.integers(1, 6), st.integers(1, 6000), st.booleans(), st.randoms())
def test_a_plan_is_sound(made: list[array[int]], rows: int, tokens: int, refill: bool, dice: object) -> None:
    limits = [1 + i % 7 for i in range(len(made))]
    batches = plan(made, limits, Room(rows, tokens, refill))
    assert sorted(p for batch in batches for p in batch.positions) == list(range(len(made)))
    for batch in batches:
        shared = dict(zip(batch.positions, batch.shared, strict=True))
        begins = [made[p][:length].tobytes() for p, length in shared.items()]
        assert all(len(made[p]) > length for p, length in shared.items())
        neighbours = [begin for begin, _ in groupby(begins) if begin]
        assert len(neighbours) == len(set(neighbours))
        longest = max(len(made[p]) - length + limits[p] for p, length in shared.items())
        assert batch.rows == 1 or (batch.rows <= rows and batch.rows * longest <= tokens)
        assert refill or len(batch.positions) <= batch.rows
    assert batches == plan(made, limits, Room(rows, tokens, refill))


def test_prompts_of_two_tasks_form_two_groups_each_with_its_own_prefix() -> None:
    first, second = list(range(100)), [0, 1, 2, *range(200, 280)]
    made = [array("i", (first if i % 2 else second) + [300 + i, i]) for i in range(60)]
    assert groups(made) == [list(range(0, 60, 2)), list(range(1, 60, 2))]
    assert {p for batch in plan(made, [5] * 60, Room(4, 10**6, False)) for p in batch.shared} == {100, 83}
    [together] = plan(made, [5] * 60, Room(4, 10**6, True))
    assert together.shared == (83,) * 30 + (100,) * 30


def test_a_few_prompts_on_the_same_text_do_not_make_batches_of_their_own() -> None:
    # Three questions on each of twenty texts: sharing each text would leave batches of three.
    made = [array("i", [*range(40), *([1000 + i // 3] * 150), i]) for i in range(60)]
    [batch] = plan(made, [20] * 60, Room(48, 10**6, True))
    assert set(batch.shared) == {40}


def test_prompts_that_are_each_a_beginning_of_the_next_are_planned() -> None:
    made = [array("i", range(length)) for length in range(1, 400)]
    assert sorted(p for group in groups(made) for p in group) == list(range(399))


def test_prompts_that_share_little_are_one_group_without_a_prefix() -> None:
    made = [array("i", [1, 2, 3, 10 + i, 50 - i, i]) for i in range(8)]
    [batch] = plan(made, [4] * 8, Room(8, 10**6, False))
    assert set(batch.shared) == {0}
    assert SHORTEST_PREFIX > 0


def test_equal_prompts_leave_one_token_to_read() -> None:
    same = array("i", range(50))
    assert shared_length([same, same], [0, 1]) == 49


def test_a_much_longer_prompt_does_not_make_slots_of_its_size_for_the_others() -> None:
    made = [array("i", range(1000)), *[array("i", [i, *range(40)]) for i in range(1, 9)]]
    batches = plan(made, [10] * 9, Room(8, 2000, True))
    assert [len(batch.positions) for batch in batches] == [1, 8]
    assert batches[1].rows == 8


@given(prompt, prompt)
def test_the_common_length_is_the_longest_equal_beginning(first: Tokens, second: Tokens) -> None:
    length = common_length(array("i", first), array("i", second))
    assert first[:length] == second[:length]
    assert first[length : length + 1] != second[length : length + 1] or length == min(len(first), len(second))
