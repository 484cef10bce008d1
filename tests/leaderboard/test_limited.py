"""Children for hostile files: what they may not do, they cannot."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from pathlib import Path

import pytest

from medsins.leaderboard import _limited
from medsins.leaderboard._limited import Bounds, Finished, run_limited


def run(folder: Path, code: str, bounds: Bounds | None = None) -> Finished:
    (folder / "program.py").write_text(textwrap.dedent(code))
    return run_limited([sys.executable, str(folder / "program.py")], folder, bounds or Bounds())


def test_what_a_child_prints_comes_back(tmp_path: Path) -> None:
    assert run(tmp_path, "print('done')") == Finished(0, False, b"done\n")


def test_a_child_knows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSINS_BOARD_DATABASE", "postgresql://canary")
    told = run(tmp_path, "import os; print(dict(os.environ), os.getcwd())").output.decode()
    assert "canary" not in told
    assert str(tmp_path) in told


def test_a_child_has_no_network(tmp_path: Path) -> None:
    code = """
    import socket
    for family, address in ((socket.AF_INET, ("127.0.0.1", 9)), (socket.AF_INET, ("192.0.2.1", 80))):
        try:
            socket.socket(family).connect(address)
            print("connected")
        except OSError as error:
            print(type(error).__name__, error.errno)
    """
    told = run(tmp_path, code).output.decode()
    assert told
    assert "connected" not in told
    assert "111" not in told  # refused by a peer would mean that there is a network to be refused by


def test_where_there_are_no_namespaces_python_refuses_sockets(tmp_path: Path) -> None:
    (tmp_path / "asks.py").write_text(
        "import socket\ntry:\n    socket.socket()\nexcept PermissionError as e:\n    print(e)\n"
    )
    program = (
        "import os, sys; sys.path.insert(0, '.'); from medsins.leaderboard import _limited;"
        "_limited._leave_network = lambda: False; parent = str(os.getppid());"
        "_limited._become(parent, '2000', '16', '30', sys.executable, '-m', 'asks')"
    )
    (tmp_path / "program.py").write_text(program)
    assert (
        run_limited([sys.executable, str(tmp_path / "program.py")], tmp_path, Bounds()).output == b"no network here\n"
    )


def test_memory_is_bounded(tmp_path: Path) -> None:
    code = "try:\n    bytearray(900_000_000)\nexcept MemoryError:\n    print('no')"
    assert run(tmp_path, code, Bounds(memory_mb=500)).output == b"no\n"


def test_processor_time_is_bounded(tmp_path: Path) -> None:
    ended = run(tmp_path, "while True: pass", Bounds(cpu_seconds=1, seconds=60))
    assert ended.code < 0
    assert not ended.late


def test_files_are_bounded(tmp_path: Path) -> None:
    ended = run(tmp_path, "open('big', 'wb').write(b'x' * 3_000_000)", Bounds(output_mb=1))
    assert ended.code != 0
    assert (tmp_path / "big").stat().st_size <= 1_000_000


def test_a_child_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    code = """
    import subprocess, sys, time
    print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid, flush=True)
    time.sleep(600)
    """
    for seconds in (2.0, 8.0, 32.0):  # until it got as far as to start one
        start = time.monotonic()
        ended = run(tmp_path, code, Bounds(seconds=seconds))
        assert ended.late
        assert time.monotonic() - start < 300
        if ended.output:
            break
    grandchild = Path(f"/proc/{int(ended.output)}/stat")
    for _ in range(50):
        if not grandchild.exists() or grandchild.read_text().split()[2] == "Z":
            return
        time.sleep(0.1)
    pytest.fail("the grandchild lives")


def test_a_beat_that_raises_ends_the_child(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(600)")

    def beat() -> None:
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
            raise InterruptedError

    with pytest.raises(InterruptedError):
        run_limited([sys.executable, str(tmp_path / "program.py")], tmp_path, Bounds(), beat)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_namespaces_are_tried_from_the_one_that_asks_least(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    class Library:
        @staticmethod
        def unshare(flags: int) -> int:
            tried.append(flags)
            return -1

    monkeypatch.setattr(_limited.ctypes, "CDLL", lambda name: Library)
    assert not _limited._leave_network()
    assert tried == [0x40000000, 0x50000000]
