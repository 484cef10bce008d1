"""What a training run will need, before it starts: memory, arithmetic and hours, from sizes alone.

Arithmetic follows Kaplan et al. 2020 (arXiv 2001.08361): two operations a parameter and token forward, four backward;
frozen parameters need no gradient of their own (two of the four), recomputed activations one forward more.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """A decoder: ``parameters`` in all and ``tuned`` ones, ``layers``, ``hidden`` units, ``vocabulary``; ``below`` are
    the parameters under all tuned ones, through which no gradient goes.
    """

    parameters: int
    tuned: int
    layers: int
    hidden: int
    vocabulary: int
    below: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done. ``tokens``: computed, all epochs; ``row_tokens``: of one row; ``answer_share``: of a row's
    tokens that bear loss (0 to 1); ``weight_bytes``: of a frozen parameter.
    """

    tokens: int
    row_tokens: int
    answer_share: float
    bfloat16: bool
    checkpointing: bool
    weight_bytes: float = 4.0
    devices: int = 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """``memory`` in bytes a device, ``operations`` in all; see ``hours``."""

    memory: float
    operations: float

    def hours(self, operations_per_second: float, devices: int = 1) -> float:
        """Wall clock hours at so many floating-point operations a second that a device really does."""
        return self.operations / (operations_per_second * devices) / 3600


def estimate(model: Model, work: Work) -> Estimate:
    """Memory and arithmetic of a run; memory of activations is a model of the usual decoder, good to a third or so."""
    frozen = model.parameters - model.tuned
    # Weight, gradient and Adam's two moments, all in float32; sharded over the devices.
    states = (16.0 * model.tuned + work.weight_bytes * frozen) / work.devices
    size = 2.0 if work.bfloat16 else 4.0
    # Values of hidden size that the backward pass needs, a layer and token: all, or two and one layer's anew.
    kept = 2.0 * model.layers + 34.0 if work.checkpointing else 34.0 * model.layers
    activations = work.row_tokens * model.hidden * size * kept
    # Logits in the working precision and in float32, with their gradient, only where the loss is taken.
    logits = work.row_tokens * work.answer_share * model.vocabulary * (size + 8.0)
    forward = 2.0 * model.parameters
    backward = 2.0 * (model.parameters - model.below) + 2.0 * model.tuned
    again = forward if work.checkpointing else 0.0
    return Estimate(states + activations + logits, work.tokens * (forward + backward + again))
