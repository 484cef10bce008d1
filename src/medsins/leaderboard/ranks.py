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
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from medsins.core.proportions import Z95
from medsins.metrics.stats import Array

from .interface import Store
from .records import Part, Published

LEVEL = 0.05
"""The chance, at most, of any different ranks in a column of equally good models."""

_TINY = 1e-9

Value = TypeVar("Value")

RowScores = Mapping[str, tuple[NDArray[np.int32], NDArray[np.float32]]]
"""Task to the numbers of its rows, ascending, and their scores (fractions 0 to 1)."""


@dataclass(frozen=True, slots=True)
class PairTests:
    """All pairs of models, shape [models, models]: ``difference`` (row minus column) and ``half`` of its 95 %
    interval's width, as fractions; two-sided ``p``, not adjusted. The standard error is taken as at least that of one
    row, because agreement on a sample is no proof of agreement.
    """

    difference: Array
    half: Array
    p: Array


def pair_tests(blocks: Sequence[Array]) -> PairTests:
    """Test all pairs on one or more tasks.

    Args:
        blocks: a task each, row scores of shape [models, rows]; every task weighs the same, each row within it too.
    """
    models = len(blocks[0])
    difference, squares, spread, steps = (np.zeros((models, models)) for _ in range(4))
    least = 0.0
    for block in blocks:
        rows = block.shape[1]
        weight = 1 / (len(blocks) * rows)
        own, total = block @ block.T, block.sum(axis=1)
        powers = np.diag(own)
        gaps = total[:, None] - total[None, :]
        between = np.maximum(powers[:, None] + powers[None, :] - 2 * own, 0.0)
        difference += weight * gaps
        squares += weight**2 * between
        spread += weight**2 * np.maximum(between - gaps**2 / rows, 0.0) * rows / max(1, rows - 1)
        binary = bool(((block == 0) | (block == 1)).all())
        steps += weight**3 * between * (1.0 if binary else np.sqrt(between / rows))
        least = max(least, weight)
    differ = squares > _TINY * least**2
    safe = np.where(differ, squares, 1.0)
    z = np.where(differ, np.maximum(np.abs(difference) - steps / safe, 0.0) / np.sqrt(safe), 0.0)
    p = np.array([math.erfc(value / math.sqrt(2)) for value in z.ravel()]).reshape(z.shape)
    return PairTests(difference, Z95 * np.sqrt(np.maximum(spread, least**2)), p)


def significant(p: Array, level: float = LEVEL) -> NDArray[np.bool_]:
    """Which hypotheses Holm's procedure rejects at a family-wise level (1979); shape as ``p``, a vector."""
    order = np.argsort(p, kind="stable")
    holds = p[order] > level / np.arange(len(p), 0, -1)
    first = int(np.argmax(holds)) if holds.any() else len(p)
    rejected = np.zeros(len(p), dtype=np.bool_)
    rejected[order[:first]] = True
    return rejected


def tied_ranks(blocks: Sequence[Array], figures: Sequence[float], level: float = LEVEL) -> list[int]:
    """Ranks of models by their figures shown and their row scores (see the module)."""
    models = len(figures)
    if models < 2 or not blocks:
        return [1] * models
    tests = pair_tests(blocks)
    upper = np.triu_indices(models, 1)
    different = np.zeros((models, models), dtype=np.bool_)
    different[upper] = significant(tests.p[upper], level)
    different |= different.T
    shown = np.asarray(figures)
    better = different & (tests.difference > 0) & (shown[:, None] > shown[None, :])
    return [1 + int(count) for count in better.sum(axis=0)]


def aligned(scores: Sequence[RowScores], tasks: Sequence[str]) -> list[Array]:
    """Blocks of several models for ``pair_tests``; a row that one of them has no score for counts 0 for it."""
    blocks = []
    for task in tasks:
        found = [each[task] for each in scores if task in each]
        if not found:
            continue
        rows = found[0][0]
        if any(not np.array_equal(rows, other) for other, _ in found):
            rows = np.unique(np.concatenate([numbers for numbers, _ in found]))
        block = np.zeros((len(scores), len(rows)))
        for i, each in enumerate(scores):
            if task in each:
                numbers, values = each[task]
                block[i, np.searchsorted(rows, numbers)] = values
        if block.shape[1]:
            blocks.append(block)
    return blocks


class _Kept(Generic[Value]):
    """The latest ``size`` results by their keys; safe in threads (two may compute the same, neither harms)."""

    def __init__(self, size: int) -> None:
        self._size, self._lock = size, Lock()
        self._found: OrderedDict[Hashable, Value] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        value = make()
        with self._lock:
            self._found[key] = value
            while len(self._found) > self._size:
                self._found.popitem(last=False)
        return value


_ROWS: _Kept[Mapping[str, RowScores]] = _Kept(600)
_RANKS: _Kept[list[int]] = _Kept(4_096)


def row_scores(store: Store, shown: Published, profile: str, part: Part = "open") -> RowScores:
    """The row scores behind what is shown, of each task's first metric; read once for a process."""
    key = (*_identity(shown), part)
    return _ROWS.get(key, lambda: _read(store, shown, part)).get(profile, {})


def ranks(
    store: Store, shown: Sequence[Published], profile: str, tasks: Sequence[str], figures: Sequence[float]
) -> list[int]:
    """Tied ranks of what is shown, on some tasks. Kept by submissions, scope and all that their signatures hold."""
    key = (profile, tuple(tasks), tuple(figures), *(_identity(each) for each in shown))
    return _RANKS.get(
        key, lambda: tied_ranks(aligned([row_scores(store, each, profile) for each in shown], tasks), figures)
    )


def _identity(shown: Published) -> tuple[Hashable, ...]:
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
    return numbers, np.fromiter((value for _, value in pairs), dtype=np.float32, count=len(pairs))
