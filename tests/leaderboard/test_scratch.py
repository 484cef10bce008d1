"""Folders for a while: private, gone afterwards, and swept only when nobody works there."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from medsins.leaderboard._scratch import scratch, sweep

CHILD = """
import sys, time
from pathlib import Path
from medsins.leaderboard._scratch import scratch
with scratch(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("a file under way")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_a_folder_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    root = tmp_path / "incoming"
    with scratch(root) as folder:
        assert folder.parent == root
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "file").write_text("x")
    assert list(root.iterdir()) == []
    with pytest.raises(ValueError, match="broken"), scratch(root) as folder:
        raise ValueError("broken")
    assert list(root.iterdir()) == []


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "items").write_text("stays")
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    left = Path(child.stdout.readline().strip())
    with scratch(tmp_path) as mine:
        assert sweep(tmp_path) == 0, "its process lives"
        child.kill()
        child.wait()
        child.stdout.close()
        assert (left / "half").exists()
        assert sweep(tmp_path) == 1
        assert not left.exists()
        assert mine.is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["items"]
    assert sweep(tmp_path / "missing") == 0


def test_sweeping_takes_no_folder_from_whoever_works(tmp_path: Path) -> None:
    broken: list[str] = []

    def work() -> None:
        for _ in range(200):
            with scratch(tmp_path) as folder:
                (folder / "file").write_text("x")
                if not (folder / "file").exists():
                    broken.append(str(folder))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        sweep(tmp_path)
    assert broken == []
    assert list(tmp_path.iterdir()) == []
