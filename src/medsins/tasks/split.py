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
    further key ``group`` (a patient, a document), and whatever is joined by either. Which group goes where depends on
    the seed and its texts alone, not on the order or number of instances. Sizes are as near to the share as whole
    groups allow.

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
    reader = open_reader(path)
    size = path.stat().st_size
    drawn: list[Any] = []
    for batch in reader.batches():
        reader.check()
        drawn.append(np.array(keys.of(batch.columns), np.uint64))
        advance(reader.taken // 2, size)
    reader.check()
    values = _together(np.concatenate(drawn, axis=1)) if drawn else np.zeros(0, np.uint64)
    if group and not keys.found:
        raise UsageError(Problem(f"no instance has the key '{group}'", str(path), "name a key that instances have"))
    limit = _limit(values, test_share, path)
    stem, ending, packing = split_name(path)
    parts = {side: folder / f"{stem}.{side}{ending}{packing}" for side in ("train", "test")}
    counts = _write(path, reader.card, parts, values <= limit, lambda taken: advance((size + taken) // 2, size))
    return Split(parts["train"], parts["test"], counts["train"], counts["test"])


class _Keys:
    """A number for each instance's input, and one for its group where groups are asked for, drawn from the seed."""

    def __init__(self, seed: int, group: str) -> None:
        self.group, self.found = group, False
        self._seed = hashlib.sha256(str(seed).encode()).digest()[:16]

    def of(self, columns: Columns) -> list[list[int]]:
        """Numbers of inputs; where groups are asked for also of groups, an instance without one being its own."""
        found = [[self._number(" ".join(text.casefold().split())) for text in columns.inputs]]
        if self.group:
            found.append([*found[0]])
            for row, extra in enumerate(columns.extras or ()):
                if self.group in extra:
                    self.found = True
                    found[1][row] = self._number(f"\x1f{extra[self.group]}")
        return found

    def _number(self, name: str) -> int:
        text = name.encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(text, digest_size=8, key=self._seed).digest(), "big")


def _together(numbers: Any) -> Any:
    """One number an instance from some (rows of ``numbers``): the least of all that it is joined to by equal ones."""
    import numpy as np

    values = numbers[0].copy()
    if len(numbers) == 1:
        return values
    places = [np.unique(row, return_inverse=True)[1] for row in numbers]
    while True:
        before = values.copy()
        for place in places:
            least = np.full(place.max() + 1, np.iinfo(np.uint64).max, np.uint64)
            np.minimum.at(least, place, values)
            values = least[place]
        if (values == before).all():
            return values


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
