"""Split a task file into train and test so that no input stands on both sides."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from medsins.core import Card, Problem, UsageError

from ._bytes import split_name
from ._columns import Columns
from .stream import open_reader, open_writer


@dataclass(frozen=True, slots=True)
class Split:
    """The two files a split wrote, and how many instances went into each."""

    train: Path
    test: Path
    train_instances: int
    test_instances: int


def split_task(
    path: Path,
    folder: Path,
    *,
    test_share: float = 0.1,
    seed: int = 0,
    group: str = "",
    advance: Callable[[int, int], None] = lambda taken, size: None,
) -> Split:
    """Split one task file into ``<stem>.train<ending>`` and ``<stem>.test<ending>``.

    Instances whose inputs are equal but for case and blanks stay together, and so do those with the same value of the
    further key ``group`` (a patient, a document). Which group goes where depends on the seed and the group alone, not
    on the order or number of instances. Sizes are as near to the share as whole groups allow.

    Args:
        test_share: of the instances, between 0 and 1; a tenth as in the MedS-Ins article.
        group: name of a further key of the instances; empty: inputs only.
        advance: called with the bytes taken so far, and all of them (two passes).

    Raises:
        UsageError: a share outside 0 to 1, a group key no instance has, or nothing to tell apart.
        InvalidFile: every problem of the file.
    """
    import numpy as np

    if not 0 < test_share < 1:
        raise UsageError(
            Problem(f"the test share is {test_share:g}", mend="give a number between 0 and 1, such as 0.1")
        )
    keys = _Keys(seed, group)
    size = path.stat().st_size
    reader = open_reader(path)
    drawn: list[Any] = []
    for batch in reader.batches():
        reader.check()
        drawn.append(np.array(keys.of(batch.columns), np.uint64))
        advance(reader.taken // 2, size)
    reader.check()
    values = np.concatenate(drawn) if drawn else np.zeros(0, np.uint64)
    if group and not keys.found:
        raise UsageError(Problem(f"no instance has the key '{group}'", str(path), "name a key that instances have"))
    limit = _limit(values, test_share, path)
    stem, ending, packing = split_name(path)
    parts = {side: folder / f"{stem}.{side}{ending}{packing}" for side in ("train", "test")}
    counts = _write(path, reader.card, parts, values <= limit, lambda taken: advance((size + taken) // 2, size))
    return Split(parts["train"], parts["test"], counts["train"], counts["test"])


class _Keys:
    """A number for each instance, the same for all of one group, drawn from the seed."""

    def __init__(self, seed: int, group: str) -> None:
        self.group, self.found = group, False
        self._seed = hashlib.sha256(str(seed).encode()).digest()[:16]

    def of(self, columns: Columns) -> list[int]:
        names = [" ".join(text.casefold().split()) for text in columns.inputs]
        if self.group and columns.extras is not None:
            for row, extra in enumerate(columns.extras):
                if self.group in extra:
                    self.found = True
                    names[row] = f"\x1f{extra[self.group]}"
        return [
            int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8, key=self._seed).digest(), "big")
            for name in names
        ]


def _limit(values: Any, test_share: float, path: Path) -> Any:
    """The greatest number that goes to test: the share of instances nearest to what was asked, in whole groups."""
    import numpy as np

    numbers, sizes = np.unique(values, return_counts=True)
    if len(numbers) < 2:
        what = f"has {len(numbers)} different input{'' if len(numbers) == 1 else 's'}"
        raise UsageError(Problem(f"{what}, so it cannot be split", str(path), "a split needs at least two"))
    shares = np.cumsum(sizes)[:-1] / len(values)  # both sides keep at least one group
    return numbers[int(np.argmin(np.abs(shares - test_share)))]


def _write(
    path: Path, card: Card, parts: dict[str, Path], is_test: Any, advance: Callable[[int], None]
) -> dict[str, int]:
    reader = open_reader(path)
    counts = {"train": 0, "test": 0}
    with ExitStack() as stack:
        writers = {
            side: stack.enter_context(open_writer(target, replace(card, split_type=side.title())))
            for side, target in parts.items()
        }
        row = 0
        for batch in reader.batches():
            chosen = is_test[row : row + len(batch.columns)]
            row += len(batch.columns)
            for side, wanted in (("train", False), ("test", True)):
                rows: Sequence[int] = (chosen == wanted).nonzero()[0].tolist()
                counts[side] += len(rows)
                if rows:
                    writers[side].write_columns(batch.columns.pick(rows))
            advance(reader.taken)
        reader.check()
    return counts
