"""The mock backend keeps the contract every backend has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import Message, Prompt, Request, Sampling, UsageError
from medsins.models import BackendOptions, open_backend
from medsins.models.mock import BEHAVIOURS, MockBackend

texts = st.text(max_size=30)
prompts = st.builds(Prompt, text=texts) | st.lists(
    st.builds(Message, st.sampled_from(["system", "user", "assistant"]), texts), min_size=1, max_size=4
).map(lambda messages: Prompt(messages=tuple(messages)))


def requests(*asked: Prompt) -> list[Request]:
    return [Request(("task900", index), prompt, Sampling()) for index, prompt in enumerate(asked)]


@given(st.lists(prompts, max_size=6), st.sets(st.integers(0, 6)), st.sampled_from(["echo", "empty", "error", "say=x"]))
def test_every_request_not_done_is_answered_once_in_order(asked: list[Prompt], done: set[int], behaviour: str) -> None:
    backend = open_backend(f"mock:{behaviour}")
    groups = list(backend.generate(requests(*asked), done))
    positions = [position for group in groups for position, _ in group]
    assert positions == [position for position in range(len(asked)) if position not in done]
    for group in groups:
        for position, completion in group:
            assert completion.prompt_tokens == backend.count_tokens(asked[position])
            assert completion.completion_tokens == len(completion.text.split())
            assert (completion.status == "error") == bool(completion.error) == (behaviour == "error")
    backend.close()


@given(prompts)
def test_echo_repeats_the_query_alone(prompt: Prompt) -> None:
    ((_, completion),) = next(iter(open_backend("mock:echo").generate(requests(prompt), ())))
    assert completion.text == (prompt.messages[-1].content if prompt.messages else prompt.text)
    assert completion.status == "ok"


@given(texts)
def test_it_says_what_it_is_told(text: str) -> None:
    ((_, completion),) = next(iter(MockBackend(f"say={text}", BackendOptions()).generate(requests(Prompt()), ())))
    assert completion.text == text


def test_turns_are_rendered_with_their_roles_and_text_as_it_is() -> None:
    backend = open_backend("mock:empty")
    turns = (Message("system", "Be brief."), Message("user", "Why?"))
    assert backend.render(Prompt(messages=turns)) == "[system]\nBe brief.\n\n[user]\nWhy?"
    assert backend.count_tokens(Prompt(messages=turns)) == 5
    assert backend.render(Prompt(messages=turns, text="raw")) == "raw"
    assert backend.render(Prompt(text="")) == ""


@given(st.integers(1, 12), st.integers(0, 12))
def test_a_prompt_larger_than_the_window_is_an_error_of_its_own(window: int, words: int) -> None:
    backend = open_backend("mock:echo", BackendOptions(window=window))
    prompt = Prompt(text=" ".join(["word"] * words))
    ((_, completion),) = next(iter(backend.generate(requests(prompt), ())))
    assert (completion.status == "error") == (words > window)
    if words > window:
        assert completion.error == f"prompt has {words} tokens, window is {window}"
        assert completion.text == ""
    assert backend.info.window == window


def test_models_of_different_behaviour_are_different_models() -> None:
    infos = [open_backend(f"mock:{name}").info for name in ("echo", "empty", "error", "say=a", "say=b")]
    assert len({info.name for info in infos}) == 5
    assert {(info.engine, info.remote, info.endpoint) for info in infos} == {("mock", False, "")}


@pytest.mark.parametrize("name", ["ecko", "say", "Echo", "echo "])
def test_an_unknown_behaviour_is_wrong_usage(name: str) -> None:
    with pytest.raises(UsageError, match="unknown mock behaviour") as caught:
        open_backend(f"mock:{name}")
    assert all(known in str(caught.value) for known in BEHAVIOURS)
