"""Useful tokens a second in training: padded, packed by TRL, packed by us, and packed with shared prefixes.

    python benchmarks/training.py --peers build/interop/bin/python
    python benchmarks/training.py --batch 8      # more padding; up to 21 GB of memory

Samples are real: chemical and disease NER, Hallmarks of Cancer, PubMedQA, MeQSum and disease definitions, as many of
each, made from the raw files in the folder ``data/raw`` of ``MEDSINS_SHARED`` (else ``../shared``). ``short`` are those
with short answers (NER, definitions) alone. Useful tokens are those of the samples, each alone; padding is not, and a
prefix that is computed once counts for every sample that shares it.

Each way goes over the same samples with the same model, threads and optimizer (AdamW, gradients clipped, a step for
each batch or row), in turns: a batch or row of the first way, of the second, and so on, ``--rounds`` times. What is
timed is computed tokens; useful ones follow from how many computed tokens all samples take that way. TRL runs in a
process of its own that waits while others work: its SFTTrainer, packing ``bfd``, loss on answers only.
``make build/interop/.done`` makes its environment.

On a CUDA device all ways compute in bfloat16 by autocast, and model-FLOP utilisation is told: useful tokens a second
x 6 operations x parameters other than an untied input embedding, over ``--teraflops``. That was not tried yet.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is imported

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from medsins.corpora import BuildOptions, build
from medsins.models._local_load import find_folder
from medsins.tasks import read_task
from medsins.training.loss import row_tensors, summed_loss
from medsins.training.model import load_base
from medsins.training.packed_attention import attention
from medsins.training.packing import pack
from medsins.training.records import Row, Sample, TokenSample
from medsins.training.tokens import Tokens

CORPORA = {  # folder of raw files, tasks
    "bc5cdr": ("mtl_bioinformatics_2016", ("task126", "task127")),
    "hoc": ("hallmarks_of_cancer", ("task106",)),
    "pubmedqa": ("pubmedqa", ("task123",)),
    "meqsum": ("meqsum", ("task114",)),
    "disease_ontology": ("disease_ontology", ("task47",)),
}
SHORT = ("task126", "task127", "task47")
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@dataclass(frozen=True)
class Spent:
    """What a batch or row took: tokens that were computed, seconds on the clock and of the processor."""

    tokens: int
    wall: float
    cpu: float


@dataclass
class Way:
    """A way to train on samples, all of which take ``computed`` tokens; its ``units`` are timed as they come."""

    name: str
    useful: int
    computed: int
    fill: float  # share of the capacity of batches or rows that tokens of samples take
    units: Iterator[Spent]
    spent: list[Spent] = field(default_factory=list)

    def pace(self, clock: str) -> float:
        """Useful tokens a second."""
        seconds = sum(getattr(one, clock) for one in self.spent)
        return sum(one.tokens for one in self.spent) / seconds * self.useful / self.computed


@dataclass(frozen=True)
class Learner:
    """A model and its optimizer."""

    model: Any
    optimizer: Any

    def padded(self, batch: Sequence[TokenSample]) -> Any:
        """The summed loss of a batch padded to its longest, logits of every token, as the article trained."""
        self.model.set_attn_implementation("sdpa")
        longest = max(map(len, batch))
        ids, labels = np.zeros((len(batch), longest), np.int64), np.full((len(batch), longest), -100)
        for i, one in enumerate(batch):
            ids[i, : len(one)] = np.concatenate([one.prompt, one.answer])
            labels[i, len(one.prompt) : len(one)] = one.answer
        mask = np.arange(longest) < np.array([[len(one)] for one in batch])
        given = [torch.from_numpy(array).to(DEVICE) for array in (ids, mask.astype(np.int64), labels)]
        logits = self.model(input_ids=given[0], attention_mask=given[1], use_cache=False).logits[:, :-1]
        return cross_entropy(logits.flatten(0, 1).float(), given[2][:, 1:].flatten(), reduction="sum")

    def packed(self, row: Row) -> Any:
        """The summed loss of a row."""
        self.model.set_attn_implementation(attention())
        tensors = row_tensors(row)
        return summed_loss(self.model, {k: v.to(DEVICE) if hasattr(v, "to") else v for k, v in tensors.items()})

    def steps(self, units: Sequence[Any], loss: Callable[[Any], Any]) -> Iterator[Spent]:
        """A training step for each unit, over and over."""
        for unit in cycle(units):
            wall, cpu = time.perf_counter(), time.process_time()
            tokens = size(unit)
            with torch.autocast("cuda", torch.bfloat16, enabled=DEVICE == "cuda"):
                (loss(unit) / tokens).backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.optimizer.zero_grad()
            if DEVICE == "cuda":
                torch.cuda.synchronize()
            yield Spent(tokens, time.perf_counter() - wall, time.process_time() - cpu)


def size(unit: Row | Sequence[TokenSample]) -> int:
    """Tokens that are computed."""
    return len(unit) if isinstance(unit, Row) else len(unit) * max(map(len, unit))


def learner(folder: Path) -> tuple[Learner, Any]:
    """A model whose optimizer has its states, and its tokenizer."""
    model, tokenizer = load_base(folder, "float32")
    model.to(DEVICE).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, betas=(0.9, 0.95), weight_decay=0.0, fused=True)
    made = Learner(model, optimizer)
    next(made.steps([[TokenSample(np.arange(6, dtype=np.int32), np.arange(2, dtype=np.int32))]], made.padded))
    return made, tokenizer


def task_files(folder: Path) -> None:
    """Build the training parts of the tasks that are not there yet."""
    shared = Path(os.environ.get("MEDSINS_SHARED") or Path(__file__).resolve().parents[2] / "shared")
    for name, (raw, tasks) in CORPORA.items():
        if not all((folder / f"{task}.json").is_file() for task in tasks):
            build(name, shared / "data" / "raw" / raw, folder, BuildOptions(split="train", tasks=tasks))


def draw(folder: Path, count: int, tokens: Tokens) -> dict[str, list[TokenSample]]:
    """As many samples of each corpus, zero-shot, by task, as tokens."""
    found = {}
    for _, tasks in CORPORA.values():
        for name in tasks:
            task = read_task(folder / f"{name}.json")
            share = count // (len(CORPORA) * len(tasks))
            chosen = random.Random(name).sample(task.instances, min(share, len(task.instances)))
            samples = [Sample(name, one.id, task.card.definition[0], one.input, one.outputs[0]) for one in chosen]
            found[name] = [sample for one in samples if (sample := tokens.sample(one)) is not None]
    return found


def ours(name: str, learner: Learner, samples: Sequence[TokenSample], capacity: int, share: bool) -> Way:
    rows = shuffled(pack(samples, capacity, share))
    computed = sum(map(len, rows))
    fill = computed / (len(rows) * capacity)
    return Way(name, sum(map(len, samples)), computed, fill, learner.steps(rows, learner.packed))


def padded(learner: Learner, samples: Sequence[TokenSample], batch: int) -> Way:
    order = shuffled(samples)
    batches = [order[i : i + batch] for i in range(0, len(order), batch)]
    useful, computed = sum(map(len, samples)), sum(map(size, batches))
    steps = learner.steps(batches, learner.padded)
    return Way(f"padded, batches of {batch}", useful, computed, useful / computed, steps)


def shuffled(units: Any) -> list[Any]:
    found = list(units)
    random.Random(0).shuffle(found)
    return found


def trl(words: Sequence[str], samples: Sequence[TokenSample], folder: Path, capacity: int) -> Way:
    """TRL in a process of its own, which ends with this one."""
    lines = [json.dumps({"prompt": one.prompt.tolist(), "answer": one.answer.tolist()}) for one in samples]
    (folder / "samples.jsonl").write_text("\n".join(lines))
    quiet = {"HF_HUB_OFFLINE": "1", "TRL_EXPERIMENTAL_SILENCE": "1", "TOKENIZERS_PARALLELISM": "false"}
    log = folder / "trl.log"
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log.open("w"), text=True, env=os.environ | quiet
    )
    assert process.stdin is not None
    assert process.stdout is not None
    asked, told = process.stdin, process.stdout

    def line() -> dict[str, Any]:
        text = told.readline()
        if not text:
            raise SystemExit(f"TRL failed:\n{log.read_text()[-2000:]}")
        answer: dict[str, Any] = json.loads(text)
        return answer

    def steps() -> Iterator[Spent]:
        while True:
            asked.write("\n")
            asked.flush()
            yield Spent(**line())

    made = line()
    fill = made["tokens"] / (made["rows"] * capacity)
    return Way("packed by TRL", sum(map(len, samples)), made["tokens"], fill, steps())


def check(learner: Learner, samples: Sequence[TokenSample], capacity: int) -> None:
    """The same loss, however the samples are put together."""
    with torch.no_grad():
        wanted = learner.padded(samples).item()
        print(f"loss of {len(samples)} samples with the same weights: padded {wanted / answers(samples):.6f}", end="")
        for name, share in (("packed", False), ("shared prefixes", True)):
            rows = list(pack(samples, capacity, share))
            found = sum(learner.packed(row).item() for row in rows)
            print(f"; {name} {abs(found - wanted) / wanted:.0e} apart (relative)", end="")
    print(flush=True)


def turns(ways: Sequence[Way], rounds: int) -> None:
    """A batch or row of each way, again and again; Ctrl-C ends it, and what was timed counts."""
    try:
        for number in range(1, rounds + 1):
            for way in ways:
                spent = next(way.units)
                way.spent.append(spent)
                took = f"{spent.tokens} tokens computed in {spent.wall:.1f} s, {spent.cpu:.1f} of the processor"
                print(f"round {number}: {way.name}, {took}", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)


def answers(samples: Sequence[TokenSample]) -> int:
    return sum(len(one.answer) for one in samples)


def show(title: str, ways: Sequence[Way], parameters: int, teraflops: float) -> None:
    """A table; gains are over the first way, by the processor's time, or by the clock on a CUDA device."""
    clock = "wall" if DEVICE == "cuda" else "cpu"
    ways = [way for way in ways if way.spent]
    print(f"\n{title:28}{'rounds':>7}{'fill':>7}{'computed':>10}{'useful/s':>10}{'useful/cpu-s':>14}{'gain':>7}")
    for way in ways:
        gain = way.pace(clock) / ways[0].pace(clock)
        share = f"{way.computed / way.useful:9.2f}x"
        paces = f"{way.pace('wall'):10.1f}{way.pace('cpu'):14.1f}{gain:6.2f}x"
        used = f"  utilisation {way.pace('wall') * 6 * parameters / teraflops / 1e12:.1%}" if teraflops else ""
        print(f"{way.name:28}{len(way.spent):7}{way.fill:7.1%}{share}{paces}{used}")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2", help="or a folder of safetensors")
    parser.add_argument("--peers", default="", help="a Python with trl; without: ours and padding alone")
    parser.add_argument("--tasks", type=Path, help="folder that keeps the task files from one run to the next")
    parser.add_argument("--samples", type=int, default=2500)
    parser.add_argument("--capacity", type=int, default=1024, help="tokens of a row, and of a sample at most")
    parser.add_argument("--batch", type=int, default=4, help="padded samples; 4: the article's 128 over 32 devices")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--teraflops", type=float, default=0.0, help="the device's peak, for its utilisation")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as scratch:
        tasks = args.tasks or Path(scratch, "tasks")
        task_files(tasks)
        folder = find_folder(args.model)
        made, tokenizer = learner(folder)
        by_task = draw(tasks, args.samples, Tokens(tokenizer, args.capacity))
        mixed = [one for some in by_task.values() for one in some]
        short = [one for name in SHORT for one in by_task[name]]
        head = f"{len(mixed)} samples of {np.mean([len(one) for one in mixed]):.0f} tokens"
        kind = f"{args.threads} threads, {DEVICE}, rows of {args.capacity} tokens"
        print(f"{head}, {answers(mixed) / sum(map(len, mixed)):.0%} of them answers; {kind}", flush=True)
        check(made, short[:4], args.capacity)
        packed, shared = "packed", "packed, shared prefixes"
        ways = [padded(made, mixed, args.batch)]
        if args.peers:
            worker = Path(__file__).with_name("_trl_packing.py")
            words = [args.peers, str(worker), str(folder), f"{scratch}/samples.jsonl"]
            words += [str(number) for number in (args.rounds, args.capacity, args.threads)]
            ways.append(trl(words, mixed, Path(scratch), args.capacity))
        ways += [ours(name, made, mixed, args.capacity, name == shared) for name in (packed, shared)]
        brief = [ours(name, made, short, args.capacity, name == shared) for name in (packed, shared)]
        turns((*brief, *reversed(ways)), args.rounds)
        embedding = made.model.get_input_embeddings().weight.numel()
        tied = made.model.config.tie_word_embeddings  # then the embedding is the head, which is computed with
        parameters = sum(one.numel() for one in made.model.parameters()) - (0 if tied else embedding)
        show("all tasks", ways, parameters, args.teraflops)
        show("short answers", brief, parameters, args.teraflops)


if __name__ == "__main__":
    main()
