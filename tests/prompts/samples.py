"""Tasks made for tests of the prompts room, and a token counter simple enough to reason about."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import strategies as st

from medsins.core import Card, Example, Instance, Prompt, Task

DEFINITION = "Say whether the patient has a fever. Answer yes or no."


def make_task(
    pairs: Sequence[tuple[str, str]],
    *,
    name: str = "task900",
    category: str = "Text Classification",
    card: Card | None = None,
) -> Task:
    instances = tuple(Instance(f"{name}-{n}", question, (answer,)) for n, (question, answer) in enumerate(pairs))
    return Task(name, card or Card(definition=(DEFINITION,), categories=(category,)), instances, category)


def fever_task(count: int, *, start: int = 0, name: str = "task900", category: str = "Text Classification") -> Task:
    """Distinct inputs; every third answer is yes."""
    numbers = range(start, start + count)
    visits = [(f"Visit {n}: {36 + n % 5}.{n % 10} degrees.", "no" if n % 3 else "yes") for n in numbers]
    return make_task(visits, name=name, category=category)


def examples_card(count: int) -> Card:
    shown = tuple(Example(f"Sample {n}", f"answer {n}", f"because of {n}") for n in range(count))
    return Card(
        definition=(DEFINITION, "A second wording."), positive_examples=shown, reasoning=("look at the number",)
    )


def count_words(prompt: Prompt) -> int:
    """Words and single other characters, plus three for the frame of every turn."""
    texts = [prompt.text] if prompt.text is not None else [message.content for message in prompt.messages]
    return sum(len(re.findall(r"\w+|[^\w\s]", text)) for text in texts) + 3 * len(texts)


def content(prompt: Prompt) -> str:
    """All that a model reads of a prompt."""
    return prompt.text if prompt.text is not None else "\n".join(message.content for message in prompt.messages)


# Any text that a task file may hold, braces, markup and lone newlines included.
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(lambda text: bool(text.strip()))
pairs = st.tuples(texts, texts)
