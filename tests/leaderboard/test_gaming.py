"""Answers that never look at the question, or only repeat it, gain nothing: at most chance + 2 points in ``strict``.

What a cheat may know here is what everybody has: the questions, the train split and the closed tasks' labels. Chance is
what ``scores.json`` says it is: the better of the best constant and of random answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import medsins.bench.suites
from medsins.leaderboard.publication import headline
from medsins.leaderboard.records import Item
from medsins.tasks import read_tasks

from .seeded import mini, scored

MARGIN = 2.0
TRAIN = Path(medsins.bench.suites.__file__).parent / "mini" / "train"
CLOSED = frozenset({"labels", "multilabel"})
"""Scorers of tasks whose answers are of a known, small set."""

TASKS = [task.task_id for task in mini()[0].tasks]
Cheat = Callable[[Item], str]


@cache
def train() -> Mapping[str, tuple[str, ...]]:
    """Task to the answers of its train split."""
    return {task.id: tuple(one.outputs[0] for one in task.instances) for task in read_tasks([TRAIN])}


@cache
def labels() -> Mapping[str, tuple[str, ...]]:
    """Task to all its different answers where there are few, else those of the train split."""
    found: dict[str, dict[str, None]] = {}
    for item in mini()[1]:
        found.setdefault(item.task_id, {})[item.outputs[0]] = None
    closed = {task for task in TASKS if profile_of("train constant")["tasks"][task]["scorer"] in CLOSED}
    return {task: tuple(texts) if task in closed else train()[task] for task, texts in found.items()}


def definition(task_id: str) -> str:
    return next(task.definition for task in mini()[0].tasks if task.task_id == task_id)


def options(item: Item) -> list[str]:
    """The options of a question, each as it stands there: ``A: rest``."""
    found = re.split(r"\t|\n|(?<=\S)\s+(?=[A-H][:：])", item.input)
    return [text for text in found if re.match(r"\s*(\w+:\s*)?[A-H]\s*[:：]", text)]


def crossed(item: Item, form: str) -> str:
    """The letter of the first option with the text of the last: two guesses in one answer."""
    texts = [text.rsplit(": ", 1)[-1].strip() for text in options(item)]
    return form.format("A", texts[-1]) if len(texts) > 1 else item.input


CHEATS: dict[str, Cheat] = {
    "train constant": lambda item: train()[item.task_id][0],
    "another train constant": lambda item: train()[item.task_id][-1],
    "the longest train answer": lambda item: max(train()[item.task_id], key=len),
    "all labels, by commas": lambda item: ", ".join(labels()[item.task_id]),
    "all labels, by lines": lambda item: "\n".join(labels()[item.task_id]),
    "all labels, by or": lambda item: " or ".join(labels()[item.task_id]),
    "all labels, numbered": lambda item: "\n".join(f"{n}. {text}" for n, text in enumerate(labels()[item.task_id], 1)),
    "not one label but another": lambda item: "It is not " + ", it is not ".join(labels()[item.task_id]),
    "the question": lambda item: item.input,
    "the question twice": lambda item: f"{item.input}\n{item.input}",
    "the question, words in another order": lambda item: " ".join(sorted(item.input.split())),
    "the first words, as a list": lambda item: ", ".join(item.input.split()[:7]),
    "task and question": lambda item: f"{definition(item.task_id)}\n{item.input}",
    "all options": lambda item: "\n".join(options(item)) or item.input,
    "all options, as an answer": lambda item: "The right answers are " + ", ".join(options(item)) + ".",
    "letters with other options": lambda item: crossed(item, "{} {}"),
    "letters beside other options": lambda item: crossed(item, "The answer is {}, {}"),
    "all letters": lambda item: "A, B, C, D, E",
    "all letters, run together": lambda item: "ABCDE",
    "letters one by one": lambda item: "The answer is A. The answer is B. The answer is C. The answer is D.",
    "yes and no": lambda item: "Yes and no.",
    "silence": lambda item: "",
    "blanks": lambda item: " \n\t ",
    "a refusal": lambda item: "I am sorry, but I cannot answer this question.",
    "a mark": lambda item: "?",
    "all punctuation": lambda item: ".,;:!?()[]{}<>|/\\\"'",
}


@cache
def profile_of(cheat: str) -> Mapping[str, Any]:
    """The strict scores of a cheat on the whole suite."""
    return document_of(cheat)["profiles"]["strict"]  # type: ignore[no-any-return]


@cache
def document_of(cheat: str) -> Mapping[str, Any]:
    version, items = mini()
    return scored(version, items, [CHEATS[cheat](item) for item in items], resamples=2).document


def chance(task: Mapping[str, Any]) -> float:
    """What needs no model, in percent."""
    primary = task["primary"]
    return max(float(metrics.get(primary, 0.0)) for metrics in task["baselines"].values())


def above(cheat: str, tasks: Sequence[str] = TASKS) -> dict[str, float]:
    """By how much a cheat is above chance, for tasks where that is more than it may be."""
    found = {}
    for name in tasks:
        task = profile_of(cheat)["tasks"][name]
        gain = float(task["metrics"][task["primary"]]) - chance(task)
        if gain > MARGIN:
            found[name] = round(gain, 1)
    return found


def test_every_task_has_a_chance_level() -> None:
    for name, task in profile_of("silence")["tasks"].items():
        assert set(task["baselines"]) == {"majority", "random"}, name
        assert 0 <= chance(task) < 100, name


@pytest.mark.parametrize("cheat", CHEATS)
def test_no_cheat_is_better_than_chance(cheat: str) -> None:
    assert above(cheat) == {}


@pytest.mark.parametrize("cheat", CHEATS)
def test_no_cheat_climbs_the_board(cheat: str) -> None:
    """What models are ranked by: the mean over categories."""
    by_category: dict[str, list[float]] = {}
    for task in profile_of(cheat)["tasks"].values():
        by_category.setdefault(task["category"], []).append(chance(task))
    baseline = sum(sum(values) / len(values) for values in by_category.values()) / len(by_category)
    assert headline(document_of(cheat)) <= baseline + MARGIN


def test_the_cheats_are_what_they_say() -> None:
    """A cheat that does nothing proves nothing."""
    items = {item.task_id: item for item in mini()[1]}
    question = items["mini_mcqa_en"]
    found = options(question)
    assert len(found) >= 4
    assert all(text.split(":")[-1].strip() in question.input for text in found)
    assert len(labels()["mini_nli"]) == 3
    assert len({CHEATS[name](question) for name in CHEATS}) == len(CHEATS)
    assert set(train()) == set(TASKS)


@pytest.mark.parametrize("place", range(8))
def test_no_label_is_better_than_the_best_constant(place: int) -> None:
    """Each label of the closed tasks as the only answer, whatever is asked."""
    version, items = mini()
    texts = {name: found[place % len(found)] for name, found in labels().items()}
    tasks = scored(version, items, [texts[item.task_id] for item in items], 2).document["profiles"]["strict"]["tasks"]
    closed = [task for task in tasks.values() if task["scorer"] in CLOSED]
    assert closed
    for task in closed:
        assert task["metrics"][task["primary"]] <= chance(task) + MARGIN


def test_right_answers_are_far_above_chance() -> None:
    """The bound above is no bound on everybody."""
    version, items = mini()
    perfect = scored(version, items, [item.outputs[0] for item in items], resamples=2).document["profiles"]["strict"]
    for name, task in perfect["tasks"].items():
        value = task["metrics"][task["primary"]]
        assert value == pytest.approx(100.0), name
        assert value > chance(task) + MARGIN, name
