"""Suites: what was released is what is run, and every difference is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.bench import suites
from medsins.bench.suites import Suite, load_suite, names, suite_of_files
from medsins.bench.suites._release import release
from medsins.cli.main import main
from medsins.core import Card, Instance, InvalidFile, Task, UsageError
from medsins.tasks import read_task, write_task


def write(folder: Path, task_id: str, answer: str = "yes") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    instances = (Instance("a", "Does it hurt?", (answer,)), Instance("b", "Is it red?", ("no",)))
    card = Card(definition=("Answer.",), categories=("Diagnosis",))
    write_task(Task(task_id, card, instances, "Diagnosis"), folder / f"{task_id}.json")
    return folder / f"{task_id}.json"


@pytest.fixture
def ward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A released suite ``ward`` of two tasks in a folder of suites of its own."""
    for task_id in ("ward_b", "ward_a"):
        write(tmp_path / "ward" / "test", task_id)
    assert release(tmp_path / "ward", "2") == 2
    (tmp_path / "unreleased" / "test").mkdir(parents=True)
    monkeypatch.setattr(suites, "FOLDER", tmp_path)
    load_suite.cache_clear()
    yield tmp_path / "ward"
    load_suite.cache_clear()


def test_a_release_pins_every_test_task_by_name(ward: Path) -> None:
    released = json.loads((ward / "suite.json").read_text())
    assert released["version"] == "2"
    assert list(released["tasks"]) == ["ward_a", "ward_b"]
    for task_id, digest in released["tasks"].items():
        assert read_task(ward / "test" / f"{task_id}.json").digest == digest


def test_only_released_folders_are_suites(ward: Path) -> None:
    assert names() == ["ward"]


@pytest.mark.parametrize("name", ["ward", "ward@2"])
def test_a_released_suite_loads(ward: Path, name: str) -> None:
    suite = load_suite(name)
    assert (suite.name, suite.version, suite.label) == ("ward", "2", "ward@2")
    assert [task.id for task in suite.tasks] == ["ward_a", "ward_b"]


def test_every_changed_task_is_named_and_nothing_is_run(ward: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for task_id in ("ward_a", "ward_b"):
        write(ward / "test", task_id, answer="maybe")
    with pytest.raises(InvalidFile) as caught:
        load_suite("ward")
    assert [problem.place for problem in caught.value.problems] == ["ward_a", "ward_b"]
    out = ward / "run"
    assert main(["bench", "run", "--model", "mock:echo", "--suite", "ward", "-o", str(out)]) == 1
    assert "ward_b: differs from the released suite" in capsys.readouterr().err
    assert not out.exists()


def test_a_release_mends_what_it_pins(ward: Path) -> None:
    before = load_suite("ward").digest
    write(ward / "test", "ward_a", answer="maybe")
    release(ward, "3")
    load_suite.cache_clear()
    suite = load_suite("ward@3")
    assert suite.digest != before
    with pytest.raises(UsageError, match="here in version 3, not 2"):
        load_suite("ward@2")


def test_a_missing_task_of_a_suite_is_an_error_with_its_path(ward: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (ward / "test" / "ward_a.json").unlink()
    words = ["bench", "run", "--model", "mock:echo", "--suite", "ward", "-o", str(ward / "run"), "-q"]
    assert main(words) == 2
    assert "ward_a.json" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["wrad", "wrad@2", "", "@2"])
def test_an_unknown_suite(ward: Path, name: str) -> None:
    with pytest.raises(UsageError, match="unknown suite") as caught:
        load_suite(name)
    assert "known: ward" in str(caught.value)


def test_a_path_is_no_suite_name(ward: Path) -> None:
    with pytest.raises(UsageError):
        load_suite("../ward")
    with pytest.raises(UsageError):
        load_suite(str(ward))


tasks = st.lists(
    st.tuples(st.text("abc_", min_size=1, max_size=4), st.text("0123456789abcdef", min_size=4, max_size=4)),
    min_size=1,
    max_size=4,
    unique_by=lambda pair: pair[0],
)


def made(pairs: list[tuple[str, str]], name: str = "s", version: str = "1") -> Suite:
    return Suite(name, version, tuple(Task(i, Card(), (), "Diagnosis", digest=d) for i, d in pairs))


@given(tasks, tasks)
def test_the_digest_is_of_the_tasks_and_their_order_alone(
    one: list[tuple[str, str]], other: list[tuple[str, str]]
) -> None:
    assert (made(one).digest == made(other).digest) == (one == other)
    assert made(one).digest == made(one, "renamed", "9").digest
    task = replace(made(one).tasks[0], path="elsewhere", language="French")
    assert Suite("s", "1", (task, *made(one).tasks[1:])).digest == made(one).digest


def test_files_make_a_suite_without_version(tmp_path: Path) -> None:
    one, two = write(tmp_path, "own_one"), write(tmp_path, "own_two")
    single = suite_of_files([one])
    assert (single.name, single.version, single.label) == ("own_one", "", "own_one")
    both = suite_of_files([tmp_path])
    assert both.label == "2 task files"
    assert both.digest == suite_of_files([one, two]).digest != single.digest


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text("{")
    (tmp_path / "two.json").write_text("[]")
    with pytest.raises(InvalidFile) as caught:
        suite_of_files([tmp_path])
    places = " ".join(problem.place for problem in caught.value.problems)
    assert "one.json" in places
    assert "two.json" in places


def test_the_bundled_suite_has_shots_for_every_task_and_leaks_none() -> None:
    suite = load_suite("mini")
    folder = suites.FOLDER / "mini"
    for task in suite.tasks:
        train = read_task(folder / "train" / f"{task.id}.json")
        asked = {instance.input for instance in task.instances}
        assert train.instances, task.id
        assert not asked & {instance.input for instance in train.instances}, task.id
        assert train.category == task.category
        assert len(asked) == len(task.instances), task.id
