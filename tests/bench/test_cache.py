"""The cache: its key holds all that an answer depends on, and several processes may use it at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from medsins.bench.cache import FILE_NAME, AnswerCache, Keys
from medsins.bench.runner import run
from medsins.bench.spec import RunSpec
from medsins.bench.store import read_predictions, read_sent
from medsins.bench.usage import run_usage
from medsins.core import Completion, Message, Prompt, Request, Sampling
from medsins.models import ModelInfo

TaskFile = Callable[..., Path]
INFO = ModelInfo("m", "w", "p", "e", 9, "c", True, "https://a.example/v1", (1.0, 2.0))
REQUEST = Request(("t", 0), Prompt((Message("user", "Q"),), stop=("x",)), Sampling(7, 0.5, 0.9, 3), ("yes", "no"))


def key(info: ModelInfo = INFO, request: Request = REQUEST, rendered: str = "Q", reasoning: str = "low") -> bytes:
    return Keys(info, reasoning).key(request, rendered)


def test_everything_an_answer_depends_on_is_in_the_key() -> None:
    others = [key(rendered="R"), key(reasoning="high"), key(reasoning="")]
    others += [
        key(replace(INFO, **{field.name: 10 if field.name == "window" else "other"}))
        for field in fields(ModelInfo)
        if field.name not in ("prices", "remote")
    ]
    others += [
        key(request=replace(REQUEST, sampling=replace(REQUEST.sampling, **{field.name: 0})))
        for field in fields(Sampling)
    ]
    others.append(key(request=replace(REQUEST, options=("no", "yes"))))
    for change in (
        {"messages": (Message("system", "Q"),)},
        {"messages": (Message("user", "Q"), Message("assistant", ""))},
        {"text": "Q"},
        {"text_has_bos": True},
        {"stop": ()},
    ):
        others.append(key(request=replace(REQUEST, prompt=replace(REQUEST.prompt, **change))))
    assert len({key(), *others}) == len(others) + 1


def test_nothing_else_is_in_the_key() -> None:
    """The same prompt under another task, at another price, over the same servers named in another order."""
    assert key(request=replace(REQUEST, key=("other", 5))) == key()
    assert key(replace(INFO, prices=(0.0, 0.0), remote=False)) == key()
    assert key(replace(INFO, endpoint="u,v")) == key(replace(INFO, endpoint="v, u"))


def test_answers_come_back_as_cached_and_errors_are_never_kept(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / FILE_NAME)
    good = Completion("Ä\n", "truncated", "", 5, 6, 1.5, "hm", 2, option_scores=(-1.0, -2.5))
    cache.put({b"1": good, b"2": Completion("", "error", "broken"), b"3": replace(good, cached=True)})
    cache.put({b"1": Completion("another")})
    cache.close()
    found = AnswerCache(tmp_path / FILE_NAME).find([b"1", b"2", b"3", b"4"])
    assert list(found) == [b"1"]
    assert found[b"1"][0] == replace(good, cached=True, latency=0.0)


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch(0o644)
    AnswerCache(tmp_path / FILE_NAME).put({b"1": Completion("a")})
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())


def test_more_keys_than_one_statement_takes(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / FILE_NAME)
    keys = [number.to_bytes(4, "big") for number in range(40_000)]
    cache.put({key: Completion(str(key)) for key in keys})
    assert len(cache.find(keys)) == 40_000


def test_four_processes_at_once(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from medsins.bench.cache import AnswerCache
from medsins.core import Completion
cache, own = AnswerCache(Path(sys.argv[1])), sys.argv[2]
for n in range(60):
    shared, mine = f"shared{n}".encode(), f"{own}{n}".encode()
    cache.put({shared: Completion(f"shared{n}"), mine: Completion(f"{own}{n}")})
    found = cache.find([shared, mine])
    assert found[mine][0].text == f"{own}{n}" and found[shared][0].text == f"shared{n}"
"""
    path = tmp_path / FILE_NAME
    started = [subprocess.Popen([sys.executable, "-c", code, str(path), own]) for own in "abcd"]
    assert [process.wait(120) for process in started] == [0, 0, 0, 0]
    db = sqlite3.connect(path)
    assert db.execute("SELECT COUNT(*) FROM answers").fetchone() == (60 + 4 * 60,)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def spec(server: Any, path: Path, **more: Any) -> RunSpec:
    return RunSpec(f"openai:served@{server.url}", tasks=(str(path),), price=(1.0, 2.0), **more)


def test_another_run_sends_nothing_and_pays_nothing(server: Any, task_file: TaskFile, tmp_path: Path) -> None:
    path, said = task_file(Access="open"), list[str]()
    first = run(spec(server, path), tmp_path / "one")
    assert len(server.asked) == 4
    assert first.cost == pytest.approx(4 * (100 * 1 + 10 * 2) / 1e6)
    second = run(spec(server, path), tmp_path / "two", say=said.append)
    assert len(server.asked) == 4
    assert (second.asked, second.cost) == (4, 0.0)
    assert any("4 answers came from the cache" in line and "--no-cache" in line for line in said)
    one, two = (list(read_predictions(tmp_path / name)) for name in ("one", "two"))
    assert [p.completion.text for p in one] == [p.completion.text for p in two]
    assert {p.completion.cached for p in two} == {True}
    assert list(read_sent(tmp_path / "two")) == []
    usage = run_usage(tmp_path / "two")["ward1"]
    assert (usage.requests, usage.cached, usage.cost, usage.latency_p50) == (0, 4, 0.0, 0.0)
    run(spec(server, path, cache=False), tmp_path / "three")
    assert len(server.asked) == 8


@pytest.mark.parametrize("change", [{"seed": 1}, {"reasoning": "low"}, {"protocol": "strict:max_answer_tokens=9"}])
def test_another_request_is_asked(server: Any, task_file: TaskFile, tmp_path: Path, change: dict[str, Any]) -> None:
    path = task_file(Access="open")
    run(spec(server, path), tmp_path / "one")
    run(spec(server, path, **change), tmp_path / "two")
    assert len(server.asked) == 8


@pytest.mark.parametrize("terms", [{"Access": "credentialed"}, {"Access": "private"}, {}, {"May_leave": False}])
def test_answers_to_restricted_text_stay_in_the_run(
    server: Any, task_file: TaskFile, tmp_path: Path, terms: dict[str, Any]
) -> None:
    path = task_file(**terms)
    for name in ("one", "two"):
        run(spec(server, path), tmp_path / name)
    assert len(server.asked) == 8
    assert not (tmp_path / "answers").exists()


def test_failures_are_asked_again_by_the_next_run(server: Any, task_file: TaskFile, tmp_path: Path) -> None:
    path = task_file(Access="open")
    server.fails = lambda text: 400 if "Case 1" in text else 0
    assert run(spec(server, path), tmp_path / "one").failed == 1
    server.fails = lambda text: 0
    assert run(spec(server, path), tmp_path / "two").failed == 0
    assert len(server.asked) == 5


def test_a_model_in_this_process_is_not_cached(task_file: TaskFile, tmp_path: Path) -> None:
    run(RunSpec("mock:echo", tasks=(str(task_file(Access="open")),)), tmp_path / "run")
    assert not (tmp_path / "answers").exists()


def test_a_broken_cache_stops_no_run(server: Any, task_file: TaskFile, tmp_path: Path) -> None:
    path, said = task_file(Access="open"), list[str]()
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / FILE_NAME).write_bytes(b"no database, though long enough to be taken for one" * 40)
    assert run(spec(server, path), tmp_path / "one", say=said.append).asked == 4
    assert any("no answers are cached" in line for line in said)
    (tmp_path / "answers" / FILE_NAME).unlink()
    run(spec(server, path), tmp_path / "two")
    with sqlite3.connect(tmp_path / "answers" / FILE_NAME) as db:
        db.execute("ALTER TABLE answers RENAME COLUMN answer TO reply")
    said.clear()
    assert run(spec(server, path), tmp_path / "three", say=said.append).failed == 0
    assert any("the cache cannot be used" in line for line in said)


def test_an_answer_that_is_not_the_one_that_was_kept_counts_as_none(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / FILE_NAME)
    cache.put({b"1": Completion("one"), b"2": Completion("two")})
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("UPDATE answers SET answer = replace(answer, 'two', 'too')")
    assert list(cache.find([b"1", b"2"])) == [b"1"]
