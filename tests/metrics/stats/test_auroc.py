"""The area under the curve is scikit-learn's, with and without weights; draws are draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from medsins.metrics.stats import auroc, auroc_draws, interval

# Few distinct values, so that ties are common.
ROWS = st.lists(st.tuples(st.integers(-3, 3), st.booleans(), st.integers(0, 4)), min_size=1, max_size=40)


def columns(rows: list[tuple[int, bool, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    scores, positive, weights = zip(*rows, strict=True)
    return np.array(scores, dtype=np.float64), np.array(positive), np.array(weights, dtype=np.float64)


@given(ROWS)
def test_it_is_the_area_of_scikit_learn(rows: list[tuple[int, bool, int]]) -> None:
    scores, positive, _ = columns(rows)
    [area] = auroc(scores, positive)
    if len(set(positive.tolist())) < 2:
        assert np.isnan(area)
    else:
        assert area == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)


@given(ROWS)
def test_weights_count_rows(rows: list[tuple[int, bool, int]]) -> None:
    scores, positive, weights = columns(rows)
    [area] = auroc(scores, positive, weights[None])
    repeated = np.repeat(np.arange(len(rows)), weights.astype(int))
    [expected] = auroc(scores[repeated], positive[repeated])
    assert area == pytest.approx(expected, abs=1e-12, nan_ok=True)


@given(ROWS)
def test_turning_scores_and_classes_around_changes_nothing(rows: list[tuple[int, bool, int]]) -> None:
    scores, positive, _ = columns(rows)
    assert auroc(scores, positive) == pytest.approx(auroc(-scores, ~positive), abs=1e-12, nan_ok=True)


def test_draws_lie_around_the_area_and_depend_on_the_generator_only() -> None:
    rng = np.random.default_rng(5)
    positive = rng.random(200) < 0.4
    scores = rng.normal(size=200) + positive
    drawn = auroc_draws(scores, positive, 500, np.random.default_rng(1))
    bounds = interval(drawn)
    assert drawn.shape == (500,)
    assert bounds is not None
    assert bounds[0] < auroc(scores, positive)[0] < bounds[1]
    assert np.array_equal(drawn, auroc_draws(scores, positive, 500, np.random.default_rng(1)))


def test_no_rows_have_no_area() -> None:
    none = np.zeros(0)
    assert np.isnan(auroc(none, none.astype(bool))).all()
    assert np.isnan(auroc_draws(none, none.astype(bool), 3, np.random.default_rng(0))).all()
