"""Protocol paper: the article's template, other cases as shots, cut from the left but never the question."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.core import Card, Prompt, UsageError
from medsins.prompts import Fit, ShotPool, get_protocol, shot_id
from medsins.prompts._shots import instance_example, text_key

from .samples import DEFINITION, content, count_words, fever_task, make_task, pairs

PAPER = get_protocol("paper")
NO_POOL = ShotPool()
LEARN = "Please learn from the few-shot cases to see what content you have to output.\n"


def test_few_shot_prompts_have_the_articles_form() -> None:
    task = make_task([("one", "1"), ("two", "2"), ("three", "3"), ("four", "4")])
    prompt = next(PAPER.build(task, NO_POOL, 0))
    assert [message.role for message in prompt.messages] == ["user"]
    by_id = {shot_id(instance_example(instance)): instance for instance in task.instances[1:]}
    first, second, third = (by_id[name] for name in prompt.shots)
    assert content(prompt) == (
        f"Case1: Input: {first.input}, Output: {first.reference}\n"
        f"Case2: Input: {second.input}, Output: {second.reference}\n"
        f"Case3: Input: {third.input}, Output: {third.reference}\n"
        f"{DEFINITION}\n{LEARN}Input: one"
    )


def test_multiple_choice_is_zero_shot() -> None:
    prompt = next(PAPER.build(fever_task(5, category="MCQA"), NO_POOL, 0))
    assert content(prompt) == f"{DEFINITION}\nInput: {fever_task(1).instances[0].input}"
    assert prompt.shots == ()
    assert PAPER.select(fever_task(1, category="mcqa"), NO_POOL, 0).shots == ()


def test_a_task_without_a_definition_has_no_blank_line() -> None:
    task = replace(fever_task(5, category="MCQA"), card=Card())
    assert content(next(PAPER.build(task, NO_POOL, 0))).startswith("Input: Visit 0")


def test_each_instance_draws_its_own_shots() -> None:
    prompts = list(PAPER.build(fever_task(30), NO_POOL, 0))
    assert len({prompt.shots for prompt in prompts}) > 25


def test_a_named_file_replaces_the_tasks_own_cases() -> None:
    task, named = fever_task(3), fever_task(8, start=200)
    allowed = {shot_id(instance_example(instance)) for instance in named.instances}
    assert PAPER.select(task, ShotPool(named=named), 0).source == "named"
    assert {name for prompt in PAPER.build(task, ShotPool(named=named), 0) for name in prompt.shots} <= allowed
    assert PAPER.select(task, ShotPool(train=named), 0).source == "test"


@pytest.mark.parametrize("size", [1, 2, 3])
def test_too_few_other_cases_are_refused(size: int) -> None:
    with pytest.raises(UsageError, match=f"3 shots needed, {size - 1} found in the task's own instances"):
        PAPER.build(fever_task(size), NO_POOL, 0)


def test_repeated_inputs_are_no_other_cases() -> None:
    repeated = make_task([("same", "a"), ("same", "b"), ("SAME ", "c"), ("x", "1"), ("y", "2")])
    with pytest.raises(UsageError, match="3 shots needed, 2 found"):
        PAPER.build(repeated, NO_POOL, 0)
    enough = make_task([("same", "a"), ("same", "b"), ("x", "1"), ("y", "2"), ("z", "3")])
    for seed in range(30):
        for prompt in PAPER.build(enough, NO_POOL, seed, positions=[0, 1]):
            assert content(prompt).count("same") == 1


def _fitted(window: int) -> Prompt:
    return next(PAPER.build(fever_task(6), NO_POOL, 4, Fit(count_words, window, 10)))


def test_the_left_gives_way_and_instruction_and_question_stay() -> None:
    whole = content(_fitted(0))
    tail = whole[whole.index(DEFINITION) :]
    head = len(whole) - len(tail)
    cut = 0
    for window in range(count_words(_fitted(0)) + 12, 0, -1):
        prompt = _fitted(window)
        assert content(prompt) == whole[prompt.cut_characters :]
        assert content(prompt).endswith(tail)
        assert prompt.cut_characters >= cut
        assert prompt.dropped_shots == 3 - len(prompt.shots)
        assert count_words(prompt) + 10 <= window or prompt.cut_characters == head
        cut = prompt.cut_characters
    assert cut == head
    assert prompt.shots == ()


def test_no_character_is_cut_needlessly() -> None:
    window = count_words(_fitted(0)) + 10
    assert _fitted(window).cut_characters == 0
    # One token too many costs "Case1", the first word.
    assert _fitted(window - 1).cut_characters == len("Case1")


@settings(max_examples=60)
@given(st.lists(pairs, min_size=4, max_size=9, unique_by=lambda pair: text_key(pair[0])), st.integers(0, 2**40))
def test_shots_never_hold_the_query_and_depend_on_names_only(drawn: list[tuple[str, str]], seed: int) -> None:
    task = make_task(drawn)
    own = [shot_id(instance_example(instance)) for instance in task.instances]
    prompts = list(PAPER.build(task, NO_POOL, seed))
    for position, prompt in enumerate(prompts):
        assert own[position] not in prompt.shots
        assert len(set(prompt.shots)) == 3
        assert content(prompt).endswith(f"Input: {task.instances[position].input}")
    last = len(drawn) - 1
    assert next(PAPER.build(task, NO_POOL, seed, positions=[last])) == prompts[last]
