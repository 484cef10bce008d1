"""Training on packed rows: it learns, goes on after a kill with the same losses, and stops where the loss is none."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import pytest

from medsins.training.shards import PackedRows, Packing, write_packed
from medsins.training.tokens import Tokens

from .test_shards import some_samples
from .words import WordTokenizer

torch = pytest.importorskip("torch")
trainer = pytest.importorskip("medsins.training.trainer")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> PackedRows:
    folder = tmp_path_factory.mktemp("data") / "packed"
    return PackedRows(write_packed(some_samples(160), Tokens(WordTokenizer(), 96), Packing(128, share=True), folder))


def settings(**changes: Any) -> Any:
    return trainer.Settings(**{"learning_rate": 3e-3, "rows_per_step": 2, "max_steps": 12, "save_steps": 4, **changes})


def losses(folder: Path) -> list[float]:
    return [line["loss"] for line in trainer.read_losses(folder)]


def test_it_learns_and_resumes_to_the_same_losses(tiny_llama: Any, rows: PackedRows, tmp_path: Path) -> None:
    steps = []
    trainer.tune(copy.deepcopy(tiny_llama), rows, settings(), tmp_path / "whole", trainer.Observer(steps.append))
    whole = losses(tmp_path / "whole")
    assert [step.step for step in steps] == list(range(1, 13))
    assert whole[-1] < 0.8 * whole[0]

    class Killed(Exception):
        pass

    def kill(step: Any) -> None:
        if step.step == 7:
            raise Killed

    with pytest.raises(Killed):
        trainer.tune(copy.deepcopy(tiny_llama), rows, settings(), tmp_path / "killed", trainer.Observer(kill))
    assert len(losses(tmp_path / "killed")) == 7
    cut_off = tmp_path / "killed" / "checkpoints" / "checkpoint-6"
    shutil.copytree(tmp_path / "killed" / "checkpoints" / "checkpoint-4", cut_off)
    (cut_off / trainer.DONE).unlink()
    trainer.tune(copy.deepcopy(tiny_llama), rows, settings(), tmp_path / "killed")
    assert losses(tmp_path / "killed") == pytest.approx(whole, rel=1e-6)
    assert not cut_off.exists()


def test_the_loss_does_not_depend_on_how_rows_make_up_a_step(tiny_llama: Any, rows: PackedRows, tmp_path: Path) -> None:
    """The first step's loss is the mean over answer tokens, however unevenly rows hold them."""
    from medsins.training.loss import row_tensors, summed_loss

    model = copy.deepcopy(tiny_llama)
    with torch.no_grad():
        total = sum(float(summed_loss(model, row_tensors(row))) for row in rows)
    mean = total / sum(int(row.loss.sum()) for row in rows)
    trainer.tune(model, rows, settings(rows_per_step=len(rows), max_steps=1, save_steps=0), tmp_path / "one")
    assert losses(tmp_path / "one") == pytest.approx([mean], rel=1e-4)


def test_a_loss_that_is_no_number_names_the_shard(tiny_llama: Any, rows: PackedRows, tmp_path: Path) -> None:
    model = copy.deepcopy(tiny_llama)
    with torch.no_grad():
        model.model.layers[0].mlp.up_proj.weight[0, 0] = float("nan")
    with pytest.raises(trainer.TrainingStopped, match=r"rows-00000\.parquet: the loss is nan at row \d+"):
        trainer.tune(model, rows, settings(), tmp_path / "nan")


def test_a_full_disk_leaves_the_last_whole_checkpoint(
    tiny_llama: Any, rows: PackedRows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trainer.PackedTrainer._save_checkpoint

    def full(self: Any, *args: Any, **kwargs: Any) -> None:
        if self.state.global_step > 4:
            raise OSError(28, "No space left on device")
        whole(self, *args, **kwargs)

    monkeypatch.setattr(trainer.PackedTrainer, "_save_checkpoint", full)
    with pytest.raises(trainer.TrainingStopped, match=r"could not be written.*No space left"):
        trainer.tune(copy.deepcopy(tiny_llama), rows, settings(), tmp_path / "full")
    monkeypatch.undo()
    last = trainer.last_checkpoint(tmp_path / "full")
    assert last is not None
    assert last.name == "checkpoint-4"


def judging(scores: list[float], **changes: Any) -> Any:
    """An observer whose evaluations find these scores, one after the other, and note the steps."""
    seen: list[int] = []

    def evaluate(model: Any, step: int) -> dict[str, float]:
        assert not model.training
        seen.append(step)
        return {"one": scores[len(seen) - 1], "other": scores[len(seen) - 1] + 2}

    observer = trainer.Observer(evaluate=evaluate, evaluation=trainer.Evaluation("s", every=2, **changes))
    return observer, seen


def test_it_stops_early_with_the_best_weights(tiny_llama: Any, rows: PackedRows, tmp_path: Path) -> None:
    observer, seen = judging([9, 10, 30, 20, 25, 40, 50], patience=2)
    model = trainer.tune(copy.deepcopy(tiny_llama), rows, settings(), tmp_path / "r", observer, tmp_path / "model")
    assert seen == [0, 2, 4, 6, 8]  # the best after four steps, then two that are not better
    assert len(losses(tmp_path / "r")) == 8
    kept = sorted(path.name for path in (tmp_path / "r" / "checkpoints").iterdir())
    assert "checkpoint-4" in kept
    best = type(tiny_llama).from_pretrained(tmp_path / "r" / "checkpoints" / "checkpoint-4")
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, best.state_dict()[name]), name
    assert [path.name for path in (tmp_path / "model").glob("*.bin")] == []


def test_evaluations_change_no_loss_and_are_not_repeated(tiny_llama: Any, rows: PackedRows, tmp_path: Path) -> None:
    trainer.tune(copy.deepcopy(tiny_llama), rows, settings(max_steps=6), tmp_path / "without")
    observer, seen = judging([1.0] * 9)
    trainer.tune(copy.deepcopy(tiny_llama), rows, settings(max_steps=6), tmp_path / "with", observer)
    assert losses(tmp_path / "with") == pytest.approx(losses(tmp_path / "without"), rel=1e-6)
    assert seen == [0, 2, 4, 6]
    shutil.rmtree(tmp_path / "with" / "checkpoints" / "checkpoint-6")
    again, seen = judging([1.0] * 9)
    trainer.tune(copy.deepcopy(tiny_llama), rows, settings(max_steps=6), tmp_path / "with", again)  # from step 4
    assert seen == [6]
    noted = trainer.read_lines(tmp_path / "with" / trainer.EVALUATIONS)
    assert [line["step"] for line in noted] == [0, 2, 4, 6]
    assert noted[0]["scores"] == {"one": 1.0, "other": 3.0}


def test_recomputed_activations_change_no_loss(tiny_llama: Any, rows: PackedRows, tmp_path: Path) -> None:
    for name, chosen in (("kept", False), ("again", True)):
        given = settings(max_steps=3, save_steps=0, gradient_checkpointing=chosen)
        trainer.tune(copy.deepcopy(tiny_llama), rows, given, tmp_path / name)
    assert losses(tmp_path / "again") == pytest.approx(losses(tmp_path / "kept"), rel=1e-5)


def test_a_line_that_a_kill_cut_off_is_not_there(tmp_path: Path) -> None:
    trainer.append_line(tmp_path / "x.jsonl", {"step": 1})
    with (tmp_path / "x.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"step": 2, "lo')
    assert trainer.read_lines(tmp_path / "x.jsonl") == [{"step": 1}]
    assert trainer.read_lines(tmp_path / "none.jsonl") == []
