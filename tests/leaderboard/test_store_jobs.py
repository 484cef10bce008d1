"""Jobs: one worker at a time, results that count once, three attempts, nothing stuck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from medsins.leaderboard.interface import Refused, Store
from medsins.leaderboard.records import Job
from medsins.leaderboard.store import open_store

from .boards import Clock, fill, make_published, make_scores, put, score


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(board_url: str, clock: Clock) -> Iterator[Store]:
    opened = open_store(board_url, create=True, clock=clock)
    fill(opened)
    yield opened
    opened.close()


def take(store: Store, seconds: float = 30) -> Job:
    job = store.lease("worker", seconds)
    assert job is not None
    return job


def test_the_oldest_comes_first_and_progress_is_told(timed: Store, clock: Clock) -> None:
    first, second = put(timed, model="a"), put(timed, model="b")
    clock.tick(seconds=90)
    assert timed.waiting()["waiting"] == 2
    assert timed.waiting()["oldest"] == 90
    job = take(timed)
    assert (job.submission, job.attempts, job.kind) == (first.id, 1, "score")
    assert timed.submission(first.id).state == "scoring"
    extended = timed.extend(job, 120, 0.25)
    assert (extended.progress, timed.progress(first.id), timed.progress(second.id)) == (0.25, 0.25, 0.0)
    assert (extended.leased_until - clock()).total_seconds() == 120
    score(timed, first, job=job)
    assert timed.progress(first.id) == 1.0
    assert take(timed).submission == second.id
    assert timed.lease("another", 30) is None
    assert timed.waiting() == {"waiting": 0, "leased": 1, "done": 1, "failed": 0, "cancelled": 0, "oldest": 0}


def test_a_lease_that_ran_out_is_given_on_and_the_first_worker_is_refused(timed: Store, clock: Clock) -> None:
    submission = put(timed)
    slow = take(timed)
    clock.tick(seconds=29)
    assert timed.lease("another", 30) is None
    clock.tick(seconds=1)
    quick = take(timed)
    assert quick.fence > slow.fence
    assert quick.attempts == 2
    before = timed.data_version()
    with pytest.raises(Refused, match="another's"):
        timed.finish(slow, [make_scores(submission.id)], [], [])
    with pytest.raises(Refused, match="another's"):
        timed.extend(slow, 30, 0.9)
    with pytest.raises(Refused, match="another's"):
        timed.fail(slow, "late", retry=True)
    assert timed.data_version() == before
    assert timed.scores(submission.id, "open") is None
    score(timed, submission, job=quick)
    with pytest.raises(Refused, match="another's"):
        score(timed, submission, job=quick)
    assert timed.verify() == []


def test_a_late_worker_whose_job_nobody_took_may_finish(timed: Store, clock: Clock) -> None:
    submission = put(timed)
    job = take(timed)
    clock.tick(hours=1)
    score(timed, submission, job=job)
    assert timed.submission(submission.id).state == "scored"


def test_three_deaths_and_it_has_failed(timed: Store, clock: Clock) -> None:
    submission = put(timed)
    for attempt in (1, 2, 3):
        assert take(timed).attempts == attempt
        clock.tick(seconds=30)
    assert timed.lease("worker", 30) is None
    failed = timed.submission(submission.id)
    assert failed.state == "failed"
    assert "broken off 3 times" in failed.reason
    assert failed.ended == clock()
    assert timed.verify() == []
    assert timed.queue([submission.id], "score", "maintainer") == 1
    assert timed.submission(submission.id).state == "queued"
    score(timed, submission)
    assert timed.submission(submission.id).reason == ""
    assert timed.verify() == []


@pytest.mark.parametrize("retry", [True, False])
def test_failures_are_told(timed: Store, retry: bool) -> None:
    submission = put(timed)
    for _ in range(3 if retry else 1):
        assert timed.submission(submission.id).state == "queued"
        timed.fail(take(timed), "out of memory", retry)
    assert timed.lease("worker", 30) is None
    failed = timed.submission(submission.id)
    assert (failed.state, failed.reason) == ("failed", "out of memory")
    assert timed.waiting()["failed"] == 1
    assert timed.verify() == []


def test_scoring_again_keeps_the_board_as_it_is_until_it_is_done(timed: Store) -> None:
    submission = put(timed)
    score(timed, submission, 50.0)
    assert timed.queue([submission.id], "rescore", "maintainer") == 1
    assert timed.queue([submission.id], "rescore", "maintainer") == 0
    job = take(timed)
    assert (job.kind, timed.submission(submission.id).state) == ("rescore", "scored")
    timed.fail(job, "memory", retry=False)
    assert (timed.submission(submission.id).state, len(timed.published("small@1"))) == ("scored", 1)
    timed.queue([submission.id], "rescore", "maintainer")
    score(timed, submission, 55.0)
    kept = timed.scores(submission.id, "open")
    assert kept is not None
    assert kept.document == make_scores(submission.id, "open", 55.0).document
    assert [shown.document for shown in timed.published("small@1")] == [{"f1": 55.0}]
    assert [shown.document for shown in timed.history("small@1")] == [{"f1": 50.0}, {"f1": 55.0}]
    assert timed.verify() == []


def test_a_job_queued_while_another_runs_waits_for_it(timed: Store) -> None:
    submission = put(timed)
    running = take(timed)
    assert timed.queue([submission.id], "rescore", "maintainer") == 1
    assert timed.lease("another", 30) is None
    timed.fail(running, "memory", retry=True)  # the one that waits already does for both
    assert timed.waiting()["waiting"] == 1
    score(timed, submission)
    assert timed.verify() == []


def test_two_jobs_of_a_model_are_never_under_way_at_once(timed: Store) -> None:
    first, second, other = put(timed), put(timed), put(timed, model="other")
    assert [take(timed).submission, take(timed).submission] == [first.id, other.id]
    assert timed.lease("worker", 30) is None
    timed.withdraw(first.id, "", "team:red")
    assert take(timed).submission == second.id


def test_withdrawing_stops_its_jobs(timed: Store) -> None:
    submission, waiting = put(timed), put(timed, model="other")
    job = take(timed)
    timed.withdraw(submission.id, "", "team:red")
    timed.withdraw(waiting.id, "", "team:red")
    with pytest.raises(Refused, match="withdrawn"):
        score(timed, submission, job=job)
    assert timed.lease("worker", 30) is None
    assert timed.waiting()["cancelled"] == 2
    assert timed.verify() == []


def test_results_of_what_was_withdrawn_meanwhile_are_left_out(timed: Store) -> None:
    old, new = put(timed), put(timed)
    score(timed, old)
    job = take(timed)
    timed.withdraw(old.id, "", "team:red")
    timed.finish(job, [make_scores(new.id)], [make_published(old), make_published(new)], [("copied", {"of": old.id})])
    assert [shown.submission for shown in timed.history("small@1")] == [new.id]
    assert [flag.kind for flag in timed.flags(new.id)] == ["copied"]
    assert timed.verify() == []


def test_scores_of_another_submission_are_refused_whole(timed: Store) -> None:
    submission, other = put(timed), put(timed, model="other")
    job = take(timed)
    with pytest.raises(Refused, match="another submission"):
        timed.finish(job, [make_scores(submission.id), make_scores(other.id)], [make_published(submission)], [])
    assert timed.scores(submission.id, "open") is None
    assert timed.published("small@1") == []
    score(timed, submission, job=job)


def test_hidden_submissions_are_scored_and_stay_hidden(timed: Store) -> None:
    submission = put(timed)
    timed.hide(submission.id, "doubtful", "maintainer")
    score(timed, submission)
    assert timed.submission(submission.id).state == "hidden"
    assert timed.restore(submission.id, "fine", "maintainer").state == "scored"
    assert timed.verify() == []


def test_jobs_of_an_unknown_submission_are_all_refused(timed: Store) -> None:
    link = put(timed, kind="link", answers=(), model="link")
    failed = put(timed)
    timed.fail(take(timed), "memory", retry=False)
    with pytest.raises(Exception, match="no such submission"):
        timed.queue([failed.id, "nothing"], "score", "maintainer")
    assert timed.submission(failed.id).state == "failed"
    assert timed.queue([link.id], "score", "maintainer") == 0


def test_many_workers_score_everything_once(board_url: str, store: Store) -> None:
    fill(store)
    submissions = [put(store, model=f"model {number}") for number in range(24)]

    def work(number: int) -> list[str]:
        mine, done = open_store(board_url), []
        while (job := mine.lease(f"worker {number}", 30)) is not None:
            job = mine.extend(job, 30, 0.5)
            mine.finish(job, [make_scores(job.submission)], [], [])
            done.append(job.submission)
        mine.close()
        return done

    with ThreadPoolExecutor(6) as pool:
        done = [name for names in pool.map(work, range(6)) for name in names]
    assert Counter(done) == Counter({submission.id: 1 for submission in submissions})
    assert {store.submission(name).state for name in done} == {"scored"}
    assert store.verify() == []


def test_a_forged_lease_is_refused(timed: Store) -> None:
    put(timed)
    job = take(timed)
    for forged in (replace(job, fence=job.fence + 1), replace(job, id=99), replace(job, fence=0)):
        with pytest.raises(Refused, match="another's"):
            timed.extend(forged, 30, 0.0)
