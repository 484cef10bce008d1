"""How fast the board's store is: submissions of many rows, jobs, reads, verifying, backup.

python benchmarks/board_store.py --rows 60000 --submissions 20
python benchmarks/board_store.py --url postgresql://board@/board

Prints milliseconds (wall and processor time of this process) or calls a second. The database must be empty; without
``--url`` it is a SQLite file in a temporary folder.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from medsins.leaderboard.interface import NewSubmission, Quota, Store
from medsins.leaderboard.records import Item, ModelCard, Published, Scores, Team, Version, VersionTask
from medsins.leaderboard.store import open_store, restore_store

QUOTA = Quota(limit=10**6, window=timedelta(days=1))
TASKS = 28


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="an empty database; default: SQLite in a temporary folder")
    parser.add_argument("--rows", type=int, default=60_000, help="rows of the version and of each submission")
    parser.add_argument("--submissions", type=int, default=20, help="submissions of that many rows")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = args.url or f"sqlite:///{folder}/board.sqlite"
        store = open_store(url, create=True)
        measure(store, Path(folder), args.rows, args.submissions)
        store.close()


def measure(store: Store, folder: Path, rows: int, submissions: int) -> None:
    now = datetime.now(UTC)
    tasks = tuple(VersionTask(f"task{n}", "MCQA", "English", f"{n}", rows // TASKS, 0) for n in range(TASKS))
    version = Version("bench@1", "Benchmark", now, None, tasks)
    report(f"add a version of {rows:,} rows", lambda: store.add_version(version, make_items(rows), "bench"))
    store.add_team(Team("team", "Team"), "bench")
    _, secret = store.add_token("team", "submit", None, "bench")
    answers = [f"The answer is {'ABCD'[row * 7 % 4]}, since {row * 31 % 977} speaks for it." for row in range(rows)]
    for number in range(submissions):
        show = number == submissions - 1
        card = ModelCard(f"m{number}", "team", f"Model {number}")
        new = NewSubmission("bench@1", card, "team", "csv", "0" * 64, answers=answers)
        kept = report("submit", partial(store.submit, new, QUOTA), show)
        job = store.lease("bench", 600)
        assert job is not None
        scores, shown = make_result(kept.id, card.id, rows, now)
        report("finish with both profiles", partial(store.finish, job, [scores], [shown], []), show)
    one = store.submissions()[0]
    report("instances, read", lambda: sum(1 for _ in store.items("bench@1")))
    report("answers, read", lambda: store.answers(one.id))
    report("scores with samples, read", lambda: store.scores(one.id, "open"))
    report("what is shown", lambda: store.published("bench@1"))
    report("submissions, listed", store.submissions)
    rate("data version", store.data_version)
    rate("authenticate", lambda: store.authenticate(secret))
    rate("one submission", lambda: store.submission(one.id))
    report("verify", store.verify)
    archive = folder / "board.zip"
    report("backup, checked by a restore", lambda: store.backup(archive))
    report("restore, verified", lambda: restore_store(archive, f"sqlite:///{folder}/restored.sqlite"))
    print(f"{'archive':32}{archive.stat().st_size / 2**20:10.1f} MiB")
    print(f"{'peak memory':32}{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:10.0f} MiB")


def make_items(rows: int) -> Iterator[Item]:
    for row in range(rows):
        text = f"A patient of {row % 90} years presents with finding {row * 17 % 1009}. " * 8
        yield Item(row, f"task{row * TASKS // rows}", f"i{row}", "open", text, (f"answer {row % 4}",))


def make_result(submission: str, model: str, rows: int, now: datetime) -> tuple[Scores, Published]:
    samples = tuple(
        {"row": row, "task_id": f"task{row * TASKS // rows}", "profile": profile, "metrics": {"accuracy": row % 3 / 2}}
        for profile in ("official", "strict")
        for row in range(rows)
    )
    metrics = {f"task{n}": {"rows": rows // TASKS, "metrics": {"accuracy": 50.0 + n}} for n in range(TASKS)}
    document = {"format": 1, "profiles": {name: {"tasks": metrics} for name in ("official", "strict")}}
    scores = Scores(submission, "open", "v", "m", document, samples, now)
    return scores, Published("bench@1", model, submission, "open", document, now, 1)


def report(what: str, call: Callable[[], Any], show: bool = True) -> Any:
    wall, processor = time.perf_counter(), time.process_time()
    result = call()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    if show:
        print(f"{what:32}{wall * 1000:10,.0f} ms{processor * 1000:10,.0f} ms of processor", flush=True)
    return result


def rate(what: str, call: Callable[[], Any], seconds: float = 1.0) -> None:
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        call()
        count += 1
    print(f"{what:32}{count / (time.perf_counter() - began):10,.0f} a second", flush=True)


if __name__ == "__main__":
    main()
