"""The store against a simple model of it: any sequence of calls leads to the same board on both databases."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from medsins.leaderboard.interface import Quota, Refused
from medsins.leaderboard.records import Job, Team
from medsins.leaderboard.store import open_store, restore_store

from ._postgres import Cluster
from .boards import Clock, make_published, make_scores, make_version, new_submission

QUOTA = Quota(limit=3, window=timedelta(days=1))
LEASE = 60.0
TEAMS = ("red", "blue")


@dataclass
class Attempt:
    """What the model knows of a submission."""

    id: str
    team: str
    model: str
    number: int
    received: datetime
    key: str
    state: str = "queued"
    hidden: bool = False
    value: float | None = None
    shown: list[float] = field(default_factory=list)

    @property
    def told(self) -> str:
        return "hidden" if self.hidden and self.state != "withdrawn" else self.state


@dataclass
class Work:
    """What the model knows of a job."""

    of: Attempt
    state: str = "waiting"
    attempts: int = 0
    until: datetime | None = None
    lease: Job | None = None


class Board(RuleBasedStateMachine):
    """Calls on the store, each done on the model too; ``url`` is set by the test."""

    url = ""
    folder = Path()

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.store = open_store(self.url, create=True, clock=self.clock)
        self.store.add_version(*make_version(rows=2), "tester")
        for team in TEAMS:
            self.store.add_team(Team(team, f"{team} team"), "tester")
        self.banned: set[str] = set()
        self.attempts: list[Attempt] = []
        self.jobs: list[Work] = []
        self.history: list[tuple[Attempt, float]] = []
        self.changes = 3

    def pick(self, number: int) -> Attempt:
        return self.attempts[number % len(self.attempts)]

    def expect(self, allowed: bool, call: Any, *arguments: Any) -> Any:
        """The call, which changes the board, or is refused and changes nothing."""
        if allowed:
            self.changes += 1
            return call(*arguments)
        with pytest.raises(Refused):
            call(*arguments)
        return None

    @rule(team=st.sampled_from(TEAMS), model=st.sampled_from("ab"), key=st.sampled_from(["", "", "k1", "k2"]))
    def submit(self, team: str, model: str, key: str) -> None:
        new = new_submission(2, team=team, model=f"{team} {model}", key=key)
        kept = next((each for each in self.attempts if key and (each.team, each.key) == (team, key)), None)
        if kept is not None:
            assert self.store.submit(new, QUOTA).id == kept.id
            return
        mine = [each for each in self.attempts if each.team == team]
        recent = [each for each in mine if each.received > self.clock() - QUOTA.window]
        found = self.expect(team not in self.banned and len(recent) < QUOTA.limit, self.store.submit, new, QUOTA)
        if found is not None:
            attempt = Attempt(found.id, team, f"{team} {model}", len(mine) + 1, self.clock(), key)
            assert found.attempt == attempt.number
            self.attempts.append(attempt)
            self.jobs.append(Work(attempt))

    @precondition(lambda self: self.attempts)
    @rule(number=st.integers(0, 99))
    def withdraw(self, number: int) -> None:
        it = self.pick(number)
        if self.expect(it.state != "withdrawn", self.store.withdraw, it.id, "why", "tester"):
            it.state, it.value, it.shown = "withdrawn", None, []
            self.history = [(each, value) for each, value in self.history if each is not it]
            for job in self.jobs:
                if job.of is it and job.state in ("waiting", "leased"):
                    job.state = "cancelled"

    @precondition(lambda self: self.attempts)
    @rule(number=st.integers(0, 99), hide=st.booleans())
    def hide_or_restore(self, number: int, hide: bool) -> None:
        it = self.pick(number)
        allowed = it.state != "withdrawn" and it.hidden != hide
        if self.expect(allowed, self.store.hide if hide else self.store.restore, it.id, "why", "tester"):
            it.hidden = hide

    @precondition(lambda self: len(self.attempts) > 6)
    @rule(team=st.sampled_from(TEAMS))
    def ban(self, team: str) -> None:
        self.expect(team not in self.banned, self.store.ban_team, team, "why", "tester")
        if team not in self.banned:
            self.banned.add(team)
            for each in self.attempts:
                each.hidden |= each.team == team and each.state != "withdrawn"

    @rule(minutes=st.sampled_from([0.5, 2, 60, 1440]))
    def wait(self, minutes: float) -> None:
        self.clock.tick(minutes=minutes)

    @rule()
    def lease(self) -> None:
        busy = {job.of.model: job for job in self.jobs if job.state == "leased" and self.is_live(job)}
        expected, buried = None, False
        for job in self.jobs:
            free = job.state == "waiting" or (job.state == "leased" and not self.is_live(job))
            if not free or job.of.model in busy:
                continue
            if job.attempts == 3:
                self.end(job)
                buried = True
                continue
            expected = job
            break
        leased = self.store.lease("worker", LEASE)
        self.changes += expected is not None or buried
        assert (leased.submission if leased else None) == (expected.of.id if expected else None)
        if leased is not None and expected is not None:
            expected.state, expected.attempts = "leased", expected.attempts + 1
            expected.until, expected.lease = self.clock() + timedelta(seconds=LEASE), leased
            assert leased.attempts == expected.attempts
            if expected.of.state == "queued":
                expected.of.state = "scoring"

    def is_live(self, job: Work) -> bool:
        return job.until is not None and job.until > self.clock()

    def end(self, job: Work) -> None:
        job.state = "failed"
        if job.of.state in ("queued", "scoring"):
            job.of.state = "failed"

    def any_lease(self, number: int) -> tuple[Work, bool]:
        held = [job for job in self.jobs if job.lease is not None]
        job = held[number % len(held)]
        return job, job.state == "leased"

    @precondition(lambda self: any(job.lease for job in self.jobs))
    @rule(number=st.integers(0, 99), value=st.sampled_from([10.0, 50.0, 90.0]), shows=st.booleans())
    def finish(self, number: int, value: float, shows: bool) -> None:
        job, live = self.any_lease(number)
        it = job.of
        published = [make_published(self.store.submission(it.id), value)] if shows else []
        self.expect(live, self.store.finish, job.lease, [make_scores(it.id, "open", value)], published, [])
        if live:
            job.state, it.state, it.value = "done", "scored", value
            if shows:
                it.shown.append(value)
                self.history.append((it, value))

    @precondition(lambda self: any(job.lease for job in self.jobs))
    @rule(number=st.integers(0, 99), retry=st.booleans())
    def fail(self, number: int, retry: bool) -> None:
        job, live = self.any_lease(number)
        self.expect(live, self.store.fail, job.lease, "memory", retry)
        if not live:
            return
        if not retry or job.attempts == 3:
            self.end(job)
            return
        other = any(each.of is job.of and each.state == "waiting" for each in self.jobs)
        job.state = "failed" if other else "waiting"
        if job.of.state == "scoring":
            job.of.state = "queued"

    @precondition(lambda self: any(job.lease for job in self.jobs))
    @rule(number=st.integers(0, 99))
    def extend(self, number: int) -> None:
        job, live = self.any_lease(number)
        if live:
            assert job.lease is not None
            self.store.extend(job.lease, 2 * LEASE, 0.5)
            job.until = self.clock() + timedelta(seconds=2 * LEASE)
        else:
            self.expect(False, self.store.extend, job.lease, LEASE, 0.5)

    @precondition(lambda self: self.attempts)
    @rule(number=st.integers(0, 99))
    def queue(self, number: int) -> None:
        it = self.pick(number)
        waits = any(job.of is it and job.state == "waiting" for job in self.jobs)
        new = not waits and it.state != "withdrawn"
        assert self.store.queue([it.id], "rescore", "tester") == new
        self.changes += new
        if new:
            self.jobs.append(Work(it))
            if it.state == "failed":
                it.state = "queued"

    @invariant()
    def both_tell_the_same(self) -> None:
        assert self.store.data_version() == self.changes
        told = {each.id: (each.state, each.attempt, each.model) for each in self.store.submissions()}
        assert told == {each.id: (each.told, each.number, each.model) for each in self.attempts}
        seen = [(each, value) for each, value in self.history if not each.hidden]
        assert [(each.submission, each.document["f1"]) for each in self.store.history("small@1")] == [
            (each.id, value) for each, value in seen
        ]
        newest = {each.model: (each.id, value) for each, value in seen}
        shown = {each.model: (each.submission, each.document["f1"]) for each in self.store.published("small@1")}
        assert shown == newest
        counts = self.store.waiting()
        for state in ("waiting", "leased", "done", "failed", "cancelled"):
            assert counts[state] == sum(job.state == state for job in self.jobs), state

    def teardown(self) -> None:
        try:
            assert self.store.verify() == []
            for each in self.attempts:
                scores = self.store.scores(each.id, "open")
                expected = None if each.value is None else make_scores(each.id, "open", each.value).document
                assert (None if scores is None else scores.document) == expected
            self.check_backup()
        finally:
            self.store.close()

    def check_backup(self) -> None:
        archive, copy = self.folder / "model.zip", self.folder / "model.sqlite"
        self.store.backup(archive)
        restore_store(archive, f"sqlite:///{copy}")
        restored = open_store(f"sqlite:///{copy}", clock=self.clock)
        assert restored.submissions() == self.store.submissions()
        assert restored.history("small@1") == self.store.history("small@1")
        restored.close()
        copy.unlink()


def play(url: Any, folder: Path, examples: int, steps: int) -> None:
    class Here(Board):
        def __init__(self) -> None:
            self.url, self.folder = url(), folder
            super().__init__()

    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    how = settings(max_examples=examples, stateful_step_count=steps, suppress_health_check=checks)
    run_state_machine_as_test(Here, settings=how)


SIZES = [(5, 30), pytest.param((60, 60), marks=pytest.mark.slow)]


@pytest.mark.parametrize("size", SIZES)
def test_sqlite(tmp_path: Path, size: tuple[int, int]) -> None:
    def fresh() -> str:
        path = tmp_path / "board.sqlite"
        path.unlink(missing_ok=True)
        return f"sqlite:///{path}"

    play(fresh, tmp_path, *size)


@pytest.mark.parametrize("size", SIZES)
def test_postgresql(postgres: Cluster, tmp_path: Path, size: tuple[int, int]) -> None:
    given_out: list[str] = []

    def fresh() -> str:
        if given_out:
            postgres.give_back(given_out.pop())
        given_out.append(postgres.fresh())
        return given_out[0]

    play(fresh, tmp_path, *size)
    postgres.give_back(given_out.pop())
