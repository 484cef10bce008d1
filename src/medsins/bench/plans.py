"""How a run's tasks are asked: protocol, shots and number of instances of each, and their prompts in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from medsins.core import Problem, Prompt, Request, Sampling, Task, UsageError
from medsins.metrics import Row
from medsins.metrics.strict import Options, find_options, infer_spec
from medsins.models import ModelInfo, open_backend, split_model
from medsins.prompts import Fit, ShotPool, ShotSet, find_pool, get_protocol
from medsins.prompts import Protocol as PromptProtocol

from .guard import Leaving
from .sending import Sample
from .spec import RunSpec
from .suites import Suite

IN_PROCESS = frozenset({"mock", "replay", "transformers", "vllm"})
"""Backends that send nothing anywhere; what can be said of them without loading a model is said without."""


class Counter(Protocol):
    """What prompts are fitted with: a backend, or an estimate in its place."""

    info: ModelInfo

    def count_tokens(self, prompt: Prompt) -> int:
        """Tokens of the rendered prompt."""


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """How one task is asked: its protocol, where its shots come from, and how many instances of it. ``options`` are
    answers whose likelihood is asked for.
    """

    task: Task
    protocol: PromptProtocol
    pool: ShotPool
    shots: ShotSet
    count: int
    notice: str = ""
    options: Options | None = None

    def describe(self) -> dict[str, Any]:
        """The task's entry in the manifest."""
        task = self.task
        return {
            "id": task.id,
            "digest": task.digest,
            "category": task.category,
            "language": task.language,
            "access": task.access,
            "instances": self.count,
            "shots": self.shots.description(),
            "max_new_tokens": self.max_new_tokens,
            **({"options": asdict(self.options)} if self.options else {}),
        }

    @property
    def max_new_tokens(self) -> int:
        """Tokens an answer may take."""
        return self.protocol.max_new_tokens(self.task.category)

    @property
    def leaving(self) -> Leaving:
        """What is sent for this task, for the guard: shots are text too."""
        sources = {"named": self.pool.named, "train": self.pool.train}
        source = sources.get(self.shots.source)
        return Leaving(self.task, (source,) if source is not None else ())

    def prompts(self, backend: Counter, seed: int) -> Iterator[Prompt]:
        """The prompts of the first ``count`` instances."""
        fit = Fit(backend.count_tokens, backend.info.window, self.max_new_tokens)
        return self.protocol.build(self.task, self.pool, seed, fit, range(self.count))


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole run before a model is asked."""

    suite: Suite
    protocol: PromptProtocol
    tasks: tuple[TaskPlan, ...]

    @property
    def total(self) -> int:
        """Samples in all."""
        return sum(plan.count for plan in self.tasks)

    @property
    def leaving(self) -> list[Leaving]:
        """What is sent, for the guard."""
        return [plan.leaving for plan in self.tasks]


def make_plan(spec: RunSpec) -> Plan:
    """Read the tasks and choose their shots; no model is needed.

    Raises:
        UsageError, InvalidFile: the suite, protocol or shots cannot be used.
    """
    suite = spec.load_suite()
    protocol = get_protocol(spec.protocol)
    source = Path(spec.shots_from) if spec.shots_from else None
    plans: list[TaskPlan] = []
    problems: list[Problem] = []
    for task in suite.tasks:
        try:
            plans.append(_plan(task, protocol, find_pool(task, source), spec))
        except UsageError as error:
            problems += error.problems
    if problems:
        raise UsageError(*problems)
    return Plan(suite, protocol, tuple(plans))


def make_samples(
    plans: Sequence[TaskPlan], backend: Counter, seed: int, wanted: Callable[[int], bool] = lambda row: True
) -> Iterator[Sample]:
    """The samples of a run in the order of their rows, those that are wanted."""
    row = 0
    for plan in plans:
        sampling = Sampling(max_new_tokens=plan.max_new_tokens, seed=seed)
        for index, prompt in enumerate(plan.prompts(backend, seed)):
            if wanted(row):
                instance = plan.task.instances[index]
                options = plan.options.of(instance.input) if plan.options else ()
                request = Request((plan.task.id, index), prompt, sampling, options, instance.id)
                yield Sample(row, index, plan.task, request)
            row += 1


def describe_model(spec: RunSpec) -> ModelInfo:
    """What is known of a run's model before anything is loaded or sent. Errors as in ``open_backend``."""
    backend, name, _ = split_model(spec.model)
    if spec.engine == "ray":  # only the cluster itself could tell whether all its machines are this one
        return ModelInfo(name=name, window=spec.window, remote=True, endpoint="the machines of the Ray cluster")
    if backend in IN_PROCESS:
        return ModelInfo(name=name, window=spec.window)
    opened = open_backend(spec.model, spec.options)
    try:
        return opened.info
    finally:
        opened.close()


def _plan(task: Task, protocol: PromptProtocol, pool: ShotPool, spec: RunSpec) -> TaskPlan:
    """A task without any source of shots is asked zero-shot, and says so; too few shots in a source are an error."""
    count = min(spec.limit, len(task.instances)) if spec.limit else len(task.instances)
    shots = protocol.select(task, pool, spec.seed)
    notice = ""
    if shots.source == "none" and protocol.shots_for(task.category):
        notice = f"{task.id}: no train split, no Positive Examples: asked without shots (give --shots-from FILE)"
    return TaskPlan(task, protocol, pool, shots, count, notice, _options(task, count) if spec.likelihood else None)


def _options(task: Task, count: int) -> Options | None:
    """The answers of a closed task that are compared; none where answers are free."""
    rows = [Row(i, task.id, made.input, None, made.outputs) for i, made in enumerate(task.instances[:count])]
    references = [reference for row in rows for reference in row.references[:1]]
    return find_options(rows, infer_spec(task.id, task.category, references, task.language))
