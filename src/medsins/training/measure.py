"""The sizes of a model before its weights are read, and how fast this machine multiplies."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import torch

from medsins.core import Problem, UsageError

from .estimate import Model, Work
from .model import freeze_lower
from .settings import Adapter, Settings
from .shards import Packed

REACHED = 0.4
"""Share of the pace of bare matrix products that training is taken to reach."""


def model_sizes(folder: Path, adapter: Adapter, frozen_layers: int = 0) -> Model:
    """The sizes of a model folder, and how many parameters are tuned. Nothing but its configuration is read.

    Raises:
        UsageError: it is no causal model.
    """
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        mend = "name a folder of a causal model"
        raise UsageError(Problem(f"cannot be loaded: {error}", str(folder), mend)) from error
    whole = sum(parameter.numel() for parameter in model.parameters())
    text = config.get_text_config()
    below = 0
    if frozen_layers and not adapter.rank:
        freeze_lower(model, frozen_layers)
        below = sum(parameter.numel() for parameter in model.parameters() if not parameter.requires_grad)
    tuned = _beside(model, adapter.rank) if adapter.rank else whole - below
    return Model(whole, tuned, int(text.num_hidden_layers), int(text.hidden_size), int(text.vocab_size), below)


def _beside(model: Any, rank: int) -> int:
    """Parameters of low-rank matrices beside every linear layer but the head."""
    head = model.get_output_embeddings()
    layers = [layer for layer in model.modules() if isinstance(layer, torch.nn.Linear) and layer is not head]
    return sum(rank * (layer.in_features + layer.out_features) for layer in layers)


def steps_of(rows: int, settings: Settings) -> int:
    """Optimizer steps of a run, as Trainer counts them."""
    whole = math.ceil(math.ceil(rows / settings.rows_per_step) * settings.epochs)
    return min(whole, settings.max_steps) if settings.max_steps else whole


def work_of(packed: Packed, settings: Settings, adapter: Adapter) -> Work:
    """What is to be computed with packed rows."""
    rows, tokens = int(packed.counts["rows"]), int(packed.counts["tokens"])
    passes = min(settings.epochs * rows, steps_of(rows, settings) * settings.rows_per_step) / rows
    frozen = 0.55 if adapter.quantized else 2.0 if settings.precision == "bfloat16" else 4.0
    return Work(
        tokens=round(passes * tokens),
        row_tokens=packed.packing.capacity,
        answer_share=int(packed.counts["answer"]) / tokens,
        bfloat16=settings.precision == "bfloat16",
        checkpointing=settings.gradient_checkpointing,
        weight_bytes=frozen,
        devices=settings.devices if settings.shard_weights else 1,
    )


def operations_per_second(model: Model, rows: int, bfloat16: bool, seconds: float = 0.4) -> float:
    """Floating-point operations a second of one device in matrix products of the model's shape (rows tokens by hidden
    units): the best of those that fit into so many seconds.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    kind = torch.bfloat16 if bfloat16 else torch.float32
    left = torch.randn(rows, model.hidden, device=device, dtype=kind)
    weight = torch.randn(4 * model.hidden, model.hidden, device=device, dtype=kind)
    best, end = math.inf, time.perf_counter() + seconds
    while best is math.inf or time.perf_counter() < end:
        begun = time.perf_counter()
        torch.nn.functional.linear(left, weight)
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - begun)
    return 2.0 * rows * model.hidden * 4 * model.hidden / best
