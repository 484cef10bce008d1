"""``medsins train run`` killed at random moments: it ends with the losses and the weights of an undisturbed run."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

KILLS = 6
EVALUATION = 'suite = "test"\nquestions = 2\nevery = 5\nprotocol = "strict:shots=0,max_answer_tokens=4"'


def start(*words: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "medsins", "train", *map(str, words), "-q"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(*words: object) -> None:
    process = start(*words)
    out, err = process.communicate(timeout=1800)
    assert process.returncode == 0, out + err


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.slow
def test_killed_at_random_it_ends_as_an_undisturbed_run(tiny: Any, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    training = "learning_rate = 5e-3\nrows_per_step = 2\nmax_steps = 60\nsave_steps = 3"
    for name in ("whole", "killed"):
        folder = tmp_path / name
        folder.mkdir()
        tiny.make_model(folder / "model")
        tiny.make_tasks(folder / "tasks")
        tiny.make_test(folder / "test")
        finish("prepare", tiny.make_recipe(folder, training=training, evaluation=EVALUATION), "--teraflops", "1")
    begun = time.monotonic()
    finish("run", tmp_path / "whole" / "my.toml")
    whole = time.monotonic() - begun
    recipe, noted = tmp_path / "killed" / "my.toml", tmp_path / "killed" / "out" / "training" / "losses.jsonl"
    source, killed = random.Random(4), 0
    while killed < KILLS:
        process = start("run", recipe)
        # Half of them while it trains, the others at any moment, while it loads or saves too.
        if killed % 2:
            before = noted.stat().st_size if noted.is_file() else 0
            while process.poll() is None and (not noted.is_file() or noted.stat().st_size == before):
                time.sleep(0.02)
            time.sleep(source.uniform(0, 1))
        else:
            time.sleep(source.uniform(0.3, 1.0) * whole)
        if process.poll() is not None:
            break
        process.kill()
        process.communicate()
        killed += 1
    assert killed >= 3, "it ended before it could be killed often"
    finish("run", recipe)
    ends = [tmp_path / name / "out" for name in ("whole", "killed")]
    one, other = ([line["loss"] for line in lines(end / "training" / "losses.jsonl")] for end in ends)
    assert other == pytest.approx(one, rel=1e-6)
    judged = [lines(end / "training" / "evaluations.jsonl") for end in ends]
    assert [line["step"] for line in judged[1]] == [line["step"] for line in judged[0]]
    weights = [load_file(end / "model" / "model.safetensors") for end in ends]
    assert all((weights[0][name] - weights[1][name]).abs().max() < 1e-5 for name in weights[0])
