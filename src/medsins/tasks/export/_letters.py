"""Multiple choice for other tools: the letter of the right option, where every reference has exactly one."""

from __future__ import annotations

import re

from medsins.core import Task

# The letter an answer begins with, or the one it says is the answer.
ANSWER_LETTER = r"(?i:answer\W+(?:is\W+|option\W+)*)\(?([A-J])\b|^\W*([A-J])\b(?!['’ ]\w)"

_REFERENCE_LETTER = re.compile(r"(?:^|[\s(])([A-J])\s*[:.)](?=\s|$)|^\s*([A-J])\s*$")


def letters_of(task: Task) -> list[str] | None:
    """The letter of every instance's reference; None unless it is multiple choice with one letter each."""
    if task.category != "MCQA":
        return None
    found = [_letter(instance.reference) for instance in task.instances]
    return found if all(found) else None


def _letter(reference: str) -> str:
    letters = {first or second for first, second in _REFERENCE_LETTER.findall(reference)}
    return letters.pop() if len(letters) == 1 else ""
