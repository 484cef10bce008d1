"""Files of an audit: names that tell them apart, splits, instances picked out again, all problems at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.audit._files import digests, find_files, pick, read_files, split_of
from medsins.core import Card, InvalidFile, UsageError

from .task_files import write


def test_names_tell_files_apart(tmp_path: Path) -> None:
    for name in ("a/task7_x.json", "b/task7_y.json", "b/task8.jsonl", "train/mine.json", "test/mine.json"):
        write(tmp_path / name, [("a", "b")])
    names = {file.path.relative_to(tmp_path).as_posix(): file.name for file in find_files([tmp_path])}
    assert names == {
        "a/task7_x.json": "task7_x",
        "b/task7_y.json": "task7_y",
        "b/task8.jsonl": "task8",
        "train/mine.json": "train/mine",
        "test/mine.json": "test/mine",
    }
    assert {file.task_id for file in find_files([tmp_path / "a", tmp_path / "b"])} == {"task7", "task8"}


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", [("a", "b")])
    assert len(find_files([path, tmp_path, path])) == 1


@pytest.mark.parametrize(
    ("name", "card", "split"),
    [
        ("x.json", "Test", "test"),
        ("x.json", "Train/Test", ""),
        ("x.train.json", "", "train"),
        ("x_dev.jsonl", "", "validation"),
        ("task77.test.json", "", "test"),
        ("train/x.json", "", "train"),
        ("validation/x.json", "Test", "test"),
        ("retrain.json", "", ""),
    ],
)
def test_splits(tmp_path: Path, name: str, card: str, split: str) -> None:
    (file,) = find_files([write(tmp_path / "data" / name, [("a", "b")])])
    assert file.split(Card(split_type=card)) == split


def test_splits_of_instances() -> None:
    extras = ({"split": "Dev"}, {"Split Type": " TRAIN "}, {"split": 3}, {}, {"split": "x"})
    assert [split_of(extra) for extra in extras] == ["validation", "train", "", "", ""]


def test_all_problems_of_all_files_come_at_the_end(tmp_path: Path) -> None:
    write(tmp_path / "good.json", [("a", "b")] * 3)
    for name in ("bad1.jsonl", "bad2.jsonl"):
        (tmp_path / name).write_text('{"input": "x", "output": "y"}\n{"input": 3, "output"\n', encoding="utf-8")
    read = read_files(find_files([tmp_path]), lambda done, size: None)
    rows: list[int] = []
    with pytest.raises(InvalidFile) as caught:
        rows.extend(len(batch.columns) for _, _, batch in read)
    assert sum(rows) == 5
    names = [Path(problem.place.split(":")[0]).name for problem in caught.value.problems]
    assert sorted(names) == ["bad1.jsonl", "bad2.jsonl"]
    with pytest.raises(UsageError):
        find_files([tmp_path / "not there"])


def test_progress_ends_with_all_bytes(tmp_path: Path) -> None:
    for n in range(3):
        write(tmp_path / f"{n}.json", [("word " * 50, "b")] * 40)
    told: list[tuple[int, int]] = []
    for _ in read_files(find_files([tmp_path]), lambda done, size: told.append((done, size))):
        pass
    total = sum(path.stat().st_size for path in tmp_path.glob("*.json"))
    assert told[-1] == (total, total)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@given(st.sets(st.tuples(st.integers(0, 1), st.integers(0, 199)), max_size=12), st.sampled_from([".jsonl", ".parquet"]))
def test_instances_are_picked_out_again(wanted: set[tuple[int, int]], ending: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for n in range(2):
            write(Path(folder, f"f{n}{ending}"), [(f"input {n} {row}", "x") for row in range(200)])
        files = find_files([Path(folder)])
        found = pick(files, wanted)
    assert {place: instance.input for place, instance in found.items()} == {
        (file, row): f"input {file} {row}" for file, row in wanted
    }


def test_digests_change_with_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", [("a", "b")])
    before = digests(find_files([path]))
    write(path, [("a", "c")])
    assert before.keys() == {"a"}
    assert digests(find_files([path])) != before
