"""Thoughts and answers: nothing is lost, nothing is invented, endless thinking leaves no answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.models._thinking import COMMON, Tags, budget_of, is_opened, split_thinking

TAGS = st.sampled_from([COMMON, ("[THINK]", "[/THINK]"), ("## Thinking", "## Final Response")])
# Pieces of tags make the hard cases likely.
TEXTS = st.lists(st.sampled_from(["<think>", "</think>", "<", "think>", " ", "\n", "## Thinking", "é", "yes"])).map(
    "".join
)


@pytest.mark.parametrize(
    ("text", "opened", "expected"),
    [
        ("<think>\nIt hurts.\n</think>\n\nYes", False, ("\nIt hurts.\n", "Yes", True)),
        ("\n <think>a</think>B", False, ("a", "B", True)),
        ("It hurts.</think>\nYes", False, ("It hurts.", "Yes", True)),
        ("It hurts.</think>\nYes", True, ("It hurts.", "Yes", True)),
        ("<think>It hurts, so", False, ("It hurts, so", "", False)),
        ("It hurts, so", True, ("It hurts, so", "", False)),
        ("Yes", False, ("", "Yes", True)),
        ("  Yes <think> maybe", False, ("", "  Yes <think> maybe", True)),
        ("<think></think>No", False, ("", "No", True)),
        ("<think>a</think>", False, ("a", "", True)),
        ("", False, ("", "", True)),
        ("", True, ("", "", False)),
    ],
)
def test_cases(text: str, opened: bool, expected: tuple[str, str, bool]) -> None:
    assert split_thinking(text, COMMON, opened) == expected


@given(st.text())
def test_without_tags_all_is_answer(text: str) -> None:
    assert split_thinking(text, ()) == ("", text, True)


@given(TAGS, st.text(), st.text(), st.booleans(), st.sampled_from(["", "\n", "  \n"]))
def test_what_is_put_together_is_taken_apart(
    tags: tuple[str, str], thinking: str, answer: str, written: bool, blank: str
) -> None:
    begin, end = tags
    if end in thinking + end[:-1] or begin in thinking or thinking.endswith(tuple(end)):
        return
    text = f"{begin if written else ''}{thinking}{end}{blank}{answer}"
    found, rest, ended = split_thinking(text, tags, opened=not written)
    assert ended
    assert rest == answer.lstrip()
    assert found == (thinking if written else thinking.lstrip())


@given(TEXTS | st.text(), TAGS, st.booleans())
def test_nothing_is_invented_and_only_blanks_and_tags_are_dropped(
    text: str, tags: tuple[str, str], opened: bool
) -> None:
    thinking, answer, ended = split_thinking(text, tags, opened)
    assert thinking in text
    assert answer in text
    assert ended or not answer
    left = text.replace(thinking, "", 1).replace(answer, "", 1) if thinking or answer else text
    for tag in tags:
        left = left.replace(tag, "", 1)
    assert len(left.strip()) <= max(len(text.strip()) - len(thinking.strip()) - len(answer.strip()), 0)


@given(TEXTS, TAGS)
def test_a_text_cut_within_its_thoughts_has_no_answer(text: str, tags: tuple[str, str]) -> None:
    begin, end = tags
    thinking, answer, ended = split_thinking(begin + text, tags)
    assert ended == (end in text)
    if not ended:
        assert (thinking, answer) == (text, "")


@pytest.mark.parametrize(
    ("prompt", "tags", "opened"),
    [("…assistant\n<think>\n", COMMON, True), ("…assistant\n", COMMON, False), ("<think>", (), False)],
)
def test_prompts_that_open_thoughts(prompt: str, tags: Tags, opened: bool) -> None:
    assert is_opened(prompt, tags) == opened


def test_budgets_by_name_and_number() -> None:
    assert budget_of("low") < budget_of("") == budget_of("medium") < budget_of("high")
    assert budget_of("300") == 300
