"""Errata accepted after publication: references change, everything is scored again, and nothing private is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from medsins.bench.errata import Errata, references_digest
from medsins.cli.main import main
from medsins.core import InvalidFile, UsageError
from medsins.leaderboard import scoring, worker
from medsins.leaderboard._items import items_file, read_items
from medsins.leaderboard.amending import amend, differences
from medsins.leaderboard.child import score_part
from medsins.leaderboard.export import export_board
from medsins.leaderboard.interface import NewSubmission, NotFound, Quota, Refused, Store
from medsins.leaderboard.pages._page import Query
from medsins.leaderboard.pages.versions import view
from medsins.leaderboard.records import Item, ModelCard, Part, Scores, Submission, Team, Version
from medsins.leaderboard.scoring import Means
from medsins.leaderboard.worker import WorkerSettings, plan_rescore, run_worker
from medsins.tasks.errata import Correction, write_errata

from .wards import upload, ward_version

REASON = "Two answers were the wrong way round."
CANARY = "quetzalcoatlus"


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> tuple[Version, tuple[Item, ...]]:
    return ward_version(tmp_path_factory.mktemp("ward"), (20, 20, 20), private_share=0.3)


@pytest.fixture
def board(store: Store, ward: tuple[Version, tuple[Item, ...]]) -> Store:
    store.add_version(*ward, "tester")
    store.add_team(Team("red", "Red team"), "tester")
    return store


@pytest.fixture
def work(board: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Scores what waits, in this process: what the child does is tested elsewhere."""

    def made(submission: Submission, version: Version, path: Path, given: Any, *_: Any) -> tuple[Scores, ...]:
        tasks = {task.task_id: (task.category, task.language) for task in version.tasks}
        work = scoring.Work(submission.id, version.id, version.digest, tasks, [], 2, 1)
        parts: tuple[Part, ...] = ("open", "private")
        found = [(part, score_part(work, part, read_items(path), given.answers)) for part in parts]
        return tuple(
            Scores(
                submission.id, part, version.digest, scoring.metric_digest(2), each["document"], tuple(each["samples"])
            )
            for part, each in found
        )

    monkeypatch.setattr(worker, "score_submission", made)
    settings = WorkerSettings(tmp_path / "cache", "tester", poll=0.01, means=Means(workers=1, resamples=2))
    return lambda: run_worker(board, threading.Event(), settings, idle=False)


def put(store: Store, items: tuple[Item, ...], model: str, good: int = 100) -> Submission:
    answers = [row[3] for row in upload(items, good)]
    card = ModelCard(model, "red", model.title())
    return store.submit(NewSubmission("ward@1", card, "red", "csv", "a" * 64, answers=answers), Quota(limit=99))


def correct(item: Item, **change: Any) -> Correction:
    what = change or {"outputs": (CANARY,)}
    return Correction(item.task_id, item.instance_id, references_digest(item.outputs), "wrong", "A. Reader",
                      "2026-11-20", **what)  # fmt: skip


def errata_of(*items: Item, **change: Any) -> Errata:
    return Errata(tuple(correct(item, **change) for item in items), "errata.jsonl")


def by_part(items: tuple[Item, ...], part: str, count: int, task: str = "ward_explain") -> list[Item]:
    return [item for item in items if item.part == part and item.task_id == task][:count]


def amended(store: Store, errata: Errata) -> int:
    version = store.version("ward@1")
    return store.amend_version(amend(version, list(store.items("ward@1")), errata, REASON), "tester")


def test_an_amendment_changes_references_and_nothing_else(board: Store, ward: Any) -> None:
    version, items = ward
    wrong = by_part(items, "open", 2)
    assert amended(board, errata_of(*wrong)) == 0
    found = {item.row: item for item in board.items("ward@1")}
    assert [found[item.row].outputs for item in wrong] == [(CANARY,)] * 2
    rows = {item.row for item in wrong}
    assert [found[item.row] for item in items if item.row not in rows] == [i for i in items if i.row not in rows]
    assert [replace(found[item.row], outputs=item.outputs) for item in items] == list(items)
    now = board.version("ward@1")
    assert {task.task_id for task, old in zip(now.tasks, version.tasks, strict=True) if task != old} == {"ward_explain"}
    assert replace(now, tasks=version.tasks, digest=version.digest) == version
    (told,) = board.amendments("ward@1")
    assert (told.before, told.digest, told.reason) == (version.digest, now.digest, REASON)
    assert told.corrected == {"ward_explain": 2}
    assert board.verify() == []


def test_all_that_was_scored_is_scored_again(board: Store, ward: Any, work: Any) -> None:
    items = ward[1]
    first, second = put(board, items, "crimson"), put(board, items, "ruby", 60)
    waits = put(board, items, "late", 0)
    board.hide(second.id, "doubtful", "tester")
    work()
    gone = put(board, items, "gone")
    work()
    board.withdraw(gone.id, "wrong", "team:red")
    before = {each.submission: each for each in board.published("ward@1")}
    assert before[first.id].document["profiles"]["strict"]["tasks"]["ward_explain"]["metrics"]["rouge_l_f"] == 100.0
    wrong = by_part(items, "open", 5)
    assert amended(board, errata_of(*wrong)) == 3
    assert plan_rescore(board) == 0  # they wait already
    assert work() == 3
    shown = {each.submission: each for each in board.published("ward@1")}
    assert shown[first.id].document["profiles"]["strict"]["tasks"]["ward_explain"]["metrics"]["rouge_l_f"] < 90.0
    assert {name: board.scored_as()[name][0] for name in (first.id, second.id, waits.id)} == dict.fromkeys(
        (first.id, second.id, waits.id), board.version("ward@1").digest
    )
    assert board.verify() == []


def test_what_was_under_way_is_scored_again(board: Store, ward: Any, work: Any) -> None:
    kept = put(board, ward[1], "crimson")
    job = board.lease("slow", 60)
    assert job is not None
    assert amended(board, errata_of(*by_part(ward[1], "open", 1))) == 1
    board.fail(job, "the machine was lost", retry=True)
    work()
    assert board.scored_as()[kept.id][0] == board.version("ward@1").digest
    assert board.waiting()["waiting"] == 0
    assert board.verify() == []


def test_the_difference_is_told_until_the_next_amendment(board: Store, ward: Any, work: Any) -> None:
    items = ward[1]
    put(board, items, "crimson")
    work()
    wrong = by_part(items, "open", 6)
    amended(board, errata_of(*wrong[:3]))
    (made,) = board.amendments("ward@1")
    (line,) = differences(board, made)
    assert (line.model, line.name, line.before, line.after) == ("crimson", "Crimson", 100.0, None)
    work()
    (line,) = differences(board, made)
    assert line.after is not None
    assert line.after < 100.0
    amended(board, errata_of(*wrong[3:]))
    work()
    first, second = board.amendments("ward@1")
    (early,), (late,) = differences(board, first, second.at), differences(board, second)
    assert early.after == line.after == late.before
    assert late.after is not None
    assert late.after < late.before
    page = view(board, Query({}))
    assert [one.tasks for one in page.editions[0].amendments] == [{"ward_explain": 3}] * 2
    assert [one.models for one in page.editions[0].amendments] == [(late,), (early,)]
    assert "References of a benchmark version corrected" in {change.what for change in page.changes}


def texts_of(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.name, path.read_text(encoding="utf-8", errors="replace")


def test_nothing_private_is_shown(board: Store, ward: Any, work: Any, tmp_path: Path) -> None:
    """Which instances were corrected, with what, and which of them are private stands nowhere."""
    items = ward[1]
    put(board, items, "crimson")
    work()
    secret, known = by_part(items, "private", 2), by_part(items, "open", 1)
    amended(board, errata_of(*secret, *known))
    work()
    export_board(board, tmp_path / "site")
    log = "".join(json.dumps([entry.subject, entry.detail]) for entry in board.entries(limit=10**6))
    pages = dict(texts_of(tmp_path / "site"))
    for text in (*pages.values(), log):
        assert CANARY not in text
        assert not any(item.outputs[0] in text for item in secret)
        assert not any(f'"{item.instance_id}"' in text for item in (*secret, *known))
    told = json.loads(pages["versions.json"])["editions"][0]["amendments"]
    assert [one["tasks"] for one in told] == [{"ward_explain": 3}]  # both parts together
    assert "private" not in json.dumps(told)
    assert board.published("ward@1", "private") == []  # their time has not come


def test_parts_cannot_be_told_by_what_is_logged(store: Store, ward: Any) -> None:
    """An amendment of a private instance leaves the same kinds of words as one of an open instance."""
    version, items = ward
    logged = []
    for part in ("open", "private"):
        name = f"ward@{part}"
        store.add_version(replace(version, id=name), items, "tester")
        new = amend(store.version(name), items, errata_of(*by_part(items, part, 1)), REASON)
        store.amend_version(new, "tester")
        detail = store.entries(limit=10**6)[-1].detail
        digests = {"digest", "tasks", "items", "errata"}
        logged.append({key: value for key, value in detail.items() if key not in digests})
    assert logged[0] == logged[1]


def test_wrong_errata_are_told_all_at_once(ward: Any) -> None:
    version, items = ward
    stranger = replace(items[0], instance_id="nobody")
    changed = replace(items[1], outputs=("something else",))
    corrections = (correct(stranger), correct(changed), correct(items[2], drop=True))
    with pytest.raises(InvalidFile) as error:
        amend(version, items, Errata(corrections, "errata.jsonl"), REASON)
    told = [problem.what for problem in error.value.problems]
    assert len(told) == 3
    assert all(words in text for words, text in zip(("has no", "has other", "cannot be dropped"), told, strict=True))
    assert not any(output in text for text in told for item in items[:3] for output in item.outputs if len(output) > 3)
    with pytest.raises(UsageError, match="change no reference"):
        amend(version, items, errata_of(items[0], also_accept=items[0].outputs), REASON)


def test_two_amendments_at_once_are_one(board: Store, ward: Any) -> None:
    version, items = ward
    first, second = (amend(version, items, errata_of(item), REASON) for item in by_part(items, "open", 2))
    board.amend_version(first, "tester")
    with pytest.raises(Refused, match="changed meanwhile"):
        board.amend_version(second, "tester")
    with pytest.raises(NotFound):
        board.amend_version(replace(second, version=replace(version, id="ward@9")), "tester")
    with pytest.raises(Refused, match="changed meanwhile"):
        board.amend_version(replace(second, before=first.version.digest, items=items[:5]), "tester")
    assert len(board.amendments("ward@1")) == 1
    assert board.verify() == []


def test_instances_read_during_an_amendment_are_not_kept(board: Store, ward: Any, tmp_path: Path) -> None:
    old = board.version("ward@1")
    amended(board, errata_of(*by_part(ward[1], "open", 1)))
    with pytest.raises(Refused, match="just now"):
        items_file(board, old, tmp_path)
    assert list(tmp_path.glob("*.items")) == []
    path = items_file(board, board.version("ward@1"), tmp_path)
    assert CANARY in {output for item in read_items(path) for output in item.outputs}


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from medsins.leaderboard.store import open_store

    monkeypatch.chdir(tmp_path)
    assert main(["board", "init", "-q"]) == 0
    store = open_store("sqlite:///board/board.sqlite")
    version = store.versions()[0]
    item = next(iter(store.items(version.id)))
    write_errata(tmp_path / "errata.jsonl", [correct(item)])
    words = ["board", "version", "amend", version.id, "errata.jsonl", "--reason", REASON]
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["amended"], told["corrected"], told["queued"]) == (version.id, {item.task_id: 1}, 0)
    assert store.version(version.id).digest == told["digest"] != version.digest
    assert main(words) == 1
    assert "other references" in capsys.readouterr().err
    for wrong, code in ((["nobody@1", "errata.jsonl"], 1), ([version.id, "nothing.jsonl"], 2), ([version.id], 2)):
        assert main(["board", "version", "amend", *wrong, "--reason", "why"]) == code
        assert "Traceback" not in capsys.readouterr().err
    assert main(words[:-2]) == 2
    assert len(store.amendments(version.id)) == 1
    store.close()
