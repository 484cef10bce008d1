"""The readers of patient records, codes and captions, on invented files of the published formats."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import InvalidFile
from medsins.corpora import BuildOptions, RawFolder, load_corpus
from medsins.corpora._formats.icd import code_table
from medsins.corpora._formats.literal import python_value

from .conftest import FIXTURES, Built

Build = Callable[..., Built]


def folder(path: Path, **files: str) -> Path:
    """A raw folder with these files; ``__`` in a name stands for the dot before its suffix."""
    path.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (path / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return path


def test_seer_rows_become_paragraphs_and_the_first_nine_tenths_train(built: Build) -> None:
    result = built("seer")
    assert result.pairs[0] == (
        "Age at diagnosis: 60\n\nRegional nodes positive (1988+): 0.0\n\nRace recode: Invented",
        "The treatment planning is: No radiation and/or cancer-directed surgery",
    )
    assert [i["split"] for i in result.instances] == ["train"] * 9 + ["test"] * 2
    assert "Regional nodes positive (1988+): nan" in result.pairs[4][0]
    assert result.document["Access"] == "registration"


def test_a_seer_listing_without_the_treatment_is_refused(built: Build, tmp_path: Path) -> None:
    raw = folder(tmp_path / "raw", Query_5_years__csv="Age,Sex\n60,Female\n")
    with pytest.raises(InvalidFile, match="lacks the columns Radiation sequence with surgery; found Age, Sex"):
        built("seer", raw=raw)


def test_a_synthetic_patient_is_asked_and_diagnosed(built: Build) -> None:
    result = built("ddxplus", split="test")
    assert result.pairs == [
        (
            "Age: 49\nSex: F\nInitial evidence: Do you have an invented cough? Yes\n"
            "Evidence: What is the ache like: A pulse; How strong is the ache? 3; "
            "Do you have an invented cough? Yes; Have you travelled? N.",
            "The diagnosis result is Bronchitis.",
        )
    ]
    assert [i["split"] for i in built("ddxplus").instances] == ["train", "test"]


def test_patients_may_stay_in_their_zip_without_suffix(built: Build, tmp_path: Path) -> None:
    raw, fixture = tmp_path / "raw", FIXTURES / "ddxplus"
    raw.mkdir()
    shutil.copy(fixture / "release_evidences.json", raw)
    with zipfile.ZipFile(raw / "release_test_patients.zip", "w") as bundle:
        bundle.write(fixture / "release_test_patients.csv", "release_test_patients")
    assert built("ddxplus", raw=raw, split="test").pairs == built("ddxplus", split="test").pairs


def test_patients_and_evidences_of_two_releases_are_told(built: Build, tmp_path: Path) -> None:
    raw = Path(shutil.copytree(FIXTURES / "ddxplus", tmp_path / "raw"))
    (raw / "release_evidences.json").write_text('{"toux": {"question_en": "?", "value_meaning": {}}}')
    with pytest.raises(InvalidFile, match=r"evidence 'E_10', which release_evidences\.json does not know"):
        built("ddxplus", raw=raw)


@pytest.mark.parametrize("cell", ["['E_10'", "__import__('os')", "E_10 +"])
def test_a_cell_that_is_no_list_is_refused_and_never_run(cell: str, built: Build, tmp_path: Path) -> None:
    raw = Path(shutil.copytree(FIXTURES / "ddxplus", tmp_path / "raw"))
    head = "AGE,DIFFERENTIAL_DIAGNOSIS,SEX,PATHOLOGY,EVIDENCES,INITIAL_EVIDENCE\n"
    (raw / "release_test_patients.csv").write_text(head + f'1,[],F,Croup,"{cell}",E_10\n')
    with pytest.raises(InvalidFile, match=r"release_test_patients\.csv: line 2.*\n?.*") as error:
        built("ddxplus", raw=raw, split="test")
    assert "Python list" in str(error.value)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_literals_come_back_as_they_were_written(value: Any) -> None:
    corpus = load_corpus("ddxplus").CORPUS
    file = RawFolder(FIXTURES / "ddxplus", corpus).file("release_evidences.json")
    assert python_value(file, repr(value), "line 1") == value


def test_a_case_report_gets_a_title_and_basic_information(built: Build) -> None:
    assert built("pmc_patients").pairs[0] == (
        "Patient 0, an invented person,\nwas well.",
        "Invented case 0: a report",
    )
    basics = built("pmc_patients", "task74")
    assert basics.pairs[0][1] == "Gender: M\n\nAge: \"[[1.0, 'year'], [2.0, 'month']]\""
    assert basics.instances[0]["id"] == "task74-7000-1"


def test_the_age_may_stand_without_quotes(built: Build) -> None:
    plain = built("pmc_patients", "task74", settings={"age": "plain"})
    assert plain.pairs[1][1] == "Gender: F\n\nAge: [[60.0, 'year']]"


def test_similar_cases_are_offered_among_others(built: Build) -> None:
    result = built("pmc_patients", "task75")
    assert len(result.instances) == 7
    assert [d["reason"] for d in result.dropped] == ["no similar patient is in the collection"]
    for instance, (text, answer) in zip(result.instances, result.pairs, strict=True):
        query, *cases = text.split("\nCase")
        wanted = "Patient 1," if instance["id"].endswith("7000-1") else "Patient 0,"
        similar = [f"Case{case.partition(':')[0]}" for case in cases if wanted in case]
        assert answer == ", ".join(similar)
        assert query.removeprefix("Query: ") not in [case.partition(": ")[2] for case in cases]
        assert len(cases) == 5


def test_the_second_release_is_json_with_the_same_answers(built: Build, tmp_path: Path) -> None:
    records = [
        {
            "patient_id": "0",
            "patient_uid": "7000-1",
            "title": "Invented case 0: a report",
            "patient": "Patient 0, an invented person,\nwas well.",
            "age": [[1.0, "year"], [2.0, "month"]],
            "gender": "M",
            "similar_patients": {},
        }
    ]
    raw = folder(tmp_path / "raw")
    (raw / "PMC-Patients-V2.json").write_text(json.dumps(records), encoding="utf-8")
    for task in ("task73", "task74"):
        assert built("pmc_patients", task, raw=raw).pairs == built("pmc_patients", task).pairs[:1]


def test_a_json_release_that_is_no_list_is_refused(built: Build, tmp_path: Path) -> None:
    raw = folder(tmp_path / "raw")
    (raw / "PMC-Patients-V2.json").write_text('{"patients": []}', encoding="utf-8")
    with pytest.raises(InvalidFile, match="must be a list of patients, found dict"):
        built("pmc_patients", raw=raw)


def test_codes_are_explained_diagnoses_first(built: Build) -> None:
    result = built("icd10cm")
    assert [text for text, _ in result.pairs] == ["A00", "A000", "B349", "001", "0016070"]
    assert result.pairs[1][1] == "Cholera due to Vibrio cholerae 01, biovar cholerae"
    assert result.instances[1]["id"] == "task115-A000"


def test_addenda_are_no_code_table(built: Build, tmp_path: Path) -> None:
    raw = Path(shutil.copytree(FIXTURES / "icd10cm", tmp_path / "raw"))
    (raw / "icd10cm_order_addenda_2024.txt").write_text("Add: something\n", encoding="utf-8")
    assert built("icd10cm", raw=raw).pairs == built("icd10cm").pairs


def test_a_codes_file_serves_where_there_is_no_order_file(built: Build, tmp_path: Path) -> None:
    text = "A000    Cholera due to Vibrio cholerae 01, biovar cholerae\nB349    Viral infection, unspecified\n"
    raw = folder(tmp_path / "raw")
    (raw / "icd10cm-codes-2024.txt").write_text(text, encoding="utf-8")
    assert built("icd10cm", raw=raw).pairs == built("icd10cm").pairs[1:3]


def test_crawled_files_go_first_and_their_codes_lose_the_dot(built: Build, tmp_path: Path) -> None:
    raw = Path(shutil.copytree(FIXTURES / "icd10cm", tmp_path / "raw"))
    tree = {"A00-B99": {"description": "Infections", "class": {"A00.0": {"url": "u", "description": "One"}}}}
    (raw / "crawl_ICD_final.json").write_text(json.dumps(tree), encoding="utf-8")
    (raw / "crawl_ICD_PCS.json").write_text('{"001": {"00160": "Bypass, open", "00161": "Bypass"}}', encoding="utf-8")
    # The published converter files every leaf of the procedures under the key above it: the last one stays.
    assert built("icd10cm", raw=raw).pairs == [("A00-B99", "Infections"), ("A000", "One"), ("001", "Bypass")]


def test_two_years_of_codes_are_not_mixed(built: Build, tmp_path: Path) -> None:
    raw = Path(shutil.copytree(FIXTURES / "icd10cm", tmp_path / "raw"))
    shutil.copy(raw / "icd10cm_order_2024.txt", raw / "icd10cm_order_2025.txt")
    with pytest.raises(InvalidFile, match="one of several releases"):
        built("icd10cm", raw=raw)


def test_a_code_file_without_its_columns_is_refused(built: Build, tmp_path: Path) -> None:
    raw = folder(tmp_path / "raw", icd10cm_order_2024__txt="A00,Cholera\n")
    with pytest.raises(InvalidFile, match=r"no code and description in the fixed columns"):
        built("icd10cm", raw=raw)


codes = st.from_regex(r"[A-Z][0-9]{2}[0-9A-Z]{0,4}", fullmatch=True)
names = st.text(alphabet="abc XYZ,()-'", min_size=1, max_size=90).map(str.strip).filter(bool)


@given(st.dictionaries(codes, names, min_size=1, max_size=6))
def test_an_order_file_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, table: dict[str, str]
) -> None:
    lines = [f"{n:05d} {code:<7} 1 {name[:60]:<60} {name}\n" for n, (code, name) in enumerate(table.items(), start=1)]
    path = tmp_path_factory.mktemp("icd")
    (path / "icd10cm_order_2099.txt").write_text("".join(lines), encoding="utf-8")
    assert code_table(RawFolder(path, load_corpus("icd10cm").CORPUS)) == table


def test_captions_become_lists_of_parts(built: Build) -> None:
    assert built("radiopaedia_ner", split="train").pairs == [
        (
            "No invented mass in the left kidney .",
            "[['invented mass', 'NON-ABNORMALITY'], ['left kidney', 'ANATOMY']]",
        )
    ]
    assert built("radiopaedia_ner", split="test").pairs == [("Patient's cyst.", "[['cyst', 'ABNORMALITY']]")]


@pytest.mark.parametrize("ner", ["[]", "[[[1, 2]]]", '[[["a", 2, "ANATOMY"]]]'])
def test_a_caption_with_broken_spans_is_refused(ner: str, built: Build, tmp_path: Path) -> None:
    raw = folder(tmp_path / "raw", train_span__json=f'{{"sentences": [["a"]], "ner": {ner}}}\n')
    with pytest.raises(InvalidFile, match=r"no list of tokens and list of \[start, end, type\]"):
        built("radiopaedia_ner", raw=raw, split="train")


def test_drugs_are_asked_and_articles_titled(built: Build) -> None:
    drugs = built("medlineplus", "task97")
    assert drugs.pairs == [
        ("What is Inventamycin ?", "An invented drug."),
        ("What is Inventwort ?", "A herb nobody grows."),
    ]
    assert [d["reason"] for d in drugs.dropped] == ["the answer is empty"]
    articles = built("medlineplus", "task98")
    assert articles.pairs == [("A fever.\nIt ends.", "Invented fever")]
    assert [d["reason"] for d in articles.dropped] == ["the article has no text"]


def test_the_published_medquad_has_the_questions_but_no_answers(shared: Path) -> None:
    module = load_corpus("medlineplus")
    raw = RawFolder(shared / "data" / "raw" / "medquad", module.CORPUS)
    records = list(module.read(raw, BuildOptions(tasks=module.CORPUS.tasks)))
    reasons = {record.dropped for record in records}
    assert reasons <= {"the answer is empty", "the article has no text"}
    assert sum(record.task_id == "task97" for record in records) == 281
    assert sum(record.task_id == "task98" for record in records) == 20
