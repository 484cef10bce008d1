"""The worker on a real store: what it leases it scores, and what is broken off is done again, once."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from medsins.leaderboard import scoring, worker
from medsins.leaderboard.interface import NewSubmission, Quota, Store, Unavailable
from medsins.leaderboard.records import Item, ModelCard, Scores, Submission, Team, Version
from medsins.leaderboard.scoring import Means, ScoringFailed
from medsins.leaderboard.worker import WorkerSettings, plan_rescore, run_worker, sweep

from .wards import upload, ward_version

MANY = Quota(limit=10_000)
SIZES = (20, 20, 20)


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> tuple[Version, tuple[Item, ...]]:
    return ward_version(tmp_path_factory.mktemp("ward"), SIZES, private_share=0.3)


@pytest.fixture
def board(store: Store, ward: tuple[Version, tuple[Item, ...]]) -> Store:
    store.add_version(*ward, "tester")
    for name in ("red", "blue"):
        store.add_team(Team(name, f"{name} team"), "tester")
    return store


@pytest.fixture
def settings(tmp_path: Path) -> WorkerSettings:
    return WorkerSettings(tmp_path / "cache", "tester", poll=0.01, means=Means(workers=1, resamples=50))


def put(store: Store, items: Sequence[Item], good: int, model: str = "crimson", **changes: Any) -> Submission:
    answers = [row[3] for row in upload(items, good)]
    card = ModelCard(model, "red", model)
    values: dict[str, Any] = {"version": "ward@1", "model": card, "team": "red", "kind": "csv", "sha256": "a" * 64}
    return store.submit(NewSubmission(**values, answers=answers, **changes), MANY)


def quick(scores: dict[str, float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Scoring without a child: figures by submission, every row alike."""

    def made(submission: Submission, version: Version, *rest: Any) -> tuple[Scores, ...]:
        value, count = scores[submission.id], sum(task.rows for task in version.tasks)
        figures = {"primary": "accuracy", "metrics": {"accuracy": value}, "rows": count, "tasks": ["ward_mcqa"]}
        tasks = {"ward_mcqa": {**figures, "scorer": "mcqa"}}
        profile = {"signature": "s", "categories": {"MCQA": figures}, "tasks": tasks}
        document = {"format": 1, "rows": count, "profiles": {"strict": profile, "official": profile}}
        samples = tuple(
            {
                "row": i,
                "task_id": "ward_mcqa",
                "profile": "strict",
                "extracted": "A",
                "metrics": {"accuracy": float(100 * i < count * value)},
            }
            for i in range(count)
        )
        metric = scoring.metric_digest(50)
        parts = (("open", document), ("private", document))
        return tuple(Scores(submission.id, part, version.digest, metric, each, samples) for part, each in parts)  # type: ignore[arg-type]

    monkeypatch.setattr(worker, "score_submission", made)


def run(store: Store, settings: WorkerSettings) -> int:
    return run_worker(store, threading.Event(), settings, idle=False)


def test_a_submission_is_scored_in_a_child_and_shown(
    board: Store, ward: tuple[Version, tuple[Item, ...]], settings: WorkerSettings
) -> None:
    kept = put(board, ward[1], 60, intake={"references_changed": {"count": 9, "rows": [1, 2]}})
    assert run(board, settings) == 1
    assert board.submission(kept.id).state == "scored"
    (shown,) = board.published("ward@1")
    assert (shown.submission, shown.attempts, shown.part) == (kept.id, 1, "open")
    assert shown.document["rows"] == 42
    scores = board.scores(kept.id, "private")
    assert scores is not None
    assert scores.document["rows"] == 18
    assert board.published("ward@1", "private") == []
    assert {flag.kind for flag in board.flags()} == {"references-changed"}
    assert board.progress(kept.id) == 1.0
    assert board.verify() == []


def test_the_ladder_decides_what_is_shown(
    board: Store, ward: Any, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: dict[str, float] = {}
    quick(figures, monkeypatch)
    seen = []
    for value in (50, 51, 80, 79):
        figures[put(board, ward[1], 50).id] = value
        run(board, settings)
        (shown,) = board.published("ward@1")
        seen.append((shown.document["profiles"]["strict"]["categories"]["MCQA"]["metrics"]["accuracy"], shown.attempts))
    assert seen == [(50, 1), (50, 2), (80, 3), (80, 4)]


def test_other_models_have_ladders_of_their_own(
    board: Store, ward: Any, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = {put(board, ward[1], 50, model).id: value for model, value in (("crimson", 50.0), ("scarlet", 20.0))}
    quick(figures, monkeypatch)
    assert run(board, settings) == 2
    assert {each.model: each.attempts for each in board.published("ward@1")} == {"crimson": 1, "scarlet": 1}


def test_the_private_part_is_shown_late_and_rounded(
    board: Store, ward: Any, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = put(board, ward[1], 50)
    quick({kept.id: 33.4}, monkeypatch)
    run(board, settings)
    assert sweep(board, settings) == 0
    later = replace(settings, now=lambda: datetime.now(UTC) + timedelta(days=31))
    assert sweep(board, later) == 1
    (shown,) = board.published("ward@1", "private")
    assert shown.document["profiles"]["strict"]["overall"] == 33
    assert "33.4" not in str(shown.document)
    assert sweep(board, later) == 0


def test_the_private_part_is_shown_when_the_version_closes(
    board: Store, ward: Any, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = put(board, ward[1], 50)
    quick({kept.id: 33.4}, monkeypatch)
    run(board, settings)
    board.close_version("ward@1", datetime.now(UTC) - timedelta(seconds=1), "tester")
    assert sweep(board, settings) == 1


def test_what_was_behind_a_withdrawn_attempt_is_shown(
    board: Store, ward: Any, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: dict[str, float] = {}
    quick(figures, monkeypatch)
    kept = []
    for value in (50, 49, 48):
        kept.append(put(board, ward[1], 50))
        figures[kept[-1].id] = value
        run(board, settings)
    board.withdraw(kept[0].id, "wrong file", "tester")
    assert board.published("ward@1") == []
    assert sweep(board, settings) == 1
    assert [each.submission for each in board.published("ward@1")] == [kept[1].id]


def test_other_rules_mean_scoring_again(
    board: Store, ward: Any, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: dict[str, float] = {}
    quick(figures, monkeypatch)
    for value in (50, 49):
        figures[put(board, ward[1], 50).id] = value
        run(board, settings)
    digest = scoring.metric_digest(50)
    assert plan_rescore(board, digest) == 0
    figures.update(dict.fromkeys(figures, 70.0))
    assert plan_rescore(board, "other rules") == 2
    assert plan_rescore(board, "other rules") == 0  # they wait already
    assert run(board, settings) == 2
    (shown,) = board.published("ward@1")
    assert shown.submission == next(iter(figures))
    assert shown.document["profiles"]["strict"]["categories"]["MCQA"]["metrics"]["accuracy"] == 70
    assert shown.attempts == 2


def test_failures_are_told_and_tried_three_times(
    board: Store, ward: Any, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def fails(submission: Submission, *rest: Any) -> tuple[Scores, ...]:
        tried.append(submission.id)
        raise ScoringFailed("scoring took more time or memory than the board gives")

    monkeypatch.setattr(worker, "score_submission", fails)
    kept = put(board, ward[1], 50)
    assert run(board, settings) == 0
    assert tried == [kept.id] * 3
    ended = board.submission(kept.id)
    assert (ended.state, ended.reason) == ("failed", "scoring took more time or memory than the board gives")
    assert board.published("ward@1") == []


def test_a_worker_that_is_asked_to_end_gives_its_job_back(
    board: Store, ward: Any, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()

    def interrupted(submission: Submission, version: Version, path: Path, answers: Any, means: Any, beat: Any) -> Any:
        stop.set()
        beat(0.5)

    monkeypatch.setattr(worker, "score_submission", interrupted)
    kept = put(board, ward[1], 50)
    assert run_worker(board, stop, settings) == 0
    again = board.lease("another", 60)
    assert again is not None
    assert (again.submission, again.attempts) == (kept.id, 2)


def test_a_late_result_changes_nothing(
    board: Store, ward: Any, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease ran out while the worker slept, and another worker has finished the job."""
    kept = put(board, ward[1], 50)
    quick({kept.id: 50.0}, monkeypatch)
    slow = board.lease("slow", 0.0)
    assert slow is not None
    assert run(board, settings) == 1
    before = board.data_version()
    assert not worker.work_on(board, slow, threading.Event(), settings)
    assert board.data_version() == before
    assert len(board.published("ward@1")) == 1


def test_a_submission_withdrawn_meanwhile_stays_withdrawn(
    board: Store, ward: Any, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = put(board, ward[1], 50)

    def withdrawn(submission: Submission, *rest: Any) -> tuple[Scores, ...]:
        board.withdraw(kept.id, "a mistake", "red")
        rest[-1](0.5)
        return ()

    monkeypatch.setattr(worker, "score_submission", withdrawn)
    assert run(board, settings) == 0
    assert board.submission(kept.id).state == "withdrawn"
    assert board.published("ward@1") == []


def test_leases_are_extended_while_scoring_goes_on(
    board: Store, ward: Any, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = put(board, ward[1], 50)
    seen: list[float] = []

    def long(submission: Submission, version: Version, path: Path, answers: Any, means: Any, beat: Any) -> Any:
        for step in range(8):
            time.sleep(0.2)
            beat(step / 8)
            assert board.lease("thief", 60) is None
        seen.append(board.progress(kept.id))
        raise ScoringFailed("enough")

    monkeypatch.setattr(worker, "score_submission", long)
    job = board.lease("worker", 0.8)
    assert job is not None
    worker.work_on(board, job, threading.Event(), replace(settings, lease=0.8))
    assert 0 < seen[0] < 1


def test_a_database_that_is_away_is_waited_for(settings: WorkerSettings) -> None:
    stop = threading.Event()

    class Away:
        def versions(self) -> list[Version]:
            stop.set()
            raise Unavailable("no connection")

    assert run_worker(Away(), stop, settings) == 0  # type: ignore[arg-type]


def test_nothing_to_do_is_no_work(board: Store, settings: WorkerSettings) -> None:
    assert run(board, settings) == 0
    assert board.lease("x", 1) is None
