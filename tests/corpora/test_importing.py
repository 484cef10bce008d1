"""The generic importer: the descriptions of docs/importing.md as they stand, on invented files, and everything that a
description or a file can have wrong.
"""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from medsins.cli.main import main
from medsins.core import InvalidFile, UsageError
from medsins.corpora import BuildOptions, import_corpus
from medsins.corpora._generic_spec import SHAPES, read_spec
from medsins.tasks import read_task

from .conftest import Built, read_built

PAGE = (Path(__file__).parents[2] / "docs" / "importing.md").read_text(encoding="utf-8")
EXAMPLES = {
    re.search(r'name = "(\w+)"', block)[1]: block  # type: ignore[index]
    for block in re.findall(r"```toml\n(.*?)```", PAGE, re.S)
}


def lines(*rows: str) -> str:
    return "\n".join(rows) + "\n"


GENES = lines("The\tO", "Abc1\tB-Gene", "beta\tI-Gene", "gene\tO", ".\tO", "", "None\tO", "here\tO")
FAQ = {
    "data": [
        {
            "title": "Coughs",
            "paragraphs": [
                {
                    "subset": "train",
                    "qas": [
                        {
                            "question": "Why cough?",
                            "answers": [{"text": "Dust."}, {"text": "Smoke."}, {"text": "Dust."}],
                        },
                        {"question": "How long?", "answers": []},
                    ],
                },
                {"subset": "test", "qas": [{"question": "What helps?", "answers": [{"text": "Tea."}]}]},
            ],
        }
    ]
}
CLINIC = lines(
    "-DOCSTART- -X- O O", "", "# note 1", "Take x y B-Drug", "Aspirin x y I-Drug", "two x y B-Dose", "now x y O"
)


TEAOL = lines(
    "7|t|Teaol wakes.",
    "7|a|We gave teaol|a| to 2 mice with gout.",
    "7\t21\t26\tteaol\tChemical\tD01",
    "7\t0\t5\tTeaol\tChemical\tD01",
    "7\t45\t49\tgout\tDisease\tD02",
    "7\tCID\tD01\tD02",
    "",
    "8|t|No drug.",
    "8|a|",
)


def sheet(path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (("findings", "history", "impression"), ("Clear lungs.", "Cough.", "Normal."), ("x", None, None)):
        book.active.append(row)
    book.save(path)


def write_raw(name: str, folder: Path) -> None:
    """The invented raw files of an example of the page."""
    folder.mkdir(parents=True, exist_ok=True)
    texts: dict[str, dict[str, str]] = {
        "genes": {"train.tsv": GENES, "devel.tsv": GENES, "test.tsv": GENES},
        "clinic_names": {"a.conll": CLINIC},
        "reports": {"r1.txt": "Small cyst.\nNo mass.\n", "r1.ann": "T1\tFinding 6 10\tcyst\nT2\tOrgan 0 5\tSmall\n"},
        "board_exam": {
            "train.jsonl": json.dumps({"question": "2 + 2?", "choices": {"a": "4", "b": "5"}, "answer_idx": "A"})
            + "\n",
            "test.jsonl": json.dumps({"question": "Even?", "choices": ["1", "2", "4"], "answer_idx": "B, C"}) + "\n",
        },
        "chemicals": {"train.PubTator": TEAOL, "test.PubTator": TEAOL},
        "nurse_exam": {"questions.csv": lines("stem,opt_a,opt_b,opt_c,opt_d,correct", "Pouls?,40,70,200,,2")},
        "faq": {"faq.json": json.dumps(FAQ)},
        "same_question": {"pairs.csv": lines("1,Am I ill?,Do I ail?,1", '1,"Am I ill?","Hi, doctor",0')},
        "triage": {"notes.csv": lines("note;urgent;surgical;psychiatric", "Bläst weg;1;yes;0", "Nichts;0;0;0")},
    }
    for file, text in texts.get(name, {}).items():
        (folder / file).write_bytes(text.encode("latin-1" if name == "triage" else "utf-8"))
    if name == "radiology":
        sheet(folder / "reports.xlsx")


FIRST = {
    "genes": ("The Abc1 beta gene.", "Abc1 beta."),
    "clinic_names": ("Take Aspirin two now", "Take Aspirin, two."),
    "reports": ("Small cyst.", "cyst."),
    "chemicals": ("Teaol wakes. We gave teaol|a| to 2 mice with gout.", "Teaol, teaol."),
    "board_exam": ("Question: 2 + 2?\nOptions: A: 4\tB: 5", "The right answer is A: 4"),
    "nurse_exam": ("Question: Pouls?\nOptions: A: 40\tB: 70\tC: 200", "Les bonnes réponses est B: 70"),
    "faq": ("Why cough?", "Dust."),
    "same_question": ("Sentence1: Am I ill?\nSentence2: Do I ail?", "Similar"),
    "triage": ("Bläst weg", "urgent, surgical"),
    "radiology": ("Clear lungs.\nCough.", "Normal."),
}

Import = Callable[..., Built]


@pytest.fixture
def imported(tmp_path: Path) -> Import:
    """``imported(toml, {file: text}, **options)`` writes a description and its files and imports them."""

    def run(toml: str, files: dict[str, str] | None = None, **choices: str) -> Built:
        raw = tmp_path / "raw"
        raw.mkdir(exist_ok=True)
        for name, text in (files or {}).items():
            (raw / name).parent.mkdir(parents=True, exist_ok=True)
            (raw / name).write_text(text, encoding="utf-8")
        spec = tmp_path / "spec.toml"
        spec.write_text(toml, encoding="utf-8")
        import_corpus(spec, raw, tmp_path / "out", BuildOptions(**choices))  # type: ignore[arg-type]
        return read_built(tmp_path / "out", f"task_{read_spec(spec).name}")

    return run


def head(shape: str, **keys: object) -> str:
    """A description with the needed keys."""
    given = {"name": "mine", "shape": shape, "access": "open", **keys}
    return "\n".join(f"{key} = {json.dumps(value)}" for key, value in given.items())


def test_the_page_has_an_example_of_every_shape_and_every_key() -> None:
    assert set(EXAMPLES) == set(FIRST)
    shapes = {re.search(r'shape = "(\w+)"', block)[1] for block in EXAMPLES.values()}  # type: ignore[index]
    assert shapes == set(SHAPES)
    assert all(f"`{key}`" in PAGE for shape in SHAPES.values() for key in shape.keys)


@pytest.mark.parametrize("name", sorted(FIRST))
def test_examples_of_the_page_work_as_they_stand(name: str, imported: Import, tmp_path: Path) -> None:
    assert len(EXAMPLES[name].strip().splitlines()) <= 10
    write_raw(name, tmp_path / "raw")
    result = imported(EXAMPLES[name])
    assert result.pairs[0] == FIRST[name]
    assert read_task(result.path).instances
    access = re.search(r'access = "(\w+)"', EXAMPLES[name])[1]  # type: ignore[index]
    assert result.document["Access"] == access == result.provenance["terms"]["access"]
    assert result.document["May_leave"] == (access not in ("credentialed", "private"))


def test_splits_of_files_and_of_a_field(imported: Import, tmp_path: Path) -> None:
    write_raw("genes", tmp_path / "raw")
    assert imported(EXAMPLES["genes"]).provenance["counts"]["by_split"] == {"train": 2, "validation": 2, "test": 2}
    write_raw("faq", tmp_path / "raw")
    result = imported(EXAMPLES["faq"], split="test")
    assert result.pairs == [("What helps?", "Tea.")]


def test_several_answers_are_all_accepted_and_empty_ones_dropped(imported: Import, tmp_path: Path) -> None:
    write_raw("faq", tmp_path / "raw")
    result = imported(EXAMPLES["faq"])
    assert result.instances[0]["output"] == ["Dust.", "Smoke."]
    assert [drop["reason"] for drop in result.dropped] == ["the output is empty"]


def test_several_right_options_and_letters_in_one_word(imported: Import) -> None:
    spec = head("mcqa", files="q.jsonl", question="q", options="o", answer="a")
    rows = [{"q": "?", "o": ["x", "y", "z"], "a": right} for right in ("A,C", "AC", ["A", "C"], "(A) C.")]
    result = imported(spec, {"q.jsonl": lines(*map(json.dumps, rows))})
    assert {output for _, output in result.pairs} == {"The right answer is A: x, C: z"}


@pytest.mark.parametrize(("kind", "answer"), [("text", "y"), ("index0", 1), ("index1", "2"), ("letter", "b")])
def test_answers_of_every_kind(imported: Import, kind: str, answer: object) -> None:
    spec = head("mcqa", files="q.jsonl", question="q", options="o", answer="a", answer_is=kind)
    result = imported(spec, {"q.jsonl": json.dumps({"q": "?", "o": ["x", "y"], "a": answer})})
    assert result.pairs == [("Question: ?\nOptions: A: x\tB: y", "The right answer is B: y")]


@pytest.mark.parametrize(
    ("tags", "names"),
    [
        (("B-X", "I-X", "O"), "a b."),
        (("I-X", "I-X", "I-Y"), "a b, c."),
        (("B-X", "E-X", "S-X"), "a b, c."),
        (("B-X", "L-X", "U-Y"), "a b, c."),
        (("B-X", "M-X", "E-X"), "a b c."),
        (("I-X", "B-X", "I-X"), "a, b c."),
        (("B", "I", "O"), "a b."),
        (("B_X", "I_X", "I_Y"), "a b, c."),
        (("O", "O", "O"), "There is no related enetity."),
    ],
)
def test_tagging_schemes(imported: Import, tags: tuple[str, ...], names: str) -> None:
    text = lines(*(f"{token} {tag}" for token, tag in zip("abc", tags, strict=True)))
    assert imported(head("iob", files="t.txt"), {"t.txt": text}).pairs == [("a b c", names)]


def test_bare_kinds(imported: Import) -> None:
    spec = head("iob", files="t.txt", scheme="bare")
    assert imported(spec, {"t.txt": "a X\nb X\nc Y\nd O\n"}).pairs == [("a b c d", "a b, c.")]


def test_a_kind_that_no_file_has_is_noted_with_those_found(imported: Import) -> None:
    spec = head("iob", files="t.txt", entities=["Gene"])
    result = imported(spec, {"t.txt": "a B-gene\n"}, empty_answer="converter")
    assert result.pairs == [("a", "There is no related entity.")]
    assert result.provenance["notes"] == ["no entity of the kinds Gene; kinds found: gene (1)"]


def test_brat_whole_documents_and_entities_across_lines(imported: Import) -> None:
    files = {"d.txt": "Big\ncyst here\n", "d.ann": "T1\tF 0 8\tBig cyst\nT2\tF 9 13\there\n"}
    assert imported(head("brat", files="*.txt"), files).pairs == [("Big\ncyst here", "Big cyst, here.")]
    result = imported(head("brat", files="*.txt", unit="line"), files)
    assert result.pairs == [("Big", "There is no related enetity."), ("cyst here", "here.")]
    assert "1 entities cross" in result.provenance["notes"][0]


def test_pubtator_without_entity_and_abstract(imported: Import) -> None:
    result = imported(head("pubtator", files="p.txt", entities="Disease"), {"p.txt": TEAOL})
    assert [output for _, output in result.pairs] == ["gout.", "There is no related enetity."]
    assert result.pairs[1][0] == "No drug."


def test_packed_files_are_read_where_they_lie(imported: Import, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    with zipfile.ZipFile(raw / "all.zip", "w") as bundle:
        bundle.writestr("inner/d.txt", "A cyst")
        bundle.writestr("inner/d.ann", "T1\tF 2 6\tcyst\n")
    assert imported(head("brat", files="inner/*.txt")).pairs == [("A cyst", "cyst.")]
    (raw / "q.csv.gz").write_bytes(gzip.compress(b"q,a\nWhy?,So.\n"))
    assert imported(head("qa", files="q.csv", question="q", answer="a")).pairs == [("Why?", "So.")]


def test_records_by_id_contexts_and_numbers(imported: Import) -> None:
    spec = head("qa", files="q.json", question="q", answer="a", context="c")
    files = {"q.json": json.dumps({"7": {"q": "How many?", "a": 2.0, "c": ["One.", "Two."]}})}
    assert imported(spec, files).pairs == [("Context: One.\nTwo.\nQuestion: How many?", "2")]


def test_a_first_record_may_lack_what_lies_deeper(imported: Import) -> None:
    spec = head("qa", files="q.jsonl", question="q", answer="as.text")
    rows = [{"q": "One?", "as": []}, {"q": "Two?", "as": [{"text": "Yes."}]}]
    assert imported(spec, {"q.jsonl": lines(*map(json.dumps, rows))}).pairs == [("Two?", "Yes.")]


def test_json_with_one_object_a_line(imported: Import) -> None:
    spec = head("qa", files="q.json", question="q", answer="a")
    assert imported(spec, {"q.json": '{"q": "1?", "a": "x"}\n\n{"q": "2?", "a": "y"}\n'}).pairs[1] == ("2?", "y")
    assert imported(spec, {"q.json": '{"q": "1?", "a": "x"}\n'}).pairs == [("1?", "x")]
    assert imported(spec, {"q.json": '[\n {"q": "3?",\n  "a": "z"}\n]\n'}).pairs == [("3?", "z")]


def test_a_label_spelt_empty_drops_the_pair(imported: Import) -> None:
    spec = head("pairs", files="p.csv", first="a", second="b", label="y") + '\nlabels = { "-" = "", e = "Entailment" }'
    result = imported(spec, {"p.csv": "a,b,y\nx,y,e\nx,z,-\n"})
    assert [output for _, output in result.pairs] == ["Entailment"]
    assert len(result.dropped) == 1


def test_parquet(imported: Import, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / "raw").mkdir()
    pq.write_table(pa.table({"t": ["Fever."], "l": [["a", "b"]]}), tmp_path / "raw" / "x.parquet")
    assert imported(head("labels", files="x.parquet", text="t", label="l")).pairs == [("Fever.", "a, b")]


def test_labels_in_one_field(imported: Import) -> None:
    spec = head("labels", files="x.tsv", text="t", label="l", separator="|", quotes=False)
    assert imported(spec, {"x.tsv": 't\tl\n"Fever\ta | b\n'}).pairs == [('"Fever', "a, b")]


def test_an_import_is_resumed_until_the_description_changes(imported: Import, tmp_path: Path) -> None:
    write_raw("genes", tmp_path / "raw")
    imported(EXAMPLES["genes"])
    again = import_corpus(tmp_path / "spec.toml", tmp_path / "raw", tmp_path / "out")
    assert again.finished_before == ("task_genes",)
    (tmp_path / "spec.toml").write_text(EXAMPLES["genes"] + 'entities = ["Gene"]\n', encoding="utf-8")
    assert import_corpus(tmp_path / "spec.toml", tmp_path / "raw", tmp_path / "out").written


BAD = [
    ("", ["the key 'shape' is missing", "iob (a sentence"]),
    ('shape = "iobb"', ["unknown shape 'iobb'", "did you mean iob?"]),
    ('shape = "qa"', ["'name' is missing", "'access' is missing", "'files' is missing", "'question'", "'answer'"]),
    (head("iob", files="x", tags=3), ["unknown key 'tags'", "did you mean tag"]),
    (head("iob", files="x", tag="last"), ["'tag' is 'last'", "a whole number"]),
    (head("iob", files={"trian": "x"}).replace('{"trian": "x"}', '{ trian = "x" }'), ["the split 'trian'"]),
    (head("iob", files=[]), ["'files' is []"]),
    (head("iob", files="x", access="secret"), ["'access' is 'secret'", "credentialed"]),
    (head("iob", files="x", access="credentialed"), ["'agreement' is missing"]),
    (head("iob", files="x", name="My Corpus"), ["'name' is 'My Corpus'"]),
    (head("iob", files="x", category="Named Entities"), ["unknown category", "did you mean Named Entity Recognition"]),
    (head("iob", files="x", encoding="utf-9"), ["unknown encoding"]),
    (head("mcqa", files="x", question="q", options="o", answer="a", answer_is="number"), ["it takes letter, text"]),
    (head("qa", files="x", question="q", answer="a", delimiter="tab"), ["one character"]),
    ("shape = ", ["is not TOML"]),
]


@pytest.mark.parametrize(("toml", "expected"), BAD, ids=[expected[0] for _, expected in BAD])
def test_wrong_descriptions_are_refused_with_everything_wrong(toml: str, expected: list[str], tmp_path: Path) -> None:
    path = tmp_path / "spec.toml"
    path.write_text(toml, encoding="utf-8")
    with pytest.raises(InvalidFile) as error:
        read_spec(path)
    assert all(text in str(error.value) for text in expected)
    assert "spec.toml" in str(error.value)


QA = head("qa", files="q.csv", question="q", answer="a")
MCQ = head("mcqa", files="q.csv", question="q", options=["x", "y"], answer="a")
MISFITS = [
    (head("iob", files="t.txt"), "t.txt", "a B-X\nb\n", ["line 2", "has 1 columns"]),
    (head("iob", files="t.txt"), "t.txt", "a Gene\n", ["the tag 'Gene'", 'scheme = "bare"']),
    (QA, "q.csv", "question,a\n1,2\n", ["lacks the fields q", "found question, a"]),
    (QA, "q.csv", "q,a\n1,2,3\n", ["line 2", "has 3 cells where 2 are expected", "quotes = false"]),
    (QA, "other.csv", "q,a\n1,2\n", ["has no q.csv", "found other.csv", "mend spec.toml"]),
    (MCQ, "q.csv", "q,x,y,a\n?,1,2,2\n", ["has the answer '2'", 'answer_is = "index0" or "index1"']),
    (MCQ + '\nanswer_is = "index0"', "q.csv", "q,x,y,a\n?,1,2,2\n", ["none of the 2 options, the first being 0"]),
    (QA.replace("q.csv", "q.dat"), "q.dat", "q,a\n", ["no kind that is read", ".jsonl", "name the delimiter"]),
    (QA.replace("q.csv", "q.json"), "q.json", '[{"q": 1', ["is not JSON"]),
    (QA.replace("q.csv", "q.json") + '\nrecords = "data"', "q.json", '{"rows": []}', ["has no 'data'", "found rows"]),
    (QA.replace("q.csv", "q.jsonl"), "q.jsonl", "[1]\n", ["one JSON object a line, found list"]),
    (QA + '\nsplit = "a"', "q.csv", "q,a\nx,later\n", ["the split 'later'"]),
    (QA, "q.csv", "q,a\n", ["no instance in these raw files"]),
    (QA, "q.csv", "q,a\n1,\n", ["no instance in these raw files; 1 dropped: the output is empty"]),
    (QA.replace("q.csv", "q.json"), "q.json", '{"v": 1, "rows": [{"q": 1}]}', ["found v, rows", 'records = "rows"']),
    (MCQ.replace('["x", "y"]', '"x"'), "q.csv", "q,x,a\n?,A. no B. yes,B\n", ["name one field for each"]),
    (head("brat", files="*.txt"), "d.txt", "x", ["has no annotation file d.ann"]),
    (head("pubtator", files="p"), "p", "7|t|Tea\n7\t0\t3\tSea\tDrug\t-\n", ["line 2", "where the text has 'Tea'"]),
    (head("pubtator", files="p"), "p", "7|t|Tea\nTea\n", ["line 2", "is neither id|t|title"]),
    (head("pubtator", files="p"), "p", "7\tCID\t1\t2\n", ["a block without title and abstract"]),
]


@pytest.mark.parametrize(("toml", "name", "text", "expected"), MISFITS, ids=[case[3][-1] for case in MISFITS])
def test_files_that_do_not_fit_are_refused_with_what_to_change(
    toml: str, name: str, text: str, expected: list[str], imported: Import
) -> None:
    with pytest.raises(InvalidFile) as error:
        imported(toml, {name: text})
    assert all(part in str(error.value) for part in expected), str(error.value)


def test_another_encoding_is_refused(imported: Import, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "q.csv").write_bytes("q,a\nWürde?,é\n".encode("latin-1"))
    with pytest.raises(InvalidFile, match="not UTF-8"):
        imported(QA)
    assert imported(QA + '\nencoding = "latin-1"').pairs == [("Würde?", "é")]
    with pytest.raises(InvalidFile, match="is not ascii"):
        imported(QA + '\nencoding = "ascii"')


def test_a_description_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_spec(tmp_path / "none.toml")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_raw("triage", tmp_path / "raw")
    (tmp_path / "t.toml").write_text(EXAMPLES["triage"], encoding="utf-8")
    command = [
        "corpora",
        "import",
        str(tmp_path / "t.toml"),
        "--raw",
        str(tmp_path / "raw"),
        "-o",
        str(tmp_path / "out"),
    ]
    assert main(command) == 0
    assert "task_triage.json: 1 instances, 1 dropped" in capsys.readouterr().out.replace("\n", "")
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["finished_before"] == ["task_triage"]
    assert main([*command[:2], str(tmp_path / "none.toml"), *command[3:]]) == 2
