"""Protocol official-code: the published code's prompts, string by string, and the places where it bends."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import Card, Instance, Prompt, Task
from medsins.prompts import Fit, ShotPool, get_protocol
from medsins.prompts.official_code import OfficialCode
from medsins.tasks import read_task

from .samples import DEFINITION, content, count_words, fever_task, make_task, pairs

NO_POOL = ShotPool()
HINT = "Please learn from the few-shot cases to see what content you have to output."


def _as_published(prompt: Prompt, model_type: str) -> Any:
    if prompt.text is not None:
        return prompt.text
    if model_type == "Mistral":
        return [{"role": message.role, "content": message.content} for message in prompt.messages]
    return {message.role: message.content for message in prompt.messages}


def test_every_reference_prompt_is_equal(shared: Path, tmp_path: Path) -> None:
    golden = json.loads((shared / "golden" / "prompts.json").read_text(encoding="utf-8"))
    definitions = {name: entry["auto_rewrite_def"] for name, entry in golden["rewrite_definitions_excerpt"].items()}
    tasks = {}
    for name, document in golden["task_files"].items():
        (tmp_path / name).write_text(json.dumps({"Categories": ["Diagnosis"], **document}), encoding="utf-8")
        tasks[name] = read_task(tmp_path / name)
    compared = 0
    for case in golden["cases"]:
        protocol = OfficialCode(
            model_type=case["model_type"],
            adds_bos=case["tokenizer.add_bos_token"],
            bos_token=case["tokenizer.bos_token"],
            original_ins_possibility=case["original_ins_possibility"],
            no_context_possibility=case["no_context_possibility"],
            definitions=definitions,
        )
        built = protocol.build(tasks[case["file"]], NO_POOL, case["seed"])
        for sample, prompt in zip(case["samples"], built, strict=True):
            assert _as_published(prompt, case["model_type"]) == sample["input"], case
            compared += 1
    assert len(golden["cases"]) == 75
    assert compared == 360


def _text(task: Task, spec: str, seed: int = 0) -> str:
    return content(next(get_protocol(f"official-code:{spec}").build(task, NO_POOL, seed)))


ONE = make_task([("  Warm skin. ", "yes")])
SHOT = "Input:\n  Warm skin. \n\nOutput:\nyes\n"


@pytest.mark.parametrize(
    ("model_type", "expected"),
    [
        (
            "MMedLlama 3",
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n"
            f"{SHOT}\n\n{DEFINITION}{HINT}<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n"
            "Input:\n  Warm skin. \nOutput:<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
        ),
        (
            "InternLM 2",
            f"<|im_start|>system\n{SHOT}\n\n{DEFINITION}{HINT}<|im_end|>\n<|im_start|>user\n"
            "Input:\n  Warm skin. \nOutput:\n<|im_end|>\n<|im_start|>assistant\n",
        ),
        ("MMedS-Llama 3", f"{SHOT}\n\n{DEFINITION}{HINT}\nInput:\n  Warm skin. \nOutput:\n"),
        ("Mistral", f"{SHOT}\n\n{DEFINITION}{HINT}\nInput:\n  Warm skin. \nOutput:\n"),
        ("Claude", f"{SHOT}\n\n{DEFINITION}{HINT}\nInput:\n  Warm skin. \nOutput:\n"),
    ],
)
def test_each_model_type_has_its_template(model_type: str, expected: str) -> None:
    assert _text(ONE, f"model_type={model_type}") == expected


def test_a_tokenizer_without_begin_token_gets_it_in_the_text() -> None:
    for model_type, first in (("InternLM 2", "<s><|im_start|>"), ("other", "<s>Input:")):
        prompt = next(get_protocol(f"official-code:adds_bos=no,model_type={model_type}").build(ONE, NO_POOL, 0))
        assert content(prompt).startswith(first)
        assert prompt.text_has_bos
    for model_type in ("Llama 3", "InternLM 2", "other"):
        assert not next(get_protocol(f"official-code:model_type={model_type}").build(ONE, NO_POOL, 0)).text_has_bos


def test_without_context_the_question_stands_alone() -> None:
    assert _text(ONE, "no_context_possibility=1") == f"{DEFINITION}\n  Warm skin. "
    assert _text(replace(ONE, card=Card()), "no_context_possibility=1,model_type=other") == "  Warm skin. "


def test_a_definition_that_was_a_string_sends_one_letter() -> None:
    bent = replace(ONE, card=Card(definition=(DEFINITION,), extra={"definition_was_string": True}))
    assert _text(bent, "no_context_possibility=1") == "S\n  Warm skin. "


def test_one_listed_output_bends_all_others_to_their_first_character() -> None:
    listed = (Instance("a", "q1", ("first", "second"), listed=True), Instance("b", "q2", ("whole",)))
    text = _text(replace(ONE, instances=listed), "")
    assert "Output:\nfirst\n" in text
    assert "Output:\nw\n" in text
    assert "whole" not in text
    empty = (Instance("a", "q1", ("first",), listed=True), Instance("b", "q2", ()))
    assert "Output:\n\n" in _text(replace(ONE, instances=empty), "")


def test_rewritten_definitions_are_drawn_where_the_original_misses() -> None:
    task = fever_task(40)
    protocol = OfficialCode(original_ins_possibility=0.5, definitions={task.id: ["Fever?", "Hot or not?"]})
    seen = [content(prompt) for prompt in protocol.build(task, NO_POOL, 1)]
    for wording in (DEFINITION, "Fever?", "Hot or not?"):
        assert 5 < sum(wording + HINT in text for text in seen) < 35
    unknown = replace(protocol, definitions={"task1": ["Fever?"]})
    assert all(DEFINITION in content(prompt) for prompt in unknown.build(task, NO_POOL, 1))
    assert protocol.digest != unknown.digest
    assert unknown.digest != replace(protocol, definitions={}).digest


def test_the_query_may_be_its_own_shot() -> None:
    prompt = next(get_protocol("official-code").build(ONE, NO_POOL, 0))
    assert len(prompt.shots) == 1
    assert content(prompt).count("Warm skin.") == 2


def test_draws_are_those_of_the_generator_seeded_once_a_file() -> None:
    task = fever_task(9)
    generator = random.Random(23)
    for prompt in get_protocol("official-code").build(task, NO_POOL, 23):
        generator.random(), generator.random()
        drawn = generator.sample([instance.input for instance in task.instances], 3)
        places = [content(prompt).index(question) for question in drawn]
        assert places == sorted(places)


@given(st.lists(pairs, min_size=1, max_size=8), st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_any_order_of_calls_gives_the_same_prompts(
    drawn: list[tuple[str, str]], seed: int, shuffler: random.Random
) -> None:
    task = make_task(drawn)
    protocol = OfficialCode(original_ins_possibility=0.5, no_context_possibility=0.5)
    forward = list(protocol.build(task, NO_POOL, seed))
    positions = list(range(len(drawn)))
    shuffler.shuffle(positions)
    again = dict(zip(positions, protocol.build(task, NO_POOL, seed, positions=positions), strict=True))
    assert [again[position] for position in range(len(drawn))] == forward


def test_texts_keep_their_first_2048_tokens_and_conversations_all() -> None:
    task = make_task([("word " * 3000, "yes")])
    fit = Fit(count_words, 8192, 100)
    for model_type, text_sent in (("Llama 3", True), ("other", True), ("GPT-4", False), ("Mistral", False)):
        protocol = get_protocol(f"official-code:model_type={model_type}")
        whole = next(protocol.build(task, NO_POOL, 0))
        kept = next(protocol.build(task, NO_POOL, 0, fit))
        if text_sent:
            assert content(whole).startswith(content(kept))
            assert count_words(kept) == 2048
            assert kept.cut_characters == len(content(whole)) - len(content(kept))
        else:
            assert kept == whole


def test_a_text_of_exactly_the_limit_is_whole() -> None:
    protocol = get_protocol("official-code:model_type=other")
    whole = next(protocol.build(fever_task(5), NO_POOL, 0))
    exact = replace(protocol, max_prompt_tokens=count_words(whole))
    fit = Fit(count_words, 8192, 100)
    assert next(exact.build(fever_task(5), NO_POOL, 0, fit)) == whole
    shorter = replace(exact, max_prompt_tokens=exact.max_prompt_tokens - 1)
    assert content(next(shorter.build(fever_task(5), NO_POOL, 0, fit))) == content(whole)[:-2]


def test_answer_tokens_follow_the_code() -> None:
    assert get_protocol("official-code").max_new_tokens("MCQA") == 1000
    assert get_protocol("official-code:model_type=Mistral").max_new_tokens("MCQA") == 200
    assert get_protocol("official-code:model_type=Mistral,max_answer_tokens=50").max_new_tokens("MCQA") == 50
