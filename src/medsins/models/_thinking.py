"""What a reasoning model wrote before its answer, told apart from the answer."""

from __future__ import annotations

from medsins.core import Problem, UsageError

Tags = tuple[str, str] | tuple[()]
"""What opens and closes thoughts in a model's text; empty: it writes none."""

COMMON: tuple[str, str] = ("<think>", "</think>")
BUDGETS = {"low": 1024, "medium": 4096, "high": 16384}
"""Tokens of thinking by name, where a model is given a number of tokens."""


def split_thinking(text: str, tags: Tags, opened: bool = False) -> tuple[str, str, bool]:
    """A model's text as (thinking, answer, whether the thinking ended).

    Thoughts stand at the beginning only. Some templates write the opening tag into the prompt: the text then begins
    within the thoughts, which ``opened`` says, and which a closing tag without an opening one shows. Thinking that
    never ended leaves no answer. Blank space between thoughts and answer belongs to neither.
    """
    if not tags:
        return "", text, True
    begin, end = tags
    head = text.lstrip()
    if head.startswith(begin):
        head, opened = head[len(begin) :], True
    thinking, found, answer = head.partition(end)
    if found:
        return thinking, answer.lstrip(), True
    return (thinking, "", False) if opened else ("", text, True)


def is_opened(prompt: str, tags: Tags) -> bool:
    """Whether a rendered prompt ends with an opening tag."""
    if not tags:
        return False
    return prompt.rstrip().endswith(tags[0])


def budget_of(reasoning: str) -> int:
    """Tokens of thinking for a choice of ``BackendOptions.reasoning``; ``medium`` where none was made.

    Raises:
        UsageError: neither a known name nor a number.
    """
    if reasoning.isdecimal():
        return int(reasoning)
    if (reasoning or "medium") not in BUDGETS:
        mend = f"choose {', '.join(BUDGETS)}, or a number of tokens"
        raise UsageError(Problem(f"'{reasoning}' is no budget for thinking", mend=mend))
    return BUDGETS[reasoning or "medium"]
