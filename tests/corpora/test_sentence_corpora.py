"""The readers of sentence and entity corpora, and the shapes they share, on small invented files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from medsins.core import InvalidFile
from medsins.corpora import BuildOptions, RawFile, RawFolder, load_corpus
from medsins.corpora._formats import objects
from medsins.corpora._formats.objects import object_items
from medsins.corpora._formats.plain import plain_rows
from medsins.corpora._formats.records import texts_of, value_at
from medsins.corpora._formats.splits import split_files
from medsins.corpora._formats.tagged import spans

from .conftest import Built

Build = Callable[..., Built]


def raw_file(folder: Path, name: str, text: str) -> RawFile:
    corpus = load_corpus("mmlu").CORPUS
    (folder / name).write_text(text, encoding="utf-8", newline="")
    return RawFile(folder / name, name, corpus)


def test_medical_question_pairs(built: Build) -> None:
    result = built("medical_question_pairs")
    assert result.pairs == [
        ("Sentence1: Is tea bad? \n Sentence2: Should I, perhaps, stop tea?", "Similar"),
        ('Sentence1: Is "coffee" bad? \n Sentence2: Where is coffee grown? ', "Dissimilar"),
    ]
    assert [drop["reason"] for drop in result.dropped] == ["the label is '2', neither 1 nor 0"]


def test_catalonia_independence(built: Build) -> None:
    result = built("catalonia_independence", split="test")
    assert result.pairs == [
        ('Tweet: Bon dia "a tothom test', "Against"),
        ("Tweet: Buenos días test", "Against"),
    ]
    assert result.document["Input_language"] == ["Spanish", "Catalan"]


def test_catalonia_straight_from_the_archives(built: Build, tmp_path: Path) -> None:
    fixture = Path(__file__).parent / "fixtures" / "catalonia_independence"
    shutil.make_archive(str(tmp_path / "01_CIC"), "zip", fixture)
    assert len(built("catalonia_independence", raw=tmp_path).instances) == 6


def test_ade_drugs_only_of_sentences_with_one_relation(built: Build) -> None:
    result = built("ade", "task26")
    assert result.pairs == [("Rash after teaol.", "teaol")]
    assert {drop["reason"] for drop in result.dropped} == {"the sentence has several relations"}


def test_ade_doses_only_where_a_drug_has_one(built: Build) -> None:
    result = built("ade", "task29")
    sentence = "He took 5 mg teaol and 2 mg sandol."
    assert result.pairs == [(f"{sentence}\t teaol", "5 mg"), (f"{sentence}\t sandol", "2 mg")]
    assert [drop["place"].rpartition(" ")[2] for drop in result.dropped] == ["3", "4", "5"]


def test_ade_events_take_every_sentence_once(built: Build) -> None:
    result = built("ade", "task37")
    assert result.pairs == [
        ("Rash after teaol.", "adverse drug event"),
        ('Rash and itch after "sandol".', "adverse drug event"),
        ("She felt well.", "non-adverse drug event"),
    ]
    assert len(result.dropped) == 2


def test_ade_with_another_file_under_its_name(built: Build, tmp_path: Path) -> None:
    (tmp_path / "DRUG-AE.rel").write_text("1|a|b|0|1|a|0|1\n", encoding="utf-8")
    (tmp_path / "ADE-NEG.txt").write_text("a sentence\n", encoding="utf-8")
    with pytest.raises(InvalidFile, match="no line of identifier, NEG and sentence"):
        built("ade", "task37", raw=tmp_path)
    (tmp_path / "DRUG-AE.rel").write_text("1|a|b\n", encoding="utf-8")
    with pytest.raises(InvalidFile, match="line 1: has 3 cells where 8 are expected"):
        built("ade", "task26", raw=tmp_path)


def test_linnaeus_accepts_each_species(built: Build) -> None:
    result = built("linnaeus", split="test")
    assert result.instances[0]["input"] == " Water frogs and E . coli"
    assert result.instances[0]["output"] == ["frogs", "E . coli"]
    assert len(result.dropped) == 1


def test_bc4chemd(built: Build) -> None:
    result = built("bc4chemd", split="test", empty_answer="converter")
    assert result.pairs == [
        ("Give teaol HCl, now.", "teaol HCl."),
        ("Nothing.", "There is no related entity."),
    ]


@pytest.mark.parametrize(("task", "names"), [("task35", ["cells"]), ("task36", ["Serum", "blood"])])
def test_anem_by_kind(built: Build, task: str, names: list[str]) -> None:
    result = built("anem", task)
    assert [i["output"] for i in result.instances] == [names, names]
    assert result.instances[0]["input"] == " Serum and blood cells"
    assert result.provenance["counts"]["by_split"] == {"train": 1, "test": 1}


def test_a_missing_split_is_noted_unless_it_is_what_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    parts = {"train": "a.txt", "test": "b.txt"}
    raw = RawFolder(tmp_path, load_corpus("anem").CORPUS)
    assert [split for split, _ in split_files(raw, parts, BuildOptions())] == ["train"]
    assert raw.notes == ["no b.txt in the raw folder: its part of the release is left out"]
    with pytest.raises(InvalidFile, match=r"has no b\.txt"):
        list(split_files(raw, parts, BuildOptions(split="test")))


def test_plain_rows_refuse_what_is_no_table(tmp_path: Path) -> None:
    file = raw_file(tmp_path, "a.csv", 'a,"b\nc",d\n\ne,f,g\n')
    assert [cells for _, cells in plain_rows(file, 3)] == [["a", "b\nc", "d"], ["e", "f", "g"]]
    with pytest.raises(InvalidFile, match="line 2: has 3 cells where 2 are expected"):
        list(plain_rows(file, 2))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=6), JSON, max_size=5), st.integers(1, 40), st.sampled_from([None, 2]))
@example({"": 0.25, "e": -1e-30, "E": [1e22]}, 1, None)  # numbers that are cut are whole numbers before the cut
def test_object_items_give_what_json_gives(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, object], chunk: int, indent: int | None
) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    file = raw_file(tmp_path_factory.mktemp("json"), "x.json", text.encode("utf-8", "replace").decode("utf-8"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(objects, "CHUNK", chunk)
        assert dict(object_items(file)) == json.loads(file.text())


@pytest.mark.parametrize("text", ["", "[]", '{"a"', '{"a": }', '{"a": 1', '{"a": 1,', "{1: 2}", '{"a" 1}', '{"a": tru'])
def test_object_items_refuse_what_is_no_object(tmp_path: Path, text: str) -> None:
    file = raw_file(tmp_path, "x.json", text)
    with pytest.raises(InvalidFile, match=r"x\.json"):
        list(object_items(file))


def test_object_items_of_another_encoding(tmp_path: Path) -> None:
    file = raw_file(tmp_path, "x.json", "")
    file.path.write_bytes('{"ä": 1}'.encode("latin-1"))
    with pytest.raises(InvalidFile, match="is not UTF-8"):
        list(object_items(file))


ENTITIES = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.sampled_from("XY")), max_size=5)


@given(
    ENTITIES,
    st.sampled_from(["B-{} I-{} I-{} B-{}", "B-{} I-{} E-{} S-{}", "B-{} I-{} L-{} U-{}", "B-{} M-{} E-{} S-{}"]),
)
def test_spans_are_those_that_were_tagged(entities: list[tuple[int, int, str]], scheme: str) -> None:
    first, inner, last, single = scheme.split()
    tags: list[str] = []
    expected = []
    for gap, length, kind in entities:
        tags += ["O"] * gap
        expected.append((len(tags), len(tags) + length, kind))
        marks = [single] if length == 1 else [first, *[inner] * (length - 2), last]
        tags += [mark.format(kind) for mark in marks]
    assert spans(tags) == expected


@given(st.lists(st.sampled_from(["O", "B-X", "I-X", "E-X", "S-X", "I-Y", "U-Y", "B"]), max_size=12))
def test_spans_never_overlap_and_cover_every_token_that_is_not_outside(tags: list[str]) -> None:
    found = spans(tags)
    covered = [place for start, end, _ in found for place in range(start, end)]
    assert covered == [place for place, tag in enumerate(tags) if tag != "O"]


def test_values_by_dotted_path_and_as_texts() -> None:
    record = {"a": {"b": [{"c": 1}, {"c": None}, {"c": [2.0, True]}]}, "a.x": "whole"}
    assert value_at(record, "a.x") == "whole"
    assert texts_of(value_at(record, "a.b.c")) == ["1", "2", "true"]
    assert value_at(record, "a.z") is None
    assert texts_of({"k": "ü"}) == ['{"k": "ü"}']
