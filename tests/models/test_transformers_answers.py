"""Batched answers are those of one request at a time, and end where they should."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from medsins.core import Request, RunError, Sampling
from medsins.models import _local_decode
from medsins.models._base import BackendOptions
from medsins.models.transformers import TransformersBackend, open_backend

from .tiny import answers, ask, build, generate_alone, generate_ids, talk, tokenizer

HEAD = "List the medicines named in the sentence. Example: she took ibuprofen. Answer: ibuprofen. "
TEXTS = [
    "The patient was given metformin.",
    "No drug was given.",
    "Warfarin, aspirin and heparin were stopped before the operation on the left knee.",
    "a a a a a a a a a a a a a a a a",
    "x",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("tiny") / "tiny-llama")


@pytest.fixture(scope="module")
def backend(folder: Path) -> TransformersBackend:
    torch.set_num_threads(1)
    return open_backend(str(folder), BackendOptions(precision="float32"))


def pairs(found: dict[int, Any]) -> list[tuple[str, int]]:
    return [(found[i].text, found[i].completion_tokens) for i in sorted(found)]


def expected(backend: TransformersBackend, requests: list[Request]) -> list[tuple[str, int]]:
    return [generate_alone(backend, request) for request in requests]


def test_a_llama_is_batched(backend: TransformersBackend) -> None:
    assert backend.batched
    assert "batched" in backend.info.engine


@pytest.mark.parametrize("head", ["", HEAD])
def test_a_ragged_batch_gives_the_answers_of_generate(backend: TransformersBackend, head: str) -> None:
    requests = ask(*[head + text for text in TEXTS], new=24)
    assert pairs(answers(backend, requests)) == expected(backend, requests)


def test_more_requests_than_slots_refill_the_batch(folder: Path) -> None:
    narrow = open_backend(str(folder), BackendOptions(batch_size=3))
    requests = [
        replace(r, sampling=Sampling(4 + 5 * (i % 4))) for i, r in enumerate(ask(*[HEAD + t for t in TEXTS * 3]))
    ]
    found = answers(narrow, requests)
    assert pairs(found) == expected(narrow, requests)


@pytest.mark.parametrize("rows", [1, 3, 0])
def test_two_decoders_give_the_answers_of_generate(folder: Path, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    worked = set()
    forward = _local_decode.Decoder.forward

    def watched(decoder: Any, *given: Any) -> Any:
        worked.add(decoder)
        return forward(decoder, *given)

    monkeypatch.setattr(_local_decode.Decoder, "forward", watched)
    torch.set_num_threads(2)
    try:
        both = open_backend(str(folder), BackendOptions(precision="float32", batch_size=rows))
        requests = ask(
            *[head + str(i) + text for text in TEXTS for i, head in enumerate((HEAD, "", HEAD[:40]))], new=16
        )
        found = answers(both, requests)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert len(both.crew) == 2
    first, second = (list(decoder.model.parameters()) for decoder in both.crew)
    assert all(a is b for a, b in zip(first, second, strict=True))  # the weights are there once
    assert worked == {*both.crew}
    assert pairs(found) == expected(both, requests)


def test_what_fails_in_a_second_decoder_is_told_and_the_other_stops(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(2)
    try:
        both = open_backend(str(folder), BackendOptions(precision="float32"))

        def broken(*_: object) -> None:
            raise RuntimeError("can't allocate memory: 1 byte")

        monkeypatch.setattr(both.crew[1], "forward", broken)
        before = threading.active_count()
        with pytest.raises(RunError, match="not enough memory"):
            answers(both, ask(*TEXTS, new=200))
        assert threading.active_count() == before
    finally:
        torch.set_num_threads(1)


words = st.text(st.sampled_from("ab c,.é"), min_size=1, max_size=40)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(head=st.sampled_from(["", HEAD]), tails=st.lists(words, min_size=1, max_size=7), new=st.integers(1, 20))
def test_any_ragged_prompts_give_the_answers_of_generate(
    backend: TransformersBackend, head: str, tails: list[str], new: int
) -> None:
    requests = ask(*[head + tail for tail in tails], new=new)
    assert pairs(answers(backend, requests)) == expected(backend, requests)


def test_guesses_save_passes_and_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # With small weights the next token follows from the last one, so answers soon repeat themselves.
    backend = open_backend(str(build(tmp_path / "repeats", initializer_range=0.02)), BackendOptions())
    requests = ask(*TEXTS, new=60)
    widths: list[int] = []
    forward = backend.decoder.forward

    def counted(tokens: Any, step: Any, keep: Any) -> Any:
        if step.counts:
            widths.append(step.width)
        return forward(tokens, step, keep)

    monkeypatch.setattr(backend.decoder, "forward", counted)
    with_guesses = answers(backend, requests)
    passes = len(widths)
    assert max(widths) > 1
    monkeypatch.setattr(_local_decode, "STEP_TOKENS", 0)
    widths.clear()
    assert pairs(answers(backend, requests)) == pairs(with_guesses) == expected(backend, requests)
    assert max(widths) == 1
    assert passes < len(widths)


def test_near_ties_are_settled_alone(backend: TransformersBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = ask(*TEXTS, new=8)
    alone: list[object] = []
    settle = backend.decoder.alone
    monkeypatch.setattr(_local_decode, "NEAR", 1e9)
    monkeypatch.setattr(backend.decoder, "alone", lambda job: (alone.append(job), settle(job)))
    assert pairs(answers(backend, requests)) == expected(backend, requests)
    assert len(alone) == len(requests)


def test_what_is_done_is_left_out_and_the_rest_is_the_same(backend: TransformersBackend) -> None:
    requests = ask(*[HEAD + text for text in TEXTS], new=16)
    whole = answers(backend, requests)
    rest = answers(backend, requests, done={0, 3})
    assert sorted(rest) == [1, 2, 4]
    assert {i: c.text for i, c in rest.items()} == {i: whole[i].text for i in rest}
    assert answers(backend, requests, done=set(range(len(requests)))) == {}


def test_half_precision_keeps_batches_whole_for_a_resumed_run(folder: Path) -> None:
    half = open_backend(str(folder), BackendOptions(precision="bfloat16", batch_size=2))
    requests = ask(*[HEAD + text for text in TEXTS], new=10)
    groups = list(half.generate(requests, ()))
    assert [len(group) for group in groups] == [2, 2, 1]
    first = {i for i, _ in groups[0]}
    rest = answers(half, requests, done=first)
    assert {i: c.text for i, c in rest.items()} == {i: c.text for group in groups[1:] for i, c in group}
    assert half.info.precision == "bfloat16"


def test_an_answer_ends_at_its_limit_as_truncated(backend: TransformersBackend) -> None:
    [completion] = answers(backend, ask(TEXTS[0], new=5)).values()
    assert (completion.status, completion.completion_tokens) == ("truncated", 5)
    assert completion.prompt_tokens == len(TEXTS[0].encode())
    assert completion.latency > 0


def test_an_end_token_ends_an_answer_and_is_no_part_of_it(backend: TransformersBackend, folder: Path) -> None:
    tokens = generate_ids(backend, ask(TEXTS[0], new=20)[0])
    end = tokens[6]
    length = tokens.index(end)
    ending = open_backend(str(folder), BackendOptions())
    ending.ends = frozenset({end})
    [short] = answers(ending, ask(TEXTS[0], new=20)).values()
    assert (short.status, short.completion_tokens) == ("ok", length + 1)
    assert short.text == backend.chat.tokenizer.decode(tokens[:length])


def test_a_stop_string_ends_an_answer_and_is_no_part_of_it(backend: TransformersBackend) -> None:
    [long] = answers(backend, ask(TEXTS[2], new=30)).values()
    stop = long.text[8:11]
    requests = ask(TEXTS[2], TEXTS[0], new=30, stop=(stop, "never in it", ""))
    found = answers(backend, requests)
    assert found[0].status == "ok"
    assert found[0].text == long.text.split(stop)[0]
    assert found[0].completion_tokens < long.completion_tokens
    assert stop not in found[1].text


def test_a_prompt_beyond_the_window_is_an_error_and_the_others_go_on(backend: TransformersBackend) -> None:
    requests = ask("b" * 300, TEXTS[0], "", "c" * 250, new=12)
    found = answers(backend, requests)
    assert found[0].status == "error"
    assert "prompt has 300 tokens, window is 256" in found[0].error
    assert found[1].status == "truncated"
    assert (found[2].status, found[2].error) == ("error", "the prompt is empty")
    assert found[3].completion_tokens == 6
    assert answers(backend, requests, done={0, 2}).keys() == {1, 3}


def test_a_window_option_overrides_the_models(folder: Path) -> None:
    small = open_backend(str(folder), BackendOptions(window=20))
    assert small.info.window == 20
    assert answers(small, ask(TEXTS[0]))[0].status == "error"


def test_logits_that_are_no_numbers_are_an_error(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in folder.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    weights = load_file(broken / "model.safetensors")
    weights["model.norm.weight"][0] = float("nan")
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    found = answers(open_backend(str(broken), BackendOptions()), ask(*TEXTS[:2]))
    assert {c.status for c in found.values()} == {"error"}
    assert "not a number" in found[0].error
    assert found[0].text == ""


def test_sampling_depends_on_the_seed_and_not_on_the_batch(backend: TransformersBackend) -> None:
    def drawn(texts: list[str], seed: int, top_p: float = 1.0) -> list[str]:
        found = answers(backend, ask(*texts, temperature=2.0, seed=seed, top_p=top_p))
        return [found[i].text for i in sorted(found)]

    together = drawn(TEXTS, seed=3)
    assert together == [drawn([text], seed=3)[0] for text in TEXTS]
    assert together != drawn(TEXTS, seed=4)
    assert drawn(TEXTS, seed=3, top_p=1e-9) == [text for text, _ in expected(backend, ask(*TEXTS))]


def test_messages_and_texts_mix_in_one_call(backend: TransformersBackend) -> None:
    requests = [*ask(TEXTS[0]), Request(("tiny", 9), talk("Which drug?", "Be short."), Sampling(9))]
    assert pairs(answers(backend, requests)) == expected(backend, requests)


def test_count_tokens_is_what_the_completion_reports(backend: TransformersBackend) -> None:
    prompt = talk("Which drug?", "Be short.")
    [completion] = answers(backend, [Request(("tiny", 0), prompt, Sampling(2))]).values()
    assert backend.count_tokens(prompt) == completion.prompt_tokens


def test_answers_are_handed_over_as_they_finish(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = open_backend(str(folder), BackendOptions(precision="float32", batch_size=2))
    requests = ask(*TEXTS * 3, new=6)
    assert max(len(group) for group in exact.generate(requests, ())) >= _local_decode.GROUP
    monkeypatch.setattr(_local_decode, "GROUP_SECONDS", 0.0)
    assert max(len(group) for group in exact.generate(requests, ())) <= 2


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_too_little_memory_says_what_to_do(
    backend: TransformersBackend, monkeypatch: pytest.MonkeyPatch, error: RuntimeError
) -> None:
    def exhausted(*_: object) -> None:
        raise error

    monkeypatch.setattr(backend.decoder, "forward", exhausted)
    with pytest.raises(RunError, match="not enough memory") as raised:
        answers(backend, ask(*TEXTS))
    assert "fewer requests" in raised.value.problems[0].mend


def test_other_faults_are_not_called_memory(backend: TransformersBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr(backend.decoder, "forward", broken)
    with pytest.raises(RuntimeError, match="something else"):
        answers(backend, ask(*TEXTS))


def test_a_token_the_model_does_not_know_is_an_error(backend: TransformersBackend) -> None:
    words = len(backend.chat.tokenizer)
    backend.chat.tokenizer.add_tokens(["<strange>"])
    try:
        found = answers(backend, ask("a <strange> word", TEXTS[0]))
    finally:
        backend.chat.tokenizer = tokenizer()
    assert (found[0].status, found[1].status) == ("error", "truncated")
    assert f"gave token {words}, the model knows {words}" in found[0].error
