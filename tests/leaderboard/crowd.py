"""A board with many models, made fast: one real document, its figures moved, and row scores to match."""

from __future__ import annotations

import copy
import random
from datetime import timedelta
from typing import Any

from medsins.leaderboard.interface import NewSubmission, Quota, Store
from medsins.leaderboard.records import ModelCard, Published, Scores, Team
from medsins.leaderboard.scoring import metric_digest

from .seeded import START, VERSION, mini, results

MANY = Quota(limit=10_000)


def crowd(store: Store, models: int) -> None:
    """Fill an empty board with ``models`` models on the mini suite."""
    version, items = mini()
    store.add_version(version, items, "crowd")
    store.add_team(Team("crowd", "Crowd"), "crowd")
    given, scoring = results()["asclepius-70b", 1]
    metric = metric_digest()  # as of now, else a worker scores all of it again
    for number in range(models):
        rng = random.Random(number)
        skill = rng.random()
        card = ModelCard(
            f"m{number}", "crowd", f"Model {number}", rng.choice([1.0, 7.0, 70.0]), rng.choice(["open", "closed"])
        )
        document = _moved(scoring.document, skill)
        samples = tuple(
            {**one, "metrics": {name: float(rng.random() < skill) for name in one["metrics"]}}
            for one in scoring.samples
        )
        new = NewSubmission(VERSION, card, "crowd", "csv", f"{number:064x}", answers=given)
        submission = store.submit(new, MANY).id
        job = store.lease("crowd", 60)
        assert job is not None
        at = START + timedelta(hours=number)
        shown = Published(VERSION, card.id, submission, "open", document, at, 1)
        store.finish(job, [Scores(submission, "open", version.digest, metric, document, samples, at)], [shown], [])


def _moved(document: dict[str, Any], skill: float) -> dict[str, Any]:
    made = copy.deepcopy(document)
    for profile in made["profiles"].values():
        for entry in (*profile["tasks"].values(), *profile["categories"].values()):
            for metric in entry["metrics"]:
                value = 100 * skill
                entry["metrics"][metric] = value
                entry["ci95"][metric] = [max(0.0, value - 8), min(100.0, value + 8)]
    return made
