"""What is shown, and when: a ladder for the open part, delay and rounding for the private one.

A board that shows every attempt's score tells, attempt by attempt, which answers were right; so an attempt takes the
place of what is shown only when it is better by more than noise (the ladder of Blum and Hardt 2015). Noise is the
standard error of the paired difference, but no less than that of the score itself: changing two answers at a time has
hardly any paired error, and climbs (``benchmarks/board_probing.py``). It is multiplied with sqrt(2 ln k) at a team's
k-th attempt, about what the best of k equally good attempts gains by luck.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import fmean
from typing import Any

import numpy as np

from medsins.metrics.stats import Array

from .interface import Store
from .records import Published, Scores, Submission, Version

PROFILE = "strict"
"""The profile that decides; its answers cannot be listed or guessed at a profit."""

FEWEST = 100
"""Private rows of a category below which its figure is not shown: whole percents of fewer rows are no rounding."""

Document = Mapping[str, Any]


def headline(document: Document, profile: str = PROFILE) -> float:
    """The score a model is ranked by: the mean over categories of their first metric, in percent."""
    found = document["profiles"][profile]["categories"].values()
    values = [category["metrics"][category["primary"]] for category in found if category["metrics"]]
    return fmean(values) if values else 0.0


def ladder_margin(version: Version, new: Scores, best: Scores, attempt: int) -> float:
    """By how many percentage points a team's ``attempt``-th submission must be better to be shown."""
    here, there = _rows(new), _rows(best)
    weights = _weights(version, here.keys() & there.keys())
    paired = sum(weight**2 * _variance(here[task] - there[task]) for task, weight in weights.items())
    alone = sum(weight**2 * _variance(there[task]) for task, weight in weights.items())
    single = max((weight / len(here[task]) for task, weight in weights.items()), default=0.0)
    noise = max(math.sqrt(paired), math.sqrt(alone), single)
    return 100 * noise * luck(attempt)


def luck(attempt: int) -> float:
    """How many standard errors the best of so many equally good attempts is ahead, about; 1 at least."""
    return max(1.0, math.sqrt(2 * math.log(max(attempt, 1))))


@dataclass(frozen=True, slots=True)
class Standing:
    """What is shown for a model now, with the scores behind it; None where nothing is."""

    shown: Published | None = None
    scores: Scores | None = None


def decide(
    version: Version, submission: Submission, new: Scores, standing: Standing, attempts: int, now: datetime
) -> Published:
    """What to show for a model after an attempt on the open part was scored: the new one, or still the old one.

    Args:
        version: what was answered.
        submission: the attempt; ``submission.attempt`` counts all of its team's on the version.
        new: its scores.
        standing: what is shown now.
        attempts: how many attempts on this model there were, this one included.
        now: when it is shown from.
    """
    shown, before = standing.shown, standing.scores
    if shown is None or before is None:
        return _show(submission, new, attempts, now, "")
    if shown.submission == submission.id:  # scored again
        return _show(submission, new, shown.attempts, now, shown.note)
    gain = headline(new.document) - headline(before.document)
    if gain > ladder_margin(version, new, before, submission.attempt) * (1 + 1e-9):
        return _show(submission, new, attempts, now, "better than the attempt shown before by more than noise")
    return replace(shown, attempts=attempts, note="later attempts were not better by more than noise")


def standing_of(store: Store, version: str, model: str) -> Standing:
    """What is shown for a model now."""
    shown = next((each for each in store.published(version) if each.model == model), None)
    return Standing(shown, store.scores(shown.submission, "open") if shown else None)


def coarse(scores: Scores) -> dict[str, Any]:
    """A private document as it may be shown: whole percents, no rows, no tasks, no category with few rows."""
    profiles: dict[str, Any] = {}
    for name, profile in scores.document["profiles"].items():
        kept = {key: value for key, value in profile["categories"].items() if value["rows"] >= FEWEST}
        profiles[name] = {
            "signature": profile["signature"],
            "overall": round(headline(scores.document, name)),
            "tasks": {},
            "categories": {
                key: {
                    "primary": value["primary"],
                    "metrics": {value["primary"]: float(round(value["metrics"][value["primary"]]))},
                    "tasks": [],
                    "rows": value["rows"],
                }
                for key, value in kept.items()
                if value["metrics"]
            },
        }
    rows = int(scores.document["rows"])
    return {"format": 1, "part": "private", "rounded": 1, "rows": rows, "tier": _tier(rows), "profiles": profiles}


def tiers(shown: Sequence[Published], profile: str = PROFILE) -> dict[str, int]:
    """Model to tier, 1 being the best: a tier ends where a model is further from the tier's best than noise is."""
    values = {each.model: int(each.document["profiles"][profile]["overall"]) for each in shown}
    width = max((int(each.document["tier"]) for each in shown), default=0)
    found: dict[str, int] = {}
    tier, top = 0, math.inf
    for model, value in sorted(values.items(), key=lambda item: (-item[1], item[0])):
        if value < top - width:
            tier, top = tier + 1, value
        found[model] = tier
    return found


def due_private(store: Store, now: datetime, delay: timedelta) -> list[Published]:
    """Private parts whose time has come: of what is shown on the open part, once ``delay`` has passed since it was
    received, or its version is closed.
    """
    found = []
    for version in store.versions():
        if not any(task.private_rows for task in version.tasks):
            continue
        closed = version.active_until is not None and version.active_until <= now
        there = {each.model: each for each in store.published(version.id, "private")}
        for shown in store.published(version.id):
            old = there.get(shown.model)
            if old and old.submission == shown.submission and old.at >= shown.at:
                continue
            if closed or store.submission(shown.submission).received + delay <= now:
                scores = store.scores(shown.submission, "private")
                if scores:
                    found.append(replace(shown, part="private", document=coarse(scores), at=now, note=""))
    return found


def unshown(store: Store, now: datetime) -> list[Published]:
    """For models of which nothing is shown any more, because what was shown was withdrawn: their attempts that are
    left, on the ladder from the first.
    """
    found = []
    for version in store.versions():
        there = {each.model for each in store.published(version.id)}
        left: dict[str, list[Submission]] = {}
        for each in store.submissions(version=version.id):
            if each.state == "scored" and each.model not in there:
                left.setdefault(each.model, []).insert(0, each)
        for attempts in left.values():
            standing = Standing()
            for number, submission in enumerate(attempts, 1):
                if scores := store.scores(submission.id, "open"):
                    shown = decide(version, submission, scores, standing, number, now)
                    chosen = scores if shown.submission == submission.id else standing.scores
                    standing = Standing(shown, chosen)
            if standing.shown:
                found.append(standing.shown)
    return found


def _show(submission: Submission, scores: Scores, attempts: int, now: datetime, note: str) -> Published:
    return Published(
        submission.version, submission.model, submission.id, "open", scores.document, now, attempts, note
    )  # fmt: skip


def _tier(rows: int) -> int:
    """How far, in whole percents, two scores on so many rows may be apart by chance: twice the largest standard error
    of a share.
    """
    return math.ceil(100 / math.sqrt(max(rows, 1)))


def _rows(scores: Scores) -> dict[str, Array]:
    """Task to its row scores (fractions) in the order of rows, of its first metric or what rows have in its place."""
    tasks = scores.document["profiles"][PROFILE]["tasks"]
    found: dict[str, list[tuple[int, float]]] = {}
    for sample in scores.samples:
        if sample["profile"] == PROFILE:
            metrics = sample["metrics"]
            name = tasks[sample["task_id"]]["primary"]
            value = metrics[name] if name in metrics else metrics.get("f1", next(iter(metrics.values()), 0.0))
            found.setdefault(sample["task_id"], []).append((sample["row"], float(value)))
    return {task: np.array([value for _, value in sorted(pairs)]) for task, pairs in found.items()}


def _weights(version: Version, tasks: set[str]) -> dict[str, float]:
    """How much of the headline each task is: categories weigh the same, and tasks within them."""
    by_category: dict[str, list[str]] = {}
    for task in version.tasks:
        if task.task_id in tasks:
            by_category.setdefault(task.category, []).append(task.task_id)
    return {name: 1 / (len(by_category) * len(names)) for names in by_category.values() for name in names}


def _variance(values: Array) -> float:
    """Of the mean of the values."""
    return float(values.var(ddof=1)) / len(values) if len(values) > 1 else float(len(values))
