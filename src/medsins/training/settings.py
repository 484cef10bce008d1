"""What a recipe says of training, as plain records that need no torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from medsins.core import Problem

SCHEDULES = ("cosine", "linear", "constant", "constant_with_warmup")
PRECISIONS = ("float32", "bfloat16")


def at_least(record: Any, least: float, names: Iterable[str]) -> list[Problem]:
    """A problem for each of the named numbers of a record that is below ``least``."""
    found = ((name, getattr(record, name)) for name in names)
    return [Problem(f"{name} is {value}", mend=f"choose {least:g} or more") for name, value in found if value < least]


def share(record: Any, names: Iterable[str]) -> list[Problem]:
    """A problem for each of the named numbers of a record that is no share, 0 to 1."""
    found = ((name, getattr(record, name)) for name in names)
    return [
        Problem(f"{name} is {value}", mend="choose a share, 0 to 1") for name, value in found if not 0 <= value <= 1
    ]


def one_of(record: Any, name: str, known: Iterable[str]) -> list[Problem]:
    """A problem where the named text of a record is none of those that are known."""
    value = getattr(record, name)
    return [] if value in known else [Problem(f"{name} is '{value}'", mend=f"known: {', '.join(known)}")]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a model is tuned.

    Attributes:
        learning_rate: the highest, reached after the warm-up.
        epochs: passes over all rows.
        max_steps: optimizer steps at most; 0: as many as the epochs take.
        rows_per_step: packed rows of an optimizer step, over all processes (the global batch size).
        warmup_share: of the steps, 0 to 1.
        schedule: of the learning rate after the warm-up.
        weight_decay: of AdamW.
        clip: the most that the norm of a step's gradient may be.
        precision: what is computed in; weights that are tuned and the optimizer's states are always float32.
        frozen_layers: lower layers that stay as they are, and the embeddings with them: less work and memory; 0: none.
        gradient_checkpointing: activations are computed again instead of kept: less memory, a third more work.
        devices: processes that torchrun starts; estimates are for as many.
        shard_weights: weights, gradients and states are spread over the devices (FSDP2) instead of copied.
        save_steps: optimizer steps between checkpoints; 0: none. Only what a checkpoint holds survives a kill.
        keep_checkpoints: how many are kept.
        seed: of the order of rows and of dropout.
    """

    learning_rate: float = 1e-5
    epochs: float = 1.0
    max_steps: int = 0
    rows_per_step: int = 16
    warmup_share: float = 0.03
    schedule: str = "cosine"
    weight_decay: float = 0.0
    clip: float = 1.0
    precision: str = "float32"
    frozen_layers: int = 0
    gradient_checkpointing: bool = False
    devices: int = 1
    shard_weights: bool = False
    save_steps: int = 0
    keep_checkpoints: int = 2
    seed: int = 0

    def problems(self) -> list[Problem]:
        """Everything that is wrong with the settings, whatever the data."""
        found = at_least(self, 1, ("rows_per_step", "devices")) + at_least(self, 2, ("keep_checkpoints",))
        found += at_least(self, 0, ("max_steps", "save_steps", "weight_decay", "frozen_layers"))
        for name in ("learning_rate", "epochs", "clip"):
            if not getattr(self, name) > 0:
                found.append(Problem(f"{name} is {getattr(self, name)}", mend="choose a number above 0"))
        found += share(self, ("warmup_share",))
        found += one_of(self, "schedule", SCHEDULES) + one_of(self, "precision", PRECISIONS)
        if self.devices > 0 and self.rows_per_step % self.devices:
            mend = f"choose a multiple of the {self.devices} devices"
            found.append(Problem(f"rows_per_step is {self.rows_per_step}", mend=mend))
        return found


@dataclass(frozen=True, slots=True)
class Adapter:
    """Low-rank adaptation (Hu et al. 2021, arXiv 2106.09685).

    Attributes:
        rank: of the matrices that are tuned; 0 tunes all parameters instead.
        alpha: scales the update, by ``alpha / rank``.
        dropout: share of the adapter's inputs that are left out in training, 0 to 1.
        quantized: the base model is kept in 4-bit NormalFloat (QLoRA, Dettmers et al. 2023, arXiv 2305.14314), which
            needs a CUDA device.
    """

    rank: int = 0
    alpha: int = 32
    dropout: float = 0.05
    quantized: bool = False

    def problems(self) -> list[Problem]:
        """Everything that is wrong with the settings."""
        found = at_least(self, 0, ("rank",)) + at_least(self, 1, ("alpha",)) + share(self, ("dropout",))
        if self.quantized and not self.rank:
            mend = "4-bit weights cannot be tuned themselves: choose a rank above 0"
            found.append(Problem("quantized is true without a rank", mend=mend))
        return found


FULL = Adapter()
"""All parameters are tuned."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A fixed slice of a suite that is answered and scored while a model is tuned.

    Attributes:
        suite: a bundled suite, a task file or a folder of them; empty: nothing is evaluated.
        protocol: how its questions are asked.
        questions: of each category, the first ones of its tasks.
        every: optimizer steps between two evaluations.
        patience: evaluations without a better mean after which training stops and the best checkpoint is kept; 0:
            never.
    """

    suite: str = ""
    protocol: str = "strict:shots=0,max_answer_tokens=128"
    questions: int = 8
    every: int = 100
    patience: int = 0

    def problems(self) -> list[Problem]:
        """Everything that is wrong with the settings."""
        found = at_least(self, 1, ("questions", "every")) + at_least(self, 0, ("patience",))
        if self.patience > 0 and not self.suite:
            found.append(Problem("patience is set without a suite", mend="name the suite that is to tell when to stop"))
        return found
