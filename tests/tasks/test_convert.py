"""Conversion: atomic, resumable, with progress, and nothing written where something is wrong."""

from __future__ import annotations

import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from medsins.core import InvalidFile, RunError, UsageError
from medsins.tasks import convert, open_writer

from .samples import CARD, content, plain, read_all, write_json

ENDINGS = [".parquet", ".jsonl", ".json", ".jsonl.zst", ".json.gz"]
SMALL = 1 << 20  # bytes between checkpoints, so that small files are resumable too


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


class Stop:
    """Interrupts a conversion after some calls of ``advance``."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, taken: int, size: int) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("source_ending", [".json", ".jsonl", ".jsonl.gz", ".parquet"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_an_interrupted_conversion_goes_on(tmp_path: Path, source_ending: str, ending: str) -> None:
    rows = plain(9000, size=800)
    source = tmp_path / f"drugs{source_ending}"
    with open_writer(source, CARD) as writer:
        writer.write(rows)
    straight, target = tmp_path / f"straight{ending}", tmp_path / f"copy{ending}"
    every = source.stat().st_size // 5
    convert(source, straight, checkpoint=every)
    with pytest.raises(KeyboardInterrupt):
        convert(source, target, advance=Stop(5), checkpoint=every)
    assert not target.exists()
    assert len(hidden(tmp_path)) == 2
    done = convert(source, target, checkpoint=every)
    assert 0 < done.resumed_at < done.instances == 9000
    assert hidden(tmp_path) == []
    assert content(read_all(target)) == content(rows)
    if not ending.endswith((".gz", ".zst", ".parquet")):
        assert target.read_bytes() == straight.read_bytes()


def test_a_changed_source_starts_again(tmp_path: Path) -> None:
    source, target = write_json(tmp_path / "drugs.json", plain(9000)), tmp_path / "copy.jsonl"
    with pytest.raises(KeyboardInterrupt):
        convert(source, target, advance=Stop(4), checkpoint=SMALL)
    assert hidden(tmp_path)
    changed = write_json(source, plain(9001))
    os.utime(changed, ns=(1, 1))
    assert convert(source, target, checkpoint=SMALL).resumed_at == 0
    assert len(read_all(target)) == 9001


def test_a_damaged_checkpoint_starts_again(tmp_path: Path) -> None:
    source, target = write_json(tmp_path / "drugs.json", plain(9000)), tmp_path / "copy.jsonl"
    with pytest.raises(KeyboardInterrupt):
        convert(source, target, advance=Stop(4), checkpoint=SMALL)
    (tmp_path / ".copy.jsonl.partial.state").write_text('{"format": 1')
    assert convert(source, target, checkpoint=SMALL).resumed_at == 0


@pytest.mark.parametrize("ending", [".parquet", ".jsonl.gz"])
def test_kill_9_at_random_moments(tmp_path: Path, ending: str) -> None:
    rows = plain(20_000, size=1000)
    source, target = write_json(tmp_path / "drugs.json", rows), tmp_path / f"copy{ending}"
    code = f"from pathlib import Path; from medsins.tasks import convert; convert(Path({str(source)!r}), "
    code += f"Path({str(target)!r}), checkpoint={SMALL}, advance=lambda taken, size: print(taken, flush=True))"
    chance = random.Random(5)
    kills = 0
    for _ in range(40):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _ in range(chance.randint(1, 12)):
            if not process.stdout.readline():
                break
        time.sleep(chance.random() * 0.02)
        process.send_signal(signal.SIGKILL)
        process.stdout.close()
        kills += process.wait() == -signal.SIGKILL
        if target.exists():
            break
    assert kills >= 2
    convert(source, target, checkpoint=SMALL)
    assert content(read_all(target)) == content(rows)
    assert hidden(tmp_path) == []


def test_problems_leave_nothing_behind(tmp_path: Path) -> None:
    source = tmp_path / "drugs.json"
    source.write_text(json.dumps({"Instances": [{"input": "a", "output": "b"}, {"input": []}, {"output": 3}]}))
    with pytest.raises(InvalidFile) as caught:
        convert(source, tmp_path / "copy.parquet")
    assert len(caught.value.problems) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["drugs.json"]


def test_an_old_target_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    source = write_json(tmp_path / "drugs.json", plain(3))
    target = tmp_path / "copy.jsonl"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        convert(source, target, advance=Stop(0))
    assert target.read_text() == "old"
    assert hidden(tmp_path) == []
    convert(source, target)
    assert len(read_all(target)) == 3


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    source = write_json(tmp_path / "drugs.json", plain(9000))
    for suffix in (".jsonl", ".parquet", ".xlsx"):
        calls: list[tuple[int, int]] = []
        convert(source, tmp_path / f"copy{suffix}", advance=lambda *at: calls.append(at))  # noqa: B023 (called within)
        assert calls == sorted(calls)
        assert calls[-1] == (source.stat().st_size, source.stat().st_size)


@pytest.mark.parametrize("name", ["copy.txt", "copy", "copy.xlsx.gz"])
def test_a_target_without_a_known_ending(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="known endings"):
        convert(write_json(tmp_path / "drugs.json", plain(1)), tmp_path / name)


def test_the_source_is_never_its_own_target(tmp_path: Path) -> None:
    source = write_json(tmp_path / "drugs.json", plain(1))
    with pytest.raises(UsageError, match="same file"):
        convert(source, tmp_path / "." / "drugs.json")


def test_two_processes_do_not_write_one_target(tmp_path: Path) -> None:
    source = write_json(tmp_path / "drugs.json", plain(1))
    with (tmp_path / ".copy.jsonl.partial").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(RunError, match="another process"):
            convert(source, tmp_path / "copy.jsonl")


def test_a_contributors_excel_becomes_json(tmp_path: Path) -> None:
    with open_writer(tmp_path / "drugs.xlsx", CARD) as writer:
        writer.write(plain(40))
    convert(tmp_path / "drugs.xlsx", tmp_path / "drugs.json")
    document: dict[str, Any] = json.loads((tmp_path / "drugs.json").read_text(encoding="utf-8"))
    assert document["Categories"] == ["Named Entity Recognition"]
    assert len(document["Instances"]) == 40
