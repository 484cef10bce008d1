"""What shots are drawn from: bounded, the same in every order of reading, each input once."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.training import mixture_pool
from medsins.training.mixture_numbers import Numbers, scramble, series, unit
from medsins.training.mixture_pool import Entry, Pool, Shots

TEXTS = [f"Question {number}?" for number in range(300)]


def chosen(texts: list[str], batch: int, answers: list[str] | None = None) -> list[Entry]:
    """The pool of inputs that are read in batches."""
    pool, numbers = Pool(), Numbers(3, "task9001")
    answers = answers or ["yes"] * len(texts)
    for start in range(0, len(texts), batch):
        part = texts[start : start + batch], answers[start : start + batch]
        pool.offer(numbers.of(*part), numbers.salt, part)
    return pool.entries()


@settings(max_examples=10)
@given(st.integers(5, 80), st.randoms(use_true_random=False))
def test_the_choice_does_not_depend_on_the_order_of_reading(batch: int, source: random.Random) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mixture_pool, "POOL_SIZE", 40)
        whole = chosen(TEXTS, len(TEXTS))
        assert len(whole) == 40
        assert chosen(source.sample(TEXTS, len(TEXTS)), batch) == whole


@settings(max_examples=15)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=120), st.integers(1, 30), st.randoms(use_true_random=False))
def test_the_choice_is_bounded_in_characters(lengths: list[int], batch: int, source: random.Random) -> None:
    texts = [f"{number} " + "x" * length for number, length in enumerate(lengths)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mixture_pool, "POOL_CHARACTERS", 5_000)
        found = chosen(texts, batch)
        least = mixture_pool._LEAST
        assert len(found) >= min(least, len(texts))
        if len(found) > least:
            assert sum(len(entry[3]) + len(entry[4]) for entry in found) <= 5_000
        assert chosen(source.sample(texts, len(texts)), 7) == found


def test_an_input_is_there_once_whatever_its_answers() -> None:
    found = chosen(["Which?", " which? ", "WHICH?", "Other?"], 1, ["a", "b", "c", "d"])
    assert sorted(entry[3].strip().lower() for entry in found) == ["other?", "which?"]
    backwards = chosen(["Other?", "WHICH?", " which? ", "Which?"], 4, ["d", "c", "b", "a"])
    assert backwards == found


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(0, 8), st.integers(1, 4), st.integers(0, 1000))
def test_shots_of_any_pool(size: int, shots: int, kinds: int, seed: int) -> None:
    texts = TEXTS[:size]
    entries = chosen(texts, 50, [f"answer {number % kinds}" for number in range(size)])
    pool = Shots.of(entries, 0)
    samples = np.arange(seed, seed + 20, dtype=np.uint64)
    own = pool.inputs[np.arange(20) % size]
    for row, barred in zip(pool.draw(samples, own, shots), own.tolist(), strict=True):
        assert len(row) == len(set(row)) == min(shots, size - 1)
        assert barred not in pool.inputs[row].tolist()
        others = [answer for answer, number in zip(pool.answers.tolist(), pool.inputs.tolist(), strict=True)
                  if number != barred]  # fmt: skip
        if size <= 2 * (4 * shots + 4):  # then every other instance was looked at
            assert len({pool.answers[shot] for shot in row}) == min(len(row), len(set(others)))


def test_barred_shots_are_not_drawn() -> None:
    pool = Shots.of(chosen(TEXTS[:40], 40), 0)
    barred = np.arange(40) % 2 == 0
    less = pool.without(barred)
    drawn = less.draw(np.arange(200, dtype=np.uint64), np.zeros(200, np.uint64), 3)
    places = {int(less.places[shot]) for row in drawn for shot in row}
    assert places == set(range(1, 40, 2))


def test_every_shot_is_drawn_about_as_often() -> None:
    pool = Shots.of(chosen(TEXTS, 100), 0)
    drawn = pool.draw(np.arange(20_000, dtype=np.uint64), np.zeros(20_000, np.uint64), 3)
    counts = np.bincount([shot for row in drawn for shot in row], minlength=300)
    assert counts.sum() == 60_000
    expected = 60_000 / 300
    assert ((counts - expected) ** 2 / expected).sum() < 420  # chi square, 299 degrees of freedom: 1 in 200,000


@settings(max_examples=30)
@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=50, unique=True))
def test_numbers_for_different_things_are_different(values: list[int]) -> None:
    numbers = np.array(values, np.uint64)
    assert len(set(scramble(numbers, np.uint64(7)).tolist())) == len(values)
    table = series(numbers, 6, np.uint64(9))
    assert len(np.unique(table)) == table.size
    shares = unit(table)
    assert ((shares >= 0) & (shares < 1)).all()


def test_shares_are_even() -> None:
    shares = unit(scramble(np.arange(100_000, dtype=np.uint64), np.uint64(3)))
    counts = np.bincount((shares * 20).astype(int), minlength=20)
    assert ((counts - 5000) ** 2 / 5000).sum() < 60  # 19 degrees of freedom: 1 in 200,000
