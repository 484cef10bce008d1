"""Trainings in several processes on this machine: python processes.py copies|sharded FOLDER OUT.

FOLDER holds ``model`` and ``packed``. They are forked from one process that has read torch, so that they start at once.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
import transformers
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from medsins.training.loss import row_tensors, summed_loss
from medsins.training.shards import PackedRows, read_packed
from medsins.training.trainer import Settings, append_line, tune

STEPS, SAVED, KILLED, ROWS = 10, 4, 7, 4  # optimizer steps, saved after, killed after; rows of a step
RATE = 3e-3


def launch(work: Callable[[], None], processes: int) -> bool:
    """Run in so many processes as torchrun would; whether all ended well. When one dies the others are ended."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = {_fork(work, rank, processes, port) for rank in range(processes)}
    well = True
    while started:
        ended, status = os.wait()
        started.discard(ended)
        if status:
            well = False
            for process in started:
                os.kill(process, signal.SIGKILL)
    return well


def _fork(work: Callable[[], None], rank: int, processes: int, port: int) -> int:
    process = os.fork()
    if process:
        return process
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(processes)}
    os.environ |= {"LOCAL_WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    try:
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def copies(folder: Path, out: Path, processes: int) -> bool:
    """Data parallel, by the call that ``medsins train run`` makes."""

    def work() -> None:
        model = transformers.LlamaForCausalLM.from_pretrained(folder / "model")
        settings = Settings(learning_rate=RATE, rows_per_step=ROWS, max_steps=STEPS, save_steps=SAVED)
        tune(model, PackedRows(read_packed(folder / "packed")), settings, out, target=out / "model")

    return launch(work, processes)


def sharded(folder: Path, out: Path, processes: int, killed: int = 0) -> bool:
    """FSDP2 with our rows and our loss; transformers' Trainer does the same on CUDA devices only. A checkpoint is made
    after ``SAVED`` steps and gone on from where there is one.
    """
    return launch(lambda: _sharded(folder, out, killed), processes)


def _sharded(folder: Path, out: Path, killed: int) -> None:
    dist.init_process_group("gloo")
    rank, world = dist.get_rank(), dist.get_world_size()
    model = transformers.LlamaForCausalLM.from_pretrained(folder / "model")
    mesh = init_device_mesh("cpu", (world,))
    for layer in model.model.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    rows, begin = PackedRows(read_packed(folder / "packed")), 0
    if (out / "saved" / ".metadata").exists():
        weights, states = get_state_dict(model, optimizer)
        held = {"model": weights, "optimizer": states, "step": 0}
        dcp.load(held, checkpoint_id=out / "saved")
        set_state_dict(model, optimizer, model_state_dict=held["model"], optim_state_dict=held["optimizer"])
        begin = int(held["step"])
    for step in range(begin + 1, STEPS + 1):
        mine = [rows[(ROWS * step + n) % len(rows)] for n in range(ROWS)][rank::world]
        answers = torch.tensor(float(sum(row_tensors(row)["targets"].numel() for row in mine)))
        dist.all_reduce(answers)
        told = torch.zeros(())
        for row in mine:
            loss = summed_loss(model, row_tensors(row)) / answers
            (loss * world).backward()  # gradients are averaged over the processes
            told += loss.detach()
        optimizer.step()
        optimizer.zero_grad()
        dist.all_reduce(told)
        if rank == 0:
            append_line(out / "losses.jsonl", {"step": step, "loss": told.item()})
        if step == SAVED:
            weights, states = get_state_dict(model, optimizer)
            dcp.save({"model": weights, "optimizer": states, "step": step}, checkpoint_id=out / "saved")
        if step == killed:
            os.kill(os.getpid(), signal.SIGKILL)
    dist.destroy_process_group()


def main(kind: str, folder: Path, out: Path) -> int:
    """All trainings of a kind; 0 where those that should end well did."""
    for name in ("one", "two", "killed"):
        (out / name).mkdir(parents=True, exist_ok=True)
    if kind == "sharded":
        return int(
            not (
                sharded(folder, out / "one", 1)
                and sharded(folder, out / "two", 2)
                and not sharded(folder, out / "killed", 2, KILLED)
                and sharded(folder, out / "killed", 2)
            )
        )
    if not (copies(folder, out / "one", 1) and copies(folder, out / "two", 2)):
        return 1
    # What two processes began, one goes on with.
    shutil.copytree(out / "two", out / "killed", dirs_exist_ok=True)
    shutil.rmtree(out / "killed" / "checkpoints" / f"checkpoint-{STEPS}")
    return int(not copies(folder, out / "killed", 1))


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
