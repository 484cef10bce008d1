"""Percentile bootstrap intervals, vectorised: rows are drawn with replacement, only their column sums are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from medsins.core.seeds import derive_seed

from ._sums import Columns
from .measures import Array, RowTable

RESAMPLES = 1000
LEVEL = 0.95
_CHUNK = 150_000  # (draw, row) cells at a time: they stay in the cache
_MULTINOMIAL_COST = 4


def generator(*names: str) -> np.random.Generator:
    """A generator that depends on names only, so that a number is the same whatever was computed before it."""
    return np.random.default_rng(derive_seed(0, "statistics", *names))


def bootstrap(table: RowTable, resamples: int, rng: np.random.Generator) -> dict[str, Array]:
    """Every metric on each of ``resamples`` draws of the rows with replacement (Efron 1979): name -> [resamples]."""
    parts = [table.measure(sums) for sums in resampled_sums(table.values, resamples, rng)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def resampled_sums(values: Array, resamples: int, rng: np.random.Generator) -> Iterator[Array]:
    """Column sums of bootstrap draws, in chunks of [draws, columns] that bound the memory.

    Rows that are equal are drawn together by their multiplicity (one multinomial) where that is fewer numbers: the
    same distribution, and next to nothing to draw where rows are counts, such as right or wrong.
    """
    rows = len(values)
    if not rows:
        yield np.zeros((resamples, values.shape[1]))
        return
    distinct, counts = _distinct(values)
    grouped = len(distinct) * _MULTINOMIAL_COST <= rows
    columns = Columns(distinct if grouped else values)
    step = max(1, _CHUNK // (len(distinct) if grouped else rows))
    for start in range(0, resamples, step):
        draws = min(step, resamples - start)
        if grouped:
            weights = rng.multinomial(rows, counts / rows, size=draws)
        else:
            picked = rng.integers(0, rows, size=(draws, rows))
            picked += (np.arange(draws) * rows)[:, None]  # one bin per (draw, row)
            weights = np.bincount(picked.ravel(), minlength=draws * rows).reshape(draws, rows)
        yield columns.sums(weights.astype(np.float64))


def _distinct(values: Array) -> tuple[Array, Array]:
    """The distinct rows and how often each occurs (far quicker than sorting whole rows)."""
    found = Counter(row.tobytes() for row in values)
    rows = np.frombuffer(b"".join(found), dtype=np.float64).reshape(len(found), values.shape[1])
    return rows, np.array(list(found.values()), dtype=np.float64)


def interval(replicates: Array, level: float = LEVEL) -> tuple[float, float] | None:
    """The percentile interval of one metric's replicates; None where none of them is defined."""
    defined = replicates[~np.isnan(replicates)]
    if not len(defined):
        return None
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(defined, [tail, 100 - tail])
    return float(low), float(high)


def average(replicates: Sequence[Array]) -> Array:
    """Replicates of a mean over tasks: each task is a stratum of its own, drawn apart and averaged draw by draw."""
    mean: Array = np.mean(np.stack(list(replicates)), axis=0)
    return mean


def intervals(replicates: Mapping[str, Array], level: float = LEVEL) -> dict[str, tuple[float, float]]:
    """The intervals of all metrics that have one."""
    found = {name: interval(values, level) for name, values in replicates.items()}
    return {name: bounds for name, bounds in found.items() if bounds is not None}
