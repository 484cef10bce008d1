"""Two models on the same rows: paired intervals, exact tests, and what this many rows could show."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ._sums import Columns
from .bootstrap import bootstrap
from .measures import Array, RowTable

PERMUTATIONS = 9_999
_EXACT = 12
_TINY = 1e-12
_Z_DETECT = 1.959963984540054 + 0.8416212335729143
"""Standard normal quantiles of a two-sided 5 % test and of 80 % power."""


def paired_bootstrap(a: RowTable, b: RowTable, metric: str, resamples: int, rng: np.random.Generator) -> Array:
    """Replicates of B minus A, each draw taking the same rows of both: [resamples]."""
    width = a.values.shape[1]

    def gain(sums: Array) -> dict[str, Array]:
        return {"difference": b.measure(sums[:, width:])[metric] - a.measure(sums[:, :width])[metric]}

    joint = RowTable(np.hstack([a.values, b.values]), gain)
    return bootstrap(joint, resamples, rng)["difference"]


def permutation_test(
    a: RowTable, b: RowTable, metric: str, rng: np.random.Generator, draws: int = PERMUTATIONS
) -> float:
    """Two-sided p-value: how often does swapping the models on random rows give a difference at least as large?

    Only rows on which the models differ matter. Up to twelve of them every swap is tried (exact); beyond, ``draws``
    random ones, counting the observed one too (Phipson and Smyth 2010), so p is never 0.
    """
    differing = int((a.values != b.values).any(axis=1).sum())
    observed = b.point()[metric] - a.point()[metric]
    if differing <= _EXACT:
        gains = swapped_gains(a, b, metric, [_all_swaps(differing)])
        return float((np.abs(gains) >= abs(observed) - _TINY).mean())
    return p_value(swapped_gains(a, b, metric, _random_swaps(differing, draws, rng)), observed)


def permuted(a: RowTable, b: RowTable, metric: str, rng: np.random.Generator, draws: int = PERMUTATIONS) -> Array:
    """Differences after ``draws`` random swaps of the models: [draws]. Averaged over tasks they test a category."""
    differing = int((a.values != b.values).any(axis=1).sum())
    return swapped_gains(a, b, metric, _random_swaps(differing, draws, rng)) if differing else np.zeros(draws)


def p_value(gains: Array, observed: float) -> float:
    """Two-sided p-value of an observed difference among permuted ones, itself counted."""
    return float(((np.abs(gains) >= abs(observed) - _TINY).sum() + 1) / (len(gains) + 1))


def swapped_gains(a: RowTable, b: RowTable, metric: str, swaps: Iterable[Array]) -> Array:
    """The difference for each line of ``swaps`` [draws, differing rows], 1 where the two models change places."""
    differs = np.flatnonzero((a.values != b.values).any(axis=1))
    columns = Columns(b.values[differs] - a.values[differs])
    total_a, total_b = a.values.sum(axis=0), b.values.sum(axis=0)
    moves = [columns.sums(chosen) for chosen in swaps]
    return np.concatenate([_gain(a, b, metric, total_a + moved, total_b - moved) for moved in moves])


def _gain(a: RowTable, b: RowTable, metric: str, sums_a: Array, sums_b: Array) -> Array:
    return b.measure(sums_b)[metric] - a.measure(sums_a)[metric]


def _all_swaps(rows: int) -> Array:
    return ((np.arange(2**rows)[:, None] >> np.arange(rows)) & 1).astype(np.float64)


def _random_swaps(rows: int, draws: int, rng: np.random.Generator) -> Iterator[Array]:
    step = max(1, 300_000 // rows)
    for start in range(0, draws, step):
        yield rng.integers(0, 2, (min(step, draws - start), rows)).astype(np.float64)


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided McNemar test: rows only A has right against rows only B has right (binomial, McNemar 1947)."""
    n = only_a + only_b
    if n == 0:
        return 1.0
    logs = [math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in range(min(only_a, only_b) + 1)]
    tail = math.fsum(math.exp(value - n * math.log(2)) for value in logs)
    return min(1.0, 2 * tail)


def smallest_detectable(replicates: Array, rows: int) -> float:
    """The smallest true paired difference that a two-sided 5 % test on this many rows would find with 80 % power.

    (z_0.975 + z_0.8) times the standard error of the difference; the error is taken as at least that of one
    discordant row, because agreement on a sample is no proof of agreement.
    """
    defined = replicates[~np.isnan(replicates)]
    error = float(np.std(defined)) if len(defined) else 0.0
    return min(1.0, _Z_DETECT * max(error, 1 / rows)) if rows else math.nan


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for the number of comparisons, in their order (Holm 1979: controls the family-wise error)."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, running = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted
