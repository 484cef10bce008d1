"""Longest common subsequences against the table everyone knows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from medsins.audit._align import common_words

texts = st.lists(st.integers(0, 5), max_size=40)


def table(left: list[int], right: list[int]) -> int:
    row = [0] * (len(right) + 1)
    for word in left:
        before = row
        row = [0]
        for place, other in enumerate(right, 1):
            row.append(before[place - 1] + 1 if word == other else max(before[place], row[-1]))
    return row[-1]


@given(texts, texts)
def test_it_is_common_in_order_and_as_long_as_can_be(left: list[int], right: list[int]) -> None:
    mine, theirs = common_words(left, right)
    assert [left[place] for place in mine] == [right[place] for place in theirs]
    assert mine == sorted(set(mine))
    assert theirs == sorted(set(theirs))
    assert len(mine) == table(left, right)


@given(texts)
def test_a_text_has_all_words_in_common_with_itself(text: list[int]) -> None:
    assert common_words(text, text) == (list(range(len(text))), list(range(len(text))))
