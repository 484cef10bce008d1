"""Spreadsheets as other programs write them: whatever stands in the cells is read as shown or refused with its cell."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsins.core import Instance, InvalidFile
from medsins.tasks import convert, open_writer, read_task, write_template

from .samples import CARD, content, read_all

relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
plain_texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).filter(
    lambda text: text.strip() and not text.startswith("=") and "_x" not in text
)
sound = plain_texts | st.integers(-(10**9), 10**9) | st.booleans()
odd = st.dates(datetime.date(1950, 1, 1), datetime.date(2050, 1, 1)) | st.times() | st.just("=1+1") | st.just("#N/A")


def workbook(path: Path, rows: list[tuple[Any, ...]], header: tuple[str, ...] = ("Input", "Output")) -> Path:
    write_template(path, "Named Entity Recognition")
    book = openpyxl.load_workbook(path)
    samples = book["Instances"]
    for column, name in enumerate(header, start=1):
        samples.cell(1, column, name)
    for row, values in enumerate(rows, start=2):
        for column, value in enumerate(values, start=1):
            samples.cell(row, column, value)
            if value == "#N/A":
                samples.cell(row, column).data_type = "e"
    book.save(path)
    return path


@relaxed
@given(rows=st.lists(st.tuples(sound, sound), min_size=1, max_size=6))
def test_texts_numbers_and_booleans_are_read_as_they_stand(tmp_path: Path, rows: list[tuple[Any, Any]]) -> None:
    found = read_task(workbook(tmp_path / "drugs.xlsx", rows)).instances
    assert [(one.input, one.reference) for one in found] == [(str(left), str(right)) for left, right in rows]


@relaxed
@given(rows=st.lists(st.tuples(sound, sound), max_size=4), bad=odd, column=st.integers(0, 1))
def test_cells_that_show_something_else_are_refused_with_their_place(
    tmp_path: Path, rows: list[tuple[Any, Any]], bad: Any, column: int
) -> None:
    last = ("text", bad) if column else (bad, "text")
    with pytest.raises(InvalidFile) as caught:
        read_task(workbook(tmp_path / "drugs.xlsx", [*rows, last]))
    assert f"sheet 'Instances', cell {'AB'[column]}{len(rows) + 2}" in str(caught.value)


@relaxed
@given(rows=st.lists(st.tuples(plain_texts, plain_texts, plain_texts, plain_texts), min_size=1, max_size=5))
def test_further_columns_survive_every_format(tmp_path: Path, rows: list[tuple[str, ...]]) -> None:
    rows = [(*row[:3], f"i{number}", row[3]) for number, row in enumerate(rows)]
    header = ("Input", "Output", "Output 2", "ID", "Ward")
    source = workbook(tmp_path / "drugs.xlsx", rows, header)
    expected = [(row[3], row[0], (row[1], row[2]), {"Ward": row[4]}) for row in rows]
    assert content(read_all(source)) == expected
    last = source
    for ending in (".json", ".parquet", ".jsonl.zst", ".copy.xlsx"):
        target = tmp_path / f"drugs{ending}"
        convert(last, target)
        assert content(read_all(target)) == expected
        last = target


@relaxed
@given(texts=st.lists(st.text(st.sampled_from("=+-@'\t\n\r\0\x1b_x0D;é"), max_size=12), min_size=1, max_size=5))
def test_what_spreadsheets_take_for_commands_stays_text(tmp_path: Path, texts: list[str]) -> None:
    rows = [Instance(f"i{number}", text, (text[::-1],), True) for number, text in enumerate(texts)]
    path = tmp_path / "drugs.xlsx"
    with open_writer(path, CARD) as writer:
        writer.write(rows)
    assert content(read_all(path)) == content(rows)
    cells = [cell for row in openpyxl.load_workbook(path)["Instances"].iter_rows(min_row=2) for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
