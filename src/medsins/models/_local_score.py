"""How likely each of a few answers is: log-probabilities of their tokens after the prompt, in float32."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ._local_attention import Prefix, Slots, Step
from ._local_job import Job

Forward = Callable[[Sequence[int], Step, Sequence[int]], Tensor]
"""Logits after the named tokens of a flat row."""


def score_read(forward: Forward, job: Job, after: Tensor, slots: Slots, row: int) -> None:
    """Score a request's options when its prompt was just read: nothing is read twice.

    Args:
        forward: one pass of the model.
        job: gets its ``option_scores``.
        after: logits after the prompt's last token.
        slots: hold the prompt's own tokens.
        row: the request's slot.
    """
    first = _log_odds(after)
    scores = [float(first[option[0]]) for option in job.options]
    longer = [i for i, option in enumerate(job.options) if len(option) > 1]
    if longer:
        prompt = _joined(job.prefix, slots, row, len(job.prompt) - job.shared)
        for i, score in zip(
            longer, _rest(forward, prompt, [job.options[i] for i in longer], after.device), strict=True
        ):
            scores[i] += score
    job.option_scores = tuple(scores)


def _joined(prefix: Prefix, slots: Slots, row: int, length: int) -> Prefix:
    """What a slot has read, with what it shares, as one prefix."""
    keys = [store[row, :, :length] for store in slots.keys.values()]
    values = [store[row, :, :length] for store in slots.values.values()]
    if prefix.length:
        keys = [torch.cat(pair, 1) for pair in zip(prefix.keys, keys, strict=True)]
        values = [torch.cat(pair, 1) for pair in zip(prefix.values, values, strict=True)]
    return Prefix(prefix.length + length, keys, values)


def _rest(forward: Forward, prompt: Prefix, options: Sequence[Sequence[int]], device: Any) -> list[float]:
    """The log-probability of each option's tokens after its first."""
    lengths, rows = [len(option) - 1 for option in options], len(options)
    # As if they were written: then the prompt is one product for all of them.
    step = Step(Slots(rows, max(lengths)), [prompt] * rows, [0] * rows, lengths, [], device)
    read = [token for option in options for token in option[:-1]]
    odds = _log_odds(forward(read, step, range(len(read))))
    next_tokens = torch.tensor([token for option in options for token in option[1:]], device=device)
    each = odds.gather(1, next_tokens[:, None])[:, 0]
    return [float(part.sum()) for part in torch.split(each, lengths)]


@torch.inference_mode()
def score_alone(model: Any, job: Job) -> None:
    """Score a request's options by plain forward passes over prompt and option."""
    scores = []
    for option in job.options:
        ids = torch.tensor([[*job.prompt, *option[:-1]]], device=model.device)
        odds = _log_odds(model(input_ids=ids, use_cache=False, logits_to_keep=len(option)).logits[0, -len(option) :])
        scores.append(float(odds.gather(1, torch.tensor(option, device=odds.device)[:, None]).sum()))
    job.option_scores = tuple(scores)


def _log_odds(logits: Tensor) -> Tensor:
    return torch.log_softmax(logits.float(), -1)
