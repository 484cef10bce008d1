"""Records written in the published format of a corpus come back from its reader as they were."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsins.core import Instance
from medsins.corpora import BuildOptions, RawFolder, load_corpus
from medsins.corpora._formats.frame import frame_rows
from medsins.corpora.healthfact import COLUMNS, LABELS

Fresh = pytest.TempPathFactory
few = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)

words = st.text(alphabet="aé Z.,'\"<&>;", min_size=1, max_size=16).map(str.strip).filter(bool)
lines = st.text(alphabet="aé Z.,'\"\n", min_size=1, max_size=16)
names = st.from_regex(r"[a-z]{1,6}", fullmatch=True)


def instances(name: str, raw: Path, task: str, **options: Any) -> list[Instance]:
    """The instances of one task that the reader of a corpus makes from a folder."""
    module = load_corpus(name)
    found = module.read(RawFolder(raw, module.CORPUS), BuildOptions(tasks=(task,), **options))
    return [record.instance for record in found if record.instance and record.task_id == task]


def pairs(name: str, raw: Path, task: str, **options: Any) -> list[tuple[str, str]]:
    return [(instance.input, instance.reference) for instance in instances(name, raw, task, **options)]


def write_table(path: Path, rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8", newline="")


def write_lines(path: Path, records: Iterable[Mapping[str, object]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


@few
@given(st.lists(st.tuples(words, words), min_size=1, max_size=5))
def test_translation_units(tmp_path_factory: Fresh, units: list[tuple[str, str]]) -> None:
    raw = tmp_path_factory.mktemp("raw")
    body = "".join(
        f'<tu><tuv xml:lang="EN"><seg>{escape(a)}</seg></tuv><tuv xml:lang="SV"><seg>{escape(b)}</seg></tuv></tu>'
        for a, b in units
    )
    (raw / "ECDC.tmx").write_text(f"<tmx><body>{body}</body></tmx>", encoding="utf-8")
    assert pairs("ecdc_tm", raw, "task19") == units


@few
@given(st.lists(st.tuples(words, st.lists(st.tuples(words, st.lists(words, max_size=3)), min_size=1, max_size=3))))
def test_clinical_inquiries(tmp_path_factory: Fresh, inquiries: list[tuple[str, list[tuple[str, list[str]]]]]) -> None:
    raw = tmp_path_factory.mktemp("raw")
    text = "<record><question>First?</question><answer><snip><sniptext>Yes.</sniptext></snip></answer></record>"
    for question, answers in inquiries:
        snips = ""
        for answer, evidence in answers:
            longs = "".join(f"<long><longtext>{escape(part)}</longtext></long>" for part in evidence)
            snips += f"<snip><sniptext>{escape(answer)}</sniptext>{longs}</snip>"
        text += f"<record><question>{escape(question)}</question><answer>{snips}</answer></record>"
    (raw / "ClinicalInquiries.xml").write_text(f"<records>{text}</records>", encoding="utf-8")
    asked = [(question, " ".join(answer for answer, _ in answers)) for question, answers in inquiries]
    assert pairs("ebms", raw, "task99") == [("First?", "Yes."), *asked]
    assert pairs("ebms", raw, "task100") == [
        (answer, part) for _, answers in inquiries for answer, evidence in answers for part in evidence
    ]


@few
@given(st.lists(st.tuples(words, words), min_size=1, max_size=4))
def test_questions_on_drugs(tmp_path_factory: Fresh, asked: list[tuple[str, str]]) -> None:
    raw = tmp_path_factory.mktemp("raw")
    (raw / "11_MPlusDrugs_QA").mkdir()
    body = "".join(
        f"<QAPair pid='1'><Question>{escape(q)}</Question>\n<Answer> {escape(a)} </Answer></QAPair>" for q, a in asked
    )
    document = f"<Document><Focus>x</Focus><QAPairs>{body}</QAPairs></Document>"
    (raw / "11_MPlusDrugs_QA" / "1.xml").write_text(document, encoding="utf-8")
    assert pairs("medlineplus", raw, "task97") == asked


cells = st.text(alphabet="aé Z.,'\"", min_size=1, max_size=16).map(str.strip).filter(bool)


@few
@given(st.lists(st.tuples(cells, cells, cells, st.sampled_from(["true", "false", "mixture"])), min_size=1, max_size=5))
def test_claims(tmp_path_factory: Fresh, claims: list[tuple[str, str, str, str]]) -> None:
    raw = tmp_path_factory.mktemp("raw")
    text = "\t".join(COLUMNS) + "\n"
    for claim, paragraph, explanation, label in claims:
        row = dict.fromkeys(COLUMNS, "x") | {"claim": claim, "main_text": paragraph}
        text += "\t".join((row | {"explanation": explanation, "label": label}).values()) + "\n"
    (raw / "train.tsv").write_text(text, encoding="utf-8")
    said = [
        (f"Paragraph: {paragraph} Claim: {claim}", explanation, label)
        for claim, paragraph, explanation, label in claims
    ]
    assert pairs("healthfact", raw, "task16") == [(text, LABELS[label]) for text, _, label in said]
    assert pairs("healthfact", raw, "task18") == [(text, explanation) for text, explanation, _ in said]
    assert pairs("healthfact", raw, "task17") == [
        (f"Paragraph: {paragraph}", claim) for claim, paragraph, _, label in claims if label == "true"
    ]


labels = st.sampled_from(["entailment", "contradiction", "neutral"])


@few
@given(st.lists(st.tuples(lines, lines, labels), min_size=1, max_size=6))
def test_premises_and_hypotheses(tmp_path_factory: Fresh, said: list[tuple[str, str, str]]) -> None:
    raw = tmp_path_factory.mktemp("raw")
    write_lines(raw / "mli_test_v1.jsonl", ({"sentence1": a, "sentence2": b, "gold_label": c} for a, b, c in said))
    found = pairs("mednli", raw, "task41", split="test")
    assert found == [(f"Sentence1: {a}\n\nSentence2: {b}", c.capitalize()) for a, b, c in said]
    assert len(pairs("mednli", raw, "task42", split="test")) == [c for _, _, c in said].count("entailment")


@few
@given(st.lists(st.tuples(names, st.lists(st.sampled_from(["E_1", "E_2_@_V_1", "E_2_@_7"]), min_size=1)), min_size=1))
def test_synthetic_patients(tmp_path_factory: Fresh, patients: list[tuple[str, list[str]]]) -> None:
    raw = tmp_path_factory.mktemp("raw")
    evidences = {
        "E_1": {"question_en": "Cough?", "value_meaning": {}},
        "E_2": {"question_en": "Pain?", "value_meaning": {"V_1": {"en": "in THE back"}}},
    }
    (raw / "release_evidences.json").write_text(json.dumps(evidences), encoding="utf-8")
    head = ("AGE", "DIFFERENTIAL_DIAGNOSIS", "SEX", "PATHOLOGY", "EVIDENCES", "INITIAL_EVIDENCE")
    write_table(raw / "release_train_patients.csv", [head, *((7, [], "M", p, found, "E_1") for p, found in patients)])
    worded = {"E_1": "Cough? Yes", "E_2_@_V_1": "Pain? In the back", "E_2_@_7": "Pain? 7"}
    assert pairs("ddxplus", raw, "task130") == [
        (
            f"Age: 7\nSex: M\nInitial evidence: Cough? Yes\nEvidence: {'; '.join(map(worded.get, found))}.",
            f"The diagnosis result is {pathology}.",
        )
        for pathology, found in patients
    ]


@few
@given(st.lists(st.tuples(lines, lines), min_size=1, max_size=5))
def test_patients_of_case_reports(tmp_path_factory: Fresh, reports: list[tuple[str, str]]) -> None:
    raw = tmp_path_factory.mktemp("raw")
    head = ("patient_uid", "title", "patient", "age", "gender", "similar_patients")
    rows = [(f"{n}-1", title, text, "[[3.0, 'day']]", "F", "{}") for n, (title, text) in enumerate(reports)]
    write_table(raw / "PMC-Patients.csv", [head, *rows])
    assert pairs("pmc_patients", raw, "task73") == [(text, title) for title, text in reports]
    found = instances("pmc_patients", raw, "task74", settings={"age": "plain"})
    assert {instance.reference for instance in found} == {"Gender: F\n\nAge: [[3.0, 'day']]"}
    assert [instance.id for instance in found] == [f"task74-{n}-1" for n in range(len(reports))]


@few
@given(st.lists(st.tuples(cells, st.lists(cells, min_size=1, max_size=4)), min_size=1, max_size=4))
def test_articles_with_headings(tmp_path_factory: Fresh, articles: list[tuple[str, list[str]]]) -> None:
    raw = tmp_path_factory.mktemp("raw")
    head = ("Title", "abstractText", "meshMajor", "pmid")
    rows = [(title, "An abstract.", headings, 1) for title, headings in articles]
    write_table(raw / "PubMed Multi Label Text Classification Dataset.csv", [head, *rows])
    assert pairs("pubmed_mesh", raw, "task107") == [(f"{t}\nAn abstract.", "; ".join(h)) for t, h in articles]


sentences = st.lists(names, min_size=1, max_size=4)


@few
@given(st.lists(st.tuples(sentences, sentences), min_size=1, max_size=4))
def test_long_articles(tmp_path_factory: Fresh, articles: list[tuple[list[str], list[str]]]) -> None:
    raw = tmp_path_factory.mktemp("raw")
    write_lines(
        raw / "val.txt",
        (
            {"article_id": "PMC1", "article_text": text, "abstract_text": [f"<S> {part} </S>" for part in abstract]}
            for text, abstract in articles
        ),
    )
    found = pairs("pubmed_summarization", raw, "task111", split="validation")
    assert found == [("\n".join(text), " ".join(abstract)) for text, abstract in articles]


@few
@given(st.lists(names, min_size=1, max_size=8), st.data())
def test_parts_of_captions(tmp_path_factory: Fresh, tokens: list[str], data: st.DataObject) -> None:
    raw = tmp_path_factory.mktemp("raw")
    ends = st.integers(0, len(tokens) - 1)
    spans = data.draw(st.lists(st.tuples(ends, ends).map(sorted), max_size=3))
    write_lines(raw / "dev_span.json", [{"sentences": [tokens], "ner": [[[*span, "ANATOMY"] for span in spans]]}])
    ((text, answer),) = pairs("radiopaedia_ner", raw, "task72", split="validation")
    assert text == " ".join(tokens)
    assert answer == repr([[" ".join(tokens[start : end + 1]), "ANATOMY"] for start, end in spans])


@few
@given(st.lists(st.tuples(lines, st.lists(st.sampled_from(["B34", "A00", "Z99"]), min_size=1)), min_size=1, max_size=4))
def test_coded_summaries(tmp_path_factory: Fresh, summaries: list[tuple[str, list[str]]]) -> None:
    raw = tmp_path_factory.mktemp("raw")
    (raw / "icd10cm_codes_2024.txt").write_text("A00     Cholera\nB34     Viral infection\n", encoding="utf-8")
    rows = [(n, text, ";".join(codes)) for n, (text, codes) in enumerate(summaries)]
    write_table(raw / "disch_dev_split.csv", [("hadm_id", "text", "labels"), *rows])
    table = {"A00": "A00: Cholera", "B34": "B34: Viral infection"}
    answers = [(text, "; ".join(table[code] for code in codes if code in table)) for text, codes in summaries]
    found = pairs("mimic4_icd10", raw, "task116", split="validation")
    assert found == [(text, answer) for text, answer in answers if answer]


@few
@given(st.lists(st.tuples(words, words), min_size=1, max_size=6))
def test_concepts_and_definitions(tmp_path_factory: Fresh, concepts: list[tuple[str, str]]) -> None:
    raw = tmp_path_factory.mktemp("raw")
    write_lines(raw / "pairs.jsonl", ({"concept": name, "definition": text} for name, text in concepts))
    assert pairs("biolord", raw, "task50") == [(f"Concept: {name}", text) for name, text in concepts]
    assert pairs("biolord", raw, "task49") == [(f"Definition: {text}", name) for name, text in concepts]


values = st.one_of(st.none(), st.integers(-9, 9), st.floats(-9, 9), st.booleans(), st.sampled_from(["x", "1e3", "NA"]))


@few
@given(st.lists(st.tuples(values, values, st.integers(0, 5)), min_size=1, max_size=6))
def test_cells_are_spelt_as_pandas_prints_a_row(tmp_path_factory: Fresh, rows: list[tuple[object, ...]]) -> None:
    raw = tmp_path_factory.mktemp("raw")
    write_table(raw / "master_dataset.csv", [("a", "b", "n", "word"), *((*row, "w") for row in rows)])
    file = RawFolder(raw, load_corpus("mimic4ed").CORPUS).file("master_dataset.csv")
    frame = pd.read_csv(raw / "master_dataset.csv")
    printed = [{name: str(frame.iloc[n][name]) for name in frame.columns} for n in range(len(frame))]
    assert [cells for _, cells in frame_rows(file)] == printed
    assert [cells for _, cells in frame_rows(file, ("n", "a"))] == [{k: row[k] for k in ("a", "n")} for row in printed]
