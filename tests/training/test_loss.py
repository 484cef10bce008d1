"""Packed and shared-prefix rows have the loss and the gradients of padded and of separate samples."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from medsins.training.attention import visible
from medsins.training.loss import row_tensors, summed_loss
from medsins.training.packed_attention import attention, blocks
from medsins.training.packing import pack
from medsins.training.records import TokenSample

torch = pytest.importorskip("torch")


def clinical_like(count: int, seed: int) -> list[TokenSample]:
    """Few instructions, many questions, short and long answers."""
    source = random.Random(seed)
    openings = [[source.randrange(300) for _ in range(source.randint(10, 40))] for _ in range(3)]
    found = []
    for _ in range(count):
        prompt = [*source.choice(openings), *(source.randrange(300) for _ in range(source.randint(3, 50)))]
        answer = [source.randrange(300) for _ in range(source.choice((1, 2, 5, 30)))]
        found.append(TokenSample(np.array(prompt, np.int32), np.array(answer, np.int32)))
    return found


def padded(model: Any, samples: list[TokenSample]) -> Any:
    """One batch padded to the longest, as the published code trains: labels of -100 where there is no loss."""
    longest = max(map(len, samples))
    ids = torch.zeros(len(samples), longest, dtype=torch.long)
    labels = torch.full((len(samples), longest), -100)
    mask = torch.zeros(len(samples), longest, dtype=torch.long)
    for i, one in enumerate(samples):
        whole = torch.from_numpy(np.concatenate([one.prompt, one.answer])).long()
        ids[i, : len(one)], mask[i, : len(one)] = whole, 1
        labels[i, len(one.prompt) : len(one)] = whole[len(one.prompt) :]
    logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1]
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten(), reduction="sum")


def gradients(model: Any, loss: Any) -> Any:
    model.zero_grad()
    loss.backward()
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


@pytest.fixture(params=["dense mask", "by block"])
def attending(request: pytest.FixtureRequest, tiny_llama: Any) -> Iterator[Any]:
    """The model with either attention; by block on a processor only."""
    name = "sdpa" if request.param == "dense mask" else attention()
    tiny_llama.set_attn_implementation(name)
    yield tiny_llama
    tiny_llama.set_attn_implementation("sdpa")


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("seed", [0, 1])
def test_packed_rows_are_exact(attending: Any, share: bool, seed: int) -> None:
    tiny_llama = attending
    samples = clinical_like(24, seed)
    wanted = padded(tiny_llama, samples)
    wanted_gradients = gradients(tiny_llama, wanted)
    rows = list(pack(samples, 256, share))
    assert sum(int(row.loss.sum()) for row in rows) == sum(len(one.answer) for one in samples)
    assert any(row.part.any() for row in rows) is share
    total = sum(summed_loss(tiny_llama, row_tensors(row)) for row in rows)
    found_gradients = gradients(tiny_llama, total)
    assert abs(total.item() - wanted.item()) / wanted.item() < 1e-5
    assert float((found_gradients - wanted_gradients).norm() / wanted_gradients.norm()) < 1e-4


def test_a_row_that_sees_too_much_would_be_noticed(tiny_llama: Any) -> None:
    samples = clinical_like(6, 3)
    (row,) = pack(samples, 1024)
    tensors = row_tensors(row)
    right = summed_loss(tiny_llama, tensors).item()
    open_mask = torch.ones(len(row), len(row), dtype=torch.bool).tril()[None, None]
    wrong = summed_loss(tiny_llama, {**tensors, "attention_mask": open_mask}).item()
    assert abs(wrong - right) / right > 1e-4


@pytest.mark.parametrize("share", [False, True])
def test_blocks_say_what_the_mask_says(share: bool) -> None:
    for row in pack(clinical_like(40, 5), 256, share):
        seen = np.zeros((len(row), len(row)), np.bool_)
        for block in blocks(row):
            seen[block.start : block.end, block.seen_from : block.seen_to] = True
            seen[block.start : block.end, block.start : block.end] |= np.tri(block.end - block.start, dtype=np.bool_)
        assert (seen == visible(row)).all()


def test_answers_are_written_with_either_attention(attending: Any) -> None:
    """A model that is evaluated while it is tuned keeps the attention that it is tuned with."""
    ids = torch.arange(5, 25)[None]
    written = attending.generate(ids, max_new_tokens=8, do_sample=False, pad_token_id=0)
    attending.set_attn_implementation("eager")
    assert attending.generate(ids, max_new_tokens=8, do_sample=False, pad_token_id=0).tolist() == written.tolist()
