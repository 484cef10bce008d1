"""Area under the receiver operating characteristic, with bootstrap draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .measures import Array

_CHUNK = 1_000_000  # (draw, row) cells at a time


def auroc(scores: Array, positive: NDArray[np.bool_], weights: Array | None = None) -> Array:
    """The probability that a positive row scores higher than a negative one, ties counting half (Mann and Whitney
    1947; Hanley and McNeil 1982).

    Args:
        scores: shape [rows].
        positive: shape [rows].
        weights: how often each row counts, shape [draws, rows]; once each where not given.

    Returns:
        Fractions of shape [draws]; NaN where either class is absent.
    """
    weights = np.ones((1, len(scores))) if weights is None else weights
    order = np.argsort(scores, kind="stable")
    ordered, hits = scores[order], positive[order].astype(np.float64)
    up = weights[:, order] * hits
    down = weights[:, order] * (1 - hits)
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.zeros(0, dtype=np.intp)
    if not len(starts):
        return np.full(len(weights), np.nan)
    up, down = np.add.reduceat(up, starts, axis=1), np.add.reduceat(down, starts, axis=1)
    below = np.cumsum(down, axis=1) - down
    pairs = up.sum(axis=1) * down.sum(axis=1)
    won = (up * (below + down / 2)).sum(axis=1)
    area: Array = np.where(pairs > 0, won / np.where(pairs > 0, pairs, 1), np.nan)
    return area


def auroc_draws(scores: Array, positive: NDArray[np.bool_], resamples: int, rng: np.random.Generator) -> Array:
    """The area on bootstrap draws of the rows with replacement, shape [resamples]; NaN where a draw lacks a class."""
    rows = len(scores)
    if not rows:
        return np.full(resamples, np.nan)
    step = max(1, _CHUNK // rows)
    parts = []
    for start in range(0, resamples, step):
        weights = rng.multinomial(rows, np.full(rows, 1 / rows), size=min(step, resamples - start))
        parts.append(auroc(scores, positive, weights.astype(np.float64)))
    return np.concatenate(parts)
