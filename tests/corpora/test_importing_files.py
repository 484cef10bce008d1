"""The importer at the edges: where records lie, how text is encoded, what travels with a task file, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medsins.catalog import task_access
from medsins.cli.main import main
from medsins.core import InvalidFile
from medsins.corpora import BuildOptions, RawFile, import_corpus
from medsins.corpora._formats.mcqa import WORDINGS
from medsins.corpora._formats.records import Layout, read_records
from medsins.corpora._generic import described_module
from medsins.corpora._generic_spec import read_spec
from medsins.tasks import read_task

from .conftest import read_built

Records = Callable[..., list[dict[str, Any]]]

QA = """
name = "edge"
shape = "qa"
access = "open"
files = "q.csv"
question = "q"
answer = "a"
"""


@pytest.fixture
def records(tmp_path: Path) -> Records:
    """``records(name, content, **layout)``: what ``read_records`` gives of a file."""
    (tmp_path / "spec.toml").write_text(QA, encoding="utf-8")
    corpus = described_module(read_spec(tmp_path / "spec.toml")).CORPUS

    def read(name: str, content: str | bytes | object, **layout: Any) -> list[dict[str, Any]]:
        if not isinstance(content, str | bytes):
            content = json.dumps(content)
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return [record for _, record in read_records(RawFile(tmp_path / name, name, corpus), Layout(**layout))]

    return read


def write(folder: Path, toml: str, **files: str) -> tuple[Path, Path]:
    """(description, raw folder) written down; a file's name has _ for its dot."""
    raw = folder / "raw"
    raw.mkdir(exist_ok=True)
    for name, text in files.items():
        (raw / name.replace("_", ".")).write_text(text, encoding="utf-8")
    (folder / "edge.toml").write_text(toml, encoding="utf-8")
    return folder / "edge.toml", raw


def test_records_take_single_values_from_around_them(records: Records) -> None:
    document = {
        "v": 1,
        "data": [{"title": "T", "tags": ["x"], "qas": [{"q": 1}, {"q": 2, "title": "own"}]}, {"qas": []}],
    }
    assert records("x.json", document, records="data.qas") == [
        {"v": 1, "title": "T", "q": 1},
        {"v": 1, "title": "own", "q": 2},
    ]


def test_records_by_their_ids_have_the_id_as_a_field(records: Records) -> None:
    assert records("x.json", {"7": {"q": 1}, "8": {"q": 2}}) == [{"key": "7", "q": 1}, {"key": "8", "q": 2}]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([1, 2], "has int where an object with fields is expected"),
        ({"data": {"rows": "none"}}, "has str where an object"),
        ({"rows": []}, "has no 'data' on the way to the records; found rows"),
    ],
)
def test_records_that_are_not_where_they_should_be(records: Records, document: object, message: str) -> None:
    with pytest.raises(InvalidFile, match=message):
        records("x.json", document, records="data.rows" if isinstance(document, dict) else "")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_encodings(records: Records, encoding: str) -> None:
    assert records("x.csv", "q,a\r\nWürde?,née\r\n".encode(encoding), encoding=encoding) == [
        {"q": "Würde?", "a": "née"}
    ]


def test_cells_with_quotes_and_line_ends(records: Records) -> None:
    assert records("x.csv", 'q,a\n"one\ntwo","say ""x"""\n') == [{"q": "one\ntwo", "a": 'say "x"'}]
    assert records("x.tsv", 'q\ta\n"one\t5" wide\n', quoted=False) == [{"q": '"one', "a": '5" wide'}]
    assert records("x.txt", "1;2\n", delimiter=";", columns=("q", "a")) == [{"q": "1", "a": "2"}]


def test_a_place_names_file_and_line(tmp_path: Path) -> None:
    spec, raw = write(tmp_path, QA, q_csv="q,a\n1,\n2,b\n")
    import_corpus(spec, raw, tmp_path / "out")
    result = read_built(tmp_path / "out", "task_edge")
    assert result.dropped == [{"place": "q.csv: line 2", "split": "", "reason": "the output is empty"}]


def test_what_travels_with_the_task_file(tmp_path: Path) -> None:
    terms = (
        'licence = "own"\nagreement = "https://example.org/dua"\nurl = "https://example.org"\ntitle = "Edge notes"\n'
    )
    more = 'language = "German"\noutput_language = "English"\ndomain = "clinical texts"\ncategory = "Diagnosis"\n'
    spec, raw = write(tmp_path, QA.replace('"open"', '"credentialed"') + terms + more, q_csv="q,a\n1,2\n")
    import_corpus(spec, raw, tmp_path / "out")
    card = read_task(tmp_path / "out" / "task_edge.json").card
    assert (card.categories, card.domains) == (("Diagnosis",), ("clinical texts",))
    assert (card.input_language, card.output_language) == (("German",), ("English",))
    assert (card.source, card.url) == (("Edge notes",), ("https://example.org",))
    assert card.extra["Agreement"] == "https://example.org/dua"
    assert task_access("task_edge", card.extra["Access"]) == "credentialed"


@pytest.mark.parametrize("language", WORDINGS)
def test_multiple_choice_in_the_words_of_its_language(tmp_path: Path, language: str) -> None:
    toml = QA.replace('"qa"', '"mcqa"') + f'options = ["x", "y"]\nlanguage = "{language}"\ncontext = "c"\n'
    spec, raw = write(tmp_path, toml, q_csv="q,a,x,y,c\nQ?,B,1,2,Before.\n")
    import_corpus(spec, raw, tmp_path / "out")
    ((text, answer),) = read_built(tmp_path / "out", "task_edge").pairs
    words = WORDINGS[language]
    assert text == f"Context: Before.\n{words.question}: Q?\n{words.options}: A: 1\tB: 2"
    assert answer == words.one.format("B: 2")


def test_another_language_is_worded_in_english_and_noted(tmp_path: Path) -> None:
    toml = QA.replace('"qa"', '"mcqa"') + 'options = ["x", "y"]\nlanguage = "Italian"\n'
    spec, raw = write(tmp_path, toml, q_csv="q,a,x,y\nQ?,A,1,2\n")
    import_corpus(spec, raw, tmp_path / "out")
    result = read_built(tmp_path / "out", "task_edge")
    assert result.pairs == [("Question: Q?\nOptions: A: 1\tB: 2", "The right answer is A: 1")]
    assert result.provenance["inferred"] == ["questions in Italian are worded as the English ones are"]


def test_a_drawn_split_depends_on_the_seed_alone(tmp_path: Path) -> None:
    spec, raw = write(tmp_path, QA, q_csv="q,a\n" + "".join(f"{n},x\n" for n in range(50)))

    def test_set(seed: int) -> list[str]:
        out = tmp_path / f"out{seed}"
        import_corpus(spec, raw, out, BuildOptions(seed=seed, split="test"))
        return [text for text, _ in read_built(out, "task_edge").pairs]

    assert len(test_set(1)) == 5
    assert test_set(1) == test_set(1) != test_set(2)


@pytest.mark.parametrize(
    ("toml", "options", "code"),
    [
        (QA, [], 0),
        (QA + "extra = 1", [], 1),
        (QA.replace("q.csv", "r.csv"), [], 1),
        (QA, ["--split", "tset"], 2),
        (QA, ["--empty-answer", "none"], 2),
        (QA, ["--raw", "nowhere"], 2),
    ],
)
def test_exit_codes(
    tmp_path: Path, toml: str, options: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    spec, raw = write(tmp_path, toml, q_csv="q,a\n1,2\n")
    command = ["corpora", "import", str(spec), "--raw", str(raw), "-o", str(tmp_path / "out"), "-q", *options]
    assert main(command) == code
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert bool(error.strip()) == bool(code)
