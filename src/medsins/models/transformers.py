"""Local models through transformers: ``transformers:smollm2``, ``transformers:FOLDER``, ``transformers:ORG/MODEL``.

Answers equal those of one request at a time with greedy decoding (exactly in float32), but prompts are read without
padding, what they share is read once, and answers are written in batches that finished requests leave.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from medsins.core import Completion, Problem, Prompt, Request, RunError, UsageError

from ._base import BackendOptions, ModelInfo
from ._local_chat import Chat
from ._local_decode import Decoder
from ._local_job import Job
from ._local_load import PRECISIONS, Loaded, load
from ._local_pair import crew_of, side_by_side
from ._local_plan import Room, plan
from ._local_probe import can_batch, check_plain_loop
from ._presets import find_preset
from ._thinking import budget_of

ROWS = 48  # requests under way at a time
CACHE_BYTES = {"cpu": 2 << 30, "cuda": 16 << 30}  # keys and values of a batch


class TransformersBackend:
    """A model in this process. ``info.engine`` says whether it answers in batches or one at a time."""

    def __init__(self, loaded: Loaded, options: BackendOptions) -> None:
        import transformers

        self.model, self.chat = loaded.model, Chat(loaded.tokenizer, find_preset(loaded.name))
        self.budget = budget_of(options.reasoning) if self.chat.tags else 0
        self.words = self.model.get_input_embeddings().num_embeddings
        self.rows = options.batch_size or ROWS
        self.ends = end_tokens(loaded)
        self.decoder = Decoder(self.model, exact=loaded.precision == "float32")
        self.batched = can_batch(self.decoder)
        self.crew = crew_of(self.decoder) if self.batched else [self.decoder]
        if not self.batched:
            check_plain_loop(self.decoder, loaded.name)
        mode = "batched" if self.batched else "one at a time"
        mode += f", thinking up to {self.budget} tokens" if self.budget else ""
        window = options.window or int(getattr(self.model.config.get_text_config(), "max_position_embeddings", 0) or 0)
        self.info = ModelInfo(
            name=loaded.name,
            weights=loaded.weights,
            precision=loaded.precision,
            engine=f"transformers {transformers.__version__} torch {torch.__version__} {mode}",
            window=window,
            chat_format=self.chat.format,
        )

    def check(self) -> None:
        """It was probed when it was loaded."""

    def count_tokens(self, prompt: Prompt) -> int:
        """Tokens of the rendered prompt, special tokens included."""
        return len(self.chat.encode(prompt))

    def render(self, prompt: Prompt) -> str:
        """The exact text the model reads; a begin-of-text token that the tokenizer adds is not shown."""
        return self.chat.render(prompt)

    def generate(self, requests: Sequence[Request], done: Collection[int]) -> Iterator[list[tuple[int, Completion]]]:
        """Answer every request whose position is not in ``done``, one list a batch.

        A prompt that does not fit the window ends as an ``error`` completion; the others go on.

        Raises:
            RunError: the memory does not suffice for a batch.
        """
        done = frozenset(done)
        prompts = [self.chat.encode(request.prompt) for request in requests]
        problems = [self._problem(prompt) for prompt in prompts]
        refused = [i for i, problem in enumerate(problems) if problem and i not in done]
        if refused:
            yield [(i, Completion("", "error", problems[i], prompt_tokens=len(prompts[i]))) for i in refused]
        fit = [i for i, problem in enumerate(problems) if not problem]
        limits = [self._limit(requests[i], prompts[i]) for i in fit]
        for batch in plan([prompts[i] for i in fit], limits, self._room()):
            todo = {
                fit[p]: self._job(requests[fit[p]], prompts[fit[p]], limits[p], shared)
                for p, shared in zip(batch.positions, batch.shared, strict=True)
                if fit[p] not in done
            }
            places = {id(job): i for i, job in todo.items()}
            with memory_errors():
                for finished in self._answer(list(todo.values()), batch.rows):
                    yield [(places[id(job)], job.completion()) for job in finished]

    def _job(self, request: Request, prompt: array[int], limit: int, shared: int) -> Job:
        job = self.chat.job(request, prompt, limit, self.ends, self.budget)
        job.shared, job.options = shared, self.chat.encode_options(job, self.info.window)
        return job

    def _answer(self, jobs: list[Job], rows: int) -> Iterator[list[Job]]:
        if not jobs:
            return
        if not self.batched:
            for job in jobs:
                self.decoder.alone(job)
                yield [job]
            return
        yield from side_by_side(self.crew, jobs, rows)

    def close(self) -> None:
        """Free the weights."""
        del self.model, self.decoder, self.crew
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _problem(self, prompt: array[int]) -> str:
        window = self.info.window
        if not prompt:
            return "the prompt is empty"
        if window and len(prompt) >= window:
            return f"prompt has {len(prompt)} tokens, window is {window} tokens and must hold the answer too"
        if max(prompt) >= self.words:
            return f"the tokenizer gave token {max(prompt)}, the model knows {self.words}: they do not belong together"
        return ""

    def _limit(self, request: Request, prompt: array[int]) -> int:
        most = request.sampling.max_new_tokens + self.budget
        return max(1, min(most, self.info.window - len(prompt))) if self.info.window else most

    def _room(self) -> Room:
        if not self.batched:
            return Room(1, 1, refill=False)
        config = self.model.config.get_text_config()
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        place = 2 * config.num_hidden_layers * heads * size * self.model.dtype.itemsize
        return Room(
            self.rows, CACHE_BYTES[self.model.device.type] // place // len(self.crew), refill=self.decoder.exact
        )


@contextmanager
def memory_errors() -> Iterator[None]:
    """Say what to do when memory runs out: torch raises a RuntimeError, on a processor with nothing but its text."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, torch.OutOfMemoryError) and "allocate memory" not in str(error):
            raise
        mend = "take fewer requests at a time (batch size), or bfloat16; then resume"
        raise RunError(Problem("not enough memory for a batch", mend=mend)) from error


def end_tokens(loaded: Loaded) -> frozenset[int]:
    """The tokens that end an answer: those of the generation config, and the tokenizer's own."""
    named = [loaded.model.generation_config.eos_token_id, loaded.model.config.eos_token_id]
    named.append(loaded.tokenizer.eos_token_id)
    found: set[int] = set()
    for value in named:
        found.update(value if isinstance(value, list | tuple) else () if value is None else (value,))
    return frozenset(found)


def wrap(model: Any, tokenizer: Any, name: str) -> TransformersBackend:
    """A backend around a model in memory, as it is now: what is kept of prompts holds until its weights change."""
    kind = {value: key for key, value in PRECISIONS.items()}.get(model.dtype, str(model.dtype))
    return TransformersBackend(Loaded(model, tokenizer, name, "", kind), BackendOptions())


def open_backend(model: str, options: BackendOptions) -> TransformersBackend:
    """Load a model: ``smollm2``, a folder, or a hub id.

    Raises:
        UsageError: no such model, or one that transformers cannot load.
        RefusedByPolicy: remote code, or pickled weights only.
    """
    if not model:
        raise UsageError(Problem("no model named", mend="name one: transformers:FOLDER or transformers:smollm2"))
    return TransformersBackend(load(model, options.precision), options)
