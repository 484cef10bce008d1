"""Many weighted column sums at once."""

from __future__ import annotations

import numpy as np

from .measures import Array


class Columns:
    """The columns of a matrix [rows, columns]; of those that are mostly 0 (one-hot data) only what is not is added."""

    def __init__(self, values: Array) -> None:
        self._width = values.shape[1]
        filled = np.count_nonzero(values, axis=0)
        few = (filled > 0) & (filled * 2 < len(values))
        self._dense = [(int(j), np.ascontiguousarray(values[:, j])) for j in np.flatnonzero((filled > 0) & ~few)]
        self._sparse = np.flatnonzero(few)
        places, self._rows = np.nonzero(values[:, few].T)
        self._entries = values[self._rows, self._sparse[places]][:, None]
        self._starts = np.concatenate([[0], np.cumsum(filled[few])[:-1]]).astype(np.intp)
        self._ones = bool((self._entries == 1).all())

    def sums(self, weights: Array) -> Array:
        """``weights`` [draws, rows] times the matrix: [draws, columns].

        Without BLAS, which would start threads that fight over shared cores.
        """
        found = np.zeros((len(weights), self._width))
        for j, column in self._dense:
            np.einsum("dr,r->d", weights, column, out=found[:, j])
        if len(self._sparse):
            entries = np.ascontiguousarray(weights.T)[self._rows]
            if not self._ones:
                entries *= self._entries
            found[:, self._sparse] = np.add.reduceat(entries, self._starts, axis=0).T
        return found
