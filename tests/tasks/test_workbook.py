"""Excel task files: what contributors do to them, and what an attacker might."""

from __future__ import annotations

import datetime
import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.core import Card, Instance, InvalidFile
from medsins.tasks import open_reader, open_writer, read_task, write_template
from medsins.tasks._workbook import Workbook, column_letters, escaped, unescaped

from .samples import CARD, plain

Fill = Callable[[Any, Any], None]


def filled(path: Path, fill: Fill | None = None, rows: int = 3) -> Path:
    """The template as a contributor saves it from a spreadsheet program."""
    write_template(path, "Named Entity Recognition")
    book = openpyxl.load_workbook(path)
    information, samples = book["Basic Information"], book["Instances"]
    information["B14"] = "List the drugs."
    for row in range(2, rows + 2):
        samples.cell(row, 1, f"She takes drug{row}.")
        samples.cell(row, 2, f"drug{row}")
    if fill:
        fill(information, samples)
    book.save(path)
    return path


def problems(path: Path) -> str:
    with pytest.raises(InvalidFile) as caught:
        read_task(path)
    return "\n".join(str(problem).removeprefix(str(path)) for problem in caught.value.problems)


def test_a_filled_template_is_a_task(tmp_path: Path) -> None:
    task = read_task(filled(tmp_path / "drugs.xlsx"))
    assert task.category == "Named Entity Recognition"
    assert task.card.definition == ("List the drugs.",)
    assert [one.outputs for one in task.instances] == [("drug2",), ("drug3",), ("drug4",)]
    assert [one.id for one in task.instances] == ["drugs-0", "drugs-1", "drugs-2"]


def test_the_published_template_is_read(shared: Path, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(shared / "data" / "contributor_template_published.xlsx")
    book["Basic Information"]["B7"] = "Exam, Clinical Text"
    book["Basic Information"]["B8"] = "MCQA"
    book["Basic Information"]["B14"] = "Choose."
    book["Instances"].append(["1 + 1?", 2])
    book.save(tmp_path / "sums.xlsx")
    task = read_task(tmp_path / "sums.xlsx")
    assert (task.category, task.card.domains, task.card.split_type) == ("MCQA", ("Exam", "Clinical Text"), "Test")
    assert task.instances[0].outputs == ("2",)


def test_our_template_has_the_published_labels_in_their_rows(shared: Path, tmp_path: Path) -> None:
    write_template(tmp_path / "own.xlsx")
    for name, cells in (("Basic Information", "A1:A15"), ("Instances", "A1:B1")):
        sheets = [
            openpyxl.load_workbook(path)[name]
            for path in (shared / "data" / "contributor_template_published.xlsx", tmp_path / "own.xlsx")
        ]
        published, own = ([cell.value for row in sheet[cells] for cell in row] for sheet in sheets)
        assert published == own


def test_cells_that_are_no_text_are_named_with_their_place(tmp_path: Path) -> None:
    def fill(information: Any, samples: Any) -> None:
        samples["A2"] = "=A3"
        samples["B3"] = datetime.date(2024, 3, 1)
        samples["B4"] = "#NAME?"
        samples["B4"].data_type = "e"
        information["B3"] = "=1+1"

    found = problems(filled(tmp_path / "drugs.xlsx", fill))
    assert "sheet 'Instances', cell A2: holds a formula" in found
    assert "sheet 'Instances', cell B3: holds a date" in found
    assert "format the column as Text" in found
    assert "sheet 'Instances', cell B4: holds the error #NAME?" in found
    assert "sheet 'Basic Information', cell B3: holds a formula" in found


def test_numbers_and_booleans_are_read_as_people_see_them(tmp_path: Path) -> None:
    def fill(information: Any, samples: Any) -> None:
        for row, value in enumerate([62, 62.0, 6.5, 1e-7, True, 12345678901234], start=2):
            samples.cell(row, 1, "q")
            samples.cell(row, 2, value)

    task = read_task(filled(tmp_path / "drugs.xlsx", fill, rows=0))
    assert [one.reference for one in task.instances] == ["62", "62", "6.5", "1e-07", "True", "12345678901234"]


def test_further_columns(tmp_path: Path) -> None:
    def fill(information: Any, samples: Any) -> None:
        for column, title in enumerate(["Output 2", "output_3", "ID", "Ward"], start=3):
            samples.cell(1, column, title)
            samples.cell(2, column, f"{title} here")
        samples["A9"] = "after blank rows"

    task = read_task(filled(tmp_path / "drugs.xlsx", fill, rows=1))
    first, last = task.instances
    assert first == Instance(
        "ID here", "She takes drug2.", ("drug2", "Output 2 here", "output_3 here"), True, {"Ward": "Ward here"}
    )
    assert last == Instance("drugs-1", "after blank rows", (), True)


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        (lambda i, s: s.cell(1, 2, "Answer"), "row 1: has no column Output"),
        (lambda i, s: s.delete_rows(1, 9), "row 1: has no column Input and no column Output"),
        (lambda i, s: s.cell(1, 3, "output"), "row 1: has two columns 'output'"),
        (lambda i, s: setattr(s, "title", "Samples"), "has no sheet 'Instances' (sheets: Basic Information, Samples"),
        (lambda i, s: i.__setitem__("B8", "Named Entety Recognition"), "did you mean Named Entity Recognition"),
        (lambda i, s: s.delete_rows(2, 9), "sheet 'Instances': has no instances"),
        (lambda i, s: (s.cell(1, 3, "More (JSON)"), s.cell(2, 3, "[1]")), "cell C2: must be one JSON object"),
    ],
)
def test_typical_slips(tmp_path: Path, fill: Fill, expected: str) -> None:
    assert expected in problems(filled(tmp_path / "drugs.xlsx", fill))


def rebuilt(path: Path, part: str, change: Callable[[bytes], bytes], level: int = 9) -> Path:
    """The workbook with one part changed."""
    made = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as new:
        for name in dict.fromkeys([*old.namelist(), part]):
            content = old.read(name) if name in old.namelist() else b"<sst></sst>"
            new.writestr(name, change(content) if name == part else content)
    path.write_bytes(made.getvalue())
    return path


SHEET, STRINGS = "xl/worksheets/sheet2.xml", "xl/sharedStrings.xml"


def in_time(path: Path, seconds: float = 5.0) -> str:
    started = time.process_time()
    found = problems(path)
    assert time.process_time() - started < seconds
    return found


def test_ten_million_cells_in_a_megabyte_are_refused_before_inflation(tmp_path: Path) -> None:
    path = filled(tmp_path / "drugs.xlsx")
    row = b"<row>" + b"<c><v>1</v></c>" * 1000 + b"</row>"
    rebuilt(path, SHEET, lambda raw: raw.replace(b"</sheetData>", row * 10_000 + b"</sheetData>"))
    assert path.stat().st_size < 2 << 20
    assert "times its size" in in_time(path, 1.0)


def test_a_declared_size_that_lies_is_caught(tmp_path: Path) -> None:
    path = filled(tmp_path / "drugs.xlsx")
    row = b"<row>" + b"<c><v>1</v></c>" * 1000 + b"</row>"
    rebuilt(path, SHEET, lambda raw: raw.replace(b"</sheetData>", row * 10_000 + b"</sheetData>"))
    raw = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as book:
        size = book.getinfo(SHEET).file_size.to_bytes(4, "little")
    path.write_bytes(bytes(raw).replace(size, (1 << 20).to_bytes(4, "little")))
    assert "is damaged" in in_time(path, 2.0)


def test_a_cell_of_many_megabytes_is_refused(tmp_path: Path) -> None:
    cell = b'<row r="9"><c r="A9" t="inlineStr"><is><t>' + b"%s" + b"</t></is></c></row></sheetData>"
    path = rebuilt(
        filled(tmp_path / "drugs.xlsx"), SHEET, lambda raw: raw.replace(b"</sheetData>", cell % (b"ab" * 1_500_000))
    )
    assert "row 9: holds a cell of more than 32767 characters" in in_time(path)


def test_a_huge_table_of_texts_is_refused_by_its_declared_size(tmp_path: Path) -> None:
    path = filled(tmp_path / "drugs.xlsx")
    rebuilt(path, STRINGS, lambda raw: raw + b" " * (257 << 20), level=1)
    assert "holds a part of 257 MiB" in in_time(path, 2.0)


@pytest.mark.parametrize("part", [SHEET, STRINGS, "xl/workbook.xml", "xl/styles.xml"])
def test_entity_expansion_is_refused(tmp_path: Path, part: str) -> None:
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'

    def change(raw: bytes) -> bytes:
        return raw.replace(b"?>", b"?>" + entities, 1) if raw.startswith(b"<?xml") else entities + raw

    assert "document type declaration" in in_time(rebuilt(filled(tmp_path / "drugs.xlsx"), part, change))


def test_cells_far_outside_cost_nothing(tmp_path: Path) -> None:
    far = b'<row r="1048576"><c r="XFD1048576" t="str"><v>far</v></c></row></sheetData>'
    path = rebuilt(filled(tmp_path / "drugs.xlsx"), SHEET, lambda raw: raw.replace(b"</sheetData>", far))
    started = time.process_time()
    assert len(read_task(path).instances) == 4
    assert time.process_time() - started < 2
    beyond = far.replace(b"1048576", b"2000000")
    path = rebuilt(filled(tmp_path / "more.xlsx"), SHEET, lambda raw: raw.replace(b"</sheetData>", beyond))
    assert "is beyond row 1048576" in problems(path)


def test_what_is_no_workbook(tmp_path: Path) -> None:
    for raw, expected in (
        (b"", "is not an Excel workbook"),
        (b"Input,Output\n", "is not an Excel workbook"),
        (b"\xd0\xcf\x11\xe0 old", "old .xls workbook, or protected"),
    ):
        (tmp_path / "drugs.xlsx").write_bytes(raw)
        assert expected in problems(tmp_path / "drugs.xlsx")


def test_what_does_not_fit_into_a_cell_is_refused_when_written(tmp_path: Path) -> None:
    rows = [*plain(2), Instance("long", "😀" * 16_384, ("x",)), Instance("fits", "a" * 32_767, ("y" * 40_000,))]
    with pytest.raises(InvalidFile) as caught, open_writer(tmp_path / "drugs.xlsx", CARD) as writer:
        writer.write(rows)
    found = [str(problem) for problem in caught.value.problems]
    assert [text.split(":")[0] for text in found] == ["instance 2 (id 'long')", "instance 3 (id 'fits')"]
    assert "input has 32,768 characters" in found[0]
    assert list(tmp_path.iterdir()) == []


@settings(deadline=None)
@given(st.text())
def test_escaping_is_undone(text: str) -> None:
    assert unescaped(escaped(text)) == text


def test_other_programs_read_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "drugs.xlsx"
    rows = [Instance("a", "=1+1", ("+x",)), Instance("b", " two\nlines ", ("é😀",))]
    with open_writer(path, Card(categories=("NER",))) as writer:
        writer.write(rows)
    sheet = openpyxl.load_workbook(path)["Instances"]
    assert [[cell.value for cell in row] for row in sheet["A2:C3"]] == [
        ["=1+1", "+x", "a"],
        [" two\nlines ", "é😀", "b"],
    ]
    assert all(cell.data_type == "s" for row in sheet["A2:C3"] for cell in row)


def test_rich_text_and_phonetic_guides(tmp_path: Path) -> None:
    rich = b'<row r="5"><c r="A5" t="inlineStr"><is><r><t>bo</t></r><r><t>th</t></r><rPh><t>no</t></rPh></is></c></row>'
    path = rebuilt(
        filled(tmp_path / "drugs.xlsx"), SHEET, lambda raw: raw.replace(b"</sheetData>", rich + b"</sheetData>")
    )
    with Workbook(path) as book:
        assert [row.cells[0].text for row in book.rows("Instances")][-1] == "both"


def test_column_letters() -> None:
    assert [column_letters(number) for number in (0, 25, 26, 701, 702, 16_383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]


def test_a_reader_gives_cells_as_places(tmp_path: Path) -> None:
    reader = open_reader(filled(tmp_path / "drugs.xlsx"))
    batch = next(reader.batches())
    assert reader.where(batch.numbers[1], "output") == "sheet 'Instances', cell B3"
    assert reader.where(batch.numbers[1], "id") == "sheet 'Instances', row 3"
