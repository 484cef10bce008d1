"""Cleaned training sets: what leaks is gone and listed, everything else is as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medsins.audit.leakage import check_clean, find_leakage, write_clean
from medsins.core import Instance, UsageError
from medsins.tasks import find_task_files, open_reader, read_task

from .leaks import changed, task, text

TEST = [(text(30, "asked"), text(12, "answer")), (text(30, "other"), "no")]
KEPT = [Instance(f"k{n}", text(20, f"kept {n}"), ("yes",), extra={"source": f"book {n}"}) for n in range(20)]
TRAIN = [*KEPT[:7], Instance("l0", TEST[0][0], ("yes",)), *KEPT[7:], Instance("l1", changed(TEST[1][0], 0.1), ("no",))]


@pytest.mark.parametrize("ending", [".json", ".jsonl", ".json.gz", ".jsonl.zst", ".parquet", ".xlsx"])
def test_every_format_is_written_again(tmp_path: Path, ending: str) -> None:
    rows = TRAIN if ending != ".xlsx" else [Instance(i.id, i.input, i.outputs) for i in TRAIN]
    train, test = task(tmp_path / f"task1{ending}", rows), task(tmp_path / "task2.json", TEST)
    before = train.read_bytes()
    found = find_leakage([train], [test])
    done = write_clean(found, tmp_path / "clean")
    assert (done.kept, done.removed, done.emptied) == (20, 2, ())
    assert train.read_bytes() == before
    old, new = read_task(train), read_task(tmp_path / "clean" / train.name)
    assert new.card == old.card
    texts = {gone.input for gone in (TRAIN[7], TRAIN[-1])}
    assert new.instances == tuple(instance for instance in old.instances if instance.input not in texts)
    removals = [json.loads(line) for line in (tmp_path / "clean" / "removals.jsonl").read_text().splitlines()]
    assert [(gone["row"], gone["kind"], gone["test"]["id"]) for gone in removals] == [
        (7, "exact", "task2-0"),
        (21, "near", "task2-1"),
    ]
    assert all(gone["file"] == str(train) and gone["side"] in ("input", "both") for gone in removals)


def test_the_cleaned_set_is_clean_and_a_set_of_task_files(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        task(tmp_path / "train" / folder / "task1.jsonl", TRAIN)
    test = task(tmp_path / "task2.json", TEST)
    write_clean(find_leakage([tmp_path / "train"], [test]), tmp_path / "clean")
    files = find_task_files([tmp_path / "clean"])
    assert files == [tmp_path / "clean" / folder / "task1.jsonl" for folder in ("a", "b")]
    assert find_leakage([tmp_path / "clean"], [test]).section().clean


def test_a_file_that_leaks_whole_is_not_written(tmp_path: Path) -> None:
    train = [task(tmp_path / "train" / "task1.json", TEST), task(tmp_path / "train" / "task3.json", KEPT)]
    done = write_clean(find_leakage(train, [task(tmp_path / "task2.json", TEST)]), tmp_path / "clean")
    assert done.emptied == (train[0],)
    assert find_task_files([tmp_path / "clean"]) == [tmp_path / "clean" / "task3.json"]


def test_nothing_is_cleaned_in_place(tmp_path: Path) -> None:
    train = task(tmp_path / "train" / "task1.json", TRAIN)
    with pytest.raises(UsageError, match="overwritten"):
        check_clean([train], tmp_path / "train")
    found = find_leakage([train], [task(tmp_path / "task2.json", TEST)])
    with pytest.raises(UsageError, match="overwritten"):
        write_clean(found, tmp_path / "train")
    assert len(list(open_reader(train))) == len(TRAIN)


def test_what_fails_leaves_nothing_half_written(tmp_path: Path) -> None:
    train = task(tmp_path / "task1.jsonl", TRAIN)
    found = find_leakage([train], [task(tmp_path / "task2.json", TEST)])

    def stop(done: int, size: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_clean(found, tmp_path / "clean", stop)
    assert list((tmp_path / "clean").iterdir()) == []


def test_progress_ends_at_the_size_of_all_files(tmp_path: Path) -> None:
    train = [task(tmp_path / f"task{number}.jsonl", TRAIN) for number in (1, 3)]
    seen: list[tuple[int, int]] = []
    found = find_leakage(train, [task(tmp_path / "task2.json", TEST)])
    write_clean(found, tmp_path / "clean", lambda done, size: seen.append((done, size)))
    size = sum(path.stat().st_size for path in train)
    assert seen[-1] == (size, size)
