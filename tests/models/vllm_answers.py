"""Answers of the mini suite from one backend as JSON: ``python vllm_answers.py MODEL LIMIT [RUNS]``."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict

from medsins.bench.plans import make_plan, make_samples
from medsins.bench.spec import RunSpec
from medsins.models import open_backend


def main(model: str, limit: int) -> None:
    """Ask the first ``limit`` instances of every task, twice, and print both answers and how long they took."""
    spec = RunSpec(
        model=model,
        suite="mini",
        limit=limit,
        likelihood=True,
        precision="float32",
        protocol="strict:max_answer_tokens=24",
    )
    started = time.monotonic()
    backend = open_backend(model, spec.options)
    requests = [sample.request for sample in make_samples(make_plan(spec).tasks, backend, spec.seed)]
    loaded = time.monotonic() - started
    started = time.monotonic()
    found = dict(pair for group in backend.generate(requests, ()) for pair in group)
    seconds = time.monotonic() - started
    rest = {0, 1, len(requests) - 1}
    again = dict(pair for group in backend.generate(requests, set(range(len(requests))) - rest) for pair in group)
    document = {
        "info": asdict(backend.info),
        "loaded": loaded,
        "seconds": seconds,
        "prompts": [backend.render(request.prompt) for request in requests],
        "answers": [asdict(found[i]) for i in range(len(requests))],
        "again": {i: asdict(again[i]) for i in sorted(again)},
    }
    backend.close()
    print("\n" + json.dumps(document))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
