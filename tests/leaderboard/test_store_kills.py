"""``kill -9`` at random moments: what was acknowledged is there, once; nothing is stuck; the log verifies.

The short versions run always; ``pytest -m slow tests/leaderboard/test_store_kills.py`` kills 200 times each.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from medsins.core.errors import UsageError
from medsins.leaderboard._database import Database
from medsins.leaderboard.interface import Store
from medsins.leaderboard.store import open_store, restore_store

from ._postgres import Cluster
from .boards import Clock, fill, make_scores, put, score
from .test_store_backup import busy
from .test_store_open import NEXT

ROOT = Path(__file__).resolve().parents[2]
KILLS = [10, pytest.param(200, marks=pytest.mark.slow)]


class Victim:
    """The program of ``killed.py``; ``kill`` gives it an order and ends that at a random moment."""

    def __init__(self, url: str, seed: int) -> None:
        command = [sys.executable, "-m", "tests.leaderboard.killed", url]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._random = random.Random(seed)
        self.kills = 0

    def kill(self, order: str, number: int, longest: float, url: str = "", words: int = 3) -> list[list[str]]:
        """What the process said, line by line. It is killed at most ``longest`` seconds after one of its first
        ``words`` acknowledgements, at random, so it gets as far on a busy machine as on a quiet one; ``kills`` counts
        those that had not ended before.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{order} {number} {url}\n")
        said: list[list[str]] = []
        pid, patience, timer = 0, self._random.randrange(words), None
        for line in self._process.stdout:
            spoken = line.split()
            assert spoken[0] != "failed", line
            if spoken[0] == "end":
                self.kills += spoken[1] == str(int(signal.SIGKILL))
                break
            if spoken[0] == "pid":
                pid = int(spoken[1])
            elif spoken[0] != "ready":
                said.append(spoken)
            if spoken[0] in ("ready", "done"):
                if patience == 0:
                    assert pid > 1
                    timer = threading.Timer(self._random.uniform(0, longest), _kill, (pid,))
                    timer.start()
                patience -= 1
        if timer is not None:
            timer.cancel()
        return said

    def until(self, kills: int) -> Iterator[int]:
        """Numbers from 0, until so many were killed; at most five times as many."""
        for number in range(5 * kills):
            if self.kills == kills:
                return
            yield number
        assert self.kills > kills / 2, "most ended before they were killed"

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(30)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):  # it has ended by itself
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def victim(board_url: str) -> Iterator[Victim]:
    started = Victim(board_url, seed=7)
    yield started
    started.close()


@pytest.mark.parametrize("kills", KILLS)
def test_uploads(store: Store, victim: Victim, kills: int) -> None:
    fill(store)
    acknowledged: dict[str, str] = {}
    asked: list[str] = []
    for number in victim.until(kills):
        for what, key, *rest in victim.kill("upload", number, 0.02, words=9):
            if what == "ask":
                asked.append(key)
            else:
                acknowledged[key] = rest[0]
    assert acknowledged
    kept = {submission.id for submission in store.submissions()}
    assert set(acknowledged.values()) <= kept
    unsure = [key for key in asked if key not in acknowledged]
    for key in unsure + asked[:20]:  # a client whose reply was lost asks again, and gets what was kept
        submission = put(store, key=key, model=f"model {int(key.split('-')[0]) % 7}", answers=[key, None, key, "x"])
        assert acknowledged.get(key, submission.id) == submission.id
        assert store.answers(submission.id) == [key, None, key, "x"]
    assert len(store.submissions()) == len(asked)
    assert store.waiting()["waiting"] == len(asked)
    attempts = sorted(submission.attempt for submission in store.submissions())
    assert attempts == list(range(1, len(asked) + 1))
    assert store.verify() == []


@pytest.mark.parametrize("kills", KILLS)
def test_scoring(store: Store, victim: Victim, kills: int) -> None:
    fill(store)
    submissions = [put(store, model=f"model {number}") for number in range(3 * kills)]
    done = [words for number in victim.until(kills) for words in victim.kill("score", number, 0.12)]
    killed = time.monotonic()
    while (counts := store.waiting())["waiting"] + counts["leased"]:
        job = store.lease("last", 5)
        if job is None:
            time.sleep(0.02)
        else:
            store.finish(job, [make_scores(job.submission, "open", 60.0)], [], [])
        assert time.monotonic() - killed < 60, store.waiting()
    assert len({name for _, name, _ in done}) == len(done) > 0
    for _, name, _ in done:
        assert store.scores(name, "private") is not None
        assert [flag.kind for flag in store.flags(name)] == ["constant"]
    states = Counter(store.submission(submission.id).state for submission in submissions)
    assert set(states) <= {"scored", "failed"}
    for submission in submissions:
        ended = store.submission(submission.id)
        assert (ended.state == "scored") == (store.scores(submission.id, "open") is not None)
        assert ended.state == "scored" or "broken off 3 times" in ended.reason
    shown = Counter(each.submission for each in store.history("small@1"))
    assert set(shown.values()) <= {1}
    assert {name for _, name, _ in done} <= set(shown)
    assert store.verify() == []


@pytest.mark.parametrize("kills", KILLS)
def test_publishing(store: Store, victim: Victim, kills: int) -> None:
    fill(store)
    for number in range(2 * kills):
        for _ in range(4):
            put(store, model=f"model {number}")
    before = store.entries(limit=10**6)[-1].seq
    names = {"publish": "publish", "hide": "submission.hide", "restore": "submission.restore"}
    names["withdraw"] = "submission.withdraw"
    acknowledged: Counter[tuple[str, str]] = Counter()
    for number in victim.until(kills):
        for _, action, submission in victim.kill("publish", number, 0.02, words=12):
            acknowledged[names[action], submission] += 1
    logged: Counter[tuple[str, str]] = Counter()
    for entry in store.entries(after=before, limit=10**6):
        subject = entry.detail["published"][0][1] if entry.action == "publish" else entry.subject
        logged[entry.action, subject] += 1
    assert set(logged.values()) <= {1}
    assert acknowledged.keys() <= logged.keys()
    assert sum(logged.values()) - sum(acknowledged.values()) <= kills  # each kill may hide one that was done
    withdrawn = {name for action, name in logged if action == "submission.withdraw"}
    assert {each.id for each in store.submissions() if each.state == "withdrawn"} == withdrawn
    assert store.verify() == []


@pytest.mark.parametrize("kills", KILLS)
def test_amending(store: Store, victim: Victim, kills: int) -> None:
    """References, digests, jobs and the log of an amendment are all there, or none is."""
    fill(store)
    for model in ("crimson", "ruby"):
        score(store, put(store, model=model))
    done = [
        " ".join(words[1:]) for number in victim.until(kills) for words in victim.kill("amend", number, 0.02, words=9)
    ]
    logged = [each.digest for each in store.amendments("small@1")]
    assert set(done) <= set(logged)
    assert len(set(logged)) == len(logged) <= len(done) + kills
    assert store.version("small@1").digest == logged[-1]
    words = logged[-1].removeprefix("digest of ")
    assert [item.outputs[0] for item in store.items("small@1")] == [words, "answer 1", words, "answer 3"]
    assert store.waiting()["waiting"] == 2
    assert store.verify() == []


@pytest.mark.parametrize("kills", KILLS)
def test_making_many_boards(request: pytest.FixtureRequest, tmp_path: Path, victim: Victim, kills: int) -> None:
    """Each on a database of its own, made by the next process after the one before was killed."""
    postgres: Cluster | None = None
    if "postgresql" in request.node.name:
        postgres = request.getfixturevalue("postgres")
    for number in victim.until(kills):
        url = postgres.fresh() if postgres else f"sqlite:///{tmp_path}/{number}.sqlite"
        victim.kill("migrate", number, 0.08, url, words=1)
        store = open_store(url, create=True)
        fill(store)
        assert store.verify() == []
        store.close()
        if postgres:
            postgres.give_back(url)


@pytest.mark.parametrize("kills", KILLS)
def test_upgrading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kills: int, board_url: str) -> None:
    folder = tmp_path / "later"
    folder.mkdir()
    (folder / "0002_later.py").write_text(NEXT.format(last=""), encoding="utf-8")
    monkeypatch.setenv("LATER_REVISIONS", str(folder))
    upgrader = Victim(board_url, seed=11)
    store = open_store(board_url, create=True)
    fill(store)
    database = Database(board_url, Clock())
    for number in upgrader.until(kills):
        said = upgrader.kill("upgrade", number, 0.1, words=1)
        assert store.verify() == []
        with database.plain_write() as connection:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
            assert found == "0002" or not said
            if found == "0002":  # whole; put it back for the next
                connection.execute(text("DROP TABLE later"))
                connection.execute(text("ALTER TABLE teams DROP COLUMN later"))
                connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
            else:  # untouched
                connection.execute(text("SELECT * FROM teams")).one()
    database.close()
    store.close()
    upgrader.close()


@pytest.mark.parametrize("kills", KILLS)
def test_restoring(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kills: int, board_url: str
) -> None:
    """Each into a database of its own, which then has no board, and takes one; or has all of it."""
    postgres: Cluster | None = request.getfixturevalue("postgres") if "postgresql" in board_url else None
    archive = tmp_path / "board.zip"
    source = open_store(f"sqlite:///{tmp_path}/source.sqlite", create=True)
    busy(source).backup(archive)
    monkeypatch.setenv("ARCHIVE", str(archive))
    restorer = Victim(board_url, seed=13)
    for number in restorer.until(kills):
        url = postgres.fresh() if postgres else f"sqlite:///{tmp_path}/{number}.sqlite"
        said = restorer.kill("restore", number, 0.15, url, words=1)
        try:
            store = open_store(url)
        except UsageError:
            assert not said
            restore_store(archive, url)
            store = open_store(url)
        assert store.entries() == source.entries()
        assert store.verify() == []
        store.close()
        if postgres:
            postgres.give_back(url)
    restorer.close()
    source.close()
