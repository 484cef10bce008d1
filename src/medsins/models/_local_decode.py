"""Writing answers: a whole batch at once over a shared prefix, or one request alone."""

from __future__ import annotations

import time
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from ._local_attention import NAME, Prefix, Slots, Step, ragged_attention
from ._local_job import Job
from ._local_score import score_alone, score_read

READ_TOKENS = 1024  # of prompts in one pass
STEP_TOKENS = 128  # of answers in one pass, guesses included
GROUP, GROUP_SECONDS = 8, 5.0  # finished requests are handed over when so many are there, or so late
PREFIXES = 6  # kept at a time
NEAR = 1e-3  # logits: two tokens nearer than this are told apart by rounding


class Line:
    """Requests waiting for a decoder, which takes them from the front, or from the ``back``. Two may take from one."""

    def __init__(self, jobs: deque[Job], back: bool = False) -> None:
        self.jobs, self.back, self.stopped = jobs, back, False
        length = max((len(job.prompt) - job.shared + job.limit for job in jobs), default=0)
        self.size, self.capacity = len(jobs), length

    def __bool__(self) -> bool:
        return bool(self.jobs)

    def take(self) -> Job | None:
        """The next request; None where none is left."""
        try:
            return self.jobs.pop() if self.back else self.jobs.popleft()
        except IndexError:
            return None

    def put_back(self, job: Job) -> None:
        """Undo ``take``."""
        if self.back:
            self.jobs.append(job)
        else:
            self.jobs.appendleft(job)


class Decoder:
    """Runs one model. ``exact`` settles near ties alone, so that a batch gives the answers of one at a time."""

    def __init__(self, model: Any, exact: bool) -> None:
        from transformers import AttentionInterface

        AttentionInterface.register(NAME, ragged_attention)
        self.own = model.config._attn_implementation
        self.model, self.exact, self.device = model, exact, model.device
        self.prefixes: dict[bytes, Prefix] = {}

    def attend(self, name: str) -> None:
        """Switch the attention function: ``NAME``, or the model's ``own``."""
        if self.model.config._attn_implementation != name:
            self.model.set_attn_implementation(name)

    @torch.inference_mode()
    def alone(self, job: Job) -> None:
        """Answer one request by the plain loop: the reference that batches must agree with."""
        from transformers import DynamicCache

        job.restart()
        job.started = time.perf_counter()
        self.attend(self.own)
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
        if job.options and not job.option_scores:
            score_alone(self.model, job)
        job.latency = time.perf_counter() - job.started

    @torch.inference_mode()
    def read_prefix(self, tokens: array[int]) -> Prefix:
        """Keys and values of tokens that many requests begin with."""
        if not tokens:
            return Prefix()
        self.attend(NAME)
        slots = Slots(1, len(tokens))
        self.forward(tokens, Step(slots, [Prefix()], [], [], [len(tokens)], self.device), [0])
        return slots.as_prefix(len(tokens))

    def together(self, waiting: Line, rows: int) -> Iterator[list[Job]]:
        """Answer requests, up to ``rows`` of them at a time; each that finishes makes room for the next. Those that
        share a beginning come one after the other.

        Yields finished ones a few together. Where rounding may decide, answers depend on who shares the batch: it is
        then yielded as a whole, so that it is never formed again with other members.
        """
        active, finished = list[Job](), list[Job]()
        slots = Slots(min(rows, waiting.size), waiting.capacity)
        yielded = time.monotonic()
        while (waiting or active) and not waiting.stopped:
            for job in self._advance(waiting, active, slots):
                job.prefix = Prefix()
                if job.close:
                    self.alone(job)
                finished.append(job)
            due = len(finished) >= GROUP or time.monotonic() - yielded > GROUP_SECONDS
            if finished and due and self.exact:
                yield finished
                finished, yielded = [], time.monotonic()
        if finished:
            yield finished

    @torch.inference_mode()
    def _advance(self, waiting: Line, active: list[Job], slots: Slots) -> list[Job]:
        """One pass: answers under way go on, and prompts are read where slots are free, which costs least when both
        go through the layers together. Returns the requests that left.
        """
        self.attend(NAME)
        fresh = self._next(waiting, active, slots.slots - len(active))
        if not (active or fresh):  # another decoder took the last one
            return []
        guesses = self._guesses(active)
        wrote = [[job.new[-1], *guess] for job, guess in zip(active, guesses, strict=True)]
        read = [job.prompt[job.shared :].tolist() for job in fresh]
        starts = [len(job.prompt) - job.shared + len(job.new) - 1 for job in active]
        prefixes = [job.prefix for job in active + fresh]
        step = Step(slots, prefixes, starts, [len(part) for part in wrote], [len(part) for part in read], self.device)
        ends = list(accumulate((len(part) for part in read), initial=step.written))
        keep = [*range(step.written), *(end - 1 for end in ends[1:])]
        owners = [job for job, part in zip(active, wrote, strict=True) for _ in part] + fresh
        logits = self.forward([t for part in wrote + read for t in part], step, keep)
        for r, job in enumerate(fresh):
            if job.options and not job.option_scores:
                score_read(self.forward, job, logits[step.written + r], slots, len(active) + r)
        best, near = self._choose(logits, owners)
        at = 0
        for job, guess in zip(active + fresh, [*guesses, *([] for _ in fresh)], strict=True):
            end = at + len(guess) + 1
            self._accept(job, guess, best[at:end], near[at:end])
            at = end
        active += fresh
        return self._leave(active, slots)

    def _guesses(self, active: Sequence[Job]) -> list[list[int]]:
        spare = max(0, STEP_TOKENS - len(active)) // max(1, len(active))
        return [job.guess(spare) for job in active]

    def _next(self, waiting: Line, active: Sequence[Job], free: int) -> list[Job]:
        """The next requests to read: one at least where a slot is free, more while they are short."""
        taken: list[Job] = []
        tokens = 0
        while len(taken) < free and (job := waiting.take()):
            tokens += len(job.prompt) - job.shared
            if (taken and tokens > READ_TOKENS) or not self._share(job, [*active, *taken]):
                waiting.put_back(job)
                break
            taken.append(job)
            job.started = time.perf_counter()
        return taken

    def _share(self, job: Job, active: Sequence[Job]) -> bool:
        """Give a request the prefix it shares, read now if need be; false while too many others are in use."""
        begin = job.prompt[: job.shared].tobytes()
        if job.shared and begin not in self.prefixes:
            used = {id(other.prefix) for other in active}
            unused = [key for key, prefix in self.prefixes.items() if id(prefix) not in used]
            if len(self.prefixes) >= PREFIXES and not unused:
                return False
            if len(self.prefixes) >= PREFIXES:
                del self.prefixes[unused[0]]
            self.prefixes[begin] = self.read_prefix(job.prompt[: job.shared])
        job.prefix = self.prefixes[begin] if job.shared else Prefix()
        return True

    def _accept(self, job: Job, guess: Sequence[int], best: Sequence[int], near: Sequence[bool]) -> None:
        """Take the next token, and one more after each guess that was right."""
        right = 0
        for token, close, guessed in zip(best, near, [*guess, None], strict=True):
            self._take(job, token, close)
            if job.finished or job.close or token != guessed:
                break
            right += 1
        job.learn(len(guess), right)

    def _take(self, job: Job, token: int, near: bool) -> None:
        if token < 0:
            job.fail("the model's output is not a number")
        elif near:
            job.close = True
        else:
            job.take(token)

    def _leave(self, active: list[Job], slots: Slots) -> list[Job]:
        """Take finished requests out; the last one in use moves into the place that is free."""
        gone = []
        for place in range(len(active) - 1, -1, -1):
            if not (active[place].finished or active[place].close):
                continue
            active[place].latency = time.perf_counter() - active[place].started
            gone.append(active[place])
            last = active.pop()
            if place < len(active):
                active[place] = last
                slots.move(len(active), place, len(last.prompt) - last.shared + len(last.new) - 1)
        return gone

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
