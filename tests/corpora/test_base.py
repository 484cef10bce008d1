"""The small parts everything is made of: options, records, names, folders of several corpora, progress."""

from __future__ import annotations

import csv
import io
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from medsins.cli.corpora import _shower
from medsins.core import InvalidFile, UsageError
from medsins.corpora import (
    SPLITS,
    BuildOptions,
    Corpus,
    RawFolder,
    build,
    canonical_split,
    corpus_names,
    dropped,
    load_corpus,
    made,
)
from medsins.corpora._build import checked_options
from medsins.corpora._many import raw_folder_of

from .conftest import FIXTURES

PICO: Corpus = load_corpus("pico").CORPUS


@pytest.mark.parametrize("name", ["dev", "devel", "val", "valid", "validation", "Dev", "DEVEL"])
def test_names_of_the_validation_split(name: str) -> None:
    assert canonical_split(name) == "validation"
    assert BuildOptions(split="validation").wants_split(name)
    assert not BuildOptions(split="test").wants_split(name)


@given(st.sampled_from(SPLITS))
def test_all_wants_every_split(split: str) -> None:
    assert BuildOptions().wants_split(split)
    assert [other for other in SPLITS if BuildOptions(split=split).wants_split(other)] == [split]


def test_options_without_tasks_take_the_corpus_own_list_only() -> None:
    corpus: Corpus = load_corpus("bc2gm").CORPUS
    assert checked_options(corpus, BuildOptions()).tasks == ("task_bc2gm",)
    assert checked_options(corpus, BuildOptions(tasks=("task31",))).tasks == ("task31",)
    assert checked_options(corpus, BuildOptions(split="devel")).split == "validation"
    assert BuildOptions().wants("task31")
    assert not BuildOptions(tasks=("task31",)).wants("task_bc2gm")


def test_the_first_value_of_a_setting_is_its_default() -> None:
    corpus = replace(PICO, settings={"order": ("file", "name")})
    assert BuildOptions().setting(corpus, "order") == "file"
    assert BuildOptions(settings={"order": "name"}).setting(corpus, "order") == "name"


def test_spelling_of_the_empty_answer_is_checked() -> None:
    with pytest.raises(UsageError, match=r"unknown spelling of the empty answer 'relased'[\s\S]*did you mean released"):
        checked_options(PICO, BuildOptions(empty_answer="relased"))  # type: ignore[arg-type]


def test_records_are_made_or_dropped() -> None:
    one, several, none = made("t", "in", "out"), made("t", "in", ("a", "b")), made("t", "in", None)
    assert [record.instance.outputs for record in (one, several, none) if record.instance] == [("out",), ("a", "b"), ()]
    lost = dropped("t", "too short", split="train", place="a.txt: line 3")
    assert (lost.instance, lost.dropped, lost.split, lost.place) == (None, "too short", "train", "a.txt: line 3")
    with pytest.raises(FrozenInstanceError):
        lost.dropped = ""  # type: ignore[misc]


def test_corpora_are_found_by_both_spellings() -> None:
    assert load_corpus("ncbi-disease") is load_corpus("ncbi_disease")
    assert corpus_names() == sorted(corpus_names())
    assert not any(name.startswith("_") for name in corpus_names())
    with pytest.raises(UsageError, match=r"unknown corpus '_base'"):
        load_corpus("_base")


def test_each_of_several_corpora_may_have_a_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "pico").mkdir()
    assert raw_folder_of("pico", tmp_path) == tmp_path / "pico"
    assert raw_folder_of("hoc", tmp_path) == tmp_path


def test_a_plain_file_goes_before_its_packed_copy(tmp_path: Path) -> None:
    (tmp_path / "a.txt.gz").write_bytes(b"not gzip at all")
    (tmp_path / "a.txt").write_text("plain")
    assert RawFolder(tmp_path, PICO).file("a.txt").text() == "plain"


def test_hidden_files_are_not_part_of_a_release(tmp_path: Path) -> None:
    (tmp_path / ".a.txt").write_text("draft")
    assert RawFolder(tmp_path, PICO).glob("*.txt") == []


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


@given(st.lists(st.tuples(cells, cells), max_size=6))
def test_tables_come_back_as_written(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    folder = tmp_path_factory.mktemp("raw")
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("id", "text"), *rows])
    (folder / "a.csv").write_text(text.getvalue(), encoding="utf-8", newline="")
    found = [(row["id"], row["text"]) for _, row in RawFolder(folder, PICO).file("a.csv").rows("id", "text")]
    assert found == rows


@pytest.mark.parametrize("folder", ["empty", "of another corpus"])
def test_nothing_is_written_for_a_wrong_folder(folder: str, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    with pytest.raises(InvalidFile):
        build("pico", raw if folder == "empty" else FIXTURES / "hoc", tmp_path / "out")
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_progress_is_told_while_reading(tmp_path: Path) -> None:
    (tmp_path / "RuMedDaNet").mkdir()
    line = '{"question": "Да?", "answer": "да"}\n'
    (tmp_path / "RuMedDaNet" / "train_v1.jsonl").write_text(line * 1700, encoding="utf-8")
    told: list[int] = []
    build("rumedbench", tmp_path, tmp_path / "out", progress=told.append)
    assert told == [500, 1000, 1500]


def test_progress_without_a_terminal_is_a_line_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 3.0, 9.9, 10.5, 10.6, 12.0, 20.7, 20.8])
    monkeypatch.setattr("medsins.cli.corpora.time", SimpleNamespace(monotonic=lambda: next(clock)))
    written = io.StringIO()
    console = Console(file=written, force_terminal=False)
    show = _shower("hoc", console, console.status(""))
    for number in (500, 1000, 1500, 2000, 2500):
        show(number)
    assert written.getvalue() == "reading hoc: 1,500 records\nreading hoc: 2,500 records\n"
