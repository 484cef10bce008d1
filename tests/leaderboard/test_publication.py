"""The ladder and the private part: what is shown, when, and how little it tells."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.leaderboard.publication import Standing, coarse, decide, headline, ladder_margin, luck, tiers
from medsins.leaderboard.records import Part, Published, Scores, Submission, Version, VersionTask

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def version_of(tasks: dict[str, str]) -> Version:
    made = tuple(VersionTask(name, category, "English", "d", 100, 0) for name, category in tasks.items())
    return Version("ward@1", "Ward", NOW, None, made)


ONE = version_of({"a": "MCQA"})
THREE = version_of({"a": "MCQA", "b": "MCQA", "c": "Diagnosis"})


def scores_of(rights: dict[str, Sequence[float]], version: Version, name: str = "s1", part: Part = "open") -> Scores:
    """Scores with these rows; categories are plain means."""
    tasks = {t: {"primary": "accuracy", "metrics": {"accuracy": 100 * float(np.mean(v))}} for t, v in rights.items()}
    categories: dict[str, Any] = {}
    for task in version.tasks:
        category = categories.setdefault(task.category, {"primary": "accuracy", "rows": 0, "metrics": {}, "tasks": []})
        category["tasks"].append(task.task_id)
        category["rows"] += len(rights[task.task_id])
        means = [tasks[member]["metrics"]["accuracy"] for member in category["tasks"]]
        category["metrics"]["accuracy"] = float(np.mean(means))
    samples = [
        {"row": i, "task_id": task, "profile": "strict", "metrics": {"accuracy": float(value)}}
        for task, values in rights.items()
        for i, value in enumerate(values)
    ]
    profile = {"signature": "sig|nature", "tasks": tasks, "categories": categories}
    document = {"format": 1, "rows": len(samples), "profiles": {"strict": profile, "official": profile}}
    return Scores(name, part, "v", "m", document, tuple(samples))


def submission(name: str, attempt: int) -> Submission:
    return Submission(name, "ward@1", "model", "team", attempt, "csv", "scored", NOW, "f" * 64)


def climb(attempts: Sequence[Scores], version: Version) -> Published:
    standing = Standing()
    for number, scores in enumerate(attempts, 1):
        shown = decide(version, submission(scores.submission, number), scores, standing, number, NOW)
        standing = Standing(shown, scores if shown.submission == scores.submission else standing.scores)
    assert standing.shown is not None
    return standing.shown


def right(count: int, of: int = 100) -> list[float]:
    return [1.0] * count + [0.0] * (of - count)


def test_the_headline_is_the_mean_of_categories() -> None:
    assert headline(scores_of({"a": right(50), "b": right(100), "c": right(25)}, THREE).document) == 50.0
    assert headline({"profiles": {"strict": {"categories": {}}}}) == 0.0


def test_the_first_attempt_is_shown_and_a_much_better_one_takes_its_place() -> None:
    shown = climb([scores_of({"a": right(50)}, ONE, "s1"), scores_of({"a": right(80)}, ONE, "s2")], ONE)
    assert (shown.submission, shown.attempts) == ("s2", 2)
    assert "better" in shown.note


@pytest.mark.parametrize("count", [0, 40, 50, 51, 52, 54])
def test_noise_leaves_what_is_shown_and_counts_the_attempt(count: int) -> None:
    first = scores_of({"a": right(50)}, ONE, "s1")
    shown = climb([first, scores_of({"a": right(count)}, ONE, "s2")], ONE)
    assert (shown.submission, shown.attempts) == ("s1", 2)
    assert shown.document is first.document
    assert "not better" in shown.note


def test_two_right_answers_more_are_noise_however_alike_the_attempts_are() -> None:
    """Their paired error is tiny; a ladder with that alone is climbed two answers at a time."""
    best, new = scores_of({"a": right(150, 300)}, ONE), scores_of({"a": right(152, 300)}, ONE)
    assert ladder_margin(ONE, new, best, 1) == pytest.approx(100 * math.sqrt(0.25 / 299), rel=1e-3)


def test_the_margin_is_the_paired_error_where_that_is_larger() -> None:
    best = scores_of({"a": right(150, 300)}, ONE)
    turned = scores_of({"a": right(150, 300)[::-1]}, ONE)
    assert ladder_margin(ONE, turned, best, 1) == pytest.approx(2 * ladder_margin(ONE, best, best, 1), rel=1e-3)


def test_the_margin_weighs_categories_and_tasks_as_the_headline_does() -> None:
    best = scores_of({"a": right(50), "b": right(50), "c": right(50)}, THREE)
    one = 0.25 / 99
    expected = 100 * math.sqrt(one / 16 + one / 16 + one / 4)
    assert ladder_margin(THREE, best, best, 1) == pytest.approx(expected)


def test_perfect_attempts_still_have_a_margin() -> None:
    best = scores_of({"a": right(100)}, ONE)
    assert ladder_margin(ONE, best, best, 1) == 1.0


@given(st.integers(1, 10_000))
def test_luck_grows_slowly_and_is_never_below_one(attempt: int) -> None:
    assert 1 <= luck(attempt) <= luck(attempt + 1) < 5


def test_a_rescored_submission_is_shown_with_its_new_figures() -> None:
    first, again = scores_of({"a": right(50)}, ONE, "s1"), scores_of({"a": right(40)}, ONE, "s1")
    shown = climb([first], ONE)
    later = decide(ONE, submission("s1", 1), again, Standing(shown, first), 7, NOW)
    assert later.document is again.document
    assert later.attempts == 1


@settings(max_examples=15)
@given(st.randoms(use_true_random=False), st.integers(2, 6))
def test_what_is_shown_never_gets_worse(draw: random.Random, attempts: int) -> None:
    made = [scores_of({"a": [float(draw.random() < 0.5) for _ in range(100)]}, ONE, f"s{i}") for i in range(attempts)]
    values = [headline(climb(made[: i + 1], ONE).document) for i in range(attempts)]
    assert values == sorted(values)


def vote(exact: bool, seed: int, rows: int = 300, tries: int = 700) -> float:
    """The attack on yes/no questions: random attempts, then for each question the majority of those that did well.
    Points gained over guessing.
    """
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 2, rows)
    votes = np.zeros(rows)
    version = version_of({"a": "MCQA"})
    standing, last = Standing(), -1.0
    for number in range(1, tries + 1):
        answers = draw.integers(0, 2, rows)
        hits = (answers == truth).astype(float)
        if exact:
            votes += (2 * answers - 1) * (hits.mean() - 0.5)
            continue
        scores = scores_of({"a": list(hits)}, version, f"s{number}")
        shown = decide(version, submission(f"s{number}", number), scores, standing, number, NOW)
        standing = Standing(shown, scores if shown.submission == f"s{number}" else standing.scores)
        value = headline(shown.document)
        votes += (2 * answers - 1) * (1.0 if value > last >= 0 else -0.001)
        last = value
    return 100 * float(((votes > 0) == truth).mean()) - 50


def test_probing_gains_little_where_exact_scores_tell_all() -> None:
    leaked = [vote(True, seed) for seed in range(5)]
    gained = [vote(False, seed, tries=200) for seed in range(3)]
    assert np.mean(leaked) > 25
    assert np.mean(gained) <= 5


def private(value: int, rows: int = 400, model: str = "m") -> Published:
    scores = scores_of({"a": right(value * rows // 100, rows)}, ONE, model, "private")
    return Published("ward@1", model, model, "private", coarse(scores), NOW, 1)


def test_private_figures_are_whole_percents_without_rows_and_tasks() -> None:
    found = coarse(scores_of({"a": right(51, 99), "b": right(2, 3), "c": right(61, 150)}, THREE, part="private"))
    assert found["profiles"]["strict"]["overall"] == round((100 * (51 / 99 + 2 / 3) / 2 + 100 * 61 / 150) / 2)
    assert found["profiles"]["strict"]["categories"]["Diagnosis"]["metrics"] == {"accuracy": 41.0}
    assert found["profiles"]["strict"]["categories"]["MCQA"]["metrics"] == {"accuracy": 59.0}
    assert found["profiles"]["strict"]["tasks"] == {}
    assert found["profiles"]["strict"]["signature"] == "sig|nature"
    assert "ci95" not in str(found)


def test_categories_of_few_private_rows_are_not_told() -> None:
    found = coarse(scores_of({"a": right(51, 99), "b": right(1, 1), "c": right(9, 20)}, THREE, part="private"))
    assert list(found["profiles"]["strict"]["categories"]) == ["MCQA"]


def test_tiers_hold_what_chance_could_have_turned_round() -> None:
    shown = [private(value, model=f"m{value}") for value in (80, 79, 76, 74, 50, 49)]
    assert tiers(shown) == {"m80": 1, "m79": 1, "m76": 1, "m74": 2, "m50": 3, "m49": 3}
    assert tiers([]) == {}


@given(st.lists(st.integers(0, 100), min_size=1, max_size=12, unique=True))
def test_tiers_follow_the_scores(values: list[int]) -> None:
    found = tiers([private(value, model=f"m{value}") for value in values])
    ordered = [found[f"m{value}"] for value in sorted(values, reverse=True)]
    assert ordered == sorted(ordered)
    assert ordered[0] == 1
    assert set(ordered) == set(range(1, max(ordered) + 1))
