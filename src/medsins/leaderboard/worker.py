"""The worker: leases a job, scores it in a child, decides what is shown, and hands all of it over at once.

It can be killed at any moment: nothing is kept before ``finish``, a lease that is not extended runs out, and a result
whose fence is an older one's is refused.
"""

from __future__ import annotations

import logging
import math
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from medsins.core import MedsinsError

from ._items import items_file, read_items
from .interface import NotFound, Refused, Store, Unavailable
from .publication import decide, due_private, standing_of, unshown
from .records import Job, Published, Scores
from .scoring import Given, Means, ScoringFailed, constant_tasks, metric_digest, score_submission
from .similarity import similar

LOGGER = logging.getLogger("medsins.board")
_FLAG_REFERENCES = 0.01
"""Share of rows with other references from which a maintainer should look."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How a worker works. ``cache``: a folder of its own or shared; ``lease`` and what follows in seconds."""

    cache: Path
    name: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")
    lease: float = 30.0
    poll: float = 0.5
    sweep: float = 60.0
    private_delay: timedelta = timedelta(days=30)
    means: Means = field(default_factory=Means)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class _Stopped(Exception):
    """The worker was asked to end while it scored."""


def run_worker(store: Store, stop: threading.Event, settings: WorkerSettings, idle: bool = True) -> int:
    """Score what is queued until ``stop`` is set.

    Args:
        store: the board.
        stop: set from outside; a job under way is given back.
        settings: see there.
        idle: wait for more when nothing is queued; else return then.

    Returns:
        How many jobs were finished.
    """
    done, swept, planned = 0, -math.inf, False
    while not stop.is_set():
        try:
            if not planned:
                plan_rescore(store, metric_digest(settings.means.resamples))
                planned = True
            if time.monotonic() - swept >= settings.sweep:
                sweep(store, settings)
                swept = time.monotonic()
            job = store.lease(settings.name, settings.lease)
            if job is None:
                if not idle:
                    break
                stop.wait(settings.poll)
                continue
            done += work_on(store, job, stop, settings)
        except Unavailable as error:
            LOGGER.warning("the database cannot be reached: %s", type(error).__name__)
            stop.wait(5.0)
    return done


def work_on(store: Store, job: Job, stop: threading.Event, settings: WorkerSettings) -> bool:
    """Do one job; whether it was finished. What goes wrong is noted with the job, or left to the next lease."""
    held = _Held(store, job, stop, settings.lease)
    try:
        scores, shown, flags = _results(store, held, settings)
        store.finish(held.job, scores, shown, flags)
    except _Stopped:
        held.give_back()
        return False
    except (Refused, NotFound):  # another has the job by now, or the submission was withdrawn
        return False
    except ScoringFailed as error:
        LOGGER.warning("scoring %s failed: %s", job.submission, error)
        _fail(store, held.job, str(error))
        return False
    except MedsinsError as error:
        if isinstance(error, Unavailable):
            raise
        LOGGER.warning("scoring %s failed: %s", job.submission, error)
        _fail(store, held.job, "the board is not set up to score this; the maintainers were told")
        return False
    return True


def sweep(store: Store, settings: WorkerSettings) -> int:
    """Show what has become due without a job: private parts, and attempts behind one that was withdrawn."""
    now = settings.now()
    due = [*unshown(store, now), *due_private(store, now, settings.private_delay)]
    return store.publish(due, "board") if due else 0


def plan_rescore(store: Store, digest: str = "") -> int:
    """Queue what was scored by other rules or on other references than now; how many jobs are new.

    ``digest``: the rules of now, if not those of this program.
    """
    metric = digest or metric_digest()
    versions = {version.id: version.digest for version in store.versions()}
    made = store.scored_as()
    stale = [
        each.id
        for each in reversed(store.submissions())
        if each.id in made and each.state != "withdrawn" and made[each.id] != (versions[each.version], metric)
    ]
    return store.queue(stale, "rescore", "board") if stale else 0


class _Held:
    """A job under lease, extended while it is worked on."""

    def __init__(self, store: Store, job: Job, stop: threading.Event, lease: float) -> None:
        self.job, self._store, self._stop, self._lease = job, store, stop, lease
        self._extended = time.monotonic()

    def beat(self, progress: float) -> None:
        """Extend the lease where a quarter of it has gone by, or there is progress to tell."""
        if self._stop.is_set():
            raise _Stopped
        since = time.monotonic() - self._extended
        if since >= self._lease / 4 or (since >= 1 and progress >= self.job.progress + 0.02):
            self.job = self._store.extend(self.job, self._lease, progress)
            self._extended = time.monotonic()

    def give_back(self) -> None:
        """Let the next worker have it at once."""
        try:
            self._store.extend(self.job, 0.0, 0.0)
        except MedsinsError:
            LOGGER.info("the lease of job %s runs out by itself", self.job.id)


Flags = list[tuple[str, Mapping[str, Any]]]


def _results(store: Store, held: _Held, settings: WorkerSettings) -> tuple[tuple[Scores, ...], list[Published], Flags]:
    submission = store.submission(held.job.submission)
    version = store.version(submission.version)
    path = items_file(store, version, settings.cache)
    answers = store.answers(submission.id)
    held.beat(0.0)
    given = Given(answers, store.truncated(submission.id))
    scores = score_submission(submission, version, path, given, settings.means, lambda p: held.beat(0.95 * p))
    held.beat(0.95)
    flags = _flags(submission.intake, len(answers))
    if constant := constant_tasks(read_items(path), answers):
        flags.append(("constant", {"tasks": constant}))
    opened = next((each for each in scores if each.part == "open"), None)
    if opened is None:
        return scores, [], flags
    standing = standing_of(store, version.id, submission.model)
    if held.job.kind == "score":
        flags += similar(store, submission, answers, opened, settings.cache, lambda: held.beat(0.97))
    rescored = held.job.kind == "rescore" and standing.shown and standing.shown.submission != submission.id
    if rescored:  # it had its turn on the ladder
        return scores, [], []
    attempts = len(store.submissions(version=version.id, model=submission.model))
    return scores, [decide(version, submission, opened, standing, attempts, settings.now())], flags


def _flags(intake: Mapping[str, Any], rows: int) -> Flags:
    changed = intake.get("references_changed") or {}
    if changed.get("count", 0) > _FLAG_REFERENCES * rows:
        return [("references-changed", dict(changed))]
    return []


def _fail(store: Store, job: Job, reason: str) -> None:
    try:
        store.fail(job, reason, retry=True)
    except (Refused, NotFound):
        LOGGER.info("job %s was another's by then", job.id)
