"""A real model behind a real ``vllm serve``, with a proxy in front of it that injects faults: ``make vllm``."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from medsins.bench.suites import load_suite
from medsins.core import Completion, Request, Sampling
from medsins.models import open_backend
from medsins.prompts import Fit, find_pool, get_protocol

from .served import FAULTS, Server

pytestmark = pytest.mark.slow
NEW_TOKENS, PER_TASK = 24, 2


def real_requests() -> list[Request]:
    """The first prompts of every task of the mini suite that fit SmolLM2's window, with an option to score."""
    protocol, found = get_protocol("strict"), list[Request]()
    for task in load_suite("mini").tasks:
        fit = Fit(lambda prompt: sum(len(m.content) for m in prompt.messages) // 2, 2000, NEW_TOKENS)
        for prompt in protocol.build(task, find_pool(task, None), 0, fit, range(PER_TASK)):
            found.append(Request((task.id, len(found)), prompt, Sampling(NEW_TOKENS), ("A", "B")))
    return found


def answers(backend: Any, requests: list[Request]) -> dict[int, Completion]:
    return {i: c for group in backend.stream(iter(enumerate(requests))) for i, c in group}


@pytest.fixture(scope="module")
def reference(smollm2_folder: Any) -> dict[int, Completion]:
    backend = open_backend("smollm2")
    return {i: c for group in backend.generate(real_requests(), ()) for i, c in group}


def test_a_served_model_says_what_it_says_in_this_process(
    vllm_server: str, reference: dict[int, Completion], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medsins.models._http_backend.CHECK_SECONDS", 300.0)  # busy cores
    backend: Any = open_backend(f"openai:smollm2@{vllm_server}")
    backend.check()
    assert backend.info.window == 2048
    assert backend.wire.vllm
    found = answers(backend, real_requests())
    assert Counter(c.status for c in found.values())["error"] == 0
    # vLLM sums in another order, so near ties may fall otherwise; of a character that was cut off it gives nothing.
    wanted = {i: c.text.rstrip("\N{REPLACEMENT CHARACTER}") for i, c in reference.items()}
    other = [f"{found[i].text!r} instead of {text!r}" for i, text in wanted.items() if found[i].text != text]
    assert len(other) <= 0.05 * len(reference), "\n".join(other)
    assert all(found[i].prompt_tokens == reference[i].prompt_tokens for i in reference)
    assert all(len(c.option_scores) == 2 for c in found.values())


def test_faults_before_a_real_model_change_no_answer(vllm_server: str) -> None:
    requests = real_requests()
    calm = answers(open_backend(f"openai:smollm2@{vllm_server}"), requests)
    with Server(faults=dict.fromkeys(FAULTS, 0.03), model="smollm2", upstream=vllm_server, seed=1) as proxy:
        backend: Any = open_backend(f"openai:smollm2@{proxy.url}")
        backend.settings = replace(backend.settings, seconds=60.0)
        found = answers(backend, requests)
    assert sorted(found) == sorted(calm)
    failed = [c for c in found.values() if c.status == "error"]
    assert len(failed) <= 2
    assert all(c.text == "" and "after" in c.error for c in failed)
    same = sum(found[i].text == calm[i].text for i in found)
    assert same >= 0.95 * len(found) - len(failed)
