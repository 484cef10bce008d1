"""Predictions files: what the contract promises, and every problem named by row and column."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.bench.scoring_csv import COLUMNS, CsvRows, read_csv
from medsins.core import InvalidFile, MedsinsError, UsageError


def write(path: Path, rows: list[list[str]], header: tuple[str, ...] = COLUMNS) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def text(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "p.csv"


def problems(found: CsvRows) -> list[str]:
    return [str(problem) for problem in found.problems]


def test_cells_are_kept_as_they_are(file: Path) -> None:
    output = 'line one\nline "two", more\r\n\x00 end'
    found = read_csv([write(file, [["task1", "in", "gold", output], ["task1", "in 2", "None", ""]])])
    assert [row.output for row in found.rows] == [output, ""]
    assert found.rows[1].reference == "None"
    assert (found.total, found.lost, found.problems) == (2, 0, [])


def test_more_columns_in_any_order(file: Path) -> None:
    header = ("output", "status", "GT", "instance_id", "input", "note", "task_id", "category", "language")
    found = read_csv([write(file, [["o", "truncated", "g", "x-1", "i", "?", "t", "NER", "French"]], header)])
    row = found.rows[0]
    assert (row.task_id, row.input, row.reference, row.output) == ("t", "i", "g", "o")
    assert (row.status, row.instance_id, row.category, row.language) == ("truncated", "x-1", "NER", "French")


def test_a_byte_order_mark_is_no_part_of_the_header(file: Path) -> None:
    content = "\ufefftask_id,input,GT,output\r\nt,i,g,o\r\n"
    assert read_csv([text(file, content)]).rows[0].task_id == "t"


def test_several_files_count_rows_on(tmp_path: Path) -> None:
    files = [write(tmp_path / f"{name}.csv", [["t", name, "g", "o"]]) for name in "ab"]
    found = read_csv(files)
    assert [row.row for row in found.rows] == [0, 1]
    assert "b.csv: row 1" in found.rows[1].place


def test_a_cell_of_ten_megabytes(file: Path) -> None:
    found = read_csv([write(file, [["t", "i", "g", "x" * 10_000_000]])])
    assert len(found.rows[0].output or "") == 10_000_000


@pytest.mark.parametrize(
    ("content", "what", "where"),
    [
        ("task_id,input,output\nt,i,o\n", "lacks the column GT", ":1"),
        ("id,question,reference,answer\n", "lacks the columns task_id, input, GT, output", ":1"),
        ("", "is empty", ""),
        ("\n\n", "is empty", ""),
        (
            "task_id,input,GT,output\nt,i,g,caf\u00e9\n".encode("latin-1"),
            "is not UTF-8 (byte 0xe9 at character 10",
            ":2",
        ),
        ("task_id,input,GT,output\nt,i,g,o\n".encode("utf-16"), "is UTF-16", ""),
        ("task_id,input,GT,output\nt,i,g,诊断\n".encode("gbk"), "is not UTF-8", ":2"),
        (b"PK\x03\x04rest", "is an archive or a spreadsheet", ""),
    ],
)
def test_files_that_cannot_be_read(file: Path, content: str | bytes, what: str, where: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        read_csv([text(file, content)])
    assert what in str(caught.value)
    assert f"{file}{where}" in str(caught.value)
    assert caught.value.problems[0].mend


def test_every_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    files = [text(tmp_path / f"{name}.csv", "a,b\n") for name in "ab"]
    with pytest.raises(InvalidFile) as caught:
        read_csv(files)
    assert len(caught.value.problems) == 2


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_csv([tmp_path / "none.csv"])


def test_rows_that_cannot_be_used_are_named_and_the_others_read(file: Path) -> None:
    content = "task_id,input,GT,output\nt,i,g,o\nt,i,g,o,extra\nt,i\n,i,g,o\nt,i, ,o\nt,i2,g,\nt,i3,g\n"
    found = read_csv([text(file, content)])
    assert [row.row for row in found.rows] == [0, 5, 6]
    assert [row.output for row in found.rows] == ["o", "", None]
    assert (found.total, found.lost) == (7, 4)
    named = problems(found)
    assert named[0].startswith("row 1: has 5 cells where the header has 4")
    assert named[1].startswith("row 2: ends after 2 of 4 cells")
    assert named[2].startswith("row 3, column task_id: is empty")
    assert named[3].startswith("row 4, column GT: is empty")
    assert named[4].startswith("row 6: ends after 3 of 4 cells; taken as missing")


def test_a_quote_never_closed_loses_its_row_and_says_where(file: Path) -> None:
    found = read_csv([text(file, 'task_id,input,GT,output\nt,i,g,o\nt,i,g,"open\nt,i,g,o\n')])
    assert [row.row for row in found.rows] == [0]
    assert found.lost == 1
    assert "row 1 (line 3 of p.csv): a quote opened here is never closed" in problems(found)[0]


def test_the_same_instance_twice_is_scored_once(file: Path) -> None:
    header = (*COLUMNS, "instance_id")
    found = read_csv(
        [write(file, [["t", "i", "g", "o", "x"], ["t", "i", "g", "p", "x"], ["u", "i", "g", "o", "x"]], header)]
    )
    assert [row.row for row in found.rows] == [0, 2]
    assert "repeats instance 'x' of row 0" in problems(found)[0]


def test_equal_rows_without_an_id_are_only_noted(file: Path) -> None:
    found = read_csv([write(file, [["t", "i", "g", "o"], ["t", "i", "g", "o"]])])
    assert len(found.rows) == 2
    assert found.problems == []
    assert "1 rows repeat" in found.notes[0]


def test_an_unknown_status_is_named(file: Path) -> None:
    found = read_csv([write(file, [["t", "i", "g", "o", "weird"]], (*COLUMNS, "status"))])
    assert found.rows[0].status == "ok"
    assert "row 0, column status: unknown status 'weird'" in problems(found)[0]


def test_the_limit_of_the_csv_module_is_put_back(file: Path) -> None:
    before = csv.field_size_limit()
    read_csv([write(file, [["t", "i", "g", "o"]])])
    assert csv.field_size_limit() == before


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.tuples(st.just("t"), CELL, CELL.filter(str.strip), CELL), max_size=6))
def test_any_cells_come_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]) -> None:
    path = write(tmp_path_factory.mktemp("csv") / "p.csv", [list(row) for row in rows])
    found = read_csv([path])
    assert [(row.input, row.reference, row.output) for row in found.rows] == [row[1:] for row in rows]


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=200) | st.text('task_id,inpuGTo\n\r"', max_size=120).map(str.encode))
def test_any_bytes_are_read_or_refused_with_a_reason(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = text(tmp_path_factory.mktemp("bytes") / "p.csv", content)
    reason = str(path)
    try:
        read_csv([path])
    except MedsinsError as error:
        reason = str(error)
    assert str(path) in reason


@pytest.mark.parametrize("cut", [25, 40, 50, 61, 75])
def test_files_cut_anywhere_are_read_as_far_as_they_go(file: Path, cut: int) -> None:
    whole = 'task_id,input,GT,output\nt,"a, b",gold one,"out ""one"""\nt,c,gold two,out two\n'
    found = read_csv([text(file, whole[:cut])])
    assert found.total >= len(found.rows)
    assert found.total == len(found.rows) + found.lost or found.problems
