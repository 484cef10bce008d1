"""The lock of a run directory, held by real processes."""

from __future__ import annotations

import multiprocessing
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from medsins.bench.lock import hold
from medsins.bench.runner import run
from medsins.bench.spec import RunSpec
from medsins.cli.main import main
from medsins.core import RunError

FORK = multiprocessing.get_context("fork")
HOLDER = (
    "import sys, time\nfrom pathlib import Path\nfrom medsins.bench.lock import hold\n"
    "with hold(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"
)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds ``tmp_path``."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def take(folder: Path) -> None:
    with hold(folder):
        pass


def test_the_holder_is_named(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(RunError, match=f"in use by process {holder.pid} on {socket.gethostname()}") as caught:
        take(tmp_path)
    (problem,) = caught.value.problems
    assert problem.place == str(tmp_path)
    assert "wait" in problem.mend


def test_a_killed_holder_holds_no_longer(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait(10)
    with hold(tmp_path):
        assert (tmp_path / ".lock").read_text() == f"process {os.getpid()} on {socket.gethostname()}"


def test_a_run_does_not_touch_a_held_directory(
    tmp_path: Path, holder: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RunError, match="in use by"):
        run(RunSpec(model="mock:echo", suite="mini", limit=1), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    assert main(["bench", "run", "--model", "mock:echo", "--suite", "mini", "-o", str(tmp_path), "-q"]) == 1
    assert f"process {holder.pid}" in capsys.readouterr().err


def test_it_is_free_again_after_an_error_and_after_use(tmp_path: Path) -> None:
    def fail() -> None:
        with hold(tmp_path):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    take(tmp_path)
    take(tmp_path)


def test_two_holders_in_one_process_exclude_each_other(tmp_path: Path) -> None:
    with hold(tmp_path):
        with pytest.raises(RunError, match=f"process {os.getpid()}"):
            take(tmp_path)
        take_elsewhere = tmp_path / "other"
        take_elsewhere.mkdir()
        take(take_elsewhere)


def test_a_shorter_holder_leaves_no_rest_of_a_longer_one(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("process 99999999 on a-machine-with-a-very-long-name" * 3)
    with hold(tmp_path):
        assert (tmp_path / ".lock").read_text() == f"process {os.getpid()} on {socket.gethostname()}"


def test_a_directory_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        take(tmp_path / "none")


def _contend(folder: Path, barrier: Any, results: Any) -> None:
    barrier.wait()
    try:
        with hold(folder):
            marker = folder / "inside"
            marker.touch(exist_ok=False)  # fails when two are inside
            barrier.wait()  # until everyone has tried
            marker.unlink()
        results.put("held")
    except RunError:
        barrier.wait()
        results.put("refused")


def test_of_many_that_come_at_once_one_gets_in(tmp_path: Path) -> None:
    barrier, results = FORK.Barrier(5), FORK.Queue()
    processes = [FORK.Process(target=_contend, args=(tmp_path, barrier, results), daemon=True) for _ in range(5)]
    for process in processes:
        process.start()
    outcomes = sorted(results.get(timeout=30) for _ in processes)
    for process in processes:
        process.join(30)
    assert outcomes == ["held"] + ["refused"] * 4
