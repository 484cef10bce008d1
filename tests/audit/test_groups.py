"""Groups of equal inputs: what is packed into 32 bytes comes out again."""

from __future__ import annotations

from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.audit._groups import LABEL_LENGTH, SHORT, Group, Inputs, Keys
from medsins.core import Instance
from medsins.tasks import Batch, Mark
from medsins.tasks._columns import Columns

LONG = "one two three four five six"


def batch(*instances: Instance) -> Batch:
    return Batch(Columns.of(instances), range(len(instances)), Mark())


def instance(text: str = LONG, *outputs: str, **extra: object) -> Instance:
    return Instance("i", text, outputs or ("yes",), extra=extra)


def groups_of(*placed: tuple[int, int, Batch, str]) -> list[Group]:
    with closing(Inputs()) as inputs:
        for file, row, one, split in placed:
            inputs.add(file, row, one, split)
        return list(inputs.groups())


@given(st.integers(0, 2**18), st.integers(0, 2**39), st.sampled_from(["", "train", "validation", "test"]))
def test_places_are_kept(file: int, row: int, split: str) -> None:
    (group,) = groups_of((file, row, batch(instance(), instance()), split))
    assert [(m.file, m.row, m.split) for m in group.members] == [(file, row, split), (file, row + 1, split)]


def test_the_split_of_an_instance_is_its_own_first() -> None:
    (group,) = groups_of((0, 0, batch(instance(split="dev"), instance(split="?"), instance()), "test"))
    assert [member.split for member in group.members] == ["validation", "test", "test"]


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (("yes",), ("Yes.",), True),
        (("yes", "no"), ("no", "yes"), True),
        (("yes", "no"), ("yes",), False),
        (("+",), ("-",), False),
        (("+",), ("+",), True),
        ((), (), True),
        (("1.5 mg",), ("15 mg",), True),  # letters and digits alone count
    ],
)
def test_answers_are_sets_of_folded_texts(left: tuple[str, ...], right: tuple[str, ...], same: bool) -> None:
    first, second = (Instance("i", LONG, outputs) for outputs in (left, right))
    (group,) = groups_of((0, 0, batch(first, second), ""))
    assert (group.members[0].answer == group.members[1].answer) is same


def test_labels_and_short_inputs_are_told() -> None:
    words = LONG.split()
    (long_answer,) = groups_of((0, 0, batch(instance(LONG, "x" * (LABEL_LENGTH + 1)), instance(LONG, "x")), ""))
    assert [member.label for member in long_answer.members] == [False, True]
    for count, short in ((SHORT - 1, True), (SHORT, False)):
        text = " ".join(words[:count])
        (group,) = groups_of((0, 0, batch(instance(text), instance(text.upper())), ""))
        assert {member.short for member in group.members} == {short}
        assert len({member.exact for member in group.members}) == 2


def test_members_come_in_the_order_of_files_and_rows_whatever_their_flags() -> None:
    first = batch(instance(LONG, "x" * 200), instance(LONG.upper()))
    second = batch(instance(LONG, "short", split="test"))
    (group,) = groups_of((2, 0, second, ""), (1, 5, first, "train"))
    assert [(member.file, member.row) for member in group.members] == [(1, 5), (1, 6), (2, 0)]


def test_what_differs_is_no_group() -> None:
    assert groups_of((0, 0, batch(instance("a"), instance("b"), instance(""), instance(" ")), "")) == []


def test_keys_of_any_kind() -> None:
    with closing(Keys("patient")) as keys:
        instances = [instance(f"text {n}", patient=value) for n, value in enumerate((7, "7", 8, None, [1], [1]))]
        keys.add(0, 0, batch(*instances, instance("none")), ["train"] * 7)
        found = [[member.row for member in group.members] for group in keys.groups()]
    assert sorted(found) == [[0, 1], [4, 5]]
    assert keys.found == 6
