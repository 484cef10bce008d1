"""The runner: suite, protocol and backend in, durable predictions out; resumable after any kill."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any

from medsins.core import Completion, Prediction, Problem, Prompt, RefusedByPolicy, Request, Sampling, Task
from medsins.models import Backend, StreamingBackend, open_backend
from medsins.prompts import Fit, Protocol, ShotPool, ShotSet, find_pool, get_protocol

from .lock import hold
from .spec import RunSpec, bind_manifest, build_manifest
from .store import RunStore
from .suites import Suite

# Requests handed to a backend together: enough to batch well, few enough to keep memory bounded.
GROUP = 2048

RESTRICTED = ("credentialed", "private")


@dataclass(frozen=True, slots=True)
class Progress:
    """What a listener is told after each durable group. ``asked`` counts this session's answers only."""

    total: int
    done: int
    failed: int
    asked: int
    task_id: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: predictions in all, and how many of them failed. ``notices`` are for the user to read."""

    total: int
    failed: int
    asked: int
    notices: tuple[str, ...] = ()


Listener = Callable[[Progress], None]


def run(
    spec: RunSpec,
    run_dir: Path,
    listen: Listener = lambda progress: None,
    retry_failed: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Generate every missing prediction of a run; an existing run directory of the same run is resumed.

    Args:
        spec: what to run.
        run_dir: the run directory, made if it is not there.
        listen: told of every durable group of predictions.
        retry_failed: ask failed samples again.
        say: told of notices once, before generation.

    Raises:
        UsageError, InvalidFile: the suite, protocol or model cannot be used; nothing was asked.
        RefusedByPolicy: restricted tasks and a remote endpoint; nothing left this machine.
        RunError: the directory belongs to another run or process, or cannot be written.
        KeyboardInterrupt: interrupted; everything answered so far is durable.
    """
    suite = spec.load_suite()
    protocol = get_protocol(spec.protocol)
    pools = {task.id: find_pool(task, Path(spec.shots_from) if spec.shots_from else None) for task in suite.tasks}
    plans = [_plan(task, protocol, pools[task.id], spec) for task in suite.tasks]
    run_dir.mkdir(parents=True, exist_ok=True)
    with hold(run_dir), _terminate_as_interrupt():
        backend = open_backend(spec.model, spec.options)
        try:
            guard(suite, backend)
            backend.check()
            entries = [plan.describe() for plan in plans]
            bind_manifest(run_dir, build_manifest(spec, suite, asdict(backend.info), protocol, entries))
            notices = tuple(notice for plan in plans if (notice := plan.notice))
            for notice in notices:
                say(notice)
            store = RunStore(run_dir)
            try:
                if retry_failed:
                    store.forget_failed()
                return replace(_generate(plans, backend, store, spec, listen), notices=notices)
            finally:
                store.close()
        finally:
            backend.close()


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """How one task is asked: its protocol, where its shots come from, and how many instances of it."""

    task: Task
    protocol: Protocol
    pool: ShotPool
    shots: ShotSet
    count: int
    notice: str = ""

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
            "max_new_tokens": self.protocol.max_new_tokens(task.category),
        }

    def prompts(self, backend: Backend, seed: int) -> Iterator[Prompt]:
        """The prompts of the first ``count`` instances."""
        fit = Fit(backend.count_tokens, backend.info.window, self.protocol.max_new_tokens(self.task.category))
        return self.protocol.build(self.task, self.pool, seed, fit, range(self.count))


def _plan(task: Task, protocol: Protocol, pool: ShotPool, spec: RunSpec) -> TaskPlan:
    """A task without any source of shots is asked zero-shot, and says so; too few shots in a source are an error."""
    count = min(spec.limit, len(task.instances)) if spec.limit else len(task.instances)
    shots = protocol.select(task, pool, spec.seed)
    notice = ""
    if shots.source == "none" and protocol.shots_for(task.category):
        notice = f"{task.id}: no train split, no Positive Examples: asked without shots (give --shots-from FILE)"
    return TaskPlan(task, protocol, pool, shots, count, notice)


def guard(suite: Suite, backend: Backend) -> None:
    """Refuse restricted tasks on an endpoint that is not this machine, before anything is sent.

    Raises:
        RefusedByPolicy: names every such task.
    """
    if not backend.info.remote:
        return
    held = [task for task in suite.tasks if task.access in RESTRICTED or task.card.extra.get("May_leave") is False]
    if held:
        mend = "evaluate these tasks with a local model"
        raise RefusedByPolicy(
            *(
                Problem(f"{task.id} is {task.access}: its text may not leave this machine", backend.info.endpoint, mend)
                for task in held
            )
        )


@dataclass(frozen=True, slots=True)
class _Sample:
    row: int
    index: int
    task: Task
    request: Request


_Answer = tuple[_Sample, Completion]


def _samples(plans: list[TaskPlan], backend: Backend, seed: int) -> Iterator[_Sample]:
    row = 0
    for plan in plans:
        sampling = Sampling(max_new_tokens=plan.protocol.max_new_tokens(plan.task.category), seed=seed)
        for index, prompt in enumerate(plan.prompts(backend, seed)):
            yield _Sample(row, index, plan.task, Request((plan.task.id, index), prompt, sampling))
            row += 1


def _generate(plans: list[TaskPlan], backend: Backend, store: RunStore, spec: RunSpec, listen: Listener) -> Outcome:
    done = store.done()
    total = sum(plan.count for plan in plans)
    answered, asked = len(done), 0
    failed = store.counts().get("error", 0)
    samples = _samples(plans, backend, spec.seed)
    listen(Progress(total, answered, failed, 0, ""))
    answer = _streamed if isinstance(backend, StreamingBackend) else _planned
    for answers in answer(samples, backend, done):
        store.put([_record(sample, backend, completion) for sample, completion in answers])
        answered += len(answers)
        asked += len(answers)
        failed += sum(completion.status == "error" for _, completion in answers)
        last = answers[-1][0].task.id if answers else ""
        listen(Progress(total, answered, failed, asked, last))
    return Outcome(total, failed, asked)


def _planned(samples: Iterator[_Sample], backend: Backend, done: Collection[int]) -> Iterator[list[_Answer]]:
    """Hand samples over in large groups, those already answered included: the backend plans over all of them."""
    for group in _groups(samples):
        finished = {position for position, sample in enumerate(group) if sample.row in done}
        if len(finished) == len(group):
            continue
        for answers in backend.generate([sample.request for sample in group], finished):
            yield [(group[position], completion) for position, completion in answers]


def _streamed(samples: Iterator[_Sample], backend: Backend, done: Collection[int]) -> Iterator[list[_Answer]]:
    """Hand samples over one by one, as the backend draws them."""
    assert isinstance(backend, StreamingBackend)
    under_way: dict[int, _Sample] = {}

    def draw() -> Iterator[tuple[int, Request]]:
        for sample in samples:
            if sample.row not in done:
                under_way[sample.row] = sample
                yield sample.row, sample.request

    with closing(backend.stream(draw())) as stream:
        for answers in stream:
            yield [(under_way.pop(row), completion) for row, completion in answers]


def _groups(samples: Iterator[_Sample]) -> Iterator[list[_Sample]]:
    while group := list(islice(samples, GROUP)):
        yield group


def _record(sample: _Sample, backend: Backend, completion: Completion) -> tuple[int, Prediction]:
    instance = sample.task.instances[sample.index]
    prompt = sample.request.prompt
    return sample.row, Prediction(
        task_id=sample.task.id,
        index=sample.index,
        instance_id=instance.id,
        input=instance.input,
        prompt=backend.render(prompt),
        references=instance.outputs,
        completion=completion,
        dropped_shots=prompt.dropped_shots,
        cut_characters=prompt.cut_characters,
    )


@contextmanager
def _terminate_as_interrupt() -> Iterator[None]:
    """A polite kill (SIGTERM) ends a run as Ctrl-C does: nothing durable is lost, and the user learns how to resume."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
