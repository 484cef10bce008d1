"""Portions of text over a Ray cluster: the driver reads and collects, every processor of the cluster compares."""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Self

from medsins.core import MissingExtra, Problem, RefusedByPolicy, RunError

from ._index import TextIndex
from ._judge import Judged, Weights, judge
from ._scan import Scanned, scan
from ._sources import Portion, Source, access_of

FREE = ("open", "registration")
"""Access terms under which text may go to another machine."""

ATTEMPTS = 3  # nodes that may be lost over one portion


class RayEngine:
    """The cluster of ``RAY_ADDRESS``, else one of this machine alone. The index goes once to each node; a portion
    whose node is lost is worked on elsewhere.

    Raises:
        MissingExtra: Ray is not installed.
        RunError: there is no cluster to work on.
        RefusedByPolicy: the cluster has other machines, and a file may not leave this one.
    """

    def __init__(self, index: TextIndex, sources: Sequence[Source]) -> None:
        self.ray, self._own = _connect()
        try:
            self._check(sources)
        except RefusedByPolicy:
            self.__exit__()
            raise
        self._index = self.ray.put(index)
        self._remote = self.ray.remote(num_cpus=1, max_retries=ATTEMPTS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._own:
            self.ray.shutdown()

    def scan(self, portions: Iterable[Portion]) -> Iterator[tuple[Portion, Scanned]]:
        """The first look at each portion."""
        return self._each(self._remote(scan), (self._index,), portions)

    def judge(self, weights: Weights, portions: Iterable[Portion]) -> Iterator[tuple[Portion, Judged]]:
        """The second look at each portion."""
        return self._each(self._remote(judge), (self._index, self.ray.put(weights)), portions)

    def _each(self, work: Any, shared: tuple[Any, ...], portions: Iterable[Portion]) -> Iterator[tuple[Portion, Any]]:
        room = max(4, 2 * int(self.ray.cluster_resources().get("CPU", 1)))
        waiting: deque[tuple[Portion, Any]] = deque()
        for portion in portions:
            waiting.append((portion, work.remote(*shared, portion.texts)))
            if len(waiting) > room:
                yield self._first(waiting)
        while waiting:
            yield self._first(waiting)

    def _first(self, waiting: deque[tuple[Portion, Any]]) -> tuple[Portion, Any]:
        portion, reference = waiting.popleft()
        try:
            return portion, self.ray.get(reference)
        except self.ray.exceptions.RayError as error:
            what = f"{ATTEMPTS} nodes of the cluster were lost over the same rows: {str(error).splitlines()[0]}"
            raise RunError(Problem(what, mend="look at the nodes' memory, then start again")) from error

    def _check(self, sources: Sequence[Source]) -> None:
        """Text goes to other machines only where its terms allow it."""
        nodes = [node for node in self.ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
        if not nodes:
            raise RunError(Problem("the cluster has no node to work on", mend="start nodes (ray start)"))
        if all(node["NodeManagerAddress"] in _own_addresses() for node in nodes):
            return
        kept = [(source.path, access_of(source)) for source in sources]
        what, mend = "may not leave this machine, and the cluster has other ones", "leave out --engine ray"
        wrong = [Problem(f"{what} (access: {access})", str(path), mend) for path, access in kept if access not in FREE]
        if wrong:
            raise RefusedByPolicy(*wrong)


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
        start: Callable[..., object] = ray.init
        try:
            start(log_to_driver=False, logging_level="ERROR", include_dashboard=False)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            mend = "start it with `ray start --head`, and set RAY_ADDRESS to its address"
            place = os.environ.get("RAY_ADDRESS", "")
            raise RunError(Problem(f"no Ray cluster to work on: {error}", place, mend)) from error
    return ray, own


def _own_addresses() -> set[str]:
    from ray.util import get_node_ip_address

    names = {"127.0.0.1", "::1", get_node_ip_address()}
    with suppress(OSError):
        names.update(str(found[4][0]) for found in socket.getaddrinfo(socket.gethostname(), None))
    return names
