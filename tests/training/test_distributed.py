"""Two processes on a processor: the same losses as one, with a copy of the weights each and with sharded ones."""

from __future__ import annotations

import copy
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from medsins.training.shards import PackedRows, Packing, read_packed, write_packed
from medsins.training.tokens import Tokens

from .test_shards import some_samples
from .words import WordTokenizer

torch = pytest.importorskip("torch")
trainer = pytest.importorskip("medsins.training.trainer")

STEPS, SAVED, ROWS = 10, 4, 4  # optimizer steps, the one that is saved after, rows of a step

# Data parallel: the very call that `medsins train run` makes, in as many processes as torchrun starts.
COPIES = """
import sys
from pathlib import Path
import torch, transformers
from medsins.training.shards import PackedRows, read_packed
from medsins.training.trainer import Settings, tune

folder, out, steps = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
model = transformers.LlamaForCausalLM.from_pretrained(folder / "model")
settings = Settings(learning_rate=3e-3, rows_per_step=4, max_steps=steps, save_steps=4)
tune(model, PackedRows(read_packed(folder / "packed")), settings, out, target=out / "model")
"""

# FSDP2 as transformers' Trainer uses it on CUDA devices, with our rows and our loss; accelerate has none on processors.
SHARDED = """
import os, signal, sys
from pathlib import Path
import torch, transformers
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from medsins.training.loss import row_tensors, summed_loss
from medsins.training.shards import PackedRows, read_packed
from medsins.training.trainer import append_line

folder, out, killed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
dist.init_process_group("gloo")
rank, world = dist.get_rank(), dist.get_world_size()
model = transformers.LlamaForCausalLM.from_pretrained(folder / "model")
mesh = init_device_mesh("cpu", (world,))
for layer in model.model.layers:
    fully_shard(layer, mesh=mesh)
fully_shard(model, mesh=mesh)
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
rows, begin = PackedRows(read_packed(folder / "packed")), 0
if (out / "saved" / ".metadata").exists():
    weights, states = get_state_dict(model, optimizer)
    held = {"model": weights, "optimizer": states, "step": 0}
    dcp.load(held, checkpoint_id=out / "saved")
    set_state_dict(model, optimizer, model_state_dict=held["model"], optim_state_dict=held["optimizer"])
    begin = int(held["step"])
for step in range(begin, 10):
    mine = [rows[(4 * step + n) % len(rows)] for n in range(4)][rank::world]
    answers = torch.tensor(float(sum(row_tensors(row)["targets"].numel() for row in mine)))
    dist.all_reduce(answers)
    told = torch.zeros(())
    for row in mine:
        # Gradients are averaged over the processes: each counts as many times as there are.
        loss = summed_loss(model, row_tensors(row)) / answers
        (loss * world).backward()
        told += loss.detach()
    optimizer.step()
    optimizer.zero_grad()
    dist.all_reduce(told)
    if rank == 0:
        append_line(out / "losses.jsonl", {"step": step + 1, "loss": told.item()})
    if step + 1 == 4 and not begin:
        weights, states = get_state_dict(model, optimizer)
        dcp.save({"model": weights, "optimizer": states, "step": step + 1}, checkpoint_id=out / "saved")
    if step + 1 == killed:
        os.kill(os.getpid(), signal.SIGKILL)
dist.destroy_process_group()
"""


@pytest.fixture(scope="module")
def folder(tiny_llama: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model and rows packed for it."""
    folder = tmp_path_factory.mktemp("distributed")
    tiny_llama.save_pretrained(folder / "model")
    write_packed(some_samples(160), Tokens(WordTokenizer(), 96), Packing(128), folder / "packed")
    return folder


def torchrun(code: str, processes: int, *words: object) -> int:
    """The exit code of a script in so many processes."""
    script = Path(str(words[1])).with_suffix(".py")
    script.write_text(code, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
    command += ["--master-port", str(port), str(script), *map(str, words)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    if done.returncode and "SIGKILL" not in done.stderr and "Signal 9" not in done.stderr:
        pytest.fail(done.stderr[-3000:])
    return done.returncode


def losses(folder: Path) -> dict[int, float]:
    return {int(line["step"]): line["loss"] for line in trainer.read_losses(folder)}


def alone(folder: Path, out: Path, model: Any) -> dict[int, float]:
    settings = trainer.Settings(learning_rate=3e-3, rows_per_step=ROWS, max_steps=STEPS)
    trainer.tune(copy.deepcopy(model), PackedRows(read_packed(folder / "packed")), settings, out)
    return losses(out)


@pytest.mark.slow
def test_two_processes_with_copies_have_the_losses_of_one(folder: Path, tiny_llama: Any, tmp_path: Path) -> None:
    wanted = alone(folder, tmp_path / "one", tiny_llama)
    assert torchrun(COPIES, 2, folder, tmp_path / "two", STEPS) == 0
    assert losses(tmp_path / "two") == pytest.approx(wanted, rel=1e-4)
    assert (tmp_path / "two" / "model" / "model.safetensors").is_file()
    assert not list((tmp_path / "two" / "model").glob("*.bin"))
    # Stopped after eight steps of ten and started again in one process instead of two: the same curve.
    assert (tmp_path / "two" / "checkpoints" / "checkpoint-8" / trainer.DONE).is_file()
    shutil.rmtree(tmp_path / "two" / "checkpoints" / f"checkpoint-{STEPS}")
    lines = trainer.read_lines(tmp_path / "two" / trainer.LOSSES)
    assert torchrun(COPIES, 1, folder, tmp_path / "two", STEPS) == 0
    assert [line["step"] for line in trainer.read_losses(tmp_path / "two")] == [line["step"] for line in lines]
    assert losses(tmp_path / "two") == pytest.approx(wanted, rel=1e-4)


@pytest.mark.slow
def test_two_processes_with_sharded_weights_have_the_losses_of_one(folder: Path, tmp_path: Path) -> None:
    for name in ("one", "two", "killed"):
        (tmp_path / name).mkdir()
    assert torchrun(SHARDED, 1, folder, tmp_path / "one", 0) == 0
    assert torchrun(SHARDED, 2, folder, tmp_path / "two", 0) == 0
    wanted = losses(tmp_path / "one")
    assert sorted(wanted) == list(range(1, STEPS + 1))
    assert wanted[STEPS] < 0.9 * wanted[1]
    assert losses(tmp_path / "two") == pytest.approx(wanted, rel=1e-4)
    assert torchrun(SHARDED, 2, folder, tmp_path / "killed", 7) != 0
    assert torchrun(SHARDED, 2, folder, tmp_path / "killed", 0) == 0
    assert losses(tmp_path / "killed") == pytest.approx(wanted, rel=1e-4)
