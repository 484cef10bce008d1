"""Log-probabilities of options are those of plain forward passes, whatever shares the batch."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")
import torch

from medsins.core import Request
from medsins.models._base import BackendOptions
from medsins.models._local_decode import Line
from medsins.models.transformers import TransformersBackend, open_backend

from .tiny import answers, ask, build

HEAD = "List the medicines named in the sentence. Example: she took ibuprofen. Answer: ibuprofen. "
TAILS = ["The patient was given metformin.", "No drug.", "Warfarin and heparin were stopped before the operation."]
OPTIONS = ("A", "B", "yes", "not at all", "é")


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> TransformersBackend:
    torch.set_num_threads(1)
    folder = build(tmp_path_factory.mktemp("options") / "tiny", initializer_range=0.1)
    return open_backend(str(folder), BackendOptions(precision="float32"))


def with_options(texts: list[str], options: tuple[str, ...] = OPTIONS) -> list[Request]:
    return [replace(request, options=options) for request in ask(*texts, new=4)]


def by_hand(backend: TransformersBackend, request: Request, option: str) -> float:
    prompt = backend.chat.encode(request.prompt)
    tokens = backend.chat.encode_answer(option)
    backend.decoder.attend(backend.decoder.own)
    with torch.inference_mode():
        logits = backend.model(torch.tensor([[*prompt, *tokens]])).logits[0].double()
    odds = torch.log_softmax(logits, -1)
    return sum(float(odds[len(prompt) - 1 + i, token]) for i, token in enumerate(tokens))


@pytest.mark.parametrize("head", ["", HEAD], ids=["apart", "shared beginning"])
@pytest.mark.parametrize("batched", [True, False], ids=["batched", "one at a time"])
def test_scores_are_those_of_a_forward_pass(backend: TransformersBackend, head: str, batched: bool) -> None:
    requests = with_options([head + tail for tail in TAILS])
    backend.batched = batched
    try:
        found = answers(backend, requests)
    finally:
        backend.batched = True
    for position, request in enumerate(requests):
        expected = [by_hand(backend, request, option) for option in OPTIONS]
        assert found[position].option_scores == pytest.approx(expected, abs=1e-4)


def test_options_that_are_all_there_is_share_all_the_probability(backend: TransformersBackend) -> None:
    request = with_options(["No drug."])[0]
    job = backend._job(request, backend.chat.encode(request.prompt), 4, 0)
    job.options = [[token] for token in range(backend.words)]
    assert [found for group in backend.decoder.together(Line(deque([job])), 1) for found in group] == [job]
    assert math.fsum(map(math.exp, job.option_scores)) == pytest.approx(1, abs=1e-5)


def test_answers_stay_the_same_and_nobody_is_scored_unasked(backend: TransformersBackend) -> None:
    plain = answers(backend, ask(*TAILS, new=8))
    asked = answers(backend, [replace(r, options=OPTIONS if r.key[1] else ()) for r in ask(*TAILS, new=8)])
    assert [plain[i].text for i in plain] == [asked[i].text for i in plain]
    assert asked[0].option_scores == plain[1].option_scores == ()
    assert len(asked[1].option_scores) == len(OPTIONS)


def test_few_slots_and_answers_settled_alone_keep_their_scores(
    backend: TransformersBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = with_options([tail * 2 for tail in TAILS], ("A", "yes"))
    whole = [found.option_scores for _, found in sorted(answers(backend, requests).items())]
    monkeypatch.setattr(backend, "rows", 1)
    monkeypatch.setattr("medsins.models._local_decode.NEAR", 1e9)
    parts = [found.option_scores for _, found in sorted(answers(backend, requests).items())]
    assert [s for scores in parts for s in scores] == pytest.approx([s for scores in whole for s in scores], abs=1e-4)


def test_a_prompt_that_opens_thoughts_has_no_answer_to_score(
    backend: TransformersBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend.chat, "tags", ("drug.", "</think>"))
    assert answers(backend, with_options(["No drug."]))[0].option_scores == ()


@pytest.mark.parametrize(("length", "scored"), [(253, True), (254, False)])
def test_options_that_do_not_fit_the_window_are_not_scored(
    backend: TransformersBackend, length: int, scored: bool
) -> None:
    found = answers(backend, with_options(["a" * length], ("A", "yes")))[0]
    assert bool(found.option_scores) == scored


def test_a_prompt_that_fails_has_no_scores(backend: TransformersBackend, tmp_path: Path) -> None:
    found = answers(backend, with_options(["a" * 400]))[0]
    assert (found.status, found.option_scores) == ("error", ())
