"""How many samples a task gives: temperature's limits, caps, quotas kept with the least change, whole numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

from medsins.core import UsageError
from medsins.training.mixture import Mixture
from medsins.training.mixture_weights import Quota, Supply, amounts, nearest, whole

LANGUAGES = ("English", "Chinese", "French")
DOMAINS = ("clinic", "papers", "exams")


@st.composite
def supplies(draw: st.DrawFn) -> list[Supply]:
    count = draw(st.integers(1, 12))
    return [
        Supply(
            draw(st.integers(1, 5000)),
            draw(st.sampled_from(LANGUAGES)),
            tuple(draw(st.sets(st.sampled_from(DOMAINS), max_size=2))),
        )
        for _ in range(count)
    ]


def plain(*sizes: int) -> list[Supply]:
    return [Supply(size, "English", ("clinic",)) for size in sizes]


@given(supplies(), st.floats(0.5, 50), st.integers(0, 2000), st.integers(0, 20_000))
def test_weights_sum_to_one_and_samples_to_what_was_asked(
    tasks: list[Supply], temperature: float, cap: int, samples: int
) -> None:
    found = amounts(tasks, Mixture(samples=samples, temperature=temperature, cap=cap))
    counted = [min(task.instances, cap or task.instances) for task in tasks]
    assert found.shares.sum() == pytest.approx(1)
    assert found.samples.sum() == (samples or sum(counted))
    assert np.abs(found.samples - found.shares * found.samples.sum()).max() <= 1
    powers = np.array([size ** (1 / temperature) for size in counted])
    assert found.shares == pytest.approx(powers / powers.sum())


def test_temperature_one_takes_every_instance_once_and_a_high_one_draws_tasks_together() -> None:
    tasks = plain(1000, 10, 90)
    assert amounts(tasks, Mixture()).samples.tolist() == [1000, 10, 90]
    assert amounts(tasks, Mixture(samples=300, temperature=math.inf)).samples.tolist() == [100, 100, 100]
    assert amounts(tasks, Mixture(samples=600, temperature=1e9)).samples.tolist() == [200, 200, 200]
    small = [amounts(tasks, Mixture(samples=1100, temperature=t)).samples[1] for t in (1, 2, 4, 8)]
    assert small == sorted(small)
    assert small[0] == 10


def test_a_cap_bounds_what_counts_not_what_may_be_asked_for() -> None:
    assert amounts(plain(1000, 50), Mixture(cap=100)).samples.tolist() == [100, 50]
    assert amounts(plain(1000, 50), Mixture(cap=50, samples=400)).samples.tolist() == [200, 200]


def slack(tasks: list[Supply], languages: dict[str, float], domains: dict[str, float]) -> float:
    """How much more than all samples the quotas leave room for, by linear programming."""
    marks = [[task.language == name for task in tasks] for name in languages]
    marks += [[name in task.domains for task in tasks] for name in domains]
    solved = linprog(
        -np.ones(len(tasks)), A_ub=np.array(marks, float), b_ub=[*languages.values(), *domains.values()], bounds=(0, 2)
    )
    return float(-solved.fun) - 1


@settings(max_examples=25)
@given(supplies(), st.dictionaries(st.sampled_from(LANGUAGES), st.floats(0, 1)), st.integers(0, 5000), st.data())
def test_quotas_are_kept_or_refused(
    tasks: list[Supply], languages: dict[str, float], samples: int, data: st.DataObject
) -> None:
    there = {task.language for task in tasks}
    held = sorted({domain for task in tasks for domain in task.domains})
    domains = data.draw(st.dictionaries(st.sampled_from(held), st.floats(0, 1))) if held else {}
    languages = {name: most for name, most in languages.items() if name in there}
    try:
        found = amounts(tasks, Mixture(samples=samples, languages=languages, domains=domains, temperature=2))
    except UsageError:
        assert slack(tasks, languages, domains) < 1e-3
        return
    total = samples or int(found.samples.sum())
    for name, most in languages.items():
        of_it = sum(n for task, n in zip(tasks, found.samples, strict=True) if task.language == name)
        assert of_it <= most * total + (1e-6 if samples else 1)
    for name, most in domains.items():
        of_it = sum(n for task, n in zip(tasks, found.samples, strict=True) if name in task.domains)
        assert of_it <= most * total + (1e-6 if samples else 1)
    assert found.shares.sum() == pytest.approx(1, abs=1e-3 * (1 + len(languages) + len(domains)))
    assert found.samples.sum() <= total


def test_a_quota_leaves_some_out_instead_of_repeating_others() -> None:
    tasks = [Supply(900, "English", ()), Supply(80, "French", ()), Supply(20, "French", ())]
    found = amounts(tasks, Mixture(languages={"english": 0.5}))
    assert found.samples.tolist() == [100, 80, 20]
    asked = amounts(tasks, Mixture(samples=1000, languages={"English": 0.5}))
    assert asked.samples.tolist() == [500, 400, 100]


def test_a_quota_of_zero_takes_a_language_out() -> None:
    tasks = [Supply(900, "English", ()), Supply(80, "French", ())]
    assert amounts(tasks, Mixture(languages={"English": 0})).samples.tolist() == [0, 80]


def test_shares_are_the_nearest_that_keep_the_quotas() -> None:
    """Against a general solver: least relative entropy under overlapping quotas."""
    weights = np.array([0.5, 0.2, 0.15, 0.1, 0.05])
    marks = {"a": [1, 1, 0, 0, 0], "b": [0, 1, 1, 0, 0], "c": [1, 0, 0, 1, 0]}
    bounds = {"a": 0.4, "b": 0.3, "c": 0.45}
    quotas = [Quota(name, bounds[name], np.array(mark, bool)) for name, mark in marks.items()]
    found = nearest(weights, quotas)
    constraints: list[dict[str, object]] = [{"type": "eq", "fun": lambda x: x.sum() - 1}]
    constraints += [{"type": "ineq", "fun": lambda x, q=q: q.most - x[q.tasks].sum()} for q in quotas]
    solved = minimize(
        lambda x: float((x * np.log(x / weights)).sum()), np.full(5, 0.2), bounds=[(1e-9, 1)] * 5,
        constraints=constraints, method="SLSQP", options={"ftol": 1e-12, "maxiter": 500},
    )  # fmt: skip
    assert found == pytest.approx(solved.x, abs=1e-4)


def test_tasks_under_the_same_quotas_keep_their_proportions() -> None:
    weights = np.array([0.6, 0.2, 0.15, 0.05])
    found = nearest(weights, [Quota("a", 0.4, np.array([True, True, False, False]))])
    assert found == pytest.approx([0.3, 0.1, 0.45, 0.15])


def test_whole_samples_go_by_largest_remainder_and_never_over_a_quota() -> None:
    shares = np.array([0.34, 0.33, 0.33])
    assert whole(shares, 10, []).tolist() == [4, 3, 3]
    first_two = Quota("q", 0.67, np.array([True, True, False]))
    assert whole(shares, 10, [first_two]).tolist() == [3, 3, 4]
    assert whole(np.array([0.5, 0.5]), 3, [Quota("all", 0.5, np.array([True, True]))]).sum() <= 3


def test_quotas_that_cannot_be_kept_are_named() -> None:
    tasks = [Supply(10, "English", ()), Supply(10, "French", ())]
    with pytest.raises(UsageError, match=r"(?s)English 0\.3.*French 0\.3"):
        amounts(tasks, Mixture(languages={"English": 0.3, "French": 0.3}))
    with pytest.raises(UsageError, match="English 0"):
        amounts(plain(10), Mixture(languages={"English": 0}))


def test_unknown_languages_and_domains_are_all_named_with_suggestions() -> None:
    with pytest.raises(UsageError) as caught:
        amounts(plain(10, 20), Mixture(languages={"Englisch": 0.5}, domains={"clinics": 0.5}))
    assert len(caught.value.problems) == 2
    assert "did you mean English?" in str(caught.value)
    assert "did you mean clinic?" in str(caught.value)
