"""What flows from a mixture to a trainer: samples as turns, as tokens, and rows packed from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sample:
    """One training sample before it is tokens: an instruction, worked examples, a question and its answer."""

    task_id: str
    instance_id: str
    instruction: str
    input: str
    output: str
    shots: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TokenSample:
    """A sample as the model reads it. ``answer`` ends with the token that ends a turn; only it bears loss.

    ``dropped_shots`` and ``cut_characters`` count what did not fit.
    """

    prompt: Ints
    answer: Ints
    dropped_shots: int = 0
    cut_characters: int = 0

    def __len__(self) -> int:
        return len(self.prompt) + len(self.answer)


@dataclass(frozen=True, slots=True)
class Row:
    """A packed row: one forward pass. All arrays have one entry a token.

    A token attends to itself and to tokens before it that are of its own ``group`` and either in the group's shared
    prefix (``part`` 0) or of its own ``part``. Without shared prefixes each sample is a group with ``part`` 0 only.
    ``positions`` are those that each sample would have alone. ``loss`` marks answer tokens.
    """

    ids: Ints
    positions: Ints
    group: Ints
    part: Ints
    loss: Bools

    def __len__(self) -> int:
        return len(self.ids)
