"""The readers of MIMIC and MedNLI, on invented notes and tables in the published layout."""

from __future__ import annotations

import csv
import gzip
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import InvalidFile
from medsins.corpora import BuildOptions, RawFolder, load_corpus
from medsins.corpora._formats.radiology import (
    ANATOMIES,
    CT,
    MODALITIES,
    MRI,
    Quota,
    anatomy_of,
    findings_and_impression,
    modalities_of,
    report_of,
)
from medsins.corpora.mimic4ed import AT_DISPOSITION, AT_TRIAGE
from medsins.corpora.mimic_iv_note import unwrap

from .conftest import FIXTURES, Built

Build = Callable[..., Built]


def inputs(name: str, raw: Path, **settings: str) -> dict[str, list[str]]:
    """The inputs of every task of a corpus, without a build."""
    module = load_corpus(name)
    options = BuildOptions(tasks=module.CORPUS.all_tasks, settings=settings)
    found: dict[str, list[str]] = {}
    for record in module.read(RawFolder(raw, module.CORPUS), options):
        if record.instance:
            found.setdefault(record.task_id, []).append(record.instance.input)
    return found


def test_a_radiology_report_becomes_findings_and_impression(built: Build) -> None:
    result = built("mimic_iv_note", "task78")
    assert result.pairs == [("The liver is smooth.", 'Normal "study".')]
    assert result.instances[0]["id"] == "task78-10000002-RR-2"
    assert list(result.provenance["raw"]["files"]) == ["note/radiology.csv"]


def test_the_search_of_the_converter_takes_a_fracture_for_a_ct(built: Build) -> None:
    assert [text for text, _ in built("mimic_iv_note", "task83").pairs] == [
        "Two invented nodules,\none small.",
        "Nothing to see.",
    ]


def test_the_search_by_words_finds_heads_and_no_fractures() -> None:
    found = inputs("mimic_iv_note", FIXTURES / "mimic_iv_note", matching="words")
    assert found["task83"] == ["Two invented nodules,\none small."]
    assert found["task90"] == ["A quiet picture."]
    assert "task90" not in inputs("mimic_iv_note", FIXTURES / "mimic_iv_note")


def test_modality_and_anatomy_are_asked_from_findings_and_impression(built: Build) -> None:
    modality = built("mimic_iv_note", "task95")
    assert modality.pairs[0] == (
        "Two invented nodules,\none small.\nNo change.",
        "The imaging modality used for the diagnosis is CT.",
    )
    assert modality.pairs[-1][1] == "The imaging modalities used for the diagnosis are CT, MRI, Angiography."
    assert [d["reason"] for d in modality.dropped] == [
        "the examination names no modality",
        "the report lacks one of the four sections",
    ]
    anatomy = built("mimic_iv_note", "task96")
    assert [answer for _, answer in anatomy.pairs] == [
        f"The anatomical location of the diagnosis is {name}."
        for name in ("Chest", "Abdomen", "Chest", "Head_and_neck", "Brain")
    ]


def test_discharge_instructions_are_what_is_to_be_written(built: Build) -> None:
    result = built("mimic_iv_note", "task76")
    ((before, after),) = result.pairs
    assert before == "Name:  ___\n \nChief Complaint:\nan inventedcomplaint\n\n"
    assert (after or "").startswith("Discharge Instructions:\nDear ___,you were welllooked after.\n\nFollowup")
    assert [d["reason"] for d in result.dropped] == ["the summary has no discharge instructions"]


def test_gzipped_notes_are_read_as_they_come(tmp_path: Path) -> None:
    for name in ("radiology.csv", "discharge.csv"):
        whole = (FIXTURES / "mimic_iv_note" / "note" / name).read_bytes()
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(whole))
    assert inputs("mimic_iv_note", tmp_path) == inputs("mimic_iv_note", FIXTURES / "mimic_iv_note")


def test_one_of_the_two_note_files_is_enough_for_its_tasks(built: Build, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    shutil.copy(FIXTURES / "mimic_iv_note" / "note" / "discharge.csv", raw)
    assert set(inputs("mimic_iv_note", raw)) == {"task76"}
    with pytest.raises(InvalidFile, match=r"has no radiology\.csv .*; found discharge\.csv"):
        built("mimic_iv_note", "task78", raw=raw)


@pytest.mark.parametrize("cut", [0.5, 0.9])
def test_a_gzipped_table_that_was_cut_off_is_refused(cut: float, built: Build, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    whole = gzip.compress((FIXTURES / "mimic_iv_note" / "note" / "radiology.csv").read_bytes())
    (raw / "radiology.csv.gz").write_bytes(whole[: int(len(whole) * cut)])
    with pytest.raises(InvalidFile, match="cut off"):
        built("mimic_iv_note", "task78", raw=raw)


texts = st.text(alphabet="aZ,. :\n_(", max_size=40)


@given(texts)
def test_unwrapping_takes_away_line_breaks_and_blanks_only(text: str) -> None:
    assert "".join(unwrap(text).split()) == "".join(text.split())
    assert unwrap(text).count("\n") <= text.count("\n")


@given(texts, texts, texts)
def test_sections_come_out_as_they_went_in(examination: str, findings: str, impression: str) -> None:
    text = f"EXAMINATION: {examination}\nINDICATION: x\nFINDINGS: {findings}\nIMPRESSION: {impression}"
    report = report_of(text)
    assert report is not None
    assert (report.examination, report.findings, report.impression) == (
        examination.strip(),
        findings.strip(),
        impression.strip(),
    )
    assert findings_and_impression(text) == (report.findings, report.impression)
    assert report_of(text.replace("INDICATION:", "")) is None


@given(st.sampled_from(MODALITIES), st.sampled_from(ANATOMIES), st.booleans())
def test_a_name_is_found_whatever_its_case(modality: str, anatomy: str, words: bool) -> None:
    examination = f"{modality.upper()} of the {anatomy.lower()}"
    assert MODALITIES.index(modality) in modalities_of(examination, words)
    assert anatomy_of(examination, words) == ANATOMIES.index(anatomy)


def test_words_are_whole_words() -> None:
    assert modalities_of("section of the tract", words=False) == [CT]
    assert modalities_of("section of the tract", words=True) == []
    assert modalities_of("CTA NECK, MR BRAIN", words=True) == [CT, MRI]
    assert anatomy_of("CTA NECK", words=False) is None


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=2, unique=True), max_size=30), st.integers(1, 4))
def test_a_quota_never_lets_in_more_than_it_says(things: list[list[int]], most: int) -> None:
    quota = Quota(most)
    let_in = [classes for classes in things if quota.take(classes)]
    for index in range(4):
        count = sum(index in classes for classes in let_in)
        assert count == quota.taken[index] <= most


def test_chest_reports_follow_the_study_list(built: Build) -> None:
    result = built("mimic_cxr")
    assert result.pairs == [
        ("Heart of normal size.", "Normal."),
        ("The invented lungs  are clear.", "No acute  process."),
    ]
    assert {d["reason"] for d in result.dropped} == {
        "the report has no findings or no impression",
        "the report is not among the files",
    }
    assert result.document["Access"] == "credentialed"
    assert result.document["May_leave"] is False


def test_chest_reports_may_stay_in_their_zip(built: Build, tmp_path: Path) -> None:
    raw, fixture = tmp_path / "raw", FIXTURES / "mimic_cxr"
    raw.mkdir()
    shutil.copy(fixture / "cxr-study-list.csv", raw)
    with zipfile.ZipFile(raw / "mimic-cxr-reports.zip", "w") as bundle:
        for path in sorted((fixture / "files").rglob("*.txt")):
            bundle.write(path, path.relative_to(fixture))
    packed = built("mimic_cxr", raw=raw)
    assert len(packed.pairs) == 2
    assert sorted(packed.provenance["raw"]["files"]) == ["cxr-study-list.csv", "mimic-cxr-reports.zip"]


def test_a_study_list_without_paths_is_refused(built: Build, tmp_path: Path) -> None:
    raw = Path(shutil.copytree(FIXTURES / "mimic_cxr", tmp_path / "raw"))
    (raw / "cxr-study-list.csv").write_text("subject_id,study_id\n1,50000001\n", encoding="utf-8")
    with pytest.raises(InvalidFile, match="lacks the columns path; found subject_id, study_id"):
        built("mimic_cxr", raw=raw)


def test_an_emergency_visit_is_spelt_as_its_data_frame(built: Build) -> None:
    result = built("mimic4ed", "task117")
    lines = [text.split("\n") for text, _ in result.pairs]
    assert [line.partition(": ")[0] for line in lines[0]] == list(AT_TRIAGE)
    assert lines[0][:2] == ["age: 50", "gender: F"]
    # A column with a gap is a column of floats; a number loses its last zero.
    assert [line for row in lines for line in row if line.startswith("triage_temperature")] == [
        "triage_temperature: 98.6",
        "triage_temperature: nan",
        "triage_temperature: 101.25",
    ]
    assert "triage_o2sat: 98" in lines[0]
    assert "chiefcom_cough: True" in lines[0]
    assert [answer for _, answer in result.pairs] == ["True", "False", "False"]


def test_the_three_outcomes_use_what_is_known_by_then(built: Build) -> None:
    assert [answer for _, answer in built("mimic4ed", "task118").pairs] == ["False", "True", "False"]
    assert [answer for _, answer in built("mimic4ed", "task119").pairs] == ["False", "False", "True"]
    assert set(AT_DISPOSITION) - set(AT_TRIAGE) >= {"ed_los", "n_med", "ed_temperature_last"}
    assert "triage_temperature" not in AT_DISPOSITION


def test_a_master_dataset_of_another_benchmark_is_refused(built: Build, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "master_dataset.csv").write_text("age,gender\n50,F\n", encoding="utf-8")
    with pytest.raises(InvalidFile, match=r"lacks the columns n_ed_30d.*found age, gender"):
        built("mimic4ed", raw=tmp_path / "raw")


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "not a whole table"), (b"age,gender\n1,\xe9t\xe9\n", "not UTF-8")]
)
def test_a_damaged_master_dataset_is_refused(content: bytes, message: str, built: Build, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "master_dataset.csv").write_bytes(content)
    with pytest.raises(InvalidFile, match=message):
        built("mimic4ed", raw=tmp_path / "raw")


def test_codes_are_answered_with_their_descriptions(built: Build) -> None:
    result = built("mimic4_icd10", split="train")
    ((text, answer),) = result.pairs
    assert text == "patient with invented cough\n and fever"
    assert (answer or "").split("; ")[:2] == [
        "A000: Cholera due to Vibrio cholerae 01, biovar cholerae",
        "B349: Viral infection, unspecified",
    ]
    assert "0016070: Bypass Cerebral Ventricle" in (answer or "")
    assert len(result.dropped) == 1
    assert [i["split"] for i in built("mimic4_icd10").instances] == ["train", "test"]


def test_summaries_without_code_tables_are_refused(built: Build, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    shutil.copy(FIXTURES / "mimic4_icd10" / "disch_train_split.csv", tmp_path / "raw")
    with pytest.raises(InvalidFile, match=r"has no crawl_ICD_final.*found disch_train_split\.csv"):
        built("mimic4_icd10", raw=tmp_path / "raw")


def test_mednli_pairs_keep_their_blanks_and_statements_lose_their_capitals(built: Build) -> None:
    pairs = built("mednli", "task41", split="train").pairs
    first = "Sentence1:  Invented premise with Hb of 9.1 .\n\nSentence2:  the patient has anemia"
    assert pairs[0] == (first, "Entailment")
    assert [answer for _, answer in pairs] == ["Entailment", "Contradiction", "Neutral"]
    assert built("mednli", "task42", split="train").pairs == [
        ("Invented premise with hb of 9.1 .", "The patient has anemia.")
    ]
    assert built("mednli", "task43", split="test").pairs == [("He was sent home .", "He died.")]


def test_mednli_triples_are_shuffled_by_the_seed(built: Build) -> None:
    orders = {built("mednli", "task44", split="train", seed=seed).pairs[0] for seed in range(8)}
    assert len(orders) > 1
    for text, answer in orders:
        assert text.startswith("Statement: Invented premise with hb of 9.1 .\nSentence1: ")
        said = dict(zip(text.split("\n")[1:], (answer or "").splitlines(), strict=True))
        assert sorted(line.split(" is ")[1] for line in said.values()) == ["contradiction.", "entailment.", "neutral."]
        (right,) = [line for line in said if line.endswith("The patient has anemia")]
        assert said[right] == f"{right[:9]} is entailment."


def test_a_mednli_line_of_another_kind_is_refused(built: Build, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "mli_train_v1.jsonl").write_text(
        '{"sentence1": "a", "sentence2": "b", "gold_label": "-"}\n', encoding="utf-8"
    )
    with pytest.raises(InvalidFile, match="label '-', which is none of entailment"):
        built("mednli", raw=tmp_path / "raw")


@pytest.mark.parametrize("name", ["mimic_iv_note", "mimic_cxr", "mimic4ed", "mimic4_icd10", "mednli"])
def test_text_of_mimic_never_leaves_and_says_where_to_sign(name: str) -> None:
    corpus = load_corpus(name).CORPUS
    assert corpus.access == "credentialed"
    assert not corpus.may_leave
    assert corpus.agreement.startswith("https://physionet.org/sign-dua/")
    assert corpus.licence.startswith("PhysioNet Credentialed")


def test_fixtures_are_tables_that_any_reader_reads() -> None:
    with (FIXTURES / "mimic_iv_note" / "note" / "radiology.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["note_type"] for row in rows] == ["RR"] * len(rows)
