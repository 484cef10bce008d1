"""A recipe's settings as the arguments of transformers' Trainer; nothing is reported anywhere."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments

from medsins.core import Problem, RunError

from .settings import Evaluation, Settings


def arguments(settings: Settings, folder: Path, evaluation: Evaluation | None = None) -> TrainingArguments:
    """Trainer's arguments for this process of those that torchrun started.

    Raises:
        RunError: the rows of a step do not divide over the processes, or sharded weights lack their devices.
    """
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if settings.rows_per_step % processes:
        mend = f"choose rows_per_step divisible by {processes}"
        raise RunError(
            Problem(f"{settings.rows_per_step} rows a step do not divide over {processes} processes", "", mend)
        )
    saved = evaluation.every if evaluation and evaluation.patience else settings.save_steps
    return TrainingArguments(
        output_dir=str(folder / "checkpoints"),
        per_device_train_batch_size=1,
        gradient_accumulation_steps=settings.rows_per_step // processes,
        learning_rate=settings.learning_rate,
        num_train_epochs=settings.epochs,
        max_steps=settings.max_steps or -1,
        warmup_steps=settings.warmup_share,  # below 1: of all steps
        lr_scheduler_type=settings.schedule,
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.clip,
        adam_beta2=0.95,
        bf16=settings.precision == "bfloat16",
        activation_checkpointing=settings.gradient_checkpointing,
        save_strategy="steps" if saved else "no",
        save_steps=saved or 500,
        save_total_limit=settings.keep_checkpoints,
        logging_steps=1,
        logging_nan_inf_filter=False,
        seed=settings.seed,
        data_seed=settings.seed,
        average_tokens_across_devices=True,
        use_cpu=not torch.cuda.is_available(),
        dataloader_pin_memory=torch.cuda.is_available(),
        remove_unused_columns=False,
        report_to="none",
        disable_tqdm=True,
        push_to_hub=False,
        **_evaluated(evaluation),
        **_spread(settings, processes),
        **_kernels(),
    )


def _evaluated(evaluation: Evaluation | None) -> dict[str, Any]:
    """With patience, checkpoints are made where the model is judged, and the best of them is kept."""
    if evaluation is None:
        return {}
    best = {"metric_for_best_model": "mean", "greater_is_better": True, "load_best_model_at_end": True}
    steps = {"eval_strategy": "steps", "eval_steps": evaluation.every, "eval_on_start": True}
    return {**steps, **(best if evaluation.patience else {})}


def _spread(settings: Settings, processes: int) -> dict[str, Any]:
    """FSDP2 where weights are to be sharded over several processes; else each has a copy (data parallel)."""
    if processes == 1:
        return {}
    if not settings.shard_weights:
        return {"ddp_find_unused_parameters": False, "ddp_backend": None if torch.cuda.is_available() else "gloo"}
    if not torch.cuda.is_available():
        mend = "shard_weights = false trains with a copy in every process"
        raise RunError(Problem("sharded weights need a CUDA device for each process", "recipe: training", mend))
    config = {"version": 2, "reshard_after_forward": True, "activation_checkpointing": settings.gradient_checkpointing}
    return {"fsdp": True, "fsdp_config": config, "activation_checkpointing": False}


def _kernels() -> dict[str, Any]:
    """Liger's kernels where they are installed, on CUDA devices; not its loss, since ours needs few logits."""
    if not torch.cuda.is_available() or find_spec("liger_kernel") is None:
        return {}
    chosen = {"rope": True, "rms_norm": True, "swiglu": True, "fused_linear_cross_entropy": False}
    return {"use_liger_kernel": True, "liger_kernel_config": {**chosen, "cross_entropy": False}}
