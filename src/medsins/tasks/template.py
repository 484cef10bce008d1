"""The contributor's Excel: the published layout, with drop-downs, help at every cell and a worked example."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

from medsins.catalog import ACCESS, categories, tasks
from medsins.core import Card, atomic_open

from ._shape import EXAMPLE_KEYS, LIST_KEYS
from ._workbook import escaped
from ._xlsx import INFORMATION, LISTS_BY_COMMA, MORE, SAMPLES
from .writer import card_document

_FONT = "Calibri"
_DEFINITION_HEIGHT = 64  # points: four lines
DOMAINS = ("clinical texts", "academic papers", "exams", "knowledge bases", "conversations")

# Labels at the rows of the published template (1-based); what it has not comes after.
_LABEL_ROWS = {
    "Contributors": 3,
    "URL": 4,
    "Source": 6,
    "Text Domains": 7,
    "Categories": 8,
    "Input_language": 10,
    "Output_language": 11,
    "Instruction_language": 12,
    "Definition": 14,
    "Split Type": 15,
    "Access": 16,
    "Licence": 17,
    "Reasoning": 18,
    "Positive Examples": 19,
    "Negative Examples": 20,
}
_HELP = {
    "Contributors": "Your names; further names in the cells to the right.",
    "URL": "Where the texts come from on the web, if anywhere.",
    "Source": "What the texts are: an exam, clinical notes, a data set.",
    "Text Domains": f"One or more, separated by commas: {', '.join(DOMAINS)}, or your own.",
    "Categories": "The kind of task; it decides how answers are scored. Choose one; more are separated by commas.",
    "Input_language": "The language of the inputs, in English: Chinese.",
    "Output_language": "The language of the outputs.",
    "Instruction_language": "The language of the definition below.",
    "Definition": "What a model is told to do, in one to three sentences. Name every label, and what to answer when "
    "nothing fits. Further wordings go into the cells to the right.",
    "Split Type": "What the samples are for. Train/Test: they are split 9:1 at random.",
    "Access": "Who may have the texts. Credentialed and private ones are never sent to a model elsewhere.",
    "Licence": "The licence of the texts, such as CC BY 4.0.",
    "Reasoning": "The kind of reasoning asked for, if any.",
    "Positive Examples": 'Optional, as JSON: {"input": "…", "output": "…", "explanation": "…"}',
    "Negative Examples": "Optional, as JSON like the positive ones: a wrong output, and why it is wrong.",
}
_COLUMN_HELP = {
    "Input": "One sample a row: the text a model is given, without the definition.",
    "Output": "The accepted answer. Other accepted answers: add columns Output 2, Output 3.",
    "ID": "Optional: a name of the sample. Left empty, it is numbered.",
    MORE: 'Optional: further facts as JSON, such as {"patient": "p17"}.',
}
_EXAMPLE = {
    "Contributors": "A. Nurse",
    "Source": "ward notes, invented",
    "Text Domains": "clinical texts",
    "Categories": "Named Entity Recognition",
    "Input_language": "English",
    "Output_language": "English",
    "Instruction_language": "English",
    "Definition": "List every drug named in the sentence, in order, separated by commas. If there is none, answer: "
    "There is no related entity.",
    "Split Type": "Train/Test",
    "Access": "open",
    "Licence": "CC0",
}
_EXAMPLE_ROWS = (
    ("She was started on digoxin and continued warfarin.", "digoxin, warfarin"),
    ("He slept well and has no complaints.", "There is no related entity."),
    ("Aspirin was stopped before the procedure.", "Aspirin"),
)


def write_template(path: Path, category: str = "") -> None:
    """Write an empty contributor's workbook, with the category filled in where one is named.

    Raises:
        OSError: the file cannot be written.
    """
    card = Card(categories=(category,) if category else ())
    with atomic_open(path, "wb") as stream:
        stream.write(workbook(card, ("Input", "Output"), empty=True))


def workbook(card: Card, columns: tuple[str, ...], empty: bool = False) -> bytes:
    """The bytes of a workbook with a card and no samples; ``empty``: for a person, so help and example are added."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    information: Any = book.active
    information.title = INFORMATION
    _fill_information(information, _cells(card))
    samples = book.create_sheet(SAMPLES)
    for number, name in enumerate(columns, start=1):
        cell = samples.cell(1, number, name)
        cell.font = Font(name=_FONT, bold=True)
        _comment(cell, _COLUMN_HELP[name])
        samples.column_dimensions[cell.column_letter].width = 70 if name in ("Input", "Output") else 24
    samples.freeze_panes = "A2"
    lists = _add_lists(book)
    _add_drop_downs(information, lists)
    if empty:
        _as_text(samples, len(columns))
        _add_example(book)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def _cells(card: Card) -> dict[str, list[str]]:
    """The texts of the cells beside every label."""
    document = card_document(card)
    document["Text Domains"] = document.pop("Domains")
    found: dict[str, list[str]] = {}
    for key, value in document.items():
        items = (
            value
            if isinstance(value, list) and (key in LIST_KEYS or key in EXAMPLE_KEYS or key == "Text Domains")
            else [value]
        )
        if key in (*LISTS_BY_COMMA, "Text Domains"):
            items = [", ".join(items)] if items else []
        found[key] = [_text(key, item) for item in items]
    return found


def _text(key: str, item: Any) -> str:
    if not isinstance(item, str):
        return json.dumps(item, ensure_ascii=False)
    if key in LIST_KEYS or key in ("Text Domains", "Split Type"):
        return item
    try:
        json.loads(item)
    except ValueError:
        return item
    return json.dumps(item, ensure_ascii=False)  # or it would be read back as what it spells


def _fill_information(sheet: Any, cells: dict[str, list[str]]) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    sheet["A1"] = "Task Card"
    sheet["A1"].font = Font(name=_FONT, bold=True, size=14)
    rows = {**_LABEL_ROWS}
    for key in cells:
        rows.setdefault(key, max(rows.values()) + 1)
    for label, row in rows.items():
        cell = sheet.cell(row, 1, label)
        cell.font = Font(name=_FONT, bold=True)
        if label in _HELP:
            _comment(cell, _HELP[label])
        for number, text in enumerate(cells.get(label) or [""], start=2):
            value = sheet.cell(row, number)
            put_text(value, text)
            value.number_format = "@"
            value.alignment = Alignment(wrap_text=True, vertical="top")
            value.fill = PatternFill("solid", fgColor="FFF6E0")
    sheet.row_dimensions[_LABEL_ROWS["Definition"]].height = _DEFINITION_HEIGHT
    sheet.column_dimensions["A"].width = 22
    sheet.column_dimensions["B"].width = 80


def put_text(cell: Any, text: str) -> None:
    """Set a cell to a text that Excel never takes for a formula, escaped where XML cannot hold it."""
    if text:
        cell.value = escaped(text)
        cell.data_type = "s"


def _comment(cell: Any, text: str) -> None:
    from openpyxl.comments import Comment

    cell.comment = Comment(text, "medsins", height=110, width=320)


def _add_lists(book: Any) -> dict[str, str]:
    """Hidden columns of known values; the cell range of each, for drop-downs."""
    sheet = book.create_sheet("Lists")
    sheet.sheet_state = "hidden"
    languages = sorted({task.output_language for task in tasks().values() if task.output_language.isalpha()})
    values = {
        "Categories": list(categories()),
        "Text Domains": list(DOMAINS),
        "Input_language": languages,
        "Output_language": languages,
        "Instruction_language": languages,
        "Split Type": ["Train", "Test", "Train/Test"],
        "Access": [access for access in ACCESS if access != "unknown"],
    }
    ranges = {}
    for column, (label, items) in enumerate(values.items(), start=1):
        for row, item in enumerate(items, start=1):
            sheet.cell(row, column, item)
        letter = sheet.cell(1, column).column_letter
        ranges[label] = f"Lists!${letter}$1:${letter}${len(items)}"
    return ranges


def _add_drop_downs(sheet: Any, ranges: dict[str, str]) -> None:
    from openpyxl.worksheet.datavalidation import DataValidation

    for label, row in _LABEL_ROWS.items():
        source = ranges.get(label)
        rule = DataValidation(type="list", formula1=source) if source else DataValidation()
        rule.allow_blank = True
        rule.showInputMessage = True
        rule.showErrorMessage = label in ("Split Type", "Access")  # elsewhere own words and several are welcome
        rule.promptTitle, rule.prompt = label, _HELP[label][:255]
        sheet.add_data_validation(rule)
        rule.add(f"B{row}")


def _as_text(sheet: Any, columns: int) -> None:
    """Text format, so that ``1/2`` stays what it is and ``MARCH1`` becomes no date."""
    from openpyxl.styles import Alignment

    for column in range(1, columns + 1):
        dimension = sheet.column_dimensions[sheet.cell(1, column).column_letter]
        dimension.number_format = "@"
        dimension.alignment = Alignment(wrap_text=True, vertical="top")


def _add_example(book: Any) -> None:
    from openpyxl.styles import Font

    sheet = book.create_sheet("Example")
    sheet["A1"] = "A filled task card; nothing on this sheet is read"
    sheet["A1"].font = Font(name=_FONT, bold=True, size=14)
    row = 3
    for label, text in _EXAMPLE.items():
        sheet.cell(row, 1, label).font = Font(name=_FONT, bold=True)
        sheet.cell(row, 2, text)
        row += 1
    row += 1
    for column, name in enumerate(("Input", "Output"), start=1):
        sheet.cell(row, column, name).font = Font(name=_FONT, bold=True)
    for given, expected in _EXAMPLE_ROWS:
        row += 1
        sheet.cell(row, 1, given)
        sheet.cell(row, 2, expected)
    sheet.column_dimensions["A"].width = 60
    sheet.column_dimensions["B"].width = 80
