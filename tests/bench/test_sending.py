"""What goes to a server: logged before it goes, within the budget, never twice, whatever ends the run."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from medsins.bench.ledger import Ledger, most_tokens, paid, price
from medsins.bench.runner import run
from medsins.bench.spec import RunSpec, read_manifest, spec_of
from medsins.bench.store import read_attempts, read_predictions, read_sent
from medsins.core import Completion, Message, Prompt, Request, Sampling, UsageError
from medsins.models import BackendOptions
from medsins.models.mock import MockBackend

TaskFile = Callable[..., Path]
COST = (100 * 1000 + 10 * 2000) / 1e6  # of one answer of the server at the price below


def spec(server: Any, path: Path, **more: Any) -> RunSpec:
    return RunSpec(
        f"openai:served@{server.url}", tasks=(str(path),), price=(1000.0, 2000.0), protocol="strict:shots=0",
        cache=False, **more,
    )  # fmt: skip


def test_what_is_sent_is_in_the_log_before_it_arrives(server: Any, task_file: TaskFile, tmp_path: Path) -> None:
    """The server looks into the store when a request comes in, from outside, as an auditor would."""
    missing: list[str] = []

    def look(body: dict[str, Any]) -> None:
        text = "\n\n".join(f"[{m['role']}]\n{m['content']}" for m in body["messages"])
        if "the word OK" not in text:
            logged = {checksum for _, _, _, checksum, _ in read_sent(tmp_path / "run")}
            missing.extend([] if hashlib.sha256(text.encode()).hexdigest() in logged else [text])

    server.before = look
    run(spec(server, task_file(rows=150)), tmp_path / "run")
    assert missing == []
    sent = list(read_sent(tmp_path / "run"))
    assert sorted(row for row, *_ in sent) == list(range(150))
    prompts = {p.index: p.prompt.encode() for p in read_predictions(tmp_path / "run")}
    for row, at, endpoint, checksum, size in sent:
        assert (checksum, size) == (hashlib.sha256(prompts[row]).hexdigest(), len(prompts[row]))
        assert endpoint == server.url
        assert abs(time.time() - at) < 600


def test_the_log_holds_no_text(server: Any, task_file: TaskFile, tmp_path: Path) -> None:
    run(spec(server, task_file(text="CANARY")), tmp_path / "run")
    with sqlite3.connect(tmp_path / "run" / "run.sqlite") as db:
        assert "CANARY" not in str(db.execute("SELECT * FROM sent").fetchall())


class Streaming(MockBackend):
    """Streams from memory; ``ends`` after so many answers as Ctrl-C does."""

    def __init__(self, ends: int = 10**9) -> None:
        super().__init__("say=No.", BackendOptions())
        self.info = replace(self.info, endpoint="http://127.0.0.1:9/v1")
        self.ends, self.drawn = ends, list[int]()

    def stream(self, requests: Iterator[tuple[int, Request]]) -> Iterator[list[tuple[int, Completion]]]:
        for answered, (number, request) in enumerate(requests):
            self.drawn.append(number)
            if answered == self.ends:
                raise KeyboardInterrupt
            yield [(number, self._answer(request))]


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Callable[[MockBackend], None]:
    def use(instance: MockBackend) -> None:
        monkeypatch.setattr("medsins.bench.runner.open_backend", lambda model, options: instance)

    return use


def test_what_was_logged_and_never_handed_over_is_taken_back(
    backend: Callable[[MockBackend], None], task_file: TaskFile, tmp_path: Path
) -> None:
    ended, rest = Streaming(ends=7), Streaming()
    plain = RunSpec("mock:any", tasks=(str(task_file(rows=100)),))
    backend(ended)
    with pytest.raises(KeyboardInterrupt):
        run(plain, tmp_path / "run")
    assert [row for row, *_ in read_sent(tmp_path / "run")] == ended.drawn == list(range(8))
    backend(rest)
    assert run(plain, tmp_path / "run").asked == 93
    assert set(ended.drawn) & set(rest.drawn) == {7}  # drawn, never answered
    attempts = Counter(row for row, _, _ in read_attempts(tmp_path / "run"))
    assert set(attempts.values()) == {1}
    assert len(attempts) == 100


def test_a_budget_is_never_exceeded_and_the_run_goes_on_with_more(
    server: Any, task_file: TaskFile, tmp_path: Path
) -> None:
    path = task_file(rows=40)
    for budget in (1.0, 2.5, 4.0):
        before = len(server.asked)
        outcome = run(spec(server, path, budget=budget), tmp_path / "run")
        spent = len(server.asked) * COST
        assert outcome.cost == pytest.approx(spent)
        assert spent <= budget
        assert outcome.missing == 40 - len(server.asked) > 0
        assert len(server.asked) > before
        # No room is left for one more request at its dearest.
        most = price((1000.0, 2000.0), 16 * 3 + 500, 256)
        assert spent + most > budget
    done = run(spec(server, path, budget=100.0), tmp_path / "run")
    assert (done.missing, len(server.asked)) == (0, 40)
    assert max(Counter(server.asked).values()) == 1


def test_a_budget_that_is_used_up_stops_a_plain_resume(server: Any, task_file: TaskFile, tmp_path: Path) -> None:
    run(spec(server, task_file(rows=20), budget=0.9), tmp_path / "run")
    asked = len(server.asked)
    assert 0 < asked < 20
    assert run(spec_of(read_manifest(tmp_path / "run")), tmp_path / "run").asked == 0
    assert len(server.asked) == asked


def test_failures_that_were_paid_for_count_when_asked_again(
    backend: Callable[[MockBackend], None], task_file: TaskFile, tmp_path: Path
) -> None:
    class Failing(Streaming):
        def _answer(self, request: Request) -> Completion:
            return Completion("", "error", "broke off", prompt_tokens=100, completion_tokens=10)

    dear = RunSpec("mock:any", tasks=(str(task_file()),), price=(1000.0, 2000.0))
    backend(Failing())
    assert run(dear, tmp_path / "run").cost == pytest.approx(4 * COST)
    backend(Failing())
    assert run(dear, tmp_path / "run", retry_failed=True).cost == pytest.approx(8 * COST)


def test_answers_lost_in_a_kill_count_at_their_most(server: Any, task_file: TaskFile, tmp_path: Path) -> None:
    """The process dies while requests are under way: whether they will be billed, nobody here can know."""
    path = task_file(rows=12)
    code = f"""
import os, medsins.bench.sending as sending
from medsins.bench.runner import run
from medsins.bench.spec import RunSpec
from pathlib import Path
sending.Sender._settle = lambda self, answers: os.kill(os.getpid(), 9)
run(RunSpec({f"openai:served@{server.url}"!r}, tasks=({str(path)!r},), price=(1000.0, 2000.0),
    protocol="strict:shots=0"), Path({str(tmp_path / "run")!r}))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    before = len(server.asked)
    assert before > 0
    outcome = run(spec(server, path), tmp_path / "run")
    assert outcome.asked == 12
    assert outcome.cost > 12 * COST + before * COST


def test_a_budget_needs_a_bill(task_file: TaskFile, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="sends no bill"):
        run(RunSpec("mock:echo", tasks=(str(task_file()),), budget=1.0, price=(1.0, 1.0)), tmp_path / "run")


def test_a_budget_needs_a_price(server: Any, task_file: TaskFile, tmp_path: Path) -> None:
    free = replace(spec(server, task_file(), budget=1.0), price=(0.0, 0.0))
    with pytest.raises(UsageError, match="--price IN,OUT"):
        run(free, tmp_path / "run")
    assert server.connections == 0


def test_a_ledger_books_each_request_once() -> None:
    ledger = Ledger((1.0, 2.0), budget=1e-3, spent=4e-4)
    assert ledger.reserve(1, 5e-4)
    assert not ledger.reserve(2, 2e-4)
    assert ledger.settle(1, Completion("a", prompt_tokens=100, completion_tokens=50)) == pytest.approx(2e-4)
    assert (ledger.reserved, ledger.spent) == (0, pytest.approx(6e-4))
    assert ledger.reserve(2, 2e-4)
    ledger.release(2)
    assert ledger.reserved == 0
    assert paid((1.0, 2.0), Completion("a", prompt_tokens=10**6, cached=True)) == 0


def test_the_most_a_request_can_cost() -> None:
    request = Request(("t", 0), Prompt((Message("user", "äöü"),)), Sampling(max_new_tokens=50))
    backend = MockBackend("echo", BackendOptions())
    given, written = most_tokens(backend, request, "äöü")
    assert given >= len("äöü".encode())
    assert written == 50
    backend.most_tokens = lambda request: 50 + 8192  # type: ignore[attr-defined]
    assert most_tokens(backend, request, "äöü")[1] == 50 + 8192


def test_text_for_other_machines_is_logged_without_a_stream_too(
    backend: Callable[[MockBackend], None], task_file: TaskFile, tmp_path: Path
) -> None:
    """A cluster's machines are asked in groups; what went to them is in the log all the same."""
    cluster = MockBackend("echo", BackendOptions())
    cluster.info = replace(cluster.info, remote=True, endpoint="10.0.0.7")
    backend(cluster)
    run(RunSpec("mock:any", tasks=(str(task_file(rows=9, Access="open")),)), tmp_path / "run")
    assert [(row, endpoint) for row, _, endpoint, *_ in read_sent(tmp_path / "run")] == [
        (row, "10.0.0.7") for row in range(9)
    ]
