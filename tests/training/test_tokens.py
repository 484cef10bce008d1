"""Samples as tokens: the evaluation's prompt, loss on the answer, the question never cut."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import Prompt, UsageError
from medsins.training.records import Sample
from medsins.training.tokens import Tokens, messages

from .words import WordTokenizer

SHOTS = tuple((f"far example {i} of a note", f"answer {i}") for i in range(3))


def ids_of(text: str) -> list[int]:
    return WordTokenizer()(text, add_special_tokens=False)["input_ids"]


def ends_with(ids: list[int], text: str) -> bool:
    wanted = [*ids_of(text), 2, *ids_of("assistant: ")]
    return ids[-len(wanted) :] == wanted


def test_the_answer_ends_the_turn_and_alone_bears_loss() -> None:
    found = Tokens(WordTokenizer(), 100).sample(Sample("t", "1", "Name the drug.", "He took aspirin.", "aspirin"))
    assert found is not None
    assert found.answer.tolist() == [*ids_of("aspirin"), 2]
    assert ends_with(found.prompt.tolist(), "He took aspirin.")
    assert found.prompt.tolist().count(1) == 1


def test_without_room_whole_shots_go_first_the_farthest_before_the_others() -> None:
    sample = Sample("t", "1", "Name it.", "the question at last", "yes", SHOTS)
    whole = Tokens(WordTokenizer(), 1000).sample(sample)
    assert whole is not None
    tight = Tokens(WordTokenizer(), len(whole) - 1).sample(sample)
    assert tight is not None
    assert (tight.dropped_shots, tight.cut_characters) == (1, 0)
    kept = tight.prompt.tolist()
    for number, there in ((0, False), (1, True), (2, True)):
        shot = ids_of(f"answer {number}")
        assert any(kept[i : i + len(shot)] == shot for i in range(len(kept))) is there


@given(st.integers(20, 400), st.integers(0, 300))
def test_a_long_context_is_cut_from_the_left_and_the_question_stays(window: int, words: int) -> None:
    question = "Does the patient described above have any allergy to penicillin at all ?"
    text = " ".join(f"w{i}" for i in range(words)) + " " + question
    found = Tokens(WordTokenizer(), window).sample(Sample("t", "1", "Answer.", text, "no", SHOTS))
    if found is None:
        assert window < 45
        return
    assert len(found) <= window
    assert ends_with(found.prompt.tolist(), "any allergy to penicillin at all ?")
    if found.cut_characters:
        assert found.dropped_shots == len(SHOTS)
        # One character more would not have fitted.
        more = Sample("t", "1", "Answer.", text[found.cut_characters - 1 :], "no")
        assert len(Tokens(WordTokenizer(), 10_000).prompt(more)) + len(found.answer) >= len(found)


def test_an_answer_longer_than_the_window_is_left_out() -> None:
    assert Tokens(WordTokenizer(), 20).sample(Sample("t", "1", "i", "q", "word " * 30)) is None


def test_a_template_without_system_role_gets_the_instruction_in_the_first_turn() -> None:
    text = Tokens(WordTokenizer(system=False), 100).render(messages(Sample("t", "1", "Do it.", "x", "y")))
    assert text.startswith("<|begin|>user: Do it.\n\nx<|end|>")


def test_a_tokenizer_that_cannot_end_an_answer_is_refused() -> None:
    class Endless(WordTokenizer):
        chat_template = ""
        eos_token = ""

    with pytest.raises(UsageError, match="no token that ends an answer"):
        Tokens(Endless(), 10)


def test_without_template_the_plain_format() -> None:
    class Plain(WordTokenizer):
        chat_template = ""

    found = Tokens(Plain(), 100)
    assert found.render(messages(Sample("t", "1", "Do it.", "x", "y"))) == "Do it.\n\nx\n"
    assert found.prompt(Sample("t", "1", "Do it.", "x", "y"))[0] == 1


@pytest.mark.parametrize("shots", [(), SHOTS])
def test_prompts_are_those_of_an_evaluation(smollm2_folder: Any, shots: tuple[tuple[str, str], ...]) -> None:
    transformers = pytest.importorskip("transformers")
    from medsins.models._local_chat import Chat

    tokenizer = transformers.AutoTokenizer.from_pretrained(smollm2_folder)
    sample = Sample("t", "1", "Name the drug.", "He took aspirin – 100 µg.\n", "aspirin", shots)
    found = Tokens(tokenizer, 2048).sample(sample)
    assert found is not None
    assert found.prompt.tolist() == Chat(tokenizer).encode(Prompt(messages=messages(sample))).tolist()
    assert tokenizer.decode(found.answer.tolist()) == "aspirin<|im_end|>"
