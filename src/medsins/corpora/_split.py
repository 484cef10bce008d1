"""The 9:1 split of tasks whose corpus has none: seeded, and equal inputs stay on one side."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable

from medsins.core import derive_seed

from ._base import Record

TEST_SHARE = 10  # one instance in ten, rounded up, as in the published benchmark (43 of 423, 158 of 1,580)


class DrawnSplit:
    """Says for each instance of a task without published split whether it is ``train`` or ``test``.

    The inputs of a task are put in an order that depends on (seed, task, input) alone, and taken for the test set until
    it has a tenth of the instances. Memory: one number for each different input.
    """

    def __init__(self, records: Iterable[Record], seed: int) -> None:
        self.seed = seed
        inputs: defaultdict[str, Counter[int]] = defaultdict(Counter)
        for record in records:
            if record.instance and not record.split:
                inputs[record.task_id][self._key(record.task_id, record.instance.input)] += 1
        self._last = {task_id: _last_of_test(counts) for task_id, counts in inputs.items()}

    def side(self, task_id: str, text: str) -> str:
        """``train`` or ``test`` for an input."""
        return "test" if self._key(task_id, text) <= self._last[task_id] else "train"

    def _key(self, task_id: str, text: str) -> int:
        shuffled = derive_seed(self.seed, "split", task_id).to_bytes(8, "big") + text.encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.sha256(shuffled).digest()[:8], "big")


def _last_of_test(counts: Counter[int]) -> int:
    """The greatest key of the test set."""
    wanted = math.ceil(counts.total() / TEST_SHARE)
    last, taken = -1, 0
    for key in sorted(counts):
        if taken >= wanted:
            break
        last, taken = key, taken + counts[key]
    return last
