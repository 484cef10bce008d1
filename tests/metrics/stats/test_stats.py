"""Statistics: measures against scikit-learn, bootstrap against drawing rows one by one, tests against exact ones."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.metrics.stats import (
    Array,
    RowTable,
    average,
    bootstrap,
    generator,
    holm,
    interval,
    intervals,
    mcnemar,
    means,
    micro_f1,
    multi_label,
    p_value,
    paired_bootstrap,
    permutation_test,
    permuted,
    ratio,
    single_label,
    smallest_detectable,
)


def binary(marks: list[float] | Array) -> RowTable:
    marks = np.asarray(marks, dtype=float)
    return RowTable(np.column_stack([marks, np.ones(len(marks))]), means(("accuracy",)))


def rng(*names: str) -> np.random.Generator:
    return generator("test", *names)


def one_hot(classes: list[int], k: int) -> Array:
    return np.eye(k)[classes]


def test_ratio_has_a_value_for_nothing() -> None:
    assert ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0])).tolist() == [0.5, 0.0]
    assert math.isnan(ratio(np.array([0.0]), np.array([0.0]), np.nan)[0])


def test_means_of_no_row_are_undefined() -> None:
    assert math.isnan(RowTable(np.zeros((0, 2)), means(("accuracy",))).point()["accuracy"])


def test_micro_f1_of_sums() -> None:
    table = RowTable(np.array([[2.0, 1, 0, 1], [0, 0, 3, 1]]), micro_f1)
    assert table.point() == pytest.approx({"precision": 2 / 3, "recall": 2 / 5, "f1": 4 / 8})
    assert RowTable(np.array([[0.0, 0, 0, 1]]), micro_f1).point()["f1"] == 1.0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_single_label_agrees_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    from sklearn import metrics

    gold, found = [g for g, _ in pairs], [f for _, f in pairs]
    hits = one_hot(found, 4) * one_hot(gold, 4)
    values = np.hstack([hits, one_hot(found, 4), one_hot(gold, 4), np.ones((len(pairs), 1))])
    point = RowTable(values, single_label(4)).point()
    present = sorted(set(gold))
    assert point["accuracy"] == pytest.approx(metrics.accuracy_score(gold, found))
    assert point["mcc"] == pytest.approx(metrics.matthews_corrcoef(gold, found))
    f1 = metrics.f1_score(gold, found, labels=present, average="macro", zero_division=0)
    assert point["macro_f1"] == pytest.approx(f1)
    recall = metrics.recall_score(gold, found, labels=present, average="macro", zero_division=0)
    assert point["balanced_accuracy"] == pytest.approx(recall)


def test_answered_figures_leave_unanswered_rows_out() -> None:
    table = binary([1, 0, 1, 0]).with_answered([True, False, True, True], "accuracy")
    assert table.point() == pytest.approx({"accuracy": 0.5, "accuracy_answered": 2 / 3})
    assert math.isnan(binary([0.0, 0.0]).with_answered([False, False], "accuracy").point()["accuracy_answered"])


def naive(values: Array, resamples: int) -> Array:
    draw = np.random.default_rng(5)
    return np.array([values[draw.integers(0, len(values), len(values))].mean() for _ in range(resamples)])


@pytest.mark.parametrize("kind", ["few distinct rows", "all rows distinct"])
def test_bootstrap_has_the_distribution_of_drawing_rows_one_by_one(kind: str) -> None:
    source = np.random.default_rng(1)
    marks = source.integers(0, 2, 80).astype(float) if kind.startswith("few") else source.random(80)
    ours = bootstrap(binary(marks), 20_000, rng(kind))["accuracy"]
    theirs = naive(marks, 20_000)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.002)
    assert ours.std() == pytest.approx(theirs.std(), rel=0.03)
    assert np.percentile(ours, [2.5, 97.5]) == pytest.approx(np.percentile(theirs, [2.5, 97.5]), abs=0.012)


def test_resampled_f1_is_f1_of_resampled_rows_not_a_mean_of_f1() -> None:
    values = np.array([[9.0, 0, 0, 1], [0, 1, 9, 1]])
    drawn = bootstrap(RowTable(values, micro_f1), 4000, rng("f1"))["f1"]
    possible = {1.0, 0.0, 18 / 28}
    assert {round(value, 9) for value in drawn.tolist()} == {round(value, 9) for value in possible}


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    draw, covered = np.random.default_rng(2), 0
    for trial in range(300):
        low, high = interval(bootstrap(binary(draw.random(120) < 0.7), 400, rng(str(trial)))["accuracy"]) or (0, 0)
        covered += low <= 0.7 <= high
    assert 0.90 <= covered / 300 <= 0.985


def test_numbers_depend_on_names_not_on_order_of_calls() -> None:
    table = binary(np.random.default_rng(3).random(50))
    first = bootstrap(table, 200, generator("strict", "task1"))["accuracy"]
    generator("strict", "task2").random(10)
    assert np.array_equal(first, bootstrap(table, 200, generator("strict", "task1"))["accuracy"])
    assert not np.array_equal(first, bootstrap(table, 200, generator("strict", "task2"))["accuracy"])


def test_averages_keep_strata_apart() -> None:
    a = bootstrap(binary([1.0] * 40), 300, rng("a"))["accuracy"]
    b = bootstrap(binary([1, 0] * 30), 300, rng("b"))["accuracy"]
    mean = average([a, b])
    assert mean.std() == pytest.approx(b.std() / 2)
    assert interval(np.array([np.nan])) is None
    assert set(intervals({"x": a, "y": np.full(3, np.nan)})) == {"x"}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_mcnemar_is_the_exact_binomial_test(pairs: list[tuple[bool, bool]]) -> None:
    from scipy.stats import binomtest

    only_a, only_b = sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)
    expected = binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    assert mcnemar(only_a, only_b) == pytest.approx(expected, abs=1e-12)


def test_permutation_test_tries_every_swap_of_a_small_sample() -> None:
    a, b = np.array([0.1, 0.5, 0.3, 0.9, 0.2]), np.array([0.4, 0.5, 0.9, 0.7, 0.6])
    gaps = b - a
    means_of = [abs(np.mean(gaps * signs)) for signs in itertools.product([1, -1], repeat=5)]
    expected = np.mean([value >= abs(gaps.mean()) - 1e-12 for value in means_of])
    assert permutation_test(binary(a), binary(b), "accuracy", rng("exact")) == pytest.approx(expected)


def test_permutation_test_on_right_and_wrong_agrees_with_mcnemar() -> None:
    a = np.array([1.0] * 30 + [0.0] * 12 + [1.0] * 4 + [0.0] * 20)
    b = np.array([1.0] * 30 + [1.0] * 12 + [0.0] * 4 + [0.0] * 20)
    found = permutation_test(binary(a), binary(b), "accuracy", rng("flip"), draws=40_000)
    assert found == pytest.approx(mcnemar(4, 12), abs=0.01)


def test_equal_models_never_differ() -> None:
    table = binary([1, 0, 1, 1])
    assert permutation_test(table, table, "accuracy", rng("same")) == 1.0
    assert set(paired_bootstrap(table, table, "accuracy", 50, rng("same"))) == {0.0}
    assert p_value(permuted(table, table, "accuracy", rng("same"), 50), 0.0) == 1.0


def test_pairing_narrows_the_interval() -> None:
    draw = np.random.default_rng(4)
    a = (draw.random(300) < 0.6).astype(float)
    b = a.copy()
    b[:6] = 1 - b[:6]
    paired = paired_bootstrap(binary(a), binary(b), "accuracy", 2000, rng("paired"))
    apart = bootstrap(binary(b), 2000, rng("b"))["accuracy"] - bootstrap(binary(a), 2000, rng("a"))["accuracy"]
    assert paired.std() < apart.std() / 3


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_holm_raises_keeps_order_and_never_beats_bonferroni(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    assert all(a >= p for a, p in zip(adjusted, p_values, strict=True))
    assert all(adjusted[i] <= adjusted[j] for i, j in itertools.pairwise(order))
    assert all(a <= min(1.0, len(p_values) * p) + 1e-12 for a, p in zip(adjusted, p_values, strict=True))


def test_holm_example() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_detectable_difference_shrinks_with_the_square_root_of_rows() -> None:
    draw = np.random.default_rng(6)
    found = []
    for rows in (200, 3200):
        a, b = (binary((draw.random(rows) < 0.5).astype(float)) for _ in range(2))
        found.append(smallest_detectable(paired_bootstrap(a, b, "accuracy", 1000, rng(str(rows))), rows))
    assert found[0] / found[1] == pytest.approx(4, rel=0.25)
    assert smallest_detectable(np.zeros(10), 50) == pytest.approx(2.8016 / 50, rel=1e-3)


def test_multi_label_leaves_labels_out_that_never_occur() -> None:
    gold, found = np.array([[1.0, 0, 0], [1, 0, 0]]), np.array([[1.0, 0, 0], [1, 1, 0]])
    values = np.hstack([gold * found, found, gold, np.ones((2, 1)), np.ones((2, 1))])
    point = RowTable(values, multi_label(3)).point()
    assert point["macro_f1"] == 1.0
    assert point["micro_f1"] == pytest.approx(4 / 5)
