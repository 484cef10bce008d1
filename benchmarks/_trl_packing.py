"""TRL's SFTTrainer over packed samples, an optimizer step for each line on standard input. Run by ``training.py``.

    PYTHON _trl_packing.py MODEL SAMPLES.jsonl STEPS CAPACITY THREADS

Samples are lines with ``prompt`` and ``answer``, token ids. The first line on standard output says how many rows and
tokens they became, each further one what a step took.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, TextIO

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer


class Stepwise(TrainerCallback):  # type: ignore[misc]
    """Waits for a line before each step and tells what the step took."""

    def __init__(self, told: TextIO) -> None:
        self.told, self.tokens, self.wall, self.cpu = told, 0, 0.0, 0.0

    def tell(self, **line: float) -> None:
        """Write a line."""
        self.told.write(json.dumps(line) + "\n")
        self.told.flush()

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """The optimizer makes its states now, in a step on a few tokens, and not in the first that is timed."""
        model, optimizer = given["model"], given["optimizer"]
        model(input_ids=torch.arange(8, device=args.device)[None]).logits.mean().backward()
        optimizer.step()
        optimizer.zero_grad()

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Begin when asked to."""
        if not sys.stdin.readline():
            raise SystemExit
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """The step's seconds and tokens."""
        if args.device.type == "cuda":
            torch.cuda.synchronize()
        self.tell(tokens=self.tokens, wall=time.perf_counter() - self.wall, cpu=time.process_time() - self.cpu)


class Counting(SFTTrainer):  # type: ignore[misc]
    """Counts the tokens that a step computes."""

    stepwise: Stepwise

    def training_step(self, model: Any, inputs: Any, *rest: Any) -> Any:
        """As its parent's."""
        self.stepwise.tokens = inputs["input_ids"].numel()
        return super().training_step(model, inputs, *rest)


def read(path: Path) -> Dataset:
    """Samples as TRL takes them when they are tokens already."""
    samples = [json.loads(line) for line in path.read_text().splitlines()]
    return Dataset.from_dict(
        {
            "input_ids": [one["prompt"] + one["answer"] for one in samples],
            "completion_mask": [[0] * len(one["prompt"]) + [1] * len(one["answer"]) for one in samples],
        }
    )


def main() -> None:
    folder, samples, steps, capacity, threads = sys.argv[1:]
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer of ours
    torch.set_num_threads(int(threads))
    stepwise, cuda = Stepwise(told), torch.cuda.is_available()
    trainer = Counting(
        model=AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa"),
        processing_class=AutoTokenizer.from_pretrained(folder),
        train_dataset=read(Path(samples)),
        callbacks=[stepwise],
        args=SFTConfig(
            output_dir=str(Path(samples).parent / "trl"),
            packing=True,
            packing_strategy="bfd",
            max_length=int(capacity),
            completion_only_loss=True,
            per_device_train_batch_size=1,
            max_steps=int(steps),
            learning_rate=1e-5,
            adam_beta2=0.95,
            gradient_checkpointing=False,
            bf16=cuda,
            use_cpu=not cuda,
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        ),
    )
    trainer.stepwise = stepwise
    sizes = [len(ids) for ids in trainer.train_dataset["input_ids"]]
    stepwise.tell(rows=len(sizes), tokens=sum(sizes))
    trainer.train()


if __name__ == "__main__":
    main()
