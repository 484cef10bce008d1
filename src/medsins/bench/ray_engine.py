"""One run over a Ray cluster: a worker for each GPU (without any: for each node) opens the backend, and answers units.

The driver keeps the run directory and makes every answer durable, as on one machine. A unit whose worker is lost is
asked again elsewhere, so each sample is answered once however many nodes fail.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from medsins.core import (
    Completion,
    MedsinsError,
    MissingExtra,
    Problem,
    Prompt,
    RefusedByPolicy,
    Request,
    RunError,
    UsageError,
)
from medsins.models import Backend, BackendOptions, ModelInfo, open_backend, split_model

UNIT = 64  # requests answered by one worker together
ATTEMPTS = 3  # workers that may be lost over one unit
LOOK = 5.0  # seconds between looks at the cluster
READY = 900.0  # seconds a worker may take to load the model
BACKENDS = ("transformers", "vllm", "mock")

Answered = list[tuple[int, Completion, str]]
"""Position in the unit, answer, and the text that was sent."""

Description = ModelInfo | tuple[int, tuple[Problem, ...]]


class Worker:
    """What runs on a node: one opened backend."""

    def __init__(self, model: str, options: BackendOptions) -> None:
        try:
            self.backend = open_backend(model, options)
            self.backend.check()
        except MedsinsError as error:
            self.trouble = (error.exit_code, error.problems)

    def describe(self) -> Description:
        """The model, or why it cannot be opened: what the command ends with, and the problems."""
        return getattr(self, "trouble", None) or self.backend.info

    def count_tokens(self, prompts: list[Prompt]) -> list[int]:
        """Tokens of rendered prompts."""
        return [self.backend.count_tokens(prompt) for prompt in prompts]

    def answer(self, requests: list[Request], done: list[int]) -> Answered:
        """Answer a unit's requests but those that are done already."""
        found = [pair for group in self.backend.generate(requests, done) for pair in group]
        return [(i, completion, self.backend.render(requests[i].prompt)) for i, completion in found]


@dataclass(slots=True, eq=False)
class _Unit:
    """Requests answered together; ``positions`` are those in the whole, ``done`` those in the unit."""

    positions: range
    requests: list[Request]
    done: list[int]
    lost: int = 0


@dataclass(slots=True, eq=False)
class _Hand:
    """A worker as the driver knows it: starting until ``ready`` is there, then free or at a unit."""

    node: str
    actor: Any
    ready: Any
    since: float = field(default_factory=time.monotonic)
    started: bool = False
    task: Any = None
    unit: _Unit | None = None


class RayBackend:
    """A backend whose answers come from the workers of a cluster."""

    def __init__(self, model: str, options: BackendOptions, say: Callable[[str], None] = lambda line: None) -> None:
        self.ray, self.own = _connect()
        self.model, self.options, self.say = model, options, say
        self.hands: list[_Hand] = []
        self.looked = 0.0
        # The guard decides for these; a machine that joins later gets no text.
        self.machines = {node["NodeManagerAddress"] for node in self._nodes()}
        self._sent: dict[Prompt, str] = {}
        self._muster()
        info = _info(self._ask(lambda hand: hand.actor.describe.remote()))
        units = f" in units of {UNIT}" if info.precision not in ("", "float32") else ""
        places = sorted(map(_place, self.machines))
        remote = any(place != HERE for place in places)
        self.info = replace(
            info, engine=info.engine + units, remote=remote, endpoint=",".join(places) if remote else ""
        )

    def check(self) -> None:
        """A worker answered when it was opened."""

    def count_tokens(self, prompt: Prompt) -> int:
        """Tokens of the rendered prompt, counted by a worker."""
        counts: list[int] = self._ask(lambda hand: hand.actor.count_tokens.remote([prompt]))
        return counts[0]

    def render(self, prompt: Prompt) -> str:
        """The text that a worker just answered."""
        return self._sent.get(prompt, "")

    def generate(self, requests: Sequence[Request], done: Collection[int]) -> Iterator[list[tuple[int, Completion]]]:
        """Answer every request whose position is not in ``done``, one list a unit.

        Raises:
            RunError: no worker is left, and none can be started.
        """
        waiting = deque(_units(requests, frozenset(done)))
        while waiting or any(hand.unit for hand in self.hands):
            self._muster()
            self._hand_out(waiting)
            for unit, answers in self._collect(waiting):
                self._sent = {unit.requests[i].prompt: sent for i, _, sent in answers}
                yield [(unit.positions[i], completion) for i, completion, _ in answers]

    def close(self) -> None:
        """End the workers."""
        for hand in self.hands:
            self.ray.kill(hand.actor)
        self.hands = []
        if self.own:
            self.ray.shutdown()

    def _hand_out(self, waiting: deque[_Unit]) -> None:
        for hand in self.hands:
            if hand.started and hand.unit is None and waiting:
                hand.unit = waiting.popleft()
                hand.task = hand.actor.answer.remote(hand.unit.requests, hand.unit.done)

    def _collect(self, waiting: deque[_Unit]) -> Iterator[tuple[_Unit, Answered]]:
        """Wait for something to happen; finished units come back, those of lost workers go in front of the others."""
        at = {hand.task if hand.unit else hand.ready: hand for hand in self.hands if hand.unit or not hand.started}
        found, _ = self.ray.wait(list(at), num_returns=1, timeout=LOOK) if at else ([], [])
        for ref in found:
            hand, unit = at[ref], at[ref].unit
            answers = self._get(hand, ref)
            if answers is None:
                yield from self._lost(unit, waiting) if unit else ()
            elif unit is None:
                _info(answers)
                hand.started = True
            else:
                hand.unit = hand.task = None
                yield unit, answers

    def _lost(self, unit: _Unit, waiting: deque[_Unit]) -> Iterator[tuple[_Unit, Answered]]:
        unit.lost += 1
        if unit.lost < ATTEMPTS:
            waiting.appendleft(unit)
            return
        failed = Completion(
            "", "error", f"{ATTEMPTS} workers were lost over the {len(unit.requests)} samples of its unit"
        )
        yield unit, [(i, failed, "") for i in range(len(unit.requests)) if i not in unit.done]

    def _get(self, hand: _Hand, ref: Any) -> Any:
        """What a worker returned; None where it was lost, which is said and remembered."""
        try:
            return self.ray.get(ref)
        except self.ray.exceptions.RayTaskError as error:
            cause = error.cause
            raise (cause if isinstance(cause, MedsinsError) else RunError(_stopped(str(cause)))) from error
        except self.ray.exceptions.RayError:
            self._bury(hand)
        return None

    def _bury(self, hand: _Hand) -> None:
        self.hands.remove(hand)
        self.looked = 0.0
        self.say("a worker of the cluster was lost; what it had is asked again elsewhere")

    def _muster(self) -> None:
        """Start a worker for each GPU, or node, that has none; nodes may come and go."""
        if self.looked and time.monotonic() - self.looked < LOOK:
            return
        self.looked = time.monotonic()
        nodes = [node for node in self._nodes() if node["NodeManagerAddress"] in self.machines]
        if not nodes and not self.hands:
            mend = "start nodes (ray start), then resume"
            raise RunError(Problem("the cluster has no node to work on", mend=mend))
        late = [hand for hand in self.hands if not hand.started and time.monotonic() - hand.since > READY]
        if late and not any(hand.started for hand in self.hands):
            mend = "look at what else runs on the cluster, then resume"
            raise RunError(Problem(f"no worker of the cluster was ready within {READY:.0f} seconds", mend=mend))
        for node in nodes:
            have = sum(hand.node == node["NodeID"] for hand in self.hands)
            for shape in _shapes(node["Resources"])[have:]:
                self._start(node["NodeID"], shape)

    def _start(self, node: str, shape: dict[str, float]) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        here = NodeAffinitySchedulingStrategy(node_id=node, soft=False)
        actor = self.ray.remote(max_restarts=0, scheduling_strategy=here, **shape)(Worker)
        started = actor.remote(self.model, self.options)
        self.hands.append(_Hand(node, started, started.describe.remote()))

    def _nodes(self) -> list[dict[str, Any]]:
        return [node for node in self.ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]

    def _ask(self, question: Callable[[_Hand], Any]) -> Any:
        """Ask any worker that is ready, or the first that gets ready."""
        while True:
            self._muster()
            ready = [hand for hand in self.hands if hand.started]
            if not ready:
                list(self._collect(deque()))
                continue
            answer = self._get(ready[0], question(ready[0]))
            if answer is not None:
                return answer


HERE = "ray://127.0.0.1"


def open_ray(model: str, options: BackendOptions, say: Callable[[str], None] = lambda line: None) -> Backend:
    """Open a model on the workers of a Ray cluster: that of ``RAY_ADDRESS``, else one of this machine alone.

    Raises:
        UsageError: the backend asks a server, which needs no cluster.
        MissingExtra: Ray is not installed.
        RunError: no cluster, or none that can hold the model.
    """
    backend, _, _ = split_model(model)
    if backend not in BACKENDS:
        mend = (
            f"the cluster is for {', '.join(f'{name}:' for name in BACKENDS)}; servers are asked many at a time anyway"
        )
        raise UsageError(Problem(f"{backend}: does not run on a cluster", mend=mend))
    return RayBackend(model, options, say)


def _connect() -> tuple[Any, bool]:
    """Ray, and whether the connection is ours to close."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
        import ray.exceptions
    except ModuleNotFoundError as error:
        raise MissingExtra("--engine ray", "ray") from error
    own = not ray.is_initialized()
    if own:
        ends = signal.getsignal(signal.SIGTERM)
        try:
            ray.init(log_to_driver=False, logging_level="ERROR", include_dashboard=False)
        except Exception as error:  # a cluster that is too slow to start is told by a plain Exception
            mend = "start it with `ray start --head`, and set RAY_ADDRESS to its address"
            raise RunError(
                Problem(f"no Ray cluster to work on: {error}", os.environ.get("RAY_ADDRESS", ""), mend)
            ) from error
        if threading.current_thread() is threading.main_thread():
            # Ray would drain and exit; a polite kill is to end this run as everywhere else.
            signal.signal(signal.SIGTERM, ends)
    return ray, own


def _units(requests: Sequence[Request], done: frozenset[int]) -> Iterator[_Unit]:
    """Units over all requests, so that a resumed run forms the same; those that are finished are left out."""
    for start in range(0, len(requests), UNIT):
        positions = range(start, min(start + UNIT, len(requests)))
        finished = [i for i, position in enumerate(positions) if position in done]
        if len(finished) < len(positions):
            yield _Unit(positions, list(requests[start : positions.stop]), finished)


def _shapes(resources: dict[str, float]) -> list[dict[str, float]]:
    """What each worker of a node takes: a GPU with its share of the processors, or all processors."""
    cpus, gpus = resources.get("CPU", 0.0), int(resources.get("GPU", 0))
    if gpus:
        return [{"num_gpus": 1, "num_cpus": max(1.0, cpus // gpus)}] * gpus
    return [{"num_cpus": cpus}]


def _place(address: str) -> str:
    return HERE if address in _own_addresses() else f"ray://{address}"


def _own_addresses() -> set[str]:
    from ray.util import get_node_ip_address

    names = {"127.0.0.1", "::1", get_node_ip_address()}
    with contextlib.suppress(OSError):
        names.update(str(found[4][0]) for found in socket.getaddrinfo(socket.gethostname(), None))
    return names


def _info(found: Description) -> ModelInfo:
    if isinstance(found, ModelInfo):
        return found
    code, problems = found
    raise {2: UsageError, 3: RefusedByPolicy}.get(code, RunError)(*problems)


def _stopped(what: str) -> Problem:
    return Problem(f"a worker of the cluster stopped: {what}", mend="mend that on its node, then resume")
