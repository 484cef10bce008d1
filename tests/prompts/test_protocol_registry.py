"""Every protocol, by name and with settings: the contract that a run relies on."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.catalog import categories
from medsins.core import UsageError, digest
from medsins.prompts import DEFAULT, PROTOCOLS, Fit, ShotPool, get_protocol

from .samples import count_words, fever_task

NAMES = PROTOCOLS.names()
POOL = ShotPool(train=fever_task(9, start=100))


def test_the_three_protocols_are_there() -> None:
    assert {"strict", "paper", "official-code"} <= set(NAMES)
    assert DEFAULT in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_description_is_json_and_decides_the_digest(name: str) -> None:
    protocol = get_protocol(name)
    described = protocol.description()
    assert json.loads(json.dumps(described)) == described
    assert described["name"] == name
    assert protocol.digest == digest(described)
    assert get_protocol(f"{name}:max_answer_tokens=2").digest != protocol.digest


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fit", [None, Fit(count_words, 0, 64), Fit(count_words, 100, 64), Fit(count_words, 1, 64)])
def test_one_prompt_an_instance_in_order(name: str, fit: Fit | None) -> None:
    task = fever_task(6)
    prompts = list(get_protocol(name).build(task, POOL, 7, fit))
    assert len(prompts) == 6
    for prompt in prompts:
        assert bool(prompt.messages) != (prompt.text is not None)
    assert prompts == list(get_protocol(name).build(task, POOL, 7, fit))


@pytest.mark.parametrize("spec", ["strict:shots=0", "paper:shots=0", "official-code:no_context_possibility=1"])
def test_zero_shots_ask_the_bare_question(spec: str) -> None:
    for prompt in get_protocol(spec).build(fever_task(6), POOL, 0):
        assert prompt.shots == ()
        assert prompt.dropped_shots == 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("category", sorted(categories()))
def test_every_category_has_room_for_an_answer(name: str, category: str) -> None:
    protocol = get_protocol(name)
    assert 200 <= protocol.max_new_tokens(category) <= 2048
    assert protocol.max_new_tokens(category.upper()) == protocol.max_new_tokens(category)
    assert get_protocol(f"{name}:max_answer_tokens=4096").max_new_tokens(category) == 4096


def test_tables_of_the_protocols_name_catalogued_categories_only() -> None:
    for name in NAMES:
        protocol = get_protocol(name)
        assert {category for category, _ in protocol.answer_tokens} | set(protocol.zero_shot) <= set(categories())


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(["strict", "paper"]), st.integers(0, 50), st.integers(0, 9999))
def test_the_spec_reads_back_to_the_same_protocol(name: str, shots: int, tokens: int) -> None:
    protocol = get_protocol(f"{name}: shots={shots} , max_answer_tokens={tokens}")
    assert protocol.shots == shots
    assert protocol.max_answer_tokens == tokens
    assert get_protocol(protocol.spec) == protocol


def test_settings_of_all_types_are_read() -> None:
    spec = "official-code:model_type=Llama 3,adds_bos=false,no_context_possibility=0.25"
    protocol = get_protocol(spec)
    assert protocol.spec == spec
    assert get_protocol("official-code:model_type=GPT-4").spec == "official-code"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("strikt", "did you mean strict"),
        ("", "unknown protocol"),
        ("strict:shot=1", "did you mean shots"),
        ("strict:name=paper", "unknown setting"),
        ("official-code:shots=2", "unknown setting of protocol official-code"),
        ("paper:reasoning=true", "unknown setting of protocol paper"),
        ("strict:shots=-1", "a whole number"),
        ("strict:shots=two", "a whole number"),
        ("strict:shots", "a whole number"),
        ("strict:reasoning=maybe", "true or false"),
        ("official-code:no_context_possibility=nan", "a number"),
    ],
)
def test_wrong_names_and_values_say_what_to_write(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        get_protocol(spec)


def test_all_wrong_settings_are_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        get_protocol("strict:shots=x,reasoning=y,colour=blue")
    assert len(caught.value.problems) == 3


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40).filter(lambda text: text.strip() not in NAMES))
def test_any_other_text_is_told_what_to_write(text: str) -> None:
    for spec in (text, f"strict:{text}=1"):
        with pytest.raises(UsageError) as caught:
            get_protocol(spec)
        assert all(problem.mend for problem in caught.value.problems)


def test_asking_names_imports_no_protocol() -> None:
    code = "import sys, medsins.prompts as p; p.PROTOCOLS.names(); print([m for m in sys.modules if 'strict' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
