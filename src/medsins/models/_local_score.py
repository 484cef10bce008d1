"""How likely each of a few answers is: log-probabilities of their tokens after the prompt."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from ._local_attention import NAME, Prefix, Slots, Step
from ._local_decode import READ_TOKENS, Decoder
from ._local_job import Job

Tokens = Sequence[Sequence[int]]
"""Token ids of each option, none empty."""


def score_options(decoder: Decoder, jobs: Sequence[Job], options: Sequence[Tokens], batched: bool) -> None:
    """Set ``option_scores`` of each job: natural logarithms, summed over an option's tokens, in float32."""
    if not batched:
        for job, tokens in zip(jobs, options, strict=True):
            job.option_scores = _alone(decoder, job, tokens)
        return
    start = 0
    while start < len(jobs):
        end, tokens_read = start, 0
        while end < len(jobs) and (end == start or tokens_read + _own(jobs[end]) <= READ_TOKENS):
            tokens_read += _own(jobs[end])
            end += 1
        _together(decoder, jobs[start:end], options[start:end])
        start = end


def _own(job: Job) -> int:
    return len(job.prompt) - job.shared


@torch.inference_mode()
def _together(decoder: Decoder, jobs: Sequence[Job], options: Sequence[Tokens]) -> None:
    """Read the prompts once, over what they share, then all options that have more than one token."""
    decoder.attend(NAME)
    lengths = [_own(job) for job in jobs]
    slots, prefixes = Slots(len(jobs), max(lengths)), [decoder.shared_prefix(job) for job in jobs]
    read = [token for job in jobs for token in job.prompt[job.shared :]]
    step = Step(slots, prefixes, [], [], lengths, decoder.device)
    first = _log_odds(decoder.forward(read, step, [end - 1 for end in accumulate(lengths)]))
    for r, (job, tokens) in enumerate(zip(jobs, options, strict=True)):
        scores = [float(first[r, option[0]]) for option in tokens]
        longer = [i for i, option in enumerate(tokens) if len(option) > 1]
        if longer:
            prompt = _joined(prefixes[r], slots, r, lengths[r])
            for i, score in zip(longer, _rest(decoder, prompt, [tokens[i] for i in longer]), strict=True):
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


def _rest(decoder: Decoder, prompt: Prefix, options: Tokens) -> list[float]:
    """The log-probability of each option's tokens after its first."""
    lengths = [len(option) - 1 for option in options]
    # As if they were written: then the prompt is one product for all of them.
    rows = len(options)
    step = Step(Slots(rows, max(lengths)), [prompt] * rows, [0] * rows, lengths, [], decoder.device)
    read = [token for option in options for token in option[:-1]]
    odds = _log_odds(decoder.forward(read, step, range(len(read))))
    next_tokens = torch.tensor([token for option in options for token in option[1:]], device=odds.device)
    each = odds.gather(1, next_tokens[:, None])[:, 0]
    return [float(part.sum()) for part in torch.split(each, lengths)]


@torch.inference_mode()
def _alone(decoder: Decoder, job: Job, options: Tokens) -> tuple[float, ...]:
    """By plain forward passes over prompt and option."""
    decoder.attend(decoder.own)
    scores = []
    for option in options:
        ids = torch.tensor([[*job.prompt, *option[:-1]]], device=decoder.device)
        out: Any = decoder.model(input_ids=ids, use_cache=False, logits_to_keep=len(option))
        odds = _log_odds(out.logits[0, -len(option) :])
        scores.append(float(odds.gather(1, torch.tensor(option, device=odds.device)[:, None]).sum()))
    return tuple(scores)


def _log_odds(logits: Tensor) -> Tensor:
    return torch.log_softmax(logits.float(), -1)
