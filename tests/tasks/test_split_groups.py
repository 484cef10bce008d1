"""Splits by a further key: neither an input nor a group ever stands on both sides, however they are joined."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsins.core import Instance, UsageError
from medsins.tasks import convert, open_writer, split_task
from medsins.tasks.split import _together

from .samples import CARD, read_all

inputs = st.sampled_from(["cough", "Cough ", "fever", "no  pain", "No pain", "rash", "itch", "cramp", "chills"])
patients = st.sampled_from(["p1", "p2", "p3", "p4", "p5", "p6", None])
relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


def folded(text: str) -> str:
    return " ".join(text.casefold().split())


def written(path: Path, pairs: list[tuple[str, str | None]]) -> Path:
    extras: list[dict[str, Any]] = [{} if patient is None else {"patient": patient} for _, patient in pairs]
    rows = [Instance(f"i{n}", pair[0], ("x",), True, extras[n]) for n, pair in enumerate(pairs)]
    with open_writer(path, CARD) as writer:
        writer.write(rows)
    return path


def components(pairs: list[tuple[str, str | None]]) -> list[set[int]]:
    """Rows that are joined by an input or a patient, found the slow way."""
    found: list[set[int]] = [{number} for number in range(len(pairs))]
    for one, (text, patient) in enumerate(pairs):
        for other, (text2, patient2) in enumerate(pairs[:one]):
            if folded(text) == folded(text2) or (patient is not None and patient == patient2):
                left, right = (next(part for part in found if number in part) for number in (one, other))
                if left is not right:
                    found.remove(right)
                    left |= right
    return found


@relaxed
@given(
    pairs=st.lists(st.tuples(inputs, patients), min_size=2, max_size=25),
    share=st.floats(0.05, 0.95),
    seed=st.integers(0, 9),
)
def test_neither_inputs_nor_patients_stand_on_both_sides(
    tmp_path: Path, pairs: list[tuple[str, str | None]], share: float, seed: int
) -> None:
    path = written(tmp_path / "notes.jsonl", pairs)
    joined = components(pairs)
    if not any(patient for _, patient in pairs) or len(joined) < 2:
        with pytest.raises(UsageError, match=r"no instance has the key|cannot be split"):
            split_task(path, tmp_path / "out", group="patient", seed=seed, test_share=share)
        return
    done = split_task(path, tmp_path / "out", group="patient", seed=seed, test_share=share)
    train, test = ({int(row.id[1:]) for row in read_all(part)} for part in (done.train, done.test))
    assert train
    assert test
    assert train | test == set(range(len(pairs)))
    assert all(part <= train or part <= test for part in joined)


@relaxed
@given(pairs=st.lists(st.tuples(inputs, patients), min_size=2, max_size=25))
def test_joined_numbers_are_those_of_the_slow_search(pairs: list[tuple[str, str | None]]) -> None:
    names = {name: number for number, name in enumerate(sorted({folded(text) for text, _ in pairs}), start=1)}
    first = [names[folded(text)] for text, _ in pairs]
    second = [1000 + int(patient[1:]) if patient else first[row] for row, (_, patient) in enumerate(pairs)]
    found = _together(np.array([first, second], np.uint64)).tolist()
    parts: dict[int, set[int]] = {}
    for row, number in enumerate(found):
        parts.setdefault(number, set()).add(row)
    assert sorted(map(sorted, parts.values())) == sorted(map(sorted, components(pairs)))


@relaxed
@given(pairs=st.lists(st.tuples(inputs, patients), min_size=4, max_size=25), turn=st.integers(0, 24))
def test_order_and_format_do_not_matter(tmp_path: Path, pairs: list[tuple[str, str | None]], turn: int) -> None:
    if not any(patient for _, patient in pairs) or len(components(pairs)) < 2:
        return
    one = written(tmp_path / "one.json", pairs)
    at = turn % len(pairs)
    two = written(tmp_path / "two.json", pairs[at:] + pairs[:at])
    convert(two, tmp_path / "two.parquet")
    sides = []
    for path in (one, tmp_path / "two.parquet"):
        done = split_task(path, tmp_path / "out", group="patient", seed=1, test_share=0.3)
        sides.append(sorted((row.input, str(row.extra)) for row in read_all(done.test)))
    assert sides[0] == sides[1]


def test_a_chain_of_inputs_and_patients_is_one_group(tmp_path: Path) -> None:
    chain = [(f"text {n // 2}", f"p{(n + 1) // 2}") for n in range(200)]
    path = written(tmp_path / "notes.json", [*chain, ("apart", "q")])
    done = split_task(path, tmp_path, group="patient")
    assert {done.train_instances, done.test_instances} == {200, 1}
