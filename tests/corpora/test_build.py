"""Builds: deterministic, resumable, split as promised, with provenance."""

from __future__ import annotations

import contextlib
import json
import math
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import InvalidFile, MedsinsError, UsageError
from medsins.corpora import BuildOptions, Record, _build, build, build_many, load_corpus, made
from medsins.corpora._split import DrawnSplit
from medsins.tasks import read_task

from .conftest import FIXTURES, Built, read_built

Build = Callable[..., Built]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A copy of the pico fixture that a test may change."""
    return Path(shutil.copytree(FIXTURES / "pico", tmp_path / "raw"))


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["pico", "disease_ontology", "bc5cdr"])
def test_two_builds_are_equal_byte_for_byte(name: str, tmp_path: Path) -> None:
    for out in ("a", "b"):
        build(name, FIXTURES / name, tmp_path / out)
    assert snapshot(tmp_path / "a") == snapshot(tmp_path / "b")


def test_provenance_says_what_the_file_was_made_from(built: Build) -> None:
    result = built("igakuqa")
    found = result.provenance
    assert found["terms"]["access"] == "open"
    assert set(found["raw"]["files"]) == {"2030/124-A.jsonl", "2030/124-B.jsonl"}
    assert found["counts"] == {
        "instances": 2,
        "dropped": 2,
        "by_split": {"": 2},
        "dropped_by_reason": {"the problem has no choices": 1, "the answer A OR B names no single choice": 1},
    }
    assert found["notes"] == ["task59: 2 instances, the release gives 1,987"]
    assert "Instances" not in json.dumps(found)  # beside a task file, and not to be taken for one


def test_task_files_carry_their_terms(built: Build) -> None:
    result = built("pubmedqa")
    assert result.document["Access"] == "open"
    assert result.document["License"] == "MIT"
    task = read_task(result.path)
    assert (task.access, task.category, task.language) == ("open", "MCQA", "English")


def test_a_finished_build_is_left_alone(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = build("pico", raw, out)
    stamps = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    second = build("pico", raw, out)
    assert [c.task_id for c in first.written] == ["task1", "task2", "task3"]
    assert (second.written, second.finished_before) == ((), ("task1", "task2", "task3"))
    assert stamps == {path: path.stat().st_mtime_ns for path in out.iterdir()}


def change_raw(raw: Path, out: Path) -> None:
    path = raw / "data" / "sentences.json"
    path.write_text(path.read_text().replace("daily", "weekly"))


def truncate_task(raw: Path, out: Path) -> None:
    (out / "task1.json").write_bytes((out / "task1.json").read_bytes()[:-5])


def lose_task(raw: Path, out: Path) -> None:
    (out / "task1.json").unlink()


def break_provenance(raw: Path, out: Path) -> None:
    (out / "task1.provenance.json").write_text("[]")


@pytest.mark.parametrize("change", [change_raw, truncate_task, lose_task, break_provenance])
def test_what_changed_is_built_again(raw: Path, tmp_path: Path, change: Callable[[Path, Path], None]) -> None:
    out = tmp_path / "out"
    build("pico", raw, out)
    change(raw, out)
    report = build("pico", raw, out)
    assert report.written[0].task_id == "task1"
    assert len(read_built(out, "task1").instances) == 3


def test_other_choices_are_another_build(raw: Path, tmp_path: Path) -> None:
    build("pico", raw, tmp_path / "out")
    assert len(build("pico", raw, tmp_path / "out", BuildOptions(split="train")).written) == 3


def interrupted(raw: Any, options: BuildOptions) -> Iterator[Record]:
    yield made("task1", "a", "b")
    raise KeyboardInterrupt


def test_an_interrupted_build_leaves_nothing_half(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, raw: Path) -> None:
    module = SimpleNamespace(CORPUS=load_corpus("pico").CORPUS, read=interrupted, __file__=None)
    monkeypatch.setattr(_build, "load_corpus", lambda name: module)
    with pytest.raises(KeyboardInterrupt):
        build("pico", raw, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_refused_file_leaves_nothing(raw: Path, tmp_path: Path) -> None:
    (raw / "data" / "annotations" / "outcomes_sensupport.json").write_text("{")
    with pytest.raises(InvalidFile, match="ends too early"):
        build("pico", raw, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def with_questions(tmp_path: Path, *questions: object) -> Path:
    (tmp_path / "RuMedDaNet").mkdir()
    lines = [json.dumps({"question": question, "answer": "да"}) for question in questions]
    (tmp_path / "RuMedDaNet" / "train_v1.jsonl").write_text("\n".join(lines))
    return tmp_path


def test_text_that_is_no_unicode_is_dropped(built: Build, tmp_path: Path) -> None:
    result = built("rumedbench", raw=with_questions(tmp_path, "Кто?", "\ud83d"))
    assert len(result.instances) == 1
    assert result.dropped[0]["reason"].startswith("holds half of a surrogate pair")


def test_a_record_of_another_shape_says_where_it_stands(tmp_path: Path) -> None:
    raw = Path(shutil.copytree(FIXTURES / "pubmedqa", tmp_path / "raw"))
    path = raw / "data" / "ori_pqal.json"
    path.write_text(path.read_text().replace('"no"', "0"))
    with pytest.raises(InvalidFile, match=r"at .*90000003 or soon after: a record is not shaped as expected"):
        build("pubmedqa", raw, tmp_path / "out")


def test_published_splits_are_kept_and_ids_do_not_depend_on_the_split_built(built: Build) -> None:
    everything = built("rumedbench")
    assert [i["split"] for i in everything.instances] == ["train", "train", "validation", "test"]
    ids = {split: [i["id"] for i in built("rumedbench", split=split).instances] for split in ("train", "dev", "test")}
    assert ids == {
        "train": ["task61-train-0", "task61-train-1"],
        "dev": ["task61-validation-0"],
        "test": ["task61-test-0"],
    }
    assert [i["id"] for i in everything.instances] == [*ids["train"], *ids["dev"], *ids["test"]]


def test_a_split_that_is_not_there_is_said(raw: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="no instance of the split 'validation'"):
        build("pico", raw, tmp_path / "out", BuildOptions(split="dev"))


def test_a_missing_part_of_the_release_is_noted_or_refused(tmp_path: Path) -> None:
    raw = Path(shutil.copytree(FIXTURES / "bc2gm", tmp_path / "raw"))
    (raw / "BC2GM-IOB" / "devel.tsv").unlink()
    assert any("no BC2GM-IOB/devel.tsv" in note for note in build("bc2gm", raw, tmp_path / "out").notes)
    with pytest.raises(InvalidFile, match=r"has no BC2GM-IOB/devel\.tsv"):
        build("bc2gm", raw, tmp_path / "out", BuildOptions(split="validation"))


def test_all_wrong_choices_come_at_once(tmp_path: Path) -> None:
    options = BuildOptions(split="tset", tasks=("task9",), settings={"direction": "up", "colour": "red"})
    with pytest.raises(UsageError) as error:
        build("disease_ontology", FIXTURES / "disease_ontology", tmp_path, options)
    assert [p.what for p in error.value.problems] == [
        "unknown task of disease_ontology 'task9'",
        "unknown split 'tset'",
        "unknown value of direction 'up'",
        "unknown setting of disease_ontology 'colour'",
    ]


def test_several_corpora_one_failing(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    for name in ("pico", "hoc"):
        shutil.copytree(FIXTURES / name, tmp_path / "raw" / name)
    names = ["pico", "hoc", "medquad"]
    for jobs in (1, 2):
        outcomes = dict(build_many(names, tmp_path / "raw", tmp_path / f"out{jobs}", jobs=jobs))
        assert isinstance(outcomes["medquad"], InvalidFile)
        assert outcomes["pico"].written[0].instances == 3
    assert snapshot(tmp_path / "out1") == snapshot(tmp_path / "out2")


RECORDS = st.lists(st.integers(0, 30), max_size=80)


def split_of(inputs: list[int], seed: int) -> list[str]:
    records = [made("task_x", f"input {n}", "y") for n in inputs]
    drawn = DrawnSplit(records, seed)
    return [drawn.side("task_x", f"input {n}") for n in inputs]


@given(RECORDS, st.integers(0, 3))
def test_drawn_split(inputs: list[int], seed: int) -> None:
    sides = split_of(inputs, seed)
    assert sides == split_of(inputs, seed)
    by_input: dict[int, set[str]] = {}
    for number, side in zip(inputs, sides, strict=True):
        by_input.setdefault(number, set()).add(side)
    assert all(len(side) == 1 for side in by_input.values())
    wanted, largest = math.ceil(len(inputs) / 10), max(Counter(inputs).values(), default=0)
    assert wanted <= sides.count("test") <= wanted + max(largest - 1, 0)


@given(st.permutations(list(range(40))))
def test_the_drawn_split_does_not_depend_on_the_order(order: list[int]) -> None:
    expected = dict(zip(range(40), split_of(list(range(40)), 1), strict=True))
    assert dict(zip(order, split_of(order, 1), strict=True)) == expected


def test_different_inputs_split_exactly_and_seeds_differ() -> None:
    assert split_of(list(range(423)), 0).count("test") == 43  # the published size of the PICO test sets
    assert split_of(list(range(423)), 0) != split_of(list(range(423)), 1)


def test_train_and_test_make_the_whole(tmp_path: Path, raw: Path) -> None:
    for split in ("train", "test", "all"):
        build("pico", raw, tmp_path / split, BuildOptions(split=split, tasks=("task3",)))
    parts = {split: read_built(tmp_path / split, "task3") for split in ("train", "test", "all")}
    ids = {split: {i["id"] for i in part.instances} for split, part in parts.items()}
    assert ids["train"] | ids["test"] == ids["all"]
    assert not ids["train"] & ids["test"]
    assert parts["test"].document["Split Type"] == "Test"
    assert {i["split"] for i in parts["test"].instances} == {"test"}


def mutated(content: bytes, random: Random) -> bytes:
    """A file as accidents leave it: cut off, re-encoded, a byte changed, a part lost or doubled."""
    at, end = sorted(random.randrange(len(content) + 1) for _ in range(2))
    kinds: list[Callable[[], bytes]] = [
        lambda: content[:at],
        lambda: content.decode("utf-8", "replace").encode("utf-16"),
        lambda: content[:at] + bytes([random.randrange(256)]) + content[at + 1 :],
        lambda: content[:at] + content[end:],
        lambda: content[:end] + content[at:],
        lambda: content.replace(b'"', b"'", random.randrange(5)),
        lambda: content.replace(b"[", b"{", 1).replace(b"]", b"}", 1),
        lambda: b"",
    ]
    return random.choice(kinds)()


@pytest.mark.parametrize("name", sorted(path.name for path in FIXTURES.iterdir() if path.is_dir()))
def test_damaged_raw_files_are_refused_or_read_but_never_crash(name: str, tmp_path: Path) -> None:
    random = Random(name)
    files = sorted(path for path in (FIXTURES / name).rglob("*") if path.is_file())
    for number in range(8):
        raw = Path(shutil.copytree(FIXTURES / name, tmp_path / f"raw{number}"))
        victim = raw / random.choice(files).relative_to(FIXTURES / name)
        victim.write_bytes(mutated(victim.read_bytes(), random))
        options = BuildOptions(tasks=load_corpus(name).CORPUS.all_tasks)
        with contextlib.suppress(MedsinsError):
            build(name, raw, tmp_path / f"out{number}", options)
