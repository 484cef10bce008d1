"""Prompts as the model reads them: template, system role, begin-of-text token."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("torch")
from hypothesis import given
from hypothesis import strategies as st
from tokenizers.processors import TemplateProcessing

from medsins.core import Message, Prompt
from medsins.core.chat import merge_system
from medsins.models._local_chat import Chat

from .tiny import CHAT, NO_SYSTEM, talk, tokenizer

BOS, EOS = 1, 2


def adding_chat(template: str | None = CHAT) -> Chat:
    """A tokenizer that puts <s> in front of and </s> behind whatever it encodes."""
    words = tokenizer(template)
    words.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", BOS), ("</s>", EOS)]
    )
    return Chat(words)


def test_messages_take_the_models_template() -> None:
    chat = Chat(tokenizer())
    assert chat.render(talk("Which drug?", "Be short.")) == (
        "<s><turn>system\nBe short.</s><turn>user\nWhich drug?</s><turn>assistant\n"
    )
    assert chat.format.startswith("template:")


def test_a_template_without_system_role_gets_it_in_the_first_user_turn() -> None:
    chat = Chat(tokenizer(NO_SYSTEM))
    assert not chat.takes_system
    assert chat.render(talk("Which drug?", "Be short.")) == (
        "<s><turn>user\nBe short.\n\nWhich drug?</s><turn>assistant\n"
    )


def test_a_template_that_drops_the_system_text_counts_as_without() -> None:
    silent = "{% for m in messages if m['role'] != 'system' %}{{ m['content'] }}{% endfor %}"
    assert Chat(tokenizer(silent)).render(talk("Which drug?", "Be short.")) == "Be short.\n\nWhich drug?"


def test_without_a_template_the_plain_format_is_used() -> None:
    chat = Chat(tokenizer(None))
    assert chat.format == "plain"
    assert chat.render(talk("Input:\nx\nOutput:\n", "Be short.")) == "Be short.\n\nInput:\nx\nOutput:\n"
    assert chat.render(talk("Which drug?")) == "Which drug?\n"


def test_the_format_names_the_template() -> None:
    assert Chat(tokenizer(CHAT)).format != Chat(tokenizer(NO_SYSTEM)).format


@pytest.mark.parametrize("chat", [Chat(tokenizer()), adding_chat(), adding_chat(None)], ids=["bare", "adding", "plain"])
@pytest.mark.parametrize(
    "prompt",
    [
        talk("Which drug?"),
        Prompt(text="Which drug?"),
        Prompt(text="<s>Which drug?", text_has_bos=True),
        Prompt(text="<s>Which drug?"),
        Prompt(text="<s><s>Which drug?", text_has_bos=True),
    ],
    ids=["messages", "text", "text with", "text with, unsaid", "text with two"],
)
def test_the_begin_token_is_never_there_twice(chat: Chat, prompt: Prompt) -> None:
    ids = chat.encode(prompt).tolist()
    assert ids.count(BOS) <= 1
    assert BOS not in ids[1:]
    assert ids[-1] != EOS


def test_a_raw_text_gets_the_begin_token_its_tokenizer_adds() -> None:
    raw = Prompt(text="Which drug?")
    assert adding_chat().encode(raw)[0] == BOS
    assert Chat(tokenizer()).encode(raw)[0] != BOS
    assert adding_chat().encode(replace(raw, text_has_bos=True))[0] != BOS


def test_a_template_that_prints_the_date_gives_one_prompt_for_ever() -> None:
    dated = Chat(tokenizer("{{ strftime_now('%d %b %Y') }}: {{ messages[-1]['content'] }}"))
    assert dated.render(talk("Which drug?")) == "26 Jul 2024: Which drug?"


@given(st.text(max_size=30))
def test_any_text_survives_encoding_and_decoding(text: str) -> None:
    chat = Chat(tokenizer())
    back = chat.decode(chat.encode(Prompt(text=text, text_has_bos=True)).tolist())
    readable = text.encode("utf-8", "replace").decode()
    assert back == readable or any(mark in text for mark in ("<pad>", "<s>", "</s>", "<turn>"))


def test_half_a_surrogate_pair_is_encoded() -> None:
    assert len(Chat(tokenizer()).encode(Prompt(text="a\ud83db"))) == 3


turns = st.lists(st.sampled_from(["system", "user", "assistant"]), max_size=6)


@given(turns)
def test_merging_keeps_every_text_and_leaves_no_system_turn(roles: list[str]) -> None:
    messages = tuple(Message(role, f"text{i}.") for i, role in enumerate(roles))  # type: ignore[arg-type]
    merged = merge_system(messages)
    assert not any(message.role == "system" for message in merged)
    whole = " ".join(message.content for message in merged)
    assert all(message.content in whole for message in messages)
    assert len(merged) <= len(messages)
