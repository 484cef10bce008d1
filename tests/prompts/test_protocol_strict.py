"""Protocol strict: frozen shots as turns, the question intact, whole shots dropped."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.core import Card, Message, Prompt
from medsins.prompts import Fit, ShotPool, get_protocol, shot_id
from medsins.prompts._shots import text_key

from .samples import DEFINITION, content, count_words, examples_card, fever_task, make_task, pairs

STRICT = get_protocol("strict")
TRAIN = ShotPool(train=fever_task(12, start=100))


def test_a_prompt_is_the_definition_the_shots_as_turns_and_the_question() -> None:
    task = fever_task(2)
    chosen = STRICT.select(task, TRAIN, 5)
    prompt = next(STRICT.build(task, TRAIN, 5))
    roles = [message.role for message in prompt.messages]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user", "assistant", "user"]
    assert prompt.messages[0].content == DEFINITION
    assert prompt.messages[-1] == Message("user", task.instances[0].input)
    # The shot drawn first stands next to the question, so it is the last to be dropped.
    shown = [(prompt.messages[i].content, prompt.messages[i + 1].content) for i in (5, 3, 1)]
    assert shown == [(shot.input, shot.output) for shot in chosen.shots]
    assert prompt.shots == tuple(shot_id(shot) for shot in reversed(chosen.shots))
    assert prompt.text is None


def test_every_category_gets_shots_and_all_instances_the_same() -> None:
    for category in ("MCQA", "Diagnosis", "Rationale", "A category of my own"):
        prompts = list(STRICT.build(fever_task(6, category=category), TRAIN, 1))
        assert len(prompts) == 6
        assert {prompt.shots for prompt in prompts} == {prompts[0].shots}
        assert len(prompts[0].shots) == 3


def test_only_the_first_wording_is_sent_and_an_empty_one_is_no_turn() -> None:
    task = replace(fever_task(1), card=examples_card(4))
    prompt = next(STRICT.build(task, ShotPool(), 0))
    assert "second wording" not in content(prompt)
    bare = replace(task, card=Card())
    assert [m.role for m in next(STRICT.build(bare, ShotPool(), 0)).messages] == ["user"]


def test_reasoning_is_shown_only_when_asked_for() -> None:
    task = replace(fever_task(1), card=examples_card(4))
    plain = next(STRICT.build(task, ShotPool(), 0))
    protocol = get_protocol("strict:reasoning=true")
    reasoned = next(protocol.build(task, ShotPool(), 0))
    assert "because" not in content(plain)
    assert "look at the number" not in content(plain)
    assert reasoned.messages[0].content == f"{DEFINITION}\n\nReasoning: look at the number"
    number = reasoned.messages[1].content.removeprefix("Sample ")
    assert reasoned.messages[2].content == f"because of {number}\n\nanswer {number}"
    assert protocol.max_new_tokens("MCQA") > STRICT.max_new_tokens("MCQA")
    assert protocol.digest != STRICT.digest


def _fitted(window: int, answer: int = 10) -> Prompt:
    return next(STRICT.build(fever_task(1), TRAIN, 2, Fit(count_words, window, answer)))


def test_whole_shots_are_dropped_one_by_one_as_the_window_shrinks() -> None:
    whole = _fitted(0)
    needed = count_words(whole) + 10
    previous = whole
    dropped = []
    for window in range(needed, 0, -1):
        prompt = _fitted(window)
        dropped.append(prompt.dropped_shots)
        assert prompt.shots == whole.shots[prompt.dropped_shots :]
        assert prompt.messages[-1] == whole.messages[-1]
        assert prompt.messages[0] == whole.messages[0]
        assert prompt.dropped_shots >= previous.dropped_shots
        assert prompt.dropped_shots == 3 or count_words(prompt) + 10 <= window
        previous = prompt
    assert sorted(set(dropped)) == [0, 1, 2, 3]


def test_a_question_longer_than_the_window_is_sent_whole_and_counted() -> None:
    prompt = _fitted(5)
    assert prompt.dropped_shots == 3
    assert prompt.cut_characters == 0
    assert prompt.messages[-1].content == fever_task(1).instances[0].input


def test_no_shot_is_dropped_needlessly() -> None:
    whole = _fitted(0)
    window = count_words(whole) + 10
    assert _fitted(window) == whole
    assert _fitted(window - 1).dropped_shots == 1


@settings(max_examples=60)
@given(
    st.lists(pairs, min_size=1, max_size=5),
    st.lists(pairs, min_size=3, max_size=8),
    st.integers(0, 2**40),
    st.integers(0, 120),
)
def test_the_question_is_intact_and_never_among_the_shots(
    test: list[tuple[str, str]], train: list[tuple[str, str]], seed: int, window: int
) -> None:
    task = make_task(test)
    fresh = [pair for pair in train if text_key(pair[0]) not in {text_key(question) for question, _ in test}]
    if len({text_key(question) for question, _ in fresh}) < 3:
        return
    pool = ShotPool(train=make_task(train))
    prompts = list(STRICT.build(task, pool, seed, Fit(count_words, window, 5)))
    for instance, prompt in zip(task.instances, prompts, strict=True):
        assert prompt.messages[-1] == Message("user", instance.input)
        asked = [text_key(m.content) for m in prompt.messages if m.role == "user"]
        assert text_key(instance.input) not in asked[:-1]
        assert len(asked) - 1 == len(prompt.shots) == 3 - prompt.dropped_shots


@given(st.integers(0, 2**63), st.randoms(use_true_random=False))
def test_same_seed_same_bytes_in_any_order_of_calls(seed: int, shuffler: random.Random) -> None:
    task = fever_task(7)
    forward = list(STRICT.build(task, TRAIN, seed))
    positions = list(range(7))
    shuffler.shuffle(positions)
    again = dict(zip(positions, STRICT.build(task, TRAIN, seed, positions=positions), strict=True))
    assert [again[position] for position in range(7)] == forward


def test_too_few_shots_are_an_error_before_the_first_prompt() -> None:
    with pytest.raises(Exception, match="9 shots needed, 4 found"):
        get_protocol("strict:shots=9").build(fever_task(3), ShotPool(train=fever_task(4, start=50)), 0)
