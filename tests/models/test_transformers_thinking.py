"""Thoughts of a local model: told apart, given a budget, and never scored as an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
from medsins.core import Message, Prompt, UsageError
from medsins.models._base import BackendOptions
from medsins.models._local_chat import Chat
from medsins.models._presets import Preset
from medsins.models.transformers import TransformersBackend, open_backend

from .tiny import CHAT, answers, ask, build, talk, tokenizer

THINKING_CHAT = CHAT + "{% if m is defined and '</think>' in m %}{% endif %}"
TEXT = "The patient was given metformin."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("thinks") / "tiny", template=THINKING_CHAT)


def opened(folder: Path, reasoning: str = "") -> TransformersBackend:
    """The model, which is made to speak in letters."""
    backend = open_backend(str(folder), BackendOptions(precision="float32", reasoning=reasoning))
    letters = backend.chat.encode_answer("abcdefghijklmnopqrstuvwxyz ")
    weights = backend.model.lm_head.weight.data
    weights[[i for i in range(len(weights)) if i not in letters]] = 0
    return backend


@pytest.fixture
def backend(folder: Path) -> TransformersBackend:
    return opened(folder, "40")


@pytest.fixture(scope="module")
def said(folder: Path) -> str:
    """What the model says to the text when nothing counts as thinking."""
    plain = opened(folder)
    plain.chat.tags = ()
    plain.budget = 0
    text = str(answers(plain, ask(TEXT, new=60))[0].text)
    assert len(text) >= 50
    return text


def test_a_template_that_knows_thoughts_gives_tags_and_a_budget(backend: TransformersBackend) -> None:
    assert backend.chat.tags == ("<think>", "</think>")
    assert "thinking up to 40 tokens" in backend.info.engine


def test_thoughts_in_the_text_are_told_apart(backend: TransformersBackend, said: str) -> None:
    backend.chat.tags = (said[:2], said[20:23])
    found = answers(backend, ask(TEXT, new=10))[0]
    end = said.index(said[20:23], 2)
    assert found.thinking == said[2:end]
    assert found.text == said[end + 3 :].lstrip()[: len(found.text)]
    assert found.status == "truncated"
    assert 0 < found.thinking_tokens < found.completion_tokens <= found.thinking_tokens + 10


def test_thinking_that_never_ends_is_truncated_and_leaves_no_answer(backend: TransformersBackend, said: str) -> None:
    backend.chat.tags = (said[:2], "never said by it")
    found = answers(backend, ask(TEXT, new=10))[0]
    assert (found.text, found.status) == ("", "truncated")
    assert found.completion_tokens == found.thinking_tokens == 40
    assert found.thinking == said[2 : 2 + len(found.thinking)]


def test_an_answer_without_thoughts_gets_no_more_tokens_than_it_may_have(
    backend: TransformersBackend, said: str
) -> None:
    backend.chat.tags = ("<think>", "</think>")
    found = answers(backend, ask(TEXT, new=10))[0]
    assert (found.thinking, found.thinking_tokens, found.completion_tokens) == ("", 0, 10)
    assert said.startswith(found.text)


def test_stop_strings_count_in_the_answer_only(backend: TransformersBackend, said: str) -> None:
    backend.chat.tags = (said[:2], said[20:23])
    end = said.index(said[20:23], 2) + 3
    stop = said[4:6]
    found = answers(backend, ask(TEXT, new=20, stop=(stop,)))[0]
    assert stop in found.thinking
    assert stop not in found.text
    assert said[end:].lstrip().startswith(found.text)


def test_a_prompt_may_open_the_thoughts(folder: Path, said: str) -> None:
    backend = opened(folder, "12")
    backend.chat.tags = (TEXT[-5:], "never said by it")
    found = answers(backend, ask(TEXT, new=10))[0]
    assert (found.text, found.status, found.thinking_tokens) == ("", "truncated", 12)
    assert said.startswith(found.thinking)


def test_a_budget_that_is_none_is_explained(folder: Path) -> None:
    with pytest.raises(UsageError, match="low, medium, high"):
        open_backend(str(folder), BackendOptions(reasoning="much"))


def test_special_tokens_that_mark_thoughts_are_kept() -> None:
    words = tokenizer()
    words.add_special_tokens({"additional_special_tokens": ["[THINK]", "[/THINK]"]})
    ids = words("[THINK]so[/THINK]yes</s>", add_special_tokens=False)["input_ids"]
    assert Chat(words).decode(ids) == "soyes"
    assert Chat(words, Preset(thinks=True, tags=("[THINK]", "[/THINK]"))).decode(ids) == "[THINK]so[/THINK]yes"


def test_a_preset_frames_turns_where_the_tokenizer_has_its_marks() -> None:
    words, preset = tokenizer(None), Preset(chat_format="chatml")
    assert Chat(words, preset).format == "plain"
    words.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    chat = Chat(words, preset)
    assert chat.format == "chatml"
    assert chat.render(talk("Which?")) == "<|im_start|>user\nWhich?<|im_end|>\n<|im_start|>assistant\n"
    assert chat.encode(talk("Which?"))[0] == words.convert_tokens_to_ids("<|im_start|>")


def test_stop_strings_of_a_preset_end_answers_and_are_named(folder: Path, said: str) -> None:
    backend = opened(folder)
    words = backend.chat.tokenizer
    backend.chat = Chat(words, Preset(stop=(said[6:8],)))
    found = answers(backend, ask(TEXT, new=60))[0]
    assert found.text == said.split(said[6:8], 1)[0]
    assert "stop:" in backend.chat.format
    assert Chat(words).format != backend.chat.format


def test_plain_is_what_a_base_model_reads() -> None:
    chat = Chat(tokenizer(None), Preset(chat_format="plain"))
    assert chat.render(Prompt(messages=(Message("user", "Which?"),))) == "Which?\n"
