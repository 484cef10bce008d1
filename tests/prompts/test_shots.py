"""Which shots are taken, from where, and what is never among them."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import Example, Instance, UsageError
from medsins.prompts import ShotPool, find_pool, get_protocol, shot_id
from medsins.prompts._shots import draw_diverse, find_source, text_key, without_leaks
from medsins.tasks import read_task, write_task

from .samples import examples_card, fever_task, make_task, pairs, texts

Pairs = list[tuple[str, str]]
STRICT = get_protocol("strict")


def test_the_first_source_there_is_wins() -> None:
    task = replace(fever_task(4), card=examples_card(5))
    named, train = fever_task(6, start=100), fever_task(6, start=200)
    assert STRICT.select(task, ShotPool(named, train), 0).source == "named"
    assert STRICT.select(task, ShotPool(train=train), 0).source == "train"
    assert STRICT.select(task, ShotPool(), 0).source == "examples"
    assert STRICT.select(fever_task(4), ShotPool(), 0).source == "none"


def test_same_shots_for_same_seed_and_task_others_for_others() -> None:
    train = fever_task(40, start=100)
    digests = {
        (seed, name): STRICT.select(replace(fever_task(2), id=name), ShotPool(train=train), seed).digest
        for seed in range(4)
        for name in ("task900", "task901")
    }
    assert len(set(digests.values())) == len(digests)
    for (seed, name), digest in reversed(digests.items()):
        assert STRICT.select(replace(fever_task(2), id=name), ShotPool(train=train), seed).digest == digest


def test_the_digest_covers_text_and_order() -> None:
    train = fever_task(9, start=100)
    chosen = STRICT.select(fever_task(2), ShotPool(train=train), 3)
    turned = replace(chosen, shots=chosen.shots[::-1])
    reworded = replace(chosen, shots=(replace(chosen.shots[0], output="perhaps"), *chosen.shots[1:]))
    assert len({chosen.digest, turned.digest, reworded.digest}) == 3


def test_a_pool_that_holds_the_test_set_is_refused_with_counts() -> None:
    task = fever_task(5)
    with pytest.raises(UsageError) as caught:
        STRICT.select(task, ShotPool(train=fever_task(7)), 0)
    message = str(caught.value)
    assert "task900: 3 shots needed, 2 found in the train split" in message
    assert "5 more left out: their input is a test input" in message
    assert "--shots-from" in message
    assert "strict:shots=2" in message


def test_too_few_positive_examples_are_refused() -> None:
    with pytest.raises(UsageError, match="3 shots needed, 2 found in the card's Positive Examples"):
        STRICT.select(replace(fever_task(5), card=examples_card(2)), ShotPool(), 0)


def test_no_source_is_zero_shot_only_where_the_protocol_says_so() -> None:
    task = fever_task(5)
    assert STRICT.select(task, ShotPool(), 0).shots == ()
    with pytest.raises(UsageError, match="no train split, named file or Positive Examples"):
        get_protocol("strict:allow_zero_shot=false").select(task, ShotPool(), 0)


def test_a_named_file_is_refused_by_a_protocol_that_never_reads_it() -> None:
    with pytest.raises(UsageError, match="never reads shots from a named file"):
        get_protocol("official-code").select(fever_task(3), ShotPool(named=fever_task(9, start=50)), 0)


def test_instances_without_an_answer_are_no_shots() -> None:
    train = fever_task(3, start=100)
    mute = (Instance("a", "no reference", ()), Instance("b", "blank reference", ("  ",)))
    _, found = find_source(
        fever_task(1), ShotPool(train=replace(train, instances=train.instances + mute)), ("train",), "x"
    )
    assert [example.input for example in found] == [instance.input for instance in train.instances]


def test_texts_are_alike_in_any_script() -> None:
    for one, other in (("Straße", "STRASSE"), ("é", "e\u0301"), ("ｆｅｖｅｒ", "FEVER"), ("熱\u3000あり", "熱 あり")):
        assert text_key(one) == text_key(other)
    assert text_key("38.0") != text_key("380")


@pytest.mark.parametrize("other", ["  visit 3:   39.3 DEGREES. ", "Visit 3:\n39.3 degrees.", "Visit 3: 39.3 degrees."])
def test_leaks_are_found_whatever_case_blanks_and_form(other: str) -> None:
    kept, leaked = without_leaks([Example(other, "no"), Example("Another visit", "no")], fever_task(5))
    assert [example.input for example in kept] == ["Another visit"]
    assert leaked == 1


@given(st.lists(pairs, max_size=12), st.lists(pairs, min_size=1, max_size=6))
def test_no_test_input_survives_and_none_is_kept_twice(
    pool: list[tuple[str, str]], test: list[tuple[str, str]]
) -> None:
    task = make_task(test)
    kept, leaked = without_leaks([Example(*pair) for pair in pool + test], task)
    asked = {text_key(instance.input) for instance in task.instances}
    keys = [text_key(example.input) for example in kept]
    assert not asked & set(keys)
    assert len(keys) == len(set(keys))
    assert leaked == sum(text_key(question) in asked for question, _ in pool + test)


@given(st.lists(st.tuples(texts, st.sampled_from(["yes", "no", "maybe"])), min_size=1, max_size=30), st.integers(0, 9))
def test_shots_show_as_many_different_answers_as_there_are(drawn: list[tuple[str, str]], seed: int) -> None:
    candidates = [Example(*pair) for pair in drawn]
    count = min(3, len(candidates))
    shots = draw_diverse(candidates, count, random.Random(seed))
    assert len(shots) == count
    assert len({shot.output for shot in shots}) == min(count, len({output for _, output in drawn}))
    assert not Counter(shots) - Counter(candidates)


def test_every_candidate_can_be_drawn() -> None:
    candidates = [Example(f"case {n}", f"text {n}") for n in range(8)]
    drawn = {shot for seed in range(200) for shot in draw_diverse(candidates, 3, random.Random(seed))}
    assert drawn == set(candidates)


def test_shot_ids_follow_the_content() -> None:
    assert shot_id(Example("a", "b")) == shot_id(Example("a", "b", "why"))
    assert shot_id(Example("a", "b")) != shot_id(Example("b", "a"))


@pytest.fixture
def suite_folder(tmp_path: Path) -> Path:
    for split, start in (("test", 0), ("train", 100), ("named", 200)):
        (tmp_path / split).mkdir()
        write_task(fever_task(5, start=start), tmp_path / split / "task900_fever.json")
    return tmp_path


def _read(path: Path) -> tuple[str, ...]:
    return tuple(instance.input for instance in read_task(path).instances)


def test_the_train_split_is_found_beside_the_test_folder(suite_folder: Path) -> None:
    path = suite_folder / "test" / "task900_fever.json"
    pool = find_pool(read_task(path))
    assert pool.named is None
    assert pool.train is not None
    assert tuple(i.input for i in pool.train.instances) == _read(suite_folder / "train" / "task900_fever.json")


@pytest.mark.parametrize("asked", ["named", "named/task900_fever.json"])
def test_shots_come_from_a_named_file_or_folder(suite_folder: Path, asked: str) -> None:
    pool = find_pool(read_task(suite_folder / "test" / "task900_fever.json"), suite_folder / asked)
    assert pool.named is not None
    assert tuple(i.input for i in pool.named.instances) == _read(suite_folder / "named" / "task900_fever.json")


def test_a_named_folder_without_the_task_and_a_missing_path_are_told_apart(suite_folder: Path) -> None:
    with pytest.raises(UsageError, match="no file for task7 in this folder"):
        find_pool(replace(fever_task(3), id="task7"), suite_folder / "named")
    with pytest.raises(UsageError, match="no such file or folder"):
        find_pool(fever_task(3), suite_folder / "absent.json")
