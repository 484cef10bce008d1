"""Where shots and question stand in a rendered prompt."""

from __future__ import annotations

from typing import Literal

Part = Literal["plain", "shot", "question"]


def mark(text: str, first_shot: str, instruction: str, question: str) -> list[tuple[Part, str]]:
    """Cut a rendered prompt into parts that together are the text: shots, question, and what is neither.

    ``first_shot`` is the input of the shot that comes first (empty: no shots); the shots reach to the instruction
    where it follows them, else to the question. What is not found in the text, because it was cut, is not marked.
    """
    needle = question.strip()
    asked = text.rfind(needle) if needle else -1
    end = asked if asked >= 0 else len(text)
    start = text.find(first_shot.strip(), 0, end) if first_shot.strip() else -1
    start = end if start < 0 else start
    told = text.rfind(instruction.strip(), start, end) if instruction.strip() else -1
    stop = told if told >= 0 else end
    question_end = end + len(needle) if asked >= 0 else end
    parts: list[tuple[Part, str]] = [
        ("plain", text[:start]),
        ("shot", text[start:stop]),
        ("plain", text[stop:end]),
        ("question", text[end:question_end]),
        ("plain", text[question_end:]),
    ]
    return [(part, piece) for part, piece in parts if piece]
