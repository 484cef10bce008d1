"""Ranks: at most one board in twenty tells equal models apart, and clear differences are seen."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.leaderboard import ranks
from medsins.leaderboard.ranks import aligned, half_width, pair_tests, significant, tied_ranks
from medsins.leaderboard.records import Published, Scores
from medsins.metrics.stats import Array, RowTable, holm, mcnemar, means, permutation_test

BOARDS = 400


def answers(rng: np.random.Generator, skills: list[float], sizes: tuple[int, ...], kind: str) -> list[Array]:
    """Row scores of models that find the same questions hard, on a task of each size."""
    blocks = []
    for rows in sizes:
        luck = 0.6 * rng.random(rows) + 0.4 * rng.random((len(skills), rows))
        reached = luck < np.array(skills)[:, None]
        overlap = np.clip(1 - luck + 0.2 * rng.standard_normal(luck.shape), 0, 1)
        blocks.append(reached.astype(np.float64) if kind == "right or wrong" else np.where(luck > 0.9, 0.0, overlap))
    return blocks


@pytest.mark.parametrize("kind", ["right or wrong", "overlap"])
@pytest.mark.parametrize(
    ("skill", "models", "sizes"),
    [(0.5, 2, (30,)), (0.5, 2, (300,)), (0.12, 5, (40, 20)), (0.5, 8, (100,)), (0.7, 12, (8, 8, 8, 8, 8, 8))],
)
def test_equal_models_are_told_apart_on_at_most_one_board_in_twenty(
    kind: str, skill: float, models: int, sizes: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(models)
    wrong = 0
    for _ in range(BOARDS):
        blocks = answers(rng, [skill] * models, sizes, kind)
        shown = [float(np.mean([block[i].mean() for block in blocks])) for i in range(models)]
        wrong += set(tied_ranks(blocks, shown)) != {1}
    spread = 3 * math.sqrt(0.05 * 0.95 / BOARDS)
    assert wrong / BOARDS <= 0.05 + spread


def test_clear_differences_are_seen() -> None:
    rng = np.random.default_rng(5)
    blocks = answers(rng, [0.8, 0.8, 0.5, 0.2], (400,), "right or wrong")
    shown = [float(blocks[0][i].mean()) for i in range(4)]
    assert tied_ranks(blocks, shown) == [1, 1, 3, 4]


def test_as_powerful_as_the_exact_test_where_there_are_many_rows() -> None:
    rng = np.random.default_rng(6)
    seen = exact = 0
    for _ in range(150):
        (block,) = answers(rng, [0.53, 0.5], (400,), "right or wrong")
        gained, lost = int((block[0] > block[1]).sum()), int((block[0] < block[1]).sum())
        seen += pair_tests([block]).p(0, 1) < 0.05
        exact += mcnemar(gained, lost) < 0.05
    assert 30 < exact < 145
    assert abs(seen - exact) <= 5


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 50))
def test_right_or_wrong_rows_are_tested_like_mcnemar(gained: int, lost: int, alike: int) -> None:
    rows = gained + lost + alike
    if not rows:
        return
    block = np.array([[1.0] * gained + [0.0] * lost + [1.0] * alike, [0.0] * gained + [1.0] * lost + [1.0] * alike])
    p, exact = pair_tests([block]).p(0, 1), mcnemar(gained, lost)
    assert p == pytest.approx(exact, abs=0.06)
    if exact > 0.06:
        assert p > 0.03


@pytest.mark.parametrize("seed", range(6))
def test_overlap_scores_are_tested_like_by_permutation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    (block,) = answers(rng, [0.5, 0.5], (60,), "overlap")
    block[0] += 0.05 * seed * (block[0] > 0)
    tables = [RowTable(np.stack([line, np.ones(60)], axis=1), means(("score",))) for line in block]
    exact = permutation_test(tables[0], tables[1], "score", rng)
    p = pair_tests([block]).p(0, 1)
    assert exact - 0.02 <= p <= 1.35 * exact + 0.04


@given(st.lists(st.floats(0, 6), min_size=1, max_size=40), st.sampled_from([0.01, 0.05, 0.2]))
def test_significant_is_what_holm_rejects(z: list[float], level: float) -> None:
    p = [math.erfc(value / math.sqrt(2)) for value in z]
    adjusted = holm(p)
    if all(abs(value - level) > 1e-9 for value in adjusted):
        assert significant(np.array(z), level).tolist() == [value <= level for value in adjusted]


@given(st.integers(2, 7), st.integers(0, 10_000), st.sampled_from([(12,), (40, 5), (200,)]))
def test_ranks_do_not_depend_on_the_order_of_models(models: int, seed: int, sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(seed)
    blocks = answers(rng, list(rng.random(models)), sizes, "right or wrong")
    shown = [float(np.mean([block[i].mean() for block in blocks])) for i in range(models)]
    order = rng.permutation(models)
    found = tied_ranks(blocks, shown)
    assert tied_ranks([block[order] for block in blocks], [shown[i] for i in order]) == [found[i] for i in order]
    assert 1 in found
    assert all(1 <= rank <= models for rank in found)
    assert found[int(np.argmax(shown))] == 1


def test_the_figure_shown_and_the_test_must_agree() -> None:
    block = np.array([[1.0] * 200, [0.0] * 200])
    assert tied_ranks([block], [100.0, 0.0]) == [1, 2]
    assert tied_ranks([block], [0.0, 100.0]) == [1, 1]
    assert tied_ranks([block], [50.0, 50.0]) == [1, 1]


def test_equal_answers_never_differ() -> None:
    line = np.random.default_rng(1).random(50)
    block = np.stack([line, line])
    assert pair_tests([block]).p(0, 1) == 1.0
    assert tied_ranks([block], [60.0, 50.0]) == [1, 1]


def test_few_models_or_no_rows_are_all_first() -> None:
    assert tied_ranks([], [1.0, 2.0]) == [1, 1]
    assert tied_ranks([np.ones((1, 4))], [1.0]) == [1]
    assert tied_ranks([], []) == []


def test_an_interval_covers_the_true_difference() -> None:
    rng = np.random.default_rng(9)
    covered = 0
    for _ in range(300):
        truth = rng.random((2, 80)) < np.array([[0.6], [0.5]])
        block = truth.astype(np.float64)
        middle, half = float(block[0].mean() - block[1].mean()), half_width([block], 0, 1)
        covered += abs(middle - 0.1) <= half
    assert 0.92 <= covered / 300 <= 0.98
    assert half_width([np.ones((2, 10))], 0, 1) > 0


def test_rows_are_set_side_by_side_by_their_number() -> None:
    def made(*pairs: tuple[int, float]) -> Any:
        return np.array([row for row, _ in pairs], dtype=np.int32), np.array([v for _, v in pairs], dtype=np.float32)

    a, b = {"t": made((1, 1.0), (4, 0.5))}, {"t": made((4, 0.25), (9, 1.0)), "u": made((0, 1.0))}
    (block, other) = aligned([a, b], ["t", "u"])
    assert block.tolist() == [[1.0, 0.5, 0.0], [0.0, 0.25, 1.0]]
    assert other.tolist() == [[0.0], [1.0]]
    assert aligned([a], ["nothing"]) == []


class OneScore:
    """A store that has the scores of one submission and counts who asks."""

    def __init__(self, samples: tuple[dict[str, Any], ...]) -> None:
        self.samples, self.asked = samples, 0

    def scores(self, submission: str, part: str) -> Scores:
        self.asked += 1
        return Scores(submission, "open", "d", "m", {}, self.samples)


def test_row_scores_are_those_of_the_first_metric_and_read_once() -> None:
    def sample(row: int, task: str, **metrics: float) -> dict[str, Any]:
        return {"row": row, "task_id": task, "profile": "strict", "metrics": metrics}

    samples = (sample(2, "a", accuracy=1.0, f1=0.5), sample(0, "a", accuracy=0.0, f1=0.5),
               sample(5, "b", f1=0.75, exact=0.0), sample(6, "c", chrf=0.5), sample(7, "c"))  # fmt: skip
    tasks = {"a": {"primary": "accuracy"}, "b": {"primary": "macro_f1"}, "c": {"primary": "rouge_l_f"}}
    document = {"profiles": {"strict": {"signature": "one of a kind", "tasks": tasks}}}
    shown = Published("v", "m", "only here", "open", document, datetime.now(UTC), 1)
    store: Any = OneScore(samples)
    found = ranks.row_scores(store, shown, "strict")
    assert {task: (rows.tolist(), values.tolist()) for task, (rows, values) in found.items()} == {
        "a": ([0, 2], [0.0, 1.0]), "b": ([5], [0.75]), "c": ([6, 7], [0.5, 0.0])
    }  # fmt: skip
    assert ranks.row_scores(store, shown, "official") == {}
    assert store.asked == 1
