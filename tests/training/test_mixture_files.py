"""Wrong inputs, damaged files, kills and full disks: one clear error, never half a mixture."""

from __future__ import annotations

import errno
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medsins.core import InvalidFile, MedsinsError, RunError, UsageError
from medsins.training import mixture_shards
from medsins.training.mixture import MANIFEST, Mixture, mix, read_mixed, read_mixture

from .mixture_tasks import Made, cases, make


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    make(tmp_path / "tasks", {"task9001": 12, "task9002": 8})
    return tmp_path / "tasks"


def test_all_wrong_settings_are_told_at_once(tasks: Path, tmp_path: Path) -> None:
    wrong = Mixture(
        samples=-1, temperature=0, cap=-2, few_shot=1.5, shots=-1, wordings=-3,
        languages={"English": 2.0}, domains={"anatomy": math.nan},
    )  # fmt: skip
    with pytest.raises(UsageError) as caught:
        mix([tasks], wrong, tmp_path / "mixture")
    names = ("samples", "temperature", "cap", "few_shot", "shots", "wordings", "languages.English", "domains.anatomy")
    assert {problem.what.split(" is ")[0] for problem in caught.value.problems} == set(names)
    assert all(problem.mend for problem in caught.value.problems)
    assert not (tmp_path / "mixture").exists()
    assert Mixture(temperature=math.nan).problems()
    assert Mixture(temperature=math.inf).problems() == []


def test_tasks_without_train_instances_are_named_together(tasks: Path, tmp_path: Path) -> None:
    Made("task9003.json", [("a", " ", "x"), ("b", "Y", "")]).write(tasks)
    Made("task9004.json", cases("task9004", 2)).write(tasks)
    Made("task9009.json", cases("task9004", 2)).write(tmp_path / "suite")
    with pytest.raises(UsageError) as caught:
        mix([tasks], Mixture(), tmp_path / "mixture", [tmp_path / "suite"])
    assert len(caught.value.problems) == 2
    assert "task9003 has no instance to train on (2 empty)" in str(caught.value)
    assert "task9004 has no instance to train on (2 gated)" in str(caught.value)


def test_tasks_of_which_there_are_only_test_files_are_named_together(tasks: Path, tmp_path: Path) -> None:
    Made("task9003.json", cases("task9003", 2), split="Test").write(tasks)
    Made("task9004.dev.json", cases("task9004", 2)).write(tasks)
    with pytest.raises(UsageError) as caught:
        mix([tasks], Mixture(), tmp_path / "mixture")
    assert [Path(problem.place).name for problem in caught.value.problems] == ["task9003.json", "task9004.dev.json"]


def test_every_problem_of_every_file(tasks: Path, tmp_path: Path) -> None:
    (tasks / "task9005.json").write_text(
        json.dumps({"Categories": ["MCQA"], "Instances": [{"input": 3}, {"output": "x"}]})
    )
    (tasks / "task9006.json").write_text('{"Categories": ["Juggling"], "Instances": [{"input": "a", "output": "b"}]}')
    (tasks / "task9007.json").write_text("{")
    with pytest.raises(InvalidFile) as caught:
        mix([tasks], Mixture(), tmp_path / "mixture")
    told = str(caught.value)
    assert all(f"task900{number}.json" in told for number in (5, 6, 7))
    assert "unknown category 'Juggling'" in told
    assert not (tmp_path / "mixture" / MANIFEST).exists()


def test_paths_that_are_not_there_and_folders_without_tasks(tasks: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError) as caught:
        mix([tmp_path / "nowhere", tmp_path / "empty"], Mixture(), tmp_path / "mixture")
    assert len(caught.value.problems) == 2
    with pytest.raises(UsageError):
        mix([tasks], Mixture(), tmp_path / "mixture", [tmp_path / "no-suite"])
    with pytest.raises(UsageError):
        mix([], Mixture(), tmp_path / "mixture")


def test_files_of_one_task_are_told_apart_and_those_of_one_name_refused(tmp_path: Path) -> None:
    Made("task9001.a.json", cases("a", 3)).write(tmp_path / "tasks")
    Made("task9001.b.json", cases("b", 3)).write(tmp_path / "tasks")
    mixed = mix([tmp_path / "tasks"], Mixture(), tmp_path / "mixture")
    assert [task["id"] for task in mixed.tasks] == ["task9001.a", "task9001.b"]
    Made("task9001.a.json", cases("c", 3)).write(tmp_path / "tasks" / "more")
    with pytest.raises(UsageError) as caught:
        mix([tmp_path / "tasks"], Mixture(), tmp_path / "mixture")
    assert len(caught.value.problems) == 2
    again = mix([tmp_path / "tasks" / "task9001.b.json"] * 2, Mixture(), tmp_path / "twice")
    assert again.samples == 3


def test_folders_that_hold_something_else_are_left_alone(tasks: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    with pytest.raises(UsageError, match="holds no mixture"):
        mix([tasks], Mixture(), tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
    with pytest.raises(UsageError, match="is a file"):
        mix([tasks], Mixture(), tmp_path / "mine" / "thesis.txt")


def test_what_a_kill_left_is_cleared_away(tasks: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mixture"
    (folder / ".mixing").mkdir(parents=True)
    for name in (".mixing/shots.arrow", ".mixed.json.x1y2", "samples-00007.parquet"):
        (folder / name).write_bytes(b"half")
    mix([tasks], Mixture(), folder)
    assert {path.name for path in folder.iterdir()} == {MANIFEST, "samples-00000.parquet"}


def test_a_mixture_that_cannot_be_drawn_leaves_the_one_before(tasks: Path, tmp_path: Path) -> None:
    before = mix([tasks], Mixture(), tmp_path / "mixture")
    with pytest.raises(UsageError):
        mix([tasks], Mixture(languages={"Klingon": 0.1}), tmp_path / "mixture")
    assert read_mixed(tmp_path / "mixture") == before
    assert len(list(read_mixture(tmp_path / "mixture"))) == 20
    assert {path.name for path in (tmp_path / "mixture").iterdir()} == {MANIFEST, "samples-00000.parquet"}


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"digest": 1}', "\x00", '{"format": 1, "digest": "x"}'])
def test_a_damaged_manifest_is_told(tasks: Path, tmp_path: Path, text: str) -> None:
    mix([tasks], Mixture(), tmp_path / "mixture")
    (tmp_path / "mixture" / MANIFEST).write_text(text)
    with pytest.raises(InvalidFile, match="is damaged"):
        read_mixed(tmp_path / "mixture")


def test_an_edited_manifest_is_told(tasks: Path, tmp_path: Path) -> None:
    mix([tasks], Mixture(), tmp_path / "mixture")
    path = tmp_path / "mixture" / MANIFEST
    path.write_text(path.read_text().replace('"access": "open"', '"access": "none"'))
    with pytest.raises(InvalidFile, match="digest"):
        read_mixed(tmp_path / "mixture")


def test_no_mixture(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UsageError, match="medsins train prepare"):
            read_mixed(folder)
        with pytest.raises(UsageError):
            next(read_mixture(folder))


def test_changed_and_missing_files_are_told_before_the_first_sample(tasks: Path, tmp_path: Path) -> None:
    mixed = mix([tasks], Mixture(), tmp_path / "mixture")
    (path,) = [tmp_path / "mixture" / shard["name"] for shard in mixed.shards]
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(InvalidFile, match="SHA-256"):
        next(read_mixture(tmp_path / "mixture"))
    path.unlink()
    with pytest.raises(InvalidFile, match="is missing"):
        next(read_mixture(tmp_path / "mixture"))


def test_settings_come_back_from_the_manifest(tasks: Path, tmp_path: Path) -> None:
    mixture = Mixture(
        samples=30, temperature=math.inf, cap=5, few_shot=0.25, shots=2, wordings=2,
        languages={"English": 1.0}, domains={"anatomy": 1.0}, seed=9,
    )  # fmt: skip
    mix([tasks], mixture, tmp_path / "mixture")
    found = read_mixed(tmp_path / "mixture")
    assert found.mixture == mixture
    assert json.loads((tmp_path / "mixture" / MANIFEST).read_text()) == found.document()


def test_a_full_disk_is_said_and_leaves_no_mixture(
    tasks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mix([tasks], Mixture(), tmp_path / "mixture")

    def full(path: Path) -> str:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(mixture_shards, "sha256_file", full)
    with pytest.raises(RunError, match="the disk is full"):
        mix([tasks], Mixture(seed=1), tmp_path / "mixture")
    monkeypatch.undo()
    with pytest.raises(UsageError):
        read_mixed(tmp_path / "mixture")
    assert mix([tasks], Mixture(seed=1), tmp_path / "mixture").samples == 20


def test_errors_that_are_no_full_disk_stay_what_they_are(
    tasks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(mixture_shards, "sha256_file", refused)
    with pytest.raises(PermissionError):
        mix([tasks], Mixture(), tmp_path / "mixture")


SCRIPT = """
import sys
from pathlib import Path
from medsins.training.mixture import Mixture, mix
print("ready", flush=True)
mix([Path(sys.argv[1])], Mixture(samples=30_000, temperature=2), Path(sys.argv[2]))
"""


@pytest.mark.slow
def test_a_kill_leaves_no_mixture_or_a_whole_one(tmp_path: Path) -> None:
    """Forty kills at moments spread over the work; then the same bytes as without one."""
    make(tmp_path / "tasks", {"task9001": 4000, "task9002": 900})
    mixture = Mixture(samples=30_000, temperature=2)
    started = time.monotonic()
    whole = mix([tmp_path / "tasks"], mixture, tmp_path / "whole")
    seconds = time.monotonic() - started
    killed = 0
    for turn in range(40):
        arguments = [sys.executable, "-c", SCRIPT, str(tmp_path / "tasks"), str(tmp_path / "mixture")]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(seconds * (turn % 20) / 16)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        process.stdout.close()
        try:
            assert read_mixed(tmp_path / "mixture").digest == whole.digest
        except MedsinsError:
            assert not (tmp_path / "mixture" / MANIFEST).exists()
    assert killed > 20
    again = mix([tmp_path / "tasks"], mixture, tmp_path / "mixture")
    assert again.digest == whole.digest
    assert sorted(os.listdir(tmp_path / "mixture")) == sorted(os.listdir(tmp_path / "whole"))
