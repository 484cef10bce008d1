"""What a run will take, before anything is sent: requests, tokens and dollars by task. No connection is opened."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from medsins.core import Prompt
from medsins.models import Backend, ModelInfo, open_backend, split_model
from medsins.models._http_tokens import estimate

from .guard import explain
from .ledger import Prices, most_tokens, price
from .plans import IN_PROCESS, Counter, TaskPlan, describe_model, make_plan, make_samples
from .spec import RunSpec
from .store import FILE_NAME, query

Listener = Callable[[str, int, int], None]
"""Told of task, requests looked at, and requests in all."""


@dataclass(frozen=True, slots=True)
class TaskEstimate:
    """One task. Tokens are estimates; ``likely_tokens`` answers are as long as the references, ``most_tokens`` as long
    as they may be. Dollars are 0 where no price is known.
    """

    task_id: str
    requests: int
    prompt_tokens: int
    likely_tokens: int
    most_tokens: int
    likely_cost: float
    most_cost: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A whole run. ``prices`` in US dollars for a million prompt and completion tokens (zeros: not known)."""

    info: ModelInfo
    prices: Prices
    tasks: tuple[TaskEstimate, ...]
    answered: int
    notes: tuple[str, ...]

    @property
    def total(self) -> TaskEstimate:
        """All tasks together."""
        values = [asdict(task) for task in self.tasks]
        names = ("requests", "prompt_tokens", "likely_tokens", "most_tokens", "likely_cost", "most_cost")
        return TaskEstimate("all", **{name: sum(value[name] for value in values) for name in names})

    def document(self) -> dict[str, Any]:
        """The estimate as JSON values."""
        prices = dict(zip(("prompt", "completion"), self.prices, strict=True)) if any(self.prices) else None
        total = asdict(self.total)
        del total["task_id"]
        return {
            "model": self.info.name,
            "endpoint": self.info.endpoint,
            "usd_per_million_tokens": prices,
            "already_answered": self.answered,
            "tasks": [asdict(task) for task in self.tasks],
            "total": total,
            "notes": list(self.notes),
        }


class _Estimator:
    """Stands for a model that is not loaded: its tokens are estimated, its window is the one the user named."""

    def __init__(self, info: ModelInfo) -> None:
        self.info = info

    def count_tokens(self, prompt: Prompt) -> int:
        """An estimate, rather too many than too few."""
        return estimate(prompt)


def estimate_run(
    spec: RunSpec, run_dir: Path | None = None, listen: Listener = lambda task, done, total: None
) -> Estimate:
    """Build every prompt and count; what a run directory already answers is left out.

    Raises:
        UsageError, InvalidFile: the suite, protocol or model cannot be used.
    """
    plan = make_plan(spec)
    backend = None if split_model(spec.model)[0] in IN_PROCESS else open_backend(spec.model, spec.options)
    try:
        info = backend.info if backend else describe_model(spec)
        prices = spec.price if any(spec.price) else info.prices
        done = _answered(run_dir)
        tasks, first = [], 0
        for task in plan.tasks:
            listen(task.task.id, first, plan.total)
            mine = {row - first for row in done if first <= row < first + task.count}
            tasks.append(_estimate(task, backend, info, spec.seed, mine, prices))
            first += task.count
    finally:
        if backend:
            backend.close()
    notes = ["prompt tokens are estimated: only the model's own tokenizer knows them"]
    if not any(prices):
        notes.append("no price is known; give it in US dollars for a million tokens with --price IN,OUT")
    if spec.reasoning:
        notes.append("likely answers count no thinking")
    refused = {d.task_id for d in explain(plan.leaving, info) if not d.allowed}
    if refused:
        tasks_word = "task" if len(plan.tasks) == 1 else "tasks"
        notes.append(f"{len(refused)} of {len(plan.tasks)} {tasks_word} would be refused: --explain-guard says why")
    return Estimate(info, prices, tuple(tasks), len(done), tuple(notes))


def _answered(run_dir: Path | None) -> Collection[int]:
    if run_dir is None or not (run_dir / FILE_NAME).is_file():
        return set()
    return {row for (row,) in query(run_dir, "SELECT row FROM predictions")}


def _estimate(
    plan: TaskPlan, backend: Backend | None, info: ModelInfo, seed: int, done: Collection[int], prices: Prices
) -> TaskEstimate:
    counter: Counter = backend or _Estimator(info)
    requests = prompt_tokens = likely = most = 0
    for sample in make_samples([plan], counter, seed, lambda row: row not in done):
        requests += 1
        prompt_tokens += counter.count_tokens(sample.request.prompt)
        limit = most_tokens(backend, sample.request, "")[1] if backend else plan.max_new_tokens
        reference = plan.task.instances[sample.index].reference
        likely += min(limit, estimate(Prompt(text=reference)))
        most += limit
    return TaskEstimate(
        plan.task.id,
        requests,
        prompt_tokens,
        likely,
        most,
        price(prices, prompt_tokens, likely),
        price(prices, prompt_tokens, most),
    )
