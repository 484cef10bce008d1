"""Training on packed rows with transformers' Trainer: one row a forward pass, loss per answer token of the whole batch.

Several processes and nodes are torchrun's and accelerate's; this file only says what a batch is and what its loss is.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import EarlyStoppingCallback, Trainer, TrainerCallback

from medsins.core import MedsinsError, Problem, write_json, write_text

from .arguments import arguments
from .loss import row_tensors, summed_loss
from .records import Row
from .settings import Evaluation, Settings
from .shards import PackedRows

LOSSES, EVALUATIONS = "losses.jsonl", "evaluations.jsonl"
DONE = "medsins.json"
"""Written last into a checkpoint: one without it was cut off and is not resumed from."""

_SAVED = "checkpoint-"


class TrainingStopped(MedsinsError):
    """Training ended before its time: the loss is no number any more, or the disk is full."""


@dataclass(frozen=True, slots=True)
class Step:
    """One optimizer step as it is told.

    Attributes:
        step: its number, from 1, of ``steps``.
        loss: nats an answer token.
        tokens: computed so far, in all sessions and processes.
        pace: tokens a second in this session, evaluations counted in.
        seconds_left: at this session's pace.
    """

    step: int
    steps: int
    loss: float
    learning_rate: float
    gradient_norm: float
    tokens: int
    pace: float
    seconds_left: float


Listener = Callable[[Step], None]
Evaluator = Callable[[Any, int], Mapping[str, float]]
"""Given the model and the step: a score of each category, in percent; their mean tells when to stop early."""


@dataclass(frozen=True, slots=True)
class Observer:
    """Who is told while a model is tuned: ``listen`` of each step; ``evaluate``, if given, judges the model as
    ``evaluation`` says (its suite is the caller's business).
    """

    listen: Listener = lambda step: None
    evaluate: Evaluator | None = None
    evaluation: Evaluation = field(default_factory=Evaluation)


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
    """Trainer whose batches are packed rows, and whose evaluation is the observer's."""

    rows: PackedRows
    folder: Path
    evaluator: Evaluator | None = None
    control: Any
    computed = 0  # tokens, on this process, in this session

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Judge the model, once a step; every process does, since sharded weights need all of them."""
        assert self.evaluator is not None
        step = self.state.global_step
        if step % self.args.eval_steps:  # on resuming from a checkpoint between two evaluations
            return {}
        scores = next((line["scores"] for line in read_lines(self.folder / EVALUATIONS) if line["step"] == step), None)
        if scores is None:
            model = self.accelerator.unwrap_model(self.model)
            model.eval()
            with torch.no_grad():
                scores = dict(self.evaluator(model, step))
            model.train()
            self.accelerator.wait_for_everyone()
            if self.is_world_process_zero():
                append_line(self.folder / EVALUATIONS, {"step": step, "scores": scores})
        mean = sum(scores.values()) / len(scores) if scores else 0.0
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, {"eval_mean": mean})
        return {"eval_mean": mean}

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
            look = f"medsins train inspect RECIPE --row {int(number)}"
            mend = f"train with a lower learning rate, or look at the row: {look}"
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
        self.started, self.first, self.before = time.monotonic(), 0, 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.started, self.first = time.monotonic(), state.global_step
        self.before = int(next((line["tokens"] for line in reversed(read_losses(self.folder))), 0))

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        if not logs or "loss" not in logs or not state.is_world_process_zero or self.trainer is None:
            return
        done, left = state.global_step - self.first, state.max_steps - state.global_step
        computed = self.trainer.computed * self.trainer.accelerator.num_processes
        seconds = max(1e-6, time.monotonic() - self.started)
        step = Step(
            state.global_step, state.max_steps, logs["loss"], logs["learning_rate"], logs.get("grad_norm", math.nan),
            self.before + computed, computed / seconds, seconds / max(1, done) * left,
        )  # fmt: skip
        record = {"step": step.step, "loss": step.loss, "learning_rate": step.learning_rate}
        record |= {"gradient_norm": step.gradient_norm, "tokens": step.tokens}
        append_line(self.folder / LOSSES, record)
        self.listen(step)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.is_world_process_zero:
            folder = Path(args.output_dir) / f"{_SAVED}{state.global_step}"
            write_json(folder / DONE, {"step": state.global_step})


SILENT = Observer()


def tune(
    model: Any,
    rows: PackedRows,
    settings: Settings,
    folder: Path,
    observer: Observer = SILENT,
    target: Path | None = None,
) -> Any:
    """Tune a model in place, going on from the last whole checkpoint in ``folder``; returns the model.

    Args:
        model: a causal language model of transformers, or an adapter around one.
        rows: packed for the same tokenizer.
        folder: gets ``losses.jsonl`` (a line an optimizer step), ``evaluations.jsonl`` and ``checkpoints/``.
        target: gets the tuned weights as safetensors, gathered from all processes, or the adapter alone.

    Raises:
        TrainingStopped: the loss is no number (the shard is named), or a checkpoint could not be written; the last
            whole checkpoint stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told = _Told(folder, observer.listen)
    evaluation = observer.evaluation if observer.evaluate else None
    patience = evaluation.patience if evaluation else 0
    trainer = PackedTrainer(
        model=model,
        args=arguments(settings, folder, evaluation),
        train_dataset=_Rows(rows),
        eval_dataset=_Rows(rows),  # Trainer wants one; ``evaluate`` is ours
        data_collator=collate,
        callbacks=[told, *([EarlyStoppingCallback(patience)] if patience else [])],
    )
    trainer.rows, trainer.model_accepts_loss_kwargs, trainer.loss_is_scaled_for_ga = rows, True, True
    trainer.folder, trainer.evaluator = folder, observer.evaluate
    told.trainer = trainer
    _quiet(trainer)
    start = _start(trainer, folder)
    try:
        trainer.train(resume_from_checkpoint=str(start) if start else None)
        if target is not None:
            _save(trainer, target)
    except OSError as error:
        mend = "free some space, then start again: it goes on from the last whole checkpoint"
        raise TrainingStopped(Problem(f"the model could not be written: {error}", str(folder), mend)) from error
    return trainer.accelerator.unwrap_model(trainer.model)


def _save(trainer: Trainer, target: Path) -> None:
    """Weights in their folder, whole or not at all."""
    partial = target.with_name(f".{target.name}.partial")
    if trainer.is_world_process_zero():
        shutil.rmtree(partial, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
    trainer.save_model(str(partial))
    trainer.accelerator.wait_for_everyone()
    if trainer.is_world_process_zero():
        (partial / "training_args.bin").unlink(missing_ok=True)  # a pickle
        shutil.rmtree(target, ignore_errors=True)
        partial.replace(target)
    trainer.accelerator.wait_for_everyone()


def _start(trainer: Trainer, folder: Path) -> Path | None:
    """The checkpoint to go on from; what was noted after it comes again. The first process alone tidies up."""
    if trainer.is_world_process_zero():
        start = last_checkpoint(folder)
        for name in (LOSSES, EVALUATIONS):
            _forget_after(folder / name, step_of(start) if start else -1)
    trainer.accelerator.wait_for_everyone()
    return last_checkpoint(folder)


def step_of(checkpoint: Path) -> int:
    """The optimizer step that a checkpoint was made after."""
    return int(checkpoint.name[len(_SAVED) :])


def last_checkpoint(folder: Path) -> Path | None:
    """The latest whole checkpoint; those cut off by a kill or a full disk are removed."""
    found = sorted((folder / "checkpoints").glob(f"{_SAVED}*"), key=step_of)
    for path in found:
        if not (path / DONE).is_file():
            shutil.rmtree(path, ignore_errors=True)
    whole = [path for path in found if (path / DONE).is_file()]
    return whole[-1] if whole else None


def read_losses(folder: Path) -> list[dict[str, float]]:
    """The lines of ``losses.jsonl``."""
    return read_lines(folder / LOSSES)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file of JSON lines; a last one that a kill cut off is not there."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def append_line(path: Path, record: Mapping[str, Any]) -> None:
    """Add a line to a file of JSON lines."""
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(record) + "\n")


def _forget_after(path: Path, step: int) -> None:
    """Leave out what came after the checkpoint that training goes on from: it comes again."""
    if path.is_file():
        kept = [line for line in read_lines(path) if line["step"] <= step]
        write_text(path, "".join(json.dumps(line) + "\n" for line in kept))


def _quiet(trainer: Trainer) -> None:
    """Our own progress is told; Trainer's printing is not."""
    from transformers.trainer_callback import PrinterCallback, ProgressCallback

    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
