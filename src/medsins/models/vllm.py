"""Local models through vLLM's offline engine: ``vllm:FOLDER``, ``vllm:ORG/MODEL``, ``vllm:smollm2``.

Prompts are rendered here and handed over as tokens, and answers are read token by token with the rules of
``transformers:``, so both backends differ in nothing but the engine.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
# The engine in this process: loads sooner, and ends when it does.
os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")

import torch
import vllm
from vllm import LLM, SamplingParams
from vllm.sampling_params import RequestOutputKind

from medsins.core import Completion, Problem, Prompt, Request, RunError, UsageError, digest, sha256_file

from ._base import BackendOptions, ModelInfo
from ._local_chat import Chat
from ._local_job import Job
from ._local_load import check_folder, choose_precision, find_folder
from ._option_tree import option_sums, option_tree
from ._presets import find_preset
from ._thinking import budget_of

Path_ = tuple[int, ...]
MOST_ODDS = 128  # tokens whose log-probability one request may ask for


class VllmBackend:
    """A model in vLLM's engine, in this process."""

    def __init__(self, name: str, options: BackendOptions) -> None:
        folder = find_folder(name)
        weights = [[path.name, sha256_file(path)] for path in check_folder(folder)]
        device = "cuda" if torch.cuda.is_available() else "cpu"
        precision = choose_precision(options.precision, device)
        self.llm = _start(folder, precision, device, options)
        tokenizer = self.llm.get_tokenizer()
        short = name if not Path(name).exists() else folder.resolve().name
        self.chat = Chat(tokenizer, find_preset(short))
        self.budget = budget_of(options.reasoning) if self.chat.tags else 0
        self.ends = _end_tokens(folder, tokenizer)
        config = self.llm.llm_engine.model_config
        mode = f", thinking up to {self.budget} tokens" if self.budget else ""
        self.info = ModelInfo(
            name=short,
            weights=digest(weights),
            precision=precision,
            engine=f"vllm {vllm.__version__} torch {torch.__version__} {device}{mode}",
            window=int(config.max_model_len),
            chat_format=self.chat.format,
        )

    def check(self) -> None:
        """It ran when it was loaded."""

    def count_tokens(self, prompt: Prompt) -> int:
        """Tokens of the rendered prompt, special tokens included."""
        return len(self.chat.encode(prompt))

    def render(self, prompt: Prompt) -> str:
        """The exact text the model reads; a begin-of-text token that the tokenizer adds is not shown."""
        return self.chat.render(prompt)

    def generate(self, requests: Sequence[Request], done: Collection[int]) -> Iterator[list[tuple[int, Completion]]]:
        """Answer every request whose position is not in ``done``, those that vLLM finishes together in one list.

        Raises:
            RunError: the engine stopped.
        """
        done = frozenset(done)
        jobs = {i: self._job(request) for i, request in enumerate(requests) if i not in done}
        refused = {i: problem for i, job in jobs.items() if (problem := self._problem(job))}
        if refused:
            lengths = {i: len(jobs[i].prompt) for i in refused}
            yield [(i, Completion("", "error", problem, prompt_tokens=lengths[i])) for i, problem in refused.items()]
        asked = _Asked(self, {i: job for i, job in jobs.items() if i not in refused})
        try:
            yield from asked.answers()
        except RuntimeError as error:
            mend = "take fewer requests at a time (--batch-size) or a smaller window; then resume"
            raise RunError(Problem(f"vLLM stopped: {_first_line(error)}", mend=mend)) from error
        finally:
            asked.abandon()

    def close(self) -> None:
        """Free the weights."""
        engine = self.llm.llm_engine.engine_core
        del self.llm
        if hasattr(engine, "shutdown"):
            engine.shutdown()

    def _job(self, request: Request) -> Job:
        prompt = self.chat.encode(request.prompt)
        most = request.sampling.max_new_tokens + self.budget
        limit = max(1, min(most, self.info.window - len(prompt)))
        return self.chat.job(request, prompt, limit, self.ends, self.budget)

    def _problem(self, job: Job) -> str:
        window, length = self.info.window, len(job.prompt)
        if not length:
            return "the prompt is empty"
        if length >= window:
            return f"prompt has {length} tokens, window is {window} tokens and must hold the answer too"
        return ""


class _Asked:
    """Requests under way: one for each job's answer, which also tells how options begin, and then one of one token for
    each beginning that options share and go on from.
    """

    def __init__(self, backend: VllmBackend, jobs: Mapping[int, Job]) -> None:
        self.engine, self.chat, self.jobs = backend.llm.llm_engine, backend.chat, jobs
        self.window = backend.info.window
        self.options: dict[int, list[list[int]]] = {}
        self.odds: dict[int, dict[Path_, dict[int, float]]] = {}
        self.owners: dict[str, tuple[int, Path_]] = {}
        self.waiting: dict[int, int] = {}
        self.sent = 0
        for i, job in jobs.items():
            self._ask(i, job)

    def answers(self) -> Iterator[list[tuple[int, Completion]]]:
        """Jobs as they are finished."""
        while self.owners:
            finished = []
            for out in self.engine.step():
                if out.finished and out.request_id in self.owners:
                    i, path = self.owners.pop(out.request_id)
                    self._take(i, path, out)
                    self.waiting[i] -= 1
                    if not self.waiting[i]:
                        finished.append((i, self._completion(i)))
            if finished:
                yield finished

    def abandon(self) -> None:
        """Take back what is not answered."""
        if self.owners:
            self.engine.abort_request(list(self.owners))
            self.owners = {}

    def _ask(self, i: int, job: Job) -> None:
        self.options[i], self.odds[i] = self.chat.encode_options(job, self.window), {}
        first = option_tree(self.options[i]).get((), [])
        self._send(i, (), job.prompt, _sampling(job, first[:MOST_ODDS]))

    def _ask_options(self, i: int) -> None:
        """Ask how options go on, now that the prompt is in the cache."""
        for path, tokens in option_tree(self.options[i]).items():
            wanted = [token for token in tokens if token not in self.odds[i].get(path, {})]
            for start in range(0, len(wanted), MOST_ODDS):
                prompt = array("i", [*self.jobs[i].prompt, *path])
                self._send(i, path, prompt, _odds(wanted[start : start + MOST_ODDS]))

    def _send(self, i: int, path: Path_, tokens: array[int], params: SamplingParams) -> None:
        self.sent += 1
        self.owners[str(self.sent)] = (i, path)
        self.waiting[i] = self.waiting.get(i, 0) + 1
        self.engine.add_request(str(self.sent), {"prompt_token_ids": tokens.tolist()}, params)

    def _take(self, i: int, path: Path_, out: Any) -> None:
        answer, job = out.outputs[0], self.jobs[i]
        if answer.logprobs:
            told = {token: found.logprob for token, found in answer.logprobs[0].items()}
            self.odds[i].setdefault(path, {}).update(told)
        if job.finished:
            return
        for token in answer.token_ids:
            if job.take(token):
                break
        if not job.finished:
            job.finished, job.status = True, "truncated" if answer.finish_reason == "length" else "ok"
        times = out.metrics
        job.latency = max(0.0, times.last_token_ts - times.scheduled_ts) if times else 0.0
        self._ask_options(i)

    def _completion(self, i: int) -> Completion:
        job = self.jobs[i]
        if self.options[i]:
            job.option_scores = option_sums(self.options[i], self.odds[i])
        return job.completion()


def _sampling(job: Job, odds: list[int]) -> SamplingParams:
    sampling, stop = job.request.sampling, [stop for stop in job.request.prompt.stop if stop]
    return SamplingParams(
        max_tokens=job.limit,
        temperature=max(0.0, sampling.temperature),
        top_p=sampling.top_p,
        seed=sampling.seed % 2**63,
        stop_token_ids=sorted(job.ends),
        # Thoughts may hold a stop string, so there the answer is cut when it is read.
        stop=[] if job.tags else stop,
        detokenize=bool(stop) and not job.tags,
        logprob_token_ids=odds or None,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def _odds(tokens: list[int]) -> SamplingParams:
    return SamplingParams(
        max_tokens=1,
        temperature=0.0,
        logprob_token_ids=tokens,
        detokenize=False,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def _start(folder: Path, precision: str, device: str, options: BackendOptions) -> LLM:
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "4")  # GiB
    more: dict[str, Any] = {"max_num_seqs": options.batch_size} if options.batch_size else {}
    if options.window:
        more["max_model_len"] = options.window
    try:
        return LLM(
            model=str(folder),
            dtype=precision,
            seed=0,
            enable_prefix_caching=True,
            enforce_eager=device == "cpu",
            trust_remote_code=False,
            load_format="safetensors",
            generation_config="vllm",
            disable_log_stats=False,
            **more,
        )
    except (ValueError, RuntimeError, OSError, TypeError, NotImplementedError) as error:
        mend = "try transformers:, another precision, or a smaller --window"
        raise UsageError(Problem(f"vLLM cannot load it: {_first_line(error)}", str(folder), mend)) from error


def _end_tokens(folder: Path, tokenizer: Any) -> frozenset[int]:
    """The tokens that end an answer: those of the model's configurations, and the tokenizer's own."""
    from transformers import AutoConfig, GenerationConfig

    named = [AutoConfig.from_pretrained(folder).eos_token_id, tokenizer.eos_token_id]
    if (folder / "generation_config.json").is_file():
        named.append(GenerationConfig.from_pretrained(folder).eos_token_id)
    found: set[int] = set()
    for value in named:
        found.update(value if isinstance(value, list | tuple) else () if value is None else (value,))
    return frozenset(found)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def open_backend(model: str, options: BackendOptions) -> VllmBackend:
    """Load a model: ``smollm2``, a folder, or a hub id.

    Raises:
        UsageError: no such model, or one that vLLM cannot load.
        RefusedByPolicy: remote code, or pickled weights only.
    """
    if not model:
        raise UsageError(Problem("no model named", mend="name one: vllm:FOLDER or vllm:smollm2"))
    return VllmBackend(model, options)
