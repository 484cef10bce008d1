"""Many weighted column sums at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .measures import Array


class Columns:
    """The columns of a matrix [rows, columns], each with the rows it is not 0 in where these are few (one-hot data)."""

    def __init__(self, values: Array) -> None:
        self._parts: list[tuple[NDArray[np.intp] | None, Array]] = []
        for column in values.T:
            at = np.flatnonzero(column)
            sparse = len(at) * 2 < len(column)
            self._parts.append((at, column[at]) if sparse else (None, np.ascontiguousarray(column)))

    def sums(self, weights: Array) -> Array:
        """``weights`` [draws, rows] times the matrix: [draws, columns].

        By einsum, column by column, because a BLAS would start threads that fight over shared cores.
        """
        found = np.empty((len(weights), len(self._parts)))
        by_row = np.ascontiguousarray(weights.T) if any(at is not None for at, _ in self._parts) else weights
        for j, (at, column) in enumerate(self._parts):
            if at is None:
                np.einsum("dr,r->d", weights, column, out=found[:, j])
            else:
                np.einsum("rd,r->d", by_row[at], column, out=found[:, j])
        return found
