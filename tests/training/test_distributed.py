"""Two processes on a processor: the same losses as one, with a copy of the weights each and with sharded ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from medsins.training.shards import Packing, write_packed
from medsins.training.tokens import Tokens

from .test_shards import some_samples
from .words import WordTokenizer

pytest.importorskip("torch")
trainer = pytest.importorskip("medsins.training.trainer")

STEPS = 10


@pytest.fixture(scope="module")
def folder(tiny_llama: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model and rows packed for it."""
    folder = tmp_path_factory.mktemp("distributed")
    tiny_llama.save_pretrained(folder / "model")
    write_packed(some_samples(160), Tokens(WordTokenizer(), 96), Packing(128), folder / "packed")
    return folder


@pytest.mark.parametrize("kind", ["copies", "sharded"])
def test_two_processes_have_the_losses_of_one(kind: str, folder: Path, tmp_path: Path) -> None:
    """Undisturbed, and gone on with: after a kill of one of them, and by one process where two began."""
    command = [sys.executable, str(Path(__file__).with_name("processes.py")), kind, str(folder), str(tmp_path)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    wanted = losses(tmp_path / "one")
    assert sorted(wanted) == list(range(1, STEPS + 1))
    assert wanted[STEPS] < 0.9 * wanted[1]
    assert losses(tmp_path / "two") == pytest.approx(wanted, rel=1e-4)
    assert losses(tmp_path / "killed") == pytest.approx(wanted, rel=1e-4)
    if kind == "copies":
        assert {path.suffix for path in (tmp_path / "two" / "model").iterdir()} == {".json", ".safetensors"}


def losses(folder: Path) -> dict[int, float]:
    return {int(line["step"]): line["loss"] for line in trainer.read_losses(folder)}
