"""Ranks that say no more than the answers show: models whose difference is not significant share one.

Two models answer the same questions, so each question gives one difference d of their row scores. If the models were
equally good, every difference could as well have had the other sign. Under such sign flips the weighted sum S of the
differences has mean 0 and variance sum((weight d)^2), whatever the scores are. ``|S|`` is lessened by the size of one
difference (half a step of the sum; for rows that are right or wrong this is McNemar's test with Edwards' correction of
1948) and compared with the normal distribution. The p-values of all pairs of a column are adjusted together (Holm
1979), so the chance of any wrong "different" in a column of equal models is at most 5 %. A model's rank is 1 + the
number of models that are significantly better: better in the figure shown, and in the test.

All pairs of 200 models come from one product of matrices, and are kept by what they depend on.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsins.core.proportions import Z95
from medsins.metrics.stats import Array

from ._kept import Kept
from .interface import Store
from .records import Part, Published

LEVEL = 0.05
"""The chance, at most, of any different ranks in a column of equally good models."""

_TINY = 1e-9

RowScores = Mapping[str, tuple[NDArray[np.int32], NDArray[np.float32]]]
"""Task to the numbers of its rows, ascending, and their scores (fractions 0 to 1)."""


@dataclass(frozen=True, slots=True)
class PairTests:
    """All pairs of models, shape [models, models]: ``difference`` (row minus column, fraction), and ``z``, how many
    standard deviations of sign flips it is away from 0 (corrected, never negative).
    """

    difference: Array
    z: Array

    def p(self, first: int, second: int) -> float:
        """The two-sided p-value of a pair, not adjusted."""
        return math.erfc(float(self.z[first, second]) / math.sqrt(2))


def pair_tests(blocks: Sequence[Array]) -> PairTests:
    """Test all pairs on one or more tasks.

    Args:
        blocks: a task each, row scores of shape [models, rows]; every task weighs the same, each row within it too.
    """
    models = len(blocks[0])
    total = np.zeros(models)
    squares, steps = np.zeros((models, models)), np.zeros((models, models))
    for block in blocks:
        rows = block.shape[1]
        weight = 1 / (len(blocks) * rows)
        total += weight * block.sum(axis=1)
        own = block @ block.T
        powers = np.diag(own)
        between = powers[:, None] + powers[None, :]
        between -= 2 * own
        np.maximum(between, 0.0, out=between)
        squares += weight**2 * between
        binary = bool(((block == 0) | (block == 1)).all())
        steps += weight**3 * (between if binary else between * np.sqrt(between / rows))
    difference = total[:, None] - total[None, :]
    squares[squares < _TINY * sum(1 / (len(blocks) * block.shape[1]) for block in blocks) ** 2] = np.inf
    z = np.maximum(np.abs(difference) - steps / squares, 0.0) / np.sqrt(squares)
    return PairTests(difference, z)


def half_width(blocks: Sequence[Array], first: int, second: int) -> float:
    """Half of the 95 % interval of a pair's difference, as a fraction. Its standard error is taken as at least that of
    one row, because agreement on a sample is no proof of agreement.
    """
    variance, least = 0.0, 0.0
    for block in blocks:
        rows = block.shape[1]
        gaps = block[first] - block[second]
        variance += float(gaps.var(ddof=min(1, rows - 1))) / rows / len(blocks) ** 2
        least = max(least, 1 / (len(blocks) * rows))
    return Z95 * max(math.sqrt(variance), least)


def significant(z: Array, level: float = LEVEL) -> NDArray[np.bool_]:
    """Which of these hypotheses Holm's procedure rejects at a family-wise level (1979). ``z``: a vector of two-sided
    normal statistics.
    """
    tests = len(z)
    order = np.argsort(-z, kind="stable")
    rejected = np.zeros(tests, dtype=np.bool_)
    surely = NormalDist().inv_cdf(1 - level / (2 * max(1, tests)))
    passed = int((z > surely).sum())  # these are below the first threshold, and thresholds only rise
    while passed < tests and math.erfc(float(z[order[passed]]) / math.sqrt(2)) <= level / (tests - passed):
        passed += 1
    rejected[order[:passed]] = True
    return rejected


def tied_ranks(blocks: Sequence[Array], figures: Sequence[float], level: float = LEVEL) -> list[int]:
    """Ranks of models by their figures shown and their row scores (see the module)."""
    models = len(figures)
    if models < 2 or not blocks:
        return [1] * models
    tests = pair_tests(blocks)
    upper = np.triu_indices(models, 1)
    different = np.zeros((models, models), dtype=np.bool_)
    different[upper] = significant(tests.z[upper], level)
    different |= different.T
    shown = np.asarray(figures)
    better = different & (tests.difference > 0) & (shown[:, None] > shown[None, :])
    return [1 + int(count) for count in better.sum(axis=0)]


def aligned(scores: Sequence[RowScores], tasks: Sequence[str]) -> list[Array]:
    """Blocks of several models for ``pair_tests``; a row that one of them has no score for counts 0 for it."""
    blocks = []
    for task in tasks if scores else ():
        found = [each.get(task, _NOTHING) for each in scores]
        rows = found[0][0]
        if all(numbers is rows for numbers, _ in found):
            block = np.stack([values for _, values in found]).astype(np.float64)
        else:
            rows = np.unique(np.concatenate([numbers for numbers, _ in found]))
            block = np.zeros((len(scores), len(rows)))
            for i, (numbers, values) in enumerate(found):
                block[i, np.searchsorted(rows, numbers)] = values
        if block.shape[1]:
            blocks.append(block)
    return blocks


_NOTHING = (np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32))
_ROWS: Kept[Mapping[str, RowScores]] = Kept(600)
_RANKS: Kept[list[int]] = Kept(4_096)
_NUMBERS: Kept[NDArray[np.int32]] = Kept(4_096)
"""Equal row numbers are one array, so that telling them equal is free."""


def row_scores(store: Store, shown: Published, profile: str, part: Part = "open") -> RowScores:
    """The row scores behind what is shown, of each task's first metric; read once for a process."""
    key = (*identity(shown), part)
    return _ROWS.get(key, lambda: _read(store, shown, part)).get(profile, {})


def ranks(
    store: Store, shown: Sequence[Published], profile: str, tasks: Sequence[str], figures: Sequence[float]
) -> list[int]:
    """Tied ranks of what is shown, on some tasks. Kept by submissions, scope and all that their signatures hold."""
    key = (profile, tuple(tasks), tuple(figures), *(identity(each) for each in shown))
    return _RANKS.get(
        key, lambda: tied_ranks(aligned([row_scores(store, each, profile) for each in shown], tasks), figures)
    )


def identity(shown: Published) -> tuple[Hashable, ...]:
    """What names the content of something shown for good."""
    profiles = shown.document.get("profiles") or {}
    return shown.submission, shown.at, *(str(profiles[name].get("signature")) for name in sorted(profiles))


def _read(store: Store, shown: Published, part: Part) -> Mapping[str, RowScores]:
    scores = store.scores(shown.submission, part)
    samples: Sequence[Mapping[str, Any]] = scores.samples if scores else ()
    profiles = shown.document.get("profiles") or {}
    first = {
        (profile, task): str(entry.get("primary", ""))
        for profile, content in profiles.items()
        for task, entry in (content.get("tasks") or {}).items()
    }
    found: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for sample in samples:
        profile, task = str(sample["profile"]), str(sample["task_id"])
        value = _row_metric(sample.get("metrics") or {}, first.get((profile, task), ""))
        found.setdefault(profile, {}).setdefault(task, []).append((int(sample["row"]), value))
    return {profile: {task: _arrays(pairs) for task, pairs in tasks.items()} for profile, tasks in found.items()}


def _row_metric(metrics: Mapping[str, float], metric: str) -> float:
    """A row's score in a task's metric; where rows have no such score (macro F1), its F1, else its first."""
    for name in (metric, "f1"):
        if name in metrics:
            return float(metrics[name])
    return float(next(iter(metrics.values()), 0.0))


def _arrays(pairs: list[tuple[int, float]]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    pairs.sort()
    numbers = np.fromiter((row for row, _ in pairs), dtype=np.int32, count=len(pairs))
    values = np.fromiter((value for _, value in pairs), dtype=np.float32, count=len(pairs))
    return _NUMBERS.get(numbers.tobytes(), lambda: numbers), values
