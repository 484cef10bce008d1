"""Chat formats: the exact text of a conversation, and where shots and question stand in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import Message, Prompt, UsageError
from medsins.prompts import FORMATS, mark, render

from .samples import texts

TURNS = Prompt(
    messages=(Message("system", "S"), Message("user", "a "), Message("assistant", "b"), Message("user", "q\n"))
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("messages", "[system]\nS\n[user]\na \n[assistant]\nb\n[user]\nq\n\n"),
        (
            "llama3",
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\na<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\nb<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\nq<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n",
        ),
        (
            "chatml",
            "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\na <|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n"
            "<|im_start|>user\nq\n<|im_end|>\n<|im_start|>assistant\n",
        ),
        (
            "internlm2",
            "<s><|im_start|>system\nS<|im_end|>\n<|im_start|>user\na <|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n"
            "<|im_start|>user\nq\n<|im_end|>\n<|im_start|>assistant\n",
        ),
        (
            "gemma",
            "<bos><start_of_turn>user\nS\n\na<end_of_turn>\n<start_of_turn>model\nb<end_of_turn>\n"
            "<start_of_turn>user\nq<end_of_turn>\n<start_of_turn>model\n",
        ),
        ("plain", "S\n\na \n\nb\n\nq\n"),
        ("mistral", "<s>[INST] S\n\na [/INST] b</s>[INST] q\n[/INST]"),
    ],
)
def test_each_format_frames_turns_in_its_way(name: str, expected: str) -> None:
    assert render(TURNS, name) == expected


def test_mistral_needs_no_system_turn() -> None:
    assert render(Prompt(messages=(Message("user", "q"),)), "mistral") == "<s>[INST] q[/INST]"


@pytest.mark.parametrize("name", [*sorted(FORMATS), "plain"])
def test_a_text_prompt_stays_as_it_is(name: str) -> None:
    assert render(Prompt(text="<s>ready made "), name) == "<s>ready made "


def test_an_unknown_format_is_told_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="did you mean llama3"):
        render(TURNS, "llama")


@given(st.sampled_from(sorted(FORMATS)), st.lists(texts, min_size=1, max_size=4))
def test_every_turn_is_in_the_text_in_order(name: str, bodies: list[str]) -> None:
    prompt = Prompt(messages=tuple(Message("user" if n % 2 == 0 else "assistant", b) for n, b in enumerate(bodies)))
    text = render(prompt, name)
    place = 0
    for body in bodies:
        place = text.index(body.strip(), place) + len(body.strip())


def test_shots_and_question_are_marked() -> None:
    text = "Case1: Input: warm, Output: yes\nHas the patient a fever?\nInput: cold"
    assert mark(text, "warm", "Has the patient a fever?", "cold") == [
        ("plain", "Case1: Input: "),
        ("shot", "warm, Output: yes\n"),
        ("plain", "Has the patient a fever?\nInput: "),
        ("question", "cold"),
    ]
    assert mark("I\nQ", "", "I", "Q") == [("plain", "I\n"), ("question", "Q")]
    assert mark("[system]\nI\n[user]\nshot\n[user]\nQ", "shot", "I", "Q")[1] == ("shot", "shot\n[user]\n")
    assert mark("Q I Q", "Q", "I", "Q") == [("shot", "Q "), ("plain", "I "), ("question", "Q")]
    assert mark("cut away", "shot", "I", "Q") == [("plain", "cut away")]


@given(texts, st.text(max_size=5), st.text(max_size=5), st.text(max_size=5))
def test_marked_parts_are_the_text(text: str, shot: str, instruction: str, question: str) -> None:
    parts = mark(text, shot, instruction, question)
    assert "".join(piece for _, piece in parts) == text
    assert all(piece for _, piece in parts)
    asked = [piece for part, piece in parts if part == "question"]
    assert asked == ([question.strip()] if question.strip() and question.strip() in text else [])
