"""A slice asks so many questions of every category, the first ones of its tasks in turn, and scores them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import pytest

from medsins.bench.slice import Slice
from medsins.bench.spec import RunSpec
from medsins.bench.suites import load_suite
from medsins.core import Completion, Prompt, Request, UsageError
from medsins.models import ModelInfo

ANSWERS = {(task.id, n): one.reference for task in load_suite("mini").tasks for n, one in enumerate(task.instances)}


class Knowing:
    """A backend that knows the references of some tasks, and hands answers over in reverse order."""

    info: Any = ModelInfo("knowing", "", "", "", 0, "")

    def __init__(self, tasks: Collection[str] | None = None) -> None:
        self.tasks, self.asked = tasks, list[tuple[str, int]]()

    def count_tokens(self, prompt: Prompt) -> int:
        return 10

    def generate(self, requests: Sequence[Request], done: Collection[int]) -> Iterator[list[tuple[int, Completion]]]:
        self.asked += [request.key for request in requests]
        for place in reversed(range(len(requests))):
            key = requests[place].key
            yield [(place, Completion(ANSWERS[key] if self.tasks is None or key[0] in self.tasks else "?"))]


@pytest.mark.parametrize("questions", [1, 4, 7])
def test_every_category_has_as_many_questions(questions: int) -> None:
    slice_ = Slice(RunSpec(model="", suite="mini", protocol="strict:shots=0"), questions)
    backend = Knowing()
    scores = slice_.score(backend)
    kinds = {task.id: task.category for task in load_suite("mini").tasks}
    counts = Counter(kinds[task] for task, _ in backend.asked)
    there = Counter(kinds[task] for task, _ in ANSWERS)
    assert counts == {category: min(questions, there[category]) for category in there}
    assert slice_.total == sum(counts.values())
    assert set(scores) == set(counts)
    for task in kinds:
        asked = [index for name, index in backend.asked if name == task]
        assert asked == list(range(len(asked)))


def test_right_answers_score_high_and_wrong_ones_low() -> None:
    slice_ = Slice(RunSpec(model="", suite="mini", protocol="strict:shots=0"), 4)
    right, wrong = slice_.score(Knowing()), slice_.score(Knowing(tasks=()))
    assert all(right[category] > 90 for category in right), right
    assert all(wrong[category] < 40 for category in wrong), wrong


def test_a_category_is_the_mean_of_its_tasks() -> None:
    slice_ = Slice(RunSpec(model="", suite="mini", protocol="strict:shots=0"), 12)
    kinds = [task.id for task in load_suite("mini").tasks if task.category == "MCQA"]
    half = slice_.score(Knowing(tasks=kinds[: len(kinds) // 2]))["MCQA"]
    whole, none = slice_.score(Knowing())["MCQA"], slice_.score(Knowing(tasks=()))["MCQA"]
    assert half == pytest.approx((whole + none) / 2)


def test_an_unknown_suite_is_an_error_of_the_user() -> None:
    with pytest.raises(UsageError, match="mini"):
        Slice(RunSpec(model="", suite="minl"), 3)
