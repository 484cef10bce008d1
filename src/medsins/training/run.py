"""From prepared rows to a tuned model in its folder: bound to its settings, resumed by itself, done once."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from medsins.core import Problem, RunError, UsageError, write_json

from .measure import steps_of
from .model import freeze_lower, load_base, load_tokenizer
from .prepare import Prepared, read_prepared
from .recipe import Recipe
from .shards import PackedRows, tokenizer_digest
from .tokens import Tokens
from .trainer import EVALUATIONS, Observer, last_checkpoint, read_lines, read_losses, step_of, tune

TRAINING, MODEL, ADAPTER = "training", "model", "adapter"
STARTED, TRAINED = "started.json", "trained.json"

OPERATIONAL = ("devices", "shard_weights", "save_steps", "keep_checkpoints")
"""Settings that say how a training is carried out; a resumed one may change them."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished training.

    Attributes:
        folder: of safetensors: a whole model, or an adapter that is to be merged.
        adapter: whether it is an adapter.
        steps: optimizer steps that were made; ``planned`` ones may be more where it stopped early.
        loss: nats an answer token, the mean over the last tenth of the steps.
        tokens: computed.
        best_step: whose weights these are where the evaluation decided; else the last.
    """

    folder: Path
    adapter: bool
    steps: int
    planned: int
    loss: float
    tokens: int
    best_step: int


def is_main() -> bool:
    """Whether this is the first of the processes that torchrun started, which alone writes and tells."""
    return os.environ.get("RANK", "0") == "0"


def target_of(recipe: Recipe) -> Path:
    """Where the tuned weights go."""
    return recipe.folder / (ADAPTER if recipe.adapter.rank else MODEL)


def read_trained(recipe: Recipe) -> Trained | None:
    """The finished training of a recipe; None where it is not finished."""
    path = recipe.folder / TRAINING / TRAINED
    if not path.is_file():
        return None
    return Trained(target_of(recipe), bool(recipe.adapter.rank), **json.loads(path.read_text(encoding="utf-8")))


def resumes_from(recipe: Recipe) -> int:
    """The optimizer step that training will go on from; 0: from the start."""
    start = last_checkpoint(recipe.folder / TRAINING)
    return step_of(start) if start else 0


def train(recipe: Recipe, base: Path, observer: Observer) -> Trained:
    """Tune the base model as the recipe says, going on where an earlier session ended; a finished training is not
    done again.

    Args:
        base: the checked folder of the base model.

    Raises:
        UsageError: nothing is prepared, or for another model.
        RunError: the folder holds a training with other settings.
        TrainingStopped: as ``tune``.
    """
    prepared = read_prepared(recipe)
    folder = recipe.folder / TRAINING
    _check_tokenizer(prepared, recipe, base)
    _bind(folder, recipe, prepared)
    if done := read_trained(recipe):
        return done
    rows = PackedRows(prepared.packed)
    model, tokenizer = load_base(base, recipe.training.precision, recipe.adapter)
    if not recipe.adapter.rank:
        freeze_lower(model, recipe.training.frozen_layers)
    target = target_of(recipe)
    tune(model, rows, recipe.training, folder, observer, target)
    if is_main():
        tokenizer.save_pretrained(target)
        planned = steps_of(len(rows), recipe.training)
        write_json(folder / TRAINED, {"planned": planned, **_summary(folder, observer)})
    found = read_trained(recipe)
    return found or Trained(target, bool(recipe.adapter.rank), 0, 0, 0.0, 0, 0)  # of another process


def _check_tokenizer(prepared: Prepared, recipe: Recipe, base: Path) -> None:
    tokens = Tokens(load_tokenizer(base), recipe.packing.capacity)
    if tokenizer_digest(tokens) != prepared.packed.tokenizer:
        mend = f"medsins train prepare {recipe.path}"
        raise UsageError(Problem("the rows were made for another tokenizer", str(prepared.packed.folder), mend))


def _bind(folder: Path, recipe: Recipe, prepared: Prepared) -> None:
    """Note what this training is; refuse to go on with one that is something else."""
    chosen = {f"training.{name}": value for name, value in asdict(recipe.training).items() if name not in OPERATIONAL}
    chosen |= {f"adapter.{name}": value for name, value in asdict(recipe.adapter).items()}
    now = {"model": recipe.model, "data": prepared.packed.digest, **chosen}
    path = folder / STARTED
    if not path.is_file():
        if is_main():
            folder.mkdir(parents=True, exist_ok=True)
            write_json(path, now)
        return
    before: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    other = [f"{name} ({before.get(name)} there, {now[name]} now)" for name in now if before.get(name) != now[name]]
    if other:
        mend = "name another output folder, or remove this one to begin anew"
        raise RunError(Problem(f"holds a training with other settings: {', '.join(other)}", str(folder), mend))


def _summary(folder: Path, observer: Observer) -> dict[str, Any]:
    losses, judged = read_losses(folder), read_lines(folder / EVALUATIONS)
    steps = len(losses)
    last = losses[-max(1, steps // 10) :]
    best = steps
    if observer.evaluate and observer.evaluation.patience:
        later = [line for line in judged if line["step"]]  # what stands at the start has no checkpoint
        means = {line["step"]: sum(line["scores"].values()) / max(1, len(line["scores"])) for line in later}
        best = max(means, key=lambda step: means[step], default=steps)
    return {
        "steps": steps,
        "loss": sum(line["loss"] for line in last) / max(1, len(last)),
        "tokens": int(losses[-1]["tokens"]) if losses else 0,
        "best_step": best,
    }
