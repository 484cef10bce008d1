"""Writing answers: a whole batch at once over a shared prefix, or one request alone."""

from __future__ import annotations

import time
from array import array
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ._local_attention import NAME, Prefix, Slots, Step, ragged_attention
from ._local_job import Job

READ_TOKENS = 1024  # prompt tokens in one pass
STEP_TOKENS = 64  # tokens in one pass while answers are written, guesses included
NEAR = 1e-3  # logits: two tokens nearer than this are told apart by rounding


class Decoder:
    """Runs one model. ``exact`` settles near ties alone, so that a batch gives the answers of one at a time."""

    def __init__(self, model: Any, exact: bool) -> None:
        from transformers import AttentionInterface

        AttentionInterface.register(NAME, ragged_attention)
        self.model, self.exact, self.device = model, exact, model.device

    @torch.inference_mode()
    def alone(self, job: Job) -> None:
        """Answer one request by the plain loop: the reference that batches must agree with."""
        from transformers import DynamicCache

        job.restart()
        started = time.perf_counter()
        self.model.set_attn_implementation("sdpa")
        cache = DynamicCache(config=self.model.config)
        tokens: Sequence[int] = job.prompt
        while not job.finished:
            ids = torch.tensor([list(tokens)], device=self.device)
            seen = torch.ones(1, len(job.prompt) + len(job.new), dtype=torch.long, device=self.device)
            out = self.model(
                input_ids=ids, attention_mask=seen, past_key_values=cache, use_cache=True, logits_to_keep=1
            )
            best, _ = self._choose(out.logits[0, -1:], [job])
            tokens = best
            if best[0] < 0:
                job.fail("the model's output is not a number")
            else:
                job.take(best[0])
        job.latency = time.perf_counter() - started

    @torch.inference_mode()
    def read_prefix(self, tokens: array[int]) -> Prefix:
        """Keys and values of tokens that many requests begin with."""
        if not tokens:
            return Prefix()
        self.model.set_attn_implementation(NAME)
        slots = Slots(Prefix(), 1, len(tokens))
        for start in range(0, len(tokens), READ_TOKENS):
            part = tokens[start : start + READ_TOKENS]
            step = Step(slots, [start], [len(part)], reading=True, first=0, device=self.device)
            self.forward(part, step, [len(part) - 1])
        return slots.as_prefix(len(tokens))

    @torch.inference_mode()
    def together(self, jobs: Sequence[Job], prefix: Prefix) -> None:
        """Answer requests that all begin with the prefix, as one batch; those that finish leave it."""
        started = time.perf_counter()
        capacity = max(len(job.prompt) - prefix.length + job.limit for job in jobs)
        slots = Slots(prefix, len(jobs), capacity)
        self.model.set_attn_implementation(NAME)
        active = list(jobs)
        self._read(active, slots)
        self._leave(active, slots, started)
        while active:
            spare = max(0, STEP_TOKENS - len(active)) // len(active)
            guesses = [job.guess(spare) for job in active]
            self._write(active, guesses, slots)
            self._leave(active, slots, started)
        for job in jobs:
            if job.close:
                self.alone(job)

    def _read(self, jobs: Sequence[Job], slots: Slots) -> None:
        """Read all prompts, as many in one pass as ``READ_TOKENS`` allows, and take the first token of each answer."""
        first = 0
        own = [job.prompt[slots.prefix.length :] for job in jobs]
        while first < len(jobs):
            end, tokens = first, array("i")
            while end < len(jobs) and (end == first or len(tokens) + len(own[end]) <= READ_TOKENS):
                tokens += own[end]
                end += 1
            counts = [len(part) for part in own[first:end]]
            step = Step(slots, [0] * len(counts), counts, reading=True, first=first, device=self.device)
            last = [sum(counts[: i + 1]) - 1 for i in range(len(counts))]
            best, near = self._choose(self.forward(tokens, step, last), jobs[first:end])
            for job, token, close in zip(jobs[first:end], best, near, strict=True):
                self._take(job, token, close)
            first = end

    def _write(self, jobs: Sequence[Job], guesses: Sequence[list[int]], slots: Slots) -> None:
        """One pass: the last token of each answer and the guesses after it; right guesses are kept."""
        tokens: list[int] = []
        for job, guess in zip(jobs, guesses, strict=True):
            tokens += [job.new[-1], *guess]
        counts = [1 + len(guess) for guess in guesses]
        starts = [len(job.prompt) - slots.prefix.length + len(job.new) - 1 for job in jobs]
        step = Step(slots, starts, counts, reading=False, first=0, device=self.device)
        owners = [job for job, count in zip(jobs, counts, strict=True) for _ in range(count)]
        best, near = self._choose(self.forward(tokens, step, range(len(tokens))), owners)
        at = 0
        for job, guess in zip(jobs, guesses, strict=True):
            right = 0
            for i in range(len(guess) + 1):
                self._take(job, best[at + i], near[at + i])
                if job.finished or job.close or i == len(guess) or best[at + i] != guess[i]:
                    break
                right += 1
            job.learn(len(guess), right)
            at += len(guess) + 1

    def _take(self, job: Job, token: int, near: bool) -> None:
        if token < 0:
            job.fail("the model's output is not a number")
        elif near:
            job.close = True
        else:
            job.take(token)

    def _leave(self, active: list[Job], slots: Slots, started: float) -> None:
        """Take finished requests out; the last one in use moves into the place that is free."""
        for place in range(len(active) - 1, -1, -1):
            if not (active[place].finished or active[place].close):
                continue
            active[place].latency = time.perf_counter() - started
            last = active.pop()
            if place < len(active):
                active[place] = last
                slots.move(len(active), place, len(last.prompt) - slots.prefix.length + len(last.new) - 1)

    def forward(self, tokens: Sequence[int], step: Step, keep: Sequence[int]) -> Tensor:
        """Logits ``[len(keep), vocabulary]`` after the named tokens of a flat row."""
        out = self.model(
            input_ids=torch.tensor([list(tokens)], device=self.device),
            position_ids=step.positions,
            use_cache=False,
            logits_to_keep=torch.tensor(list(keep), device=self.device),
            step=step,
        )
        logits: Tensor = out.logits[0]
        return logits

    def _choose(self, logits: Tensor, jobs: Sequence[Job]) -> tuple[list[int], list[bool]]:
        """The next token after each row of logits (-1: not a number), and whether another was as good."""
        top, index = logits.max(-1)
        if self.exact:
            second = logits.scatter(-1, index[:, None], float("-inf")).amax(-1)
            near = ((top - second) < NEAR).tolist()
        else:
            near = [False] * len(jobs)
        best = torch.where(torch.isfinite(top), index, -1).tolist()
        for i, job in enumerate(jobs):
            if not job.greedy and best[i] >= 0:
                best[i], near[i] = draw(logits[i], job), False
        return best, near


def draw(logits: Tensor, job: Job) -> int:
    """A token drawn at the request's temperature from its nucleus, with the request's own generator.

    The draw inverts the cumulative distribution in vocabulary order, so rounding moves it only at a boundary.
    """
    sampling = job.request.sampling
    odds = torch.softmax(logits.double() / sampling.temperature, -1)
    if sampling.top_p < 1:
        ordered, index = odds.sort(descending=True)
        odds[index[ordered.cumsum(-1) - ordered >= sampling.top_p]] = 0
    total = odds.cumsum(-1)
    return int(torch.searchsorted(total, job.roll() * total[-1], right=True).clamp(max=len(odds) - 1))
