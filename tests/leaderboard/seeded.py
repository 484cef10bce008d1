"""A demonstration board: models with known habits answer the bundled mini suite, and are really scored.

One model was withdrawn, one is hidden, one has a hostile name, one waits. For tests and for looking at pages:
``python -m tests.leaderboard.seeded FOLDER`` writes a database there.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from medsins.bench.scoring import Scoring, score_source
from medsins.bench.scoring_source import Source
from medsins.bench.suites import load_suite
from medsins.leaderboard.interface import NewSubmission, Quota, Store
from medsins.leaderboard.records import Item, ModelCard, Part, Published, Scores, Team, Version, VersionTask
from medsins.metrics import Row
from medsins.metrics.strict import infer_spec

HOSTILE = "<script>alert('name')</script> & \"Söhne\" {{ 7*7 }}"
START = datetime(2026, 6, 1, 9, tzinfo=UTC)
VERSION = "mini@1"
MANY = Quota(limit=10_000)


@dataclass(frozen=True)
class Pupil:
    """A model that answers right with some probability, is wordy, silent or wrong otherwise."""

    card: ModelCard
    skill: float
    silent: float = 0.02
    foreign: float = 0.0
    """How much less skill it has in other languages than English."""


TEAMS = (Team("ward", "Ward 7", "ward7@example.org"), Team("lab", "Lab & Söhne", "lab@example.org"),
         Team("trick", HOSTILE, "trick@example.org"))  # fmt: skip

PUPILS = (
    Pupil(ModelCard("asclepius-70b", "ward", "Asclepius 70B", 70.6, "open", "Apache-2.0", "Textbooks; no MedS-Bench.",
                    "https://example.org/asclepius", True), 0.86),
    Pupil(ModelCard("hygieia-8b", "ward", "Hygieia 8B", 8.0, "open", "MIT", "Web text.", "", True), 0.71, 0.03, 0.3),
    Pupil(ModelCard("hygieia-8b-it", "ward", "Hygieia 8B Instruct", 8.0, "open", "MIT", "Web text.", "", True), 0.72),
    Pupil(ModelCard("panacea", "lab", "Panacea", None, "closed", "", "Secret.", "https://example.org/p", None), 0.88),
    Pupil(ModelCard("tiny-135m", "lab", "Tiny 135M", 0.135, "open", "Apache-2.0", "", "", False), 0.18, 0.1),
    Pupil(ModelCard("hostile", "trick", HOSTILE, 13.0, "unknown", HOSTILE, HOSTILE, "javascript:alert(1)", False), 0.5),
)  # fmt: skip


@cache
def mini(private: bool = False) -> tuple[Version, tuple[Item, ...]]:
    """The bundled suite as a version; with ``private`` every fifth instance is kept back."""
    tasks, items = [], []
    for task in load_suite("mini").tasks:
        kept = 0
        for place, one in enumerate(task.instances):
            part: Part = "private" if private and place % 5 == 4 else "open"
            kept += part == "private"
            items.append(Item(len(items), task.id, one.id, part, one.input, one.outputs))
        rows = len(task.instances)
        definition = task.card.definition[0] if task.card.definition else ""
        tasks.append(VersionTask(task.id, task.category, task.language, task.digest, rows, kept, definition))
    version = Version(VERSION, "Mini suite", START, None, tuple(tasks), "The suite that comes with medsins.", "d" * 64)
    return version, tuple(items)


def answers(pupil: Pupil, items: Sequence[Item], languages: dict[str, str], attempt: int = 1) -> list[str | None]:
    """What a model answers, the same every time; models share which questions are hard."""
    own = random.Random(f"{pupil.card.id} {attempt}")
    found: list[str | None] = []
    for item in items:
        hard = random.Random(f"{item.task_id} {item.row}").random()
        skill = pupil.skill - (pupil.foreign if languages[item.task_id] != "English" else 0)
        luck = 0.6 * hard + 0.4 * own.random()
        wrong = own.choice(items).outputs[0]
        words = item.outputs[0].split()
        half = " ".join(words[: max(1, len(words) // 2)]) if len(words) > 6 else wrong
        found.append("" if own.random() < pupil.silent else item.outputs[0] if luck < skill else half)
    return found


def scored(version: Version, items: Sequence[Item], given: Sequence[str | None], resamples: int = 100) -> Scoring:
    """The real scores of answers on the open part."""
    here = [(item, answer) for item, answer in zip(items, given, strict=True) if item.part == "open"]
    rows = [Row(i.row, i.task_id, i.input, answer, i.outputs, "ok") for i, answer in here]
    firsts: dict[str, list[str]] = {}
    for row in rows:
        firsts.setdefault(row.task_id, []).append(row.references[0])
    specs = {t.task_id: infer_spec(t.task_id, t.category, firsts[t.task_id], t.language) for t in version.tasks}
    languages = {task.task_id: task.language for task in version.tasks}
    origin = f"data:#{version.digest[:8]}|protocol:not stated|model:not stated"
    return score_source(Source("submission", tuple(rows), specs, languages, origin), resamples=resamples)


@cache
def results() -> dict[tuple[str, int], tuple[tuple[str | None, ...], Scoring]]:
    """Answers and scores of every model (two attempts of one); computed once for a test run."""
    version, items = mini()
    languages = {task.task_id: task.language for task in version.tasks}
    wanted = [(pupil, 1) for pupil in PUPILS] + [(replace(PUPILS[1], skill=0.6), 0)]
    made = {}
    for pupil, attempt in wanted:
        given = answers(pupil, items, languages, attempt)
        made[pupil.card.id, attempt] = (tuple(given), scored(version, items, given))
    return made


def submit(store: Store, card: ModelCard, given: Sequence[str | None], **changes: Any) -> str:
    """An upload, not scored yet; its id."""
    claims = {"protocol": "strict", "shots": 3, "remarks": HOSTILE if card.team == "trick" else "greedy"}
    values: dict[str, Any] = {
        "sha256": "a" * 64,
        "intake": {"rows": len(given), "missing": [], "changed_references": [3, 17]},
        "claims": claims,
    }
    new = NewSubmission(VERSION, card, card.team, "csv", answers=tuple(given), **(values | changes))
    return store.submit(new, MANY).id


def finish(store: Store, submission: str, card: ModelCard, scoring: Scoring, at: datetime, attempts: int = 1) -> None:
    """Score and publish the oldest upload that waits, which must be this one."""
    job = store.lease("seed", 60)
    assert job is not None
    assert job.submission == submission
    scores = Scores(submission, "open", "d" * 64, "m" * 16, scoring.document, scoring.samples, at)
    note = "It is better than the attempt before by more than one standard error." if attempts > 1 else ""
    shown = Published(VERSION, card.id, submission, "open", scoring.document, at, attempts, note)
    store.finish(job, [scores], [shown], [])


def seed(store: Store) -> dict[str, str]:
    """Fill an empty board; model id to submission id (``withdrawn``, ``hidden`` and ``waiting`` among them)."""
    version, items = mini()
    store.add_version(version, items, "seed")
    for team in TEAMS:
        store.add_team(team, "seed")
    made = results()
    ids: dict[str, str] = {}
    early, late = PUPILS[1].card, dict(results())
    first = submit(store, early, made[early.id, 0][0])
    finish(store, first, early, late[early.id, 0][1], START + timedelta(days=3))
    for place, pupil in enumerate(PUPILS):
        given, scoring = made[pupil.card.id, 1]
        ids[pupil.card.id] = submit(store, pupil.card, given)
        again = 2 if pupil.card.id == early.id else 1
        finish(store, ids[pupil.card.id], pupil.card, scoring, START + timedelta(days=20 * place + 10), again)
    given, scoring = made["panacea", 1]
    for name, end in (("withdrawn", store.withdraw), ("hidden", store.hide)):
        card = ModelCard(f"model-{name}", "lab", f"Model {name}", 3.0, "open")
        ids[name] = submit(store, card, given, sha256="b" * 64)
        finish(store, ids[name], card, scoring, START + timedelta(days=130))
        end(ids[name], f"reason of {name} {HOSTILE}", "lab")
    ids["waiting"] = submit(store, replace(PUPILS[4].card, id="waiting", name="Waiting model"), given)
    store.add_flag(ids["panacea"], "copied", {"agreement": 0.97, "with": ids["hostile"]})
    return ids


if __name__ == "__main__":
    import sys
    from pathlib import Path

    from medsins.leaderboard.store import open_store

    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    seed(open_store(f"sqlite:///{folder / 'board.sqlite'}", create=True))
