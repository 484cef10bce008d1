"""A program whose work is killed: ``python -m tests.leaderboard.killed URL``.

It reads one order a line (``upload 7``), forks a process that does it and writes what was acknowledged, and says when
that process has ended, by itself or killed. Forking one that has loaded everything makes a kill cost milliseconds.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import alembic.command  # noqa: F401  (loaded before forking)
import pyarrow.parquet  # noqa: F401
import uvicorn  # noqa: F401

from medsins.leaderboard import _migrate, serving
from medsins.leaderboard.interface import Amended, Refused
from medsins.leaderboard.scoring import Means
from medsins.leaderboard.settings import read_settings
from medsins.leaderboard.store import open_store, restore_store, upgrade_store
from medsins.leaderboard.worker import WorkerSettings, run_worker

from .boards import make_published, make_scores, put

LEASE = 0.2  # seconds


def say(*words: object) -> None:
    """One write, so that a line is there whole or not at all."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def upload(url: str, number: int) -> None:
    store = open_store(url)
    say("ready")
    for turn in range(12):
        key = f"{number}-{turn}"
        say("ask", key)
        submission = put(store, key=key, model=f"model {number % 7}", answers=[key, None, key, "x"])
        say("done", key, submission.id)


def score(url: str, number: int) -> None:
    store = open_store(url)
    say("ready")
    for _ in range(100):
        job = store.lease(f"worker {number}", LEASE)
        if job is None:
            time.sleep(0.01)
            continue
        with suppress(Refused):  # another has it by now
            job = store.extend(job, LEASE, 0.5)
            submission = store.submission(job.submission)
            found = [make_scores(job.submission, "open", 60.0), make_scores(job.submission, "private", 40.0)]
            store.finish(job, found, [make_published(submission, 60.0)], [("constant", {"by": number})])
            say("done", job.submission, job.fence)


def publish(url: str, number: int) -> None:
    """Shows, hides, restores and withdraws, one submission after another."""
    store = open_store(url)
    say("ready")
    for submission in store.submissions(model=f"model {number}")[:4]:
        store.publish([make_published(submission, 30.0, "private")], "maintainer")
        say("done", "publish", submission.id)
        store.hide(submission.id, "doubtful", "maintainer")
        say("done", "hide", submission.id)
        store.restore(submission.id, "clear", "maintainer")
        say("done", "restore", submission.id)
        store.withdraw(submission.id, "gone", "team:red")
        say("done", "withdraw", submission.id)


def amend(url: str, number: int) -> None:
    """Gives the open rows of the version other references, again and again."""
    store = open_store(url)
    say("ready")
    for turn in range(12):
        version, items = store.version("small@1"), list(store.items("small@1"))
        words = f"corrected {number}-{turn}"
        new = [replace(item, outputs=(words,)) if item.part == "open" else item for item in items]
        digest = f"digest of {words}"
        store.amend_version(
            Amended(replace(version, digest=digest), new, version.digest, {"task1": 2}, words), "maintainer"
        )
        say("done", digest)


def migrate(url: str, number: int) -> None:
    say("ready")
    open_store(url, create=True).close()
    say("done", "create")


def upgrade(url: str, number: int) -> None:
    folder = Path(os.environ["LATER_REVISIONS"])
    _migrate.FOLDERS = (*_migrate.FOLDERS, folder)
    _migrate.REVISION = "0002"
    say("ready")
    upgrade_store(url)
    say("done", "upgrade")


def restore(url: str, number: int) -> None:
    say("ready")
    restore_store(Path(os.environ["ARCHIVE"]), url)
    say("done", "restore")


def serve(url: str, number: int) -> None:
    """The board of the folder ``BOARD``."""
    settings = read_settings(Path(os.environ["BOARD"]))
    serving.serve(open_store(url), settings, processes=1, workers=0)


def work(url: str, number: int) -> None:
    """A worker with its cache in the folder ``BOARD``."""
    settings = WorkerSettings(Path(os.environ["BOARD"]), lease=2.0, poll=0.02, means=Means(workers=1, resamples=50))
    store = open_store(url)
    say("ready")
    run_worker(store, threading.Event(), settings)


ORDERS = {order.__name__: order for order in (upload, score, publish, amend, migrate, upgrade, restore, serve, work)}


def main(url: str) -> None:
    for line in sys.stdin:
        order, number, *target = line.split()
        pid = os.fork()
        if pid == 0:
            say("pid", os.getpid())
            try:
                ORDERS[order](target[0] if target else url, int(number))
            except BaseException as error:
                say("failed", f"{error!r}".replace("\n", " "))
            finally:
                os._exit(0)
        _, status = os.waitpid(pid, 0)
        say("end", os.WTERMSIG(status))


if __name__ == "__main__":
    main(sys.argv[1])
