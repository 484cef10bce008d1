"""The run store keeps what it acknowledged, whatever happens to disk or process."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsins.bench.store import Bill, RunStore, Sent, read_predictions, read_rows, read_sent
from medsins.core import Completion, Prediction, RunError, UsageError

texts = st.text(st.characters(exclude_categories=["Cs"]))
predictions = st.builds(
    Prediction,
    task_id=texts,
    index=st.integers(0, 1000),
    instance_id=texts,
    input=texts,
    prompt=texts,
    references=st.lists(texts).map(tuple),
    completion=st.builds(
        Completion,
        text=texts,
        status=st.sampled_from(["ok", "truncated", "refused", "error"]),
        error=texts,
        prompt_tokens=st.integers(0, 10**9),
        completion_tokens=st.integers(0, 10**9),
        latency=st.floats(0, 1e6),
    ),
    dropped_shots=st.integers(0, 9),
    cut_characters=st.integers(0, 10**9),
)


def sample(text: str = "answer") -> Prediction:
    return Prediction("task1", 0, "a", "input", "prompt", ("ref",), Completion(text))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(rows=st.dictionaries(st.integers(0, 10**6), predictions, max_size=6))
def test_what_is_put_is_read_back_in_order(tmp_path: Path, rows: dict[int, Prediction]) -> None:
    (tmp_path / "run.sqlite").unlink(missing_ok=True)
    store = RunStore(tmp_path)
    store.put(list(rows.items()))
    store.close()
    assert list(read_rows(tmp_path)) == sorted(rows.items())


def test_a_reader_sees_a_run_that_goes_on(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.put([(0, sample())])
    assert len(list(read_predictions(tmp_path))) == 1
    store.put([(1, sample())])
    assert len(list(read_predictions(tmp_path))) == 2


def test_no_store_and_a_damaged_store(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run directory"):
        list(read_predictions(tmp_path))
    (tmp_path / "run.sqlite").write_bytes(b"not a database at all, but long enough to be one" * 50)
    with pytest.raises(RunError, match="cannot be read"):
        list(read_predictions(tmp_path))
    with pytest.raises(RunError, match="cannot be read"):
        RunStore(tmp_path)


def test_a_full_disk_is_named_and_everything_before_stays_readable(tmp_path: Path) -> None:
    """A real write limit on the process stands for the full disk; the write beyond it fails as on a full one."""
    code = f"""
import resource, signal
from pathlib import Path
from medsins.bench.store import RunStore
from medsins.core import Completion, Prediction, RunError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = RunStore(Path({str(tmp_path)!r}))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
done = 0
try:
    while True:
        store.put([(done, Prediction("t", 0, "a", "i", "p", (), Completion("x" * 5000)))])
        done += 1
except RunError as error:
    assert "cannot write predictions" in str(error), error
    print(done)
"""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    acknowledged = int(out)
    assert acknowledged > 10
    assert len(list(read_predictions(tmp_path))) == acknowledged
    store = RunStore(tmp_path)
    store.put([(acknowledged, sample())])
    assert len(store.done()) == acknowledged + 1


def test_synchronous_and_a_rollback_journal(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    assert store._db.execute("PRAGMA journal_mode").fetchone() == ("truncate",)
    assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_killed_transaction_leaves_no_trace(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.put([(0, sample())])
    store.close()
    code = f"""
import os, sqlite3
db = sqlite3.connect({str(tmp_path / "run.sqlite")!r}, isolation_level=None)
db.execute("PRAGMA journal_mode=TRUNCATE")
db.execute("PRAGMA cache_size=1")
db.execute("BEGIN IMMEDIATE")
for n in range(1, 500):
    db.execute("INSERT INTO predictions SELECT ?, task_id, idx, instance_id, input, prompt, refs, ?, status, error,"
               " 0, 0, 0, 0, 0, '', 0, 0, '', 0 FROM predictions WHERE row = 0", (n, "x" * 4000))
os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert os.path.getsize(tmp_path / "run.sqlite-journal") > 0
    # Whoever only reads sees what was acknowledged, too.
    assert [row for row, _ in read_rows(tmp_path)] == [0]
    store = RunStore(tmp_path)
    assert store.done() == {0}
    assert sqlite3.connect(tmp_path / "run.sqlite").execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_store_of_an_earlier_version_is_told_before_anything_is_written(tmp_path: Path) -> None:
    RunStore(tmp_path).close()
    with sqlite3.connect(tmp_path / "run.sqlite") as db:
        db.execute("ALTER TABLE attempts DROP COLUMN cost")
    with pytest.raises(RunError, match="no such column: cost"):
        RunStore(tmp_path)


def test_dollars_of_answers_and_of_lost_requests(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    first, second, third = store.log_sent([Sent(row, "https://a.example", "ab" * 32, 9, 0.5) for row in range(3)])
    store.put([(0, sample()), (7, sample())], {0: Bill(first, 0.125)})
    assert store.spent() == 0.125 + 2 * 0.5
    store.withdraw([third])
    assert store.spent() == 0.125 + 0.5
    store.put([(1, Prediction("t", 1, "b", "i", "p", (), Completion("", "error", "x")))], {1: Bill(second, 0.25)})
    assert store.forget_failed() == 1
    assert store.spent() == 0.125 + 0.25
    assert [(row, endpoint, size) for row, _, endpoint, _, size in read_sent(tmp_path)] == [
        (0, "https://a.example", 9), (1, "https://a.example", 9)
    ]  # fmt: skip
