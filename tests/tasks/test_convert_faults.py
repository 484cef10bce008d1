"""Conversion where the machine fails: a full disk, no rights, Ctrl-C, another process; and what the command tells."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from medsins.cli.main import main
from medsins.tasks import convert, open_reader
from medsins.tasks import convert as convert_function

from .samples import content, plain, read_all, write_json

MODULE = sys.modules[convert_function.__module__]
TARGETS = ["copy.parquet", "copy.jsonl"]


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file can grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("target", TARGETS)
def test_a_full_disk_is_told_and_leaves_no_half_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    source = write_json(tmp_path / "drugs.json", plain(6000))
    (tmp_path / target).write_text("old")
    with room_for(10_000):
        assert main(["tasks", "convert", str(source), str(tmp_path / target), "-q"]) == 1
    told = capsys.readouterr().err
    assert "File too large" in told
    assert "Traceback" not in told
    assert left(tmp_path) == sorted([target, "drugs.json"])
    assert (tmp_path / target).read_text() == "old"


@pytest.mark.parametrize("target", TARGETS)
def test_room_that_runs_out_after_a_checkpoint_is_no_loss(tmp_path: Path, target: str) -> None:
    rows = plain(6000, size=700)
    source = write_json(tmp_path / "drugs.json", rows)

    def fail(taken: int, size: int) -> None:
        if taken > 0.7 * size:
            raise OSError(28, "No space left on device", str(tmp_path / target))

    with pytest.raises(OSError, match="No space left"):
        convert(source, tmp_path / target, advance=fail, checkpoint=1 << 20)
    assert left(tmp_path) == sorted([f".{target}.partial", f".{target}.partial.state", "drugs.json"])
    done = convert(source, tmp_path / target, checkpoint=1 << 20)
    assert 0 < done.resumed_at < 6000
    assert content(read_all(tmp_path / target)) == content(rows)
    assert left(tmp_path) == sorted([target, "drugs.json"])


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_json(tmp_path / "drugs.json", plain(3))
    (tmp_path / "file").write_text("")
    assert main(["tasks", "convert", str(source), str(tmp_path / "file" / "copy.parquet")]) in (1, 2)
    assert "file" in capsys.readouterr().err
    assert left(tmp_path) == ["drugs.json", "file"]


def test_the_second_of_two_commands_says_who_is_writing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_json(tmp_path / "drugs.json", plain(3))
    with (tmp_path / ".copy.parquet.partial").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert main(["tasks", "convert", str(source), str(tmp_path / "copy.parquet")]) == 1
    assert "another process is writing this file" in capsys.readouterr().err
    assert not (tmp_path / "copy.parquet").exists()
    assert main(["tasks", "convert", str(source), str(tmp_path / "copy.parquet")]) == 0


def test_ctrl_c_ends_with_130_and_the_same_command_goes_on(tmp_path: Path) -> None:
    rows = plain(12_000, size=1000)
    source, target = write_json(tmp_path / "drugs.json", rows), tmp_path / "copy.parquet"
    code = f"import sys; from medsins.cli.main import main; m = sys.modules['{MODULE.__name__}']; "
    code = code.replace("import main; m", "import main; import medsins.tasks; m")
    code += "m.convert.__kwdefaults__['checkpoint'] = 1 << 20; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "tasks", "convert", str(source), str(target)]
    state, resumed = tmp_path / ".copy.parquet.partial.state", 0
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, process_group=0)
    while process.poll() is None and not state.exists():
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    if process.returncode == 130:  # else it was done before the signal came
        assert "Traceback" not in told
        assert not target.exists()
        assert state.exists()
        resumed = 1
    assert threads_of(process.pid) == []
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["instances"] == 12_000
    assert (document["resumed_at"] > 0) == bool(resumed)
    assert content(read_all(target)) == content(rows)
    assert left(tmp_path) == ["copy.parquet", "drugs.json"]


def threads_of(group: int) -> list[int]:
    """Processes that are left of a process group."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return []
    return [group]


@pytest.mark.parametrize("change", ["grown", "touched", "replaced"])
def test_a_source_that_changed_under_a_checkpoint_is_read_anew(tmp_path: Path, change: str) -> None:
    source, target = write_json(tmp_path / "drugs.json", plain(9000)), tmp_path / "copy.parquet"

    def stop(taken: int, size: int) -> None:
        if (tmp_path / ".copy.parquet.partial.state").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(source, target, advance=stop, checkpoint=1 << 20)
    rows = plain(9001 if change == "grown" else 9000)
    if change == "touched":
        os.utime(source, ns=(1, 1))
    else:
        source.unlink()
        write_json(source, rows)
    assert convert(source, target, checkpoint=1 << 20).resumed_at == 0
    assert content(read_all(target)) == content(rows)


STATES: dict[str, Any] = {
    "no JSON": "{",
    "a list": [],
    "no mark": {"mark": None},
    "another format": {"format": 99},
    "of another file": {"source": "elsewhere"},
}


@pytest.mark.parametrize("state", STATES)
def test_a_checkpoint_that_is_none_starts_again(tmp_path: Path, state: str) -> None:
    rows, target = plain(3000), "copy.parquet"
    source = write_json(tmp_path / "drugs.json", rows)
    (tmp_path / f".{target}.partial").write_bytes(b"left over" * 1000)
    found = STATES[state]
    text = found if isinstance(found, str) else json.dumps(found)
    (tmp_path / f".{target}.partial.state").write_text(text)
    assert convert(source, tmp_path / target, checkpoint=1 << 18).resumed_at == 0
    assert content(read_all(tmp_path / target)) == content(rows)
    assert left(tmp_path) == sorted([target, "drugs.json"])


def test_late_card_keys_are_in_a_parquet_file_that_was_stopped_between(tmp_path: Path) -> None:
    source, target = tmp_path / "drugs.json", tmp_path / "copy.parquet"
    found = [{"id": one.id, "input": one.input, "output": list(one.outputs)} for one in plain(9000)]
    source.write_text(json.dumps({"Instances": found, "Categories": ["NER"], "Licence": "CC0"}))

    def stop(taken: int, size: int) -> None:
        if (tmp_path / ".copy.parquet.partial.state").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(source, target, advance=stop, checkpoint=1 << 20)
    assert convert(source, target, checkpoint=1 << 20).resumed_at > 0
    card = open_reader(target).card
    assert (card.categories, card.extra) == (("NER",), {"Licence": "CC0"})
