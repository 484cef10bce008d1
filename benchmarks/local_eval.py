"""How fast a local model answers real 3-shot prompts, and whether the answers are those of one request at a time.

    python benchmarks/local_eval.py --ner 96 --pubmedqa 32

Reads BC5CDR and PubMedQA from the folder ``data/raw`` of ``MEDSINS_SHARED`` (else ``../shared``). Both ways run in this
process, on the same prompts and threads: a loop over ``model.generate``, then the backend ``transformers:``.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from _clinical_prompts import ner_requests, pubmedqa_requests
from medsins.core import Request
from medsins.models._base import BackendOptions
from medsins.models.transformers import TransformersBackend, open_backend

Answer = tuple[str, int]


@dataclass(frozen=True)
class Timed:
    """The answers of one way, with seconds on the clock and of the processor."""

    answers: list[Answer]
    wall: float
    cpu: float


def timed(work: Callable[[], list[Answer]]) -> Timed:
    wall, cpu = time.perf_counter(), time.process_time()
    answers = work()
    return Timed(answers, time.perf_counter() - wall, time.process_time() - cpu)


def one_at_a_time(backend: TransformersBackend, requests: list[Request]) -> list[Answer]:
    backend.decoder.attend(backend.decoder.own)
    found = []
    for request in requests:
        ids = torch.tensor([backend.chat.encode(request.prompt).tolist()], device=backend.model.device)
        with torch.inference_mode():
            out = backend.model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=request.sampling.max_new_tokens,
                do_sample=False,
                eos_token_id=sorted(backend.ends),
            )
        new = out[0, ids.shape[1] :].tolist()
        found.append((backend.chat.decode([token for token in new if token not in backend.ends]), len(new)))
    return found


def batched(backend: TransformersBackend, requests: list[Request]) -> list[Answer]:
    found: dict[int, Answer] = {}
    for group in backend.generate(requests, ()):
        found |= {position: (completion.text, completion.completion_tokens) for position, completion in group}
    return [found[i] for i in range(len(requests))]


def row(name: str, way: str, timing: Timed, reference: Timed) -> str:
    count = len(timing.answers)
    equal = sum(a == b for a, b in zip(timing.answers, reference.answers, strict=True))
    speed = f"{count / timing.wall:9.3f} {count / timing.cpu:13.3f}"
    gain = f"{reference.wall / timing.wall:7.2f} {reference.cpu / timing.cpu:7.2f}"
    return f"{name:9} {way:24} {speed} {gain}  {equal}/{count}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2", help="what follows transformers:")
    parser.add_argument("--ner", type=int, default=96, help="prompts")
    parser.add_argument("--pubmedqa", type=int, default=32, help="prompts")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--precision", default="float32", help="of the batched way; the loop runs in float32")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    shared = Path(os.environ.get("MEDSINS_SHARED") or Path(__file__).resolve().parents[2] / "shared")
    raw = shared / "data" / "raw"
    reference = open_backend(args.model, BackendOptions(precision="float32"))
    backend = reference if args.precision == "float32" else open_backend(args.model, BackendOptions(args.precision))
    print(f"{backend.info.engine}, {args.threads} threads, load {os.getloadavg()[0]:.1f}")
    print(f"{'prompts':9} {'way':24} {'samples/s':>9} {'samples/cpu-s':>13} {'x wall':>7} {'x cpu':>7}  equal")
    sets = {"ner": (ner_requests, args.ner), "pubmedqa": (pubmedqa_requests, args.pubmedqa)}
    for name, (build, count) in sets.items():
        if count:
            requests = build(raw, count)
            loop = timed(lambda requests=requests: one_at_a_time(reference, requests))
            print(row(name, "one at a time, float32", loop, loop), flush=True)
            ours = timed(lambda requests=requests: batched(backend, requests))
            print(row(name, f"batched, {backend.info.precision}", ours, loop), flush=True)


if __name__ == "__main__":
    main()
