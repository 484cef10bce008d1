"""Training on packed rows with transformers' Trainer: one row a forward pass, loss per answer token of the whole batch.

Several processes and nodes are torchrun's and accelerate's; this file only says what a batch is and what its loss is.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback, TrainingArguments

from medsins.core import MedsinsError, Problem, RunError, write_json

from .loss import row_tensors, summed_loss
from .records import Row
from .shards import PackedRows

LOSSES = "losses.jsonl"
DONE = "medsins.json"
"""Written last into a checkpoint: one without it was cut off and is not resumed from."""

_SAVED = "checkpoint-"


class TrainingStopped(MedsinsError):
    """Training ended before its time: the loss is no number any more, or the disk is full."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a model is tuned. See the recipe's fields of the same names for units."""

    learning_rate: float = 1e-5
    epochs: float = 1.0
    max_steps: int = 0
    rows_per_step: int = 16
    warmup_share: float = 0.03
    schedule: str = "cosine"
    weight_decay: float = 0.0
    clip: float = 1.0
    precision: str = "float32"
    gradient_checkpointing: bool = False
    save_steps: int = 0
    keep_checkpoints: int = 2
    patience: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One optimizer step as it is told: ``loss`` in nats an answer token, ``tokens`` computed so far, ``seconds`` since
    the start of this session.
    """

    step: int
    steps: int
    loss: float
    learning_rate: float
    gradient_norm: float
    tokens: int
    seconds: float


Listener = Callable[[Step], None]


class _Rows(torch.utils.data.Dataset[tuple[int, Row]]):
    """Rows with their numbers, so that a loss that is no number can be traced."""

    def __init__(self, rows: PackedRows) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[int, Row]:
        return index, self.rows[index]


def collate(batch: Sequence[tuple[int, Row]]) -> dict[str, Any]:
    """The tensors of one row. Trainer counts ``shift_labels``, where there are ``labels``, to weigh a step's losses."""
    ((number, row),) = batch
    tensors = row_tensors(row)
    targets = tensors["targets"]
    return {**tensors, "labels": targets, "shift_labels": targets, "number": torch.tensor(number)}


class PackedTrainer(Trainer):  # type: ignore[misc]
    """Trainer whose batches are packed rows."""

    rows: PackedRows
    computed = 0  # tokens, on this process

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Cross-entropy summed over the row's answer tokens, over the answer tokens of the whole optimizer step."""
        number, labels, _ = (inputs.pop(name) for name in ("number", "labels", "shift_labels"))
        if model.training:
            self.computed += int(inputs["input_ids"].numel())
        loss = summed_loss(model, inputs)
        if not torch.isfinite(loss):
            shard = self.rows.shard_of(int(number))
            mend = "train with a lower learning rate, or look at the row: medsins train inspect"
            raise TrainingStopped(Problem(f"the loss is {loss.item()} at row {int(number)}", shard, mend))
        items = num_items_in_batch if num_items_in_batch is not None else max(1, labels.numel())
        loss = loss / items
        if self.args.average_tokens_across_devices and num_items_in_batch is not None:
            loss = loss * self.accelerator.num_processes
        return (loss, {}) if return_outputs else loss


class _Told(TrainerCallback):  # type: ignore[misc]
    """Notes each step's loss, and marks checkpoints that are whole."""

    def __init__(self, folder: Path, listen: Listener) -> None:
        self.folder, self.listen = folder, listen
        self.trainer: PackedTrainer | None = None
        self.started = time.monotonic()

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.is_world_process_zero:
            _forget_after(self.folder / LOSSES, state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        if not logs or "loss" not in logs or not state.is_world_process_zero or self.trainer is None:
            return
        step = Step(
            state.global_step, state.max_steps, logs["loss"], logs["learning_rate"], logs.get("grad_norm", math.nan),
            self.trainer.computed * self.trainer.accelerator.num_processes, time.monotonic() - self.started,
        )  # fmt: skip
        with (self.folder / LOSSES).open("a", encoding="utf-8") as stream:
            record = {"step": step.step, "loss": step.loss, "learning_rate": step.learning_rate}
            stream.write(json.dumps({**record, "gradient_norm": step.gradient_norm, "tokens": step.tokens}) + "\n")
        self.listen(step)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.is_world_process_zero:
            folder = Path(args.output_dir) / f"{_SAVED}{state.global_step}"
            write_json(folder / DONE, {"step": state.global_step})


def arguments(settings: Settings, folder: Path) -> TrainingArguments:
    """Trainer's arguments; nothing is reported anywhere."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if settings.rows_per_step % processes:
        mend = f"choose rows_per_step divisible by {processes}"
        raise RunError(
            Problem(f"{settings.rows_per_step} rows a step do not divide over {processes} processes", "", mend)
        )
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
        save_strategy="steps" if settings.save_steps else "no",
        save_steps=settings.save_steps or 500,
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
    )


def tune(model: Any, rows: PackedRows, settings: Settings, folder: Path, listen: Listener = lambda step: None) -> Any:
    """Tune a model in place, going on from the last whole checkpoint in ``folder``; returns the model.

    Args:
        model: a causal language model of transformers, or an adapter around one.
        rows: packed for the same tokenizer.
        folder: gets ``losses.jsonl`` (a line an optimizer step) and ``checkpoints/``.

    Raises:
        TrainingStopped: the loss is no number (the shard is named), or a checkpoint could not be written; the last
            whole checkpoint stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told = _Told(folder, listen)
    trainer = PackedTrainer(
        model=model,
        args=arguments(settings, folder),
        train_dataset=_Rows(rows),
        data_collator=collate,
        callbacks=[told],
    )
    trainer.rows, trainer.model_accepts_loss_kwargs, trainer.loss_is_scaled_for_ga = rows, True, True
    told.trainer = trainer
    _quiet(trainer)
    start = last_checkpoint(folder)
    try:
        trainer.train(resume_from_checkpoint=str(start) if start else None)
    except OSError as error:
        mend = "free some space, then start again: it goes on from the last whole checkpoint"
        raise TrainingStopped(Problem(f"a checkpoint could not be written: {error}", str(folder), mend)) from error
    return trainer.accelerator.unwrap_model(trainer.model)


def last_checkpoint(folder: Path) -> Path | None:
    """The latest whole checkpoint; those cut off by a kill or a full disk are removed."""
    found = sorted((folder / "checkpoints").glob(f"{_SAVED}*"), key=lambda path: int(path.name[len(_SAVED) :]))
    for path in found:
        if not (path / DONE).is_file():
            shutil.rmtree(path, ignore_errors=True)
    whole = [path for path in found if (path / DONE).is_file()]
    return whole[-1] if whole else None


def read_losses(folder: Path) -> list[dict[str, float]]:
    """The lines of ``losses.jsonl``."""
    path = folder / LOSSES
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def _forget_after(path: Path, step: int) -> None:
    """Leave out what came after the checkpoint that training goes on from: it comes again."""
    if path.is_file():
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(line for line in lines if json.loads(line)["step"] <= step), encoding="utf-8")


def _quiet(trainer: Trainer) -> None:
    """Our own progress is told; Trainer's printing is not."""
    from transformers.trainer_callback import PrinterCallback, ProgressCallback

    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
