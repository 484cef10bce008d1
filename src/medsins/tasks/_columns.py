"""Instances as columns: what bulk work (converting, checking, counting) goes over without a record for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from medsins.core import Instance


@dataclass(frozen=True, slots=True)
class Columns:
    """Some instances, one list per field, all of one length. ``extras`` is None where no instance has further keys."""

    ids: list[str]
    inputs: list[str]
    outputs: list[Sequence[str]]
    listed: list[bool]
    extras: list[Mapping[str, Any]] | None = None

    @classmethod
    def of(cls, instances: Sequence[Instance]) -> Columns:
        """The columns of records."""
        return cls(
            [instance.id for instance in instances],
            [instance.input for instance in instances],
            [instance.outputs for instance in instances],
            [instance.listed for instance in instances],
            [instance.extra for instance in instances] if any(instance.extra for instance in instances) else None,
        )

    def __len__(self) -> int:
        return len(self.ids)

    def instances(self) -> list[Instance]:
        """The records."""
        outputs = map(tuple, self.outputs)
        if self.extras is None:
            return list(map(Instance, self.ids, self.inputs, outputs, self.listed))
        return list(map(Instance, self.ids, self.inputs, outputs, self.listed, self.extras))

    def pick(self, kept: Sequence[int] | slice) -> Columns:
        """The columns of some rows, by position."""
        if isinstance(kept, slice):
            kept = range(*kept.indices(len(self)))
        return Columns(
            [self.ids[row] for row in kept],
            [self.inputs[row] for row in kept],
            [self.outputs[row] for row in kept],
            [self.listed[row] for row in kept],
            None if self.extras is None else [self.extras[row] for row in kept],
        )

    def characters(self) -> int:
        """Characters of all inputs and outputs."""
        return sum(map(len, chain(self.inputs, chain.from_iterable(self.outputs))))
