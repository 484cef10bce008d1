"""The pages on task files as a new user follows them: every command does what the page says, in its order."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from medsins.cli.main import build_parser, main
from medsins.core import Card, Instance
from medsins.tasks import open_writer, read_task

DOCS = Path(__file__).resolve().parents[2] / "docs"
CONTRIBUTING = "contributing-data.md"
WRITTEN_OUT = {
    "Half a": "1/2",
    "A quarter of a": "1/4",
    "One": "1",
    "One and a half": "1 1/2",
    "Two": "2",
}
DRUGS = ("bisoprolol", "ramipril", "metformin", "amlodipine")


def commands(page: str) -> Iterator[tuple[list[str], str]]:
    """Every command of a page's consoles, with what the page shows it to print."""
    for block in re.findall(r"```console\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL):
        joined = block.replace("\\\n", " ")
        for part in re.split(r"^\$ ", joined, flags=re.MULTILINE)[1:]:
            line, _, shown = part.partition("\n")
            yield shlex.split(line), shown


def fill(path: Path) -> None:
    """What a contributor types, with the three mistakes of the page."""
    book = openpyxl.load_workbook(path)
    information, samples = book["Basic Information"], book["Instances"]
    labels = {row[0].value: row[0].row for row in information.iter_rows() if row[0].value}
    card = {
        "Contributors": "A. Nurse",
        "Source": "discharge letters, invented",
        "Text Domains": "clinical texts",
        "Categories": "Information Extration",
        "Input_language": "English",
        "Output_language": "English",
        "Instruction_language": "English",
        "Definition": f"How many tablets are taken? Answer with one of {', '.join(WRITTEN_OUT.values())}.",
        "Split Type": "Train/Test",
        "Access": "open",
        "Licence": "CC0",
    }
    for label, text in card.items():
        information.cell(labels[label], 2, text)
    for row, (drug, amount) in enumerate(((d, a) for d in DRUGS for a in WRITTEN_OUT), start=2):
        samples.cell(row, 1, f"{amount} tablet of {drug} in the morning.")
        samples.cell(row, 2, WRITTEN_OUT[amount])
    import datetime

    samples["B8"] = datetime.date(2026, 2, 1)
    samples["A16"] = samples["A5"].value
    book.save(path)


def mend(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    information, samples = book["Basic Information"], book["Instances"]
    row = next(row[0].row for row in information.iter_rows() if row[0].value == "Categories")
    information.cell(row, 2, "Information Extraction")
    samples["B8"].number_format = "@"
    samples["B8"] = "1/4"
    samples["A16"] = "Two tablets of metformin at night."
    book.save(path)


def test_the_contributors_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    steps = list(commands(CONTRIBUTING))
    assert [words[1:3] for words, _ in steps] == [
        ["tasks", verb] for verb in ("template", "validate", "validate", "convert", "split", "card")
    ]
    codes = []
    for number, (words, shown) in enumerate(steps):
        codes.append(main(words[1:]))
        printed = capsys.readouterr()
        lines = [line for line in (printed.out + printed.err).splitlines() if line]
        assert sorted(lines) == sorted(line for line in shown.splitlines() if line), words
        if number == 0:
            fill(Path("tablets.xlsx"))
        if number == 1:
            page = Path("report.html").read_text(encoding="utf-8")
            assert all(place in page for place in ("cell B8", "cell A16", "Information Extration"))
            mend(Path("tablets.xlsx"))
    assert codes == [0, 1, 0, 0, 0, 0]
    assert "Nothing to mend" in Path("report.html").read_text(encoding="utf-8")
    assert len(read_task(Path("tablets.json")).instances) == 20
    assert len(read_task(Path("split/tablets.test.json")).instances) == 2
    assert all(
        (DOCS / image).is_file() for image in re.findall(r"\]\((images/.*?)\)", (DOCS / CONTRIBUTING).read_text())
    )


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folders and files that the pages speak of."""
    monkeypatch.chdir(tmp_path)
    card = Card(categories=("NER",), definition=("List the drugs.",), input_language=("English",), domains=("notes",))
    for name in ("my_tasks/task1.json", "test/task1.json", "train/task1.json", "task78.json"):
        with open_writer(tmp_path / name, card) as writer:
            told = f"In {name.split('/')[0]} she takes drug"
            writer.write([Instance(f"i{number}", f"{told}{number}.", (f"drug{number}",)) for number in range(30)])
    return tmp_path


@pytest.mark.parametrize("page", ["task-files.md", "exchange.md"])
def test_commands_of_the_reference_pages(
    collection: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], page: str
) -> None:
    done = 0
    for words, shown in commands(page):
        if words[0] != "medsins":  # the tools of others run in the tests of exports
            continue
        build_parser([words[1]]).parse_args(words[1:])
        if words[1] in ("pull", "bench"):  # need a network or an earlier run; their rooms test them
            continue
        assert main(words[1:]) == 0, words
        printed = capsys.readouterr()
        done += 1
        for line in shown.splitlines():
            if re.search(r"\.(parquet|md|json)$", line):
                assert line in printed.out
                assert Path(line).is_file()
    assert done >= 3


def test_python_of_the_page_runs(collection: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = Card(categories=("NER",), definition=("List the drugs.",))
    with open_writer(collection / "task78.parquet", card) as writer:
        writer.write([Instance(f"i{number}", f"text {number}", ("x",), True) for number in range(123_457)])
    text = (DOCS / "task-files.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "task-files.md", "exec"), names)
    assert len(names["task"]) == 123_457
    assert len(read_task(collection / "short.jsonl.zst").instances) == 30
