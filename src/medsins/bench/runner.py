"""The runner: suite, protocol and backend in, durable predictions out; resumable after any kill."""

from __future__ import annotations

import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from types import FrameType

from medsins.core import Completion, Prediction
from medsins.models import Backend, StreamingBackend, open_backend

from .cache import AnswerCache, Keys
from .guard import Decision, guard, is_local, record, restricted
from .ledger import Ledger, check_budget
from .lock import hold
from .plans import Plan, make_plan, make_samples
from .screening import screen
from .sending import Answer, CacheUse, Sample, Sender, sent_record
from .spec import RunSpec, bind_manifest, build_manifest
from .store import Bill, RunStore

# Requests handed to a backend together: enough to batch well, few enough to keep memory bounded.
GROUP = 2048


@dataclass(frozen=True, slots=True)
class Progress:
    """What a listener is told after each durable group. ``asked`` counts this session's answers only; ``cost`` is the
    whole run's, in US dollars.
    """

    total: int
    done: int
    failed: int
    asked: int
    task_id: str
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: predictions it should have, and how many of them failed. ``notices`` are for the user to read.

    ``missing`` predictions were not asked for because the budget (US dollars) had no room for them; ``cost`` is what
    the run cost so far, all sessions together.
    """

    total: int
    failed: int
    asked: int
    notices: tuple[str, ...] = ()
    missing: int = 0
    cost: float = 0.0


Listener = Callable[[Progress], None]
Say = Callable[[str], None]


def run(
    spec: RunSpec,
    run_dir: Path,
    listen: Listener = lambda progress: None,
    retry_failed: bool = False,
    say: Say = lambda line: None,
    override: str = "",
) -> Outcome:
    """Generate every missing prediction of a run; an existing run directory of the same run is resumed.

    Args:
        spec: what to run.
        run_dir: the run directory, made if it is not there.
        listen: told of every durable group of predictions.
        retry_failed: ask failed samples again.
        say: told of notices, before and during generation.
        override: why restricted text may go to an endpoint that is not this machine; the manifest keeps it.

    Raises:
        UsageError, InvalidFile: the suite, protocol or model cannot be used; nothing was asked.
        RefusedByPolicy: restricted tasks and a remote endpoint; nothing left this machine.
        RunError: the directory belongs to another run or process, or cannot be written.
        KeyboardInterrupt: interrupted; everything answered so far is durable.
    """
    plan = make_plan(spec)
    run_dir.mkdir(parents=True, exist_ok=True)
    with hold(run_dir), _terminate_as_interrupt():
        backend = _open(spec, say)
        try:
            prices = spec.price if any(spec.price) else backend.info.prices
            decisions = guard(plan.leaving, backend.info, override)
            check_budget(spec.budget, prices, isinstance(backend, StreamingBackend))
            if hasattr(backend, "say"):
                backend.say = say
            notices = _notices(plan, backend)
            for notice in notices:
                say(notice)
            backend.check()
            _bind(run_dir, spec, plan, replace_prices(backend, prices), decisions)
            store = RunStore(run_dir)
            try:
                if retry_failed:
                    store.forget_failed()
                ledger = Ledger(prices, spec.budget, store.spent())
                return replace(_Session(spec, plan, backend, store, ledger, listen, say).run(), notices=notices)
            finally:
                store.close()
        finally:
            backend.close()


def _open(spec: RunSpec, say: Say) -> Backend:
    if spec.engine == "local":
        return open_backend(spec.model, spec.options)
    from .ray_engine import open_ray

    return open_ray(spec.model, spec.options, say)


def _bind(run_dir: Path, spec: RunSpec, plan: Plan, model: Mapping[str, object], decisions: list[Decision]) -> None:
    entries = [task.describe() for task in plan.tasks]
    bind_manifest(run_dir, build_manifest(spec, plan.suite, model, plan.protocol, entries), record(decisions))


def replace_prices(backend: Backend, prices: tuple[float, float]) -> dict[str, object]:
    """The model as the manifest has it, with the prices that count."""
    return asdict(replace(backend.info, prices=prices))


def _notices(plan: Plan, backend: Backend) -> tuple[str, ...]:
    """What the user should know before the first sample is asked."""
    notices = [task.notice for task in plan.tasks if task.notice]
    if not is_local(backend.info) and (warning := screen(plan.tasks)):
        notices.append(warning)
    return tuple(notices)


class _Session:
    """One session of a run: asks what is missing, books answers, tells the listener."""

    def __init__(
        self, spec: RunSpec, plan: Plan, backend: Backend, store: RunStore, ledger: Ledger, listen: Listener, say: Say
    ) -> None:
        self.spec, self.plan, self.backend, self.store = spec, plan, backend, store
        self.ledger, self.listen, self.say = ledger, listen, say
        self.finished = store.done()
        self.done, self.asked = len(self.finished), 0
        self.failed = store.counts().get("error", 0)

    def run(self) -> Outcome:
        """Ask everything that is missing, or as much of it as the budget allows."""
        self._tell("")
        if isinstance(self.backend, StreamingBackend):
            self._stream()
        else:
            self._generate()
        missing = self.plan.total - self.done
        return Outcome(self.plan.total, self.failed, self.asked, missing=missing, cost=self.ledger.spent)

    def _stream(self) -> None:
        """Hand samples over one by one, as the backend draws them."""
        wanted = make_samples(self.plan.tasks, self.backend, self.spec.seed, lambda row: row not in self.finished)
        cached = self._cache()
        sender = Sender(self.backend, self.store, self.ledger, cached, self._accept)
        try:
            sender.ask(wanted)
        finally:
            cached.close()
        if cached.found:
            day = time.strftime("%Y-%m-%d", time.localtime(cached.oldest))
            self.say(f"{cached.found} answers came from the cache (since {day}); --no-cache asks again")

    def _generate(self) -> None:
        """Hand samples over in large groups, those already answered included: the backend plans over all of them."""
        samples = make_samples(self.plan.tasks, self.backend, self.spec.seed)
        while group := list(islice(samples, GROUP)):
            finished = {position for position, sample in enumerate(group) if sample.row in self.finished}
            if len(finished) == len(group):
                continue
            if not is_local(self.backend.info):
                place = self.backend.info.endpoint
                asked = [sample for position, sample in enumerate(group) if position not in finished]
                self.store.log_sent([sent_record(s.row, place, self.backend.render(s.request.prompt)) for s in asked])
            for answers in self.backend.generate([sample.request for sample in group], finished):
                self._accept([(group[position], completion) for position, completion in answers], {})

    def _cache(self) -> CacheUse:
        free = frozenset(plan.task.id for plan in self.plan.tasks if not restricted(plan.leaving.access))
        cache = None
        if self.spec.cache and free:
            try:
                cache = AnswerCache()
            except (OSError, sqlite3.Error) as error:
                self.say(f"no answers are cached: {error}")
        return CacheUse(cache, Keys(self.backend.info, self.spec.reasoning), free, self.say)

    def _accept(self, answers: list[Answer], bills: Mapping[int, Bill]) -> None:
        self.store.put([_record(sample, self.backend, completion) for sample, completion in answers], bills)
        self.done += len(answers)
        self.asked += len(answers)
        self.failed += sum(completion.status == "error" for _, completion in answers)
        self._tell(answers[-1][0].task.id if answers else "")

    def _tell(self, task_id: str) -> None:
        self.listen(Progress(self.plan.total, self.done, self.failed, self.asked, task_id, self.ledger.spent))


def _record(sample: Sample, backend: Backend, completion: Completion) -> tuple[int, Prediction]:
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
