"""The readers of open corpora, on small invented files of the published formats."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from medsins.core import InvalidFile
from medsins.tasks import read_task

from .conftest import FIXTURES, Built

Build = Callable[..., Built]


def workbook(path: Path, *rows: tuple[object, ...]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path.parent


MEQSUM = "MeQSum_ACL2019_BenAbacha_Demner-Fushman.xlsx"


def test_meqsum_keeps_white_space_and_drops_rows_without_summary(built: Build, tmp_path: Path) -> None:
    rows = [("File", "CHQ", "Summary"), ("1.txt", " a long\n question ", "Short? "), ("2.txt", "no summary", None)]
    result = built("meqsum", raw=workbook(tmp_path / "raw" / MEQSUM, *rows))
    assert result.pairs == [(" a long\n question ", "Short? ")]
    assert [d["place"] for d in result.dropped] == [f"{MEQSUM}: row 3"]


def test_meqsum_of_another_release_is_refused(tmp_path: Path, built: Build) -> None:
    with pytest.raises(InvalidFile, match="lacks the columns CHQ; found File, Question, Summary"):
        built("meqsum", raw=workbook(tmp_path / "raw" / MEQSUM, ("File", "Question", "Summary"), ("1", "a", "b")))


def test_a_workbook_that_was_cut_off_is_refused(tmp_path: Path, built: Build) -> None:
    folder = workbook(tmp_path / "raw" / MEQSUM, ("File", "CHQ", "Summary"), ("1", "a", "b"))
    whole = (folder / MEQSUM).read_bytes()
    (folder / MEQSUM).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidFile, match="not a whole Excel workbook"):
        built("meqsum", raw=folder)


def test_medicationqa_keeps_the_row_without_answer_as_null(built: Build, tmp_path: Path) -> None:
    head = ("Question", "Focus (Drug)", "Question Type", "Answer", "Section Title", "URL")
    rows = [head, ("what is x", "x", "Information", "A drug.", "NA", "u"), ("what is y", "y", "Dose", *["n/a"] * 3)]
    result = built("medicationqa", raw=workbook(tmp_path / "raw" / "MedInfo2019-QA-Medications.xlsx", *rows))
    assert result.pairs == [("what is x", "A drug."), ("what is y", None)]
    assert [i.outputs for i in read_task(result.path).instances] == [("A drug.",), ()]


def test_liveqa_gives_one_instance_an_answer(built: Build) -> None:
    result = built("liveqa", split="test")
    assert result.pairs == [
        ("My arm itches.\n What now?", " Do not scratch. "),
        ("My arm itches.\n What now?", "Use a cream."),
    ]
    assert [d["reason"] for d in result.dropped] == ["the question has no answer"]


def test_liveqa_reads_the_training_layout(built: Build) -> None:
    assert built("liveqa", split="train").pairs == [("Why do I sneeze?", "Pollen may be why.")]


def test_igakuqa(built: Build) -> None:
    result = built("igakuqa")
    assert result.pairs == [
        (
            "質問: ビタミンC欠乏でみられるのはどれか。\nオプション: A: 夜盲\tB: 壊血病\tC: くる病",
            "正しい答えは B: 壊血病 です",
        ),
        (
            "質問: 正しいのはどれか。\n2つ選べ。\nオプション: A: 甲\tB: 乙\tC: 丙\tD: 丁",
            "正しい答えは A: 甲, D: 丁 です",
        ),
    ]
    assert [d["reason"] for d in result.dropped] == [
        "the problem has no choices",
        "the answer A OR B names no single choice",
    ]
    assert [i["id"] for i in result.instances] == ["task59-124A1", "task59-124A2"]


def test_pico_participants_lose_a_span_that_begins_the_sentence(built: Build) -> None:
    assert [output for _, output in built("pico", "task1").pairs] == ["not found", "children", "not found"]


def test_pico_interventions_are_single_tokens_the_first_too(built: Build) -> None:
    assert [output for _, output in built("pico", "task2").pairs] == [
        "Forty, colchicine, daily",
        "children",
        "not found",
    ]


def test_pico_outcomes_are_spans_with_commas_closed_up(built: Build) -> None:
    assert [output for _, output in built("pico", "task3").pairs] == ["daily", ", swelling and sleep", "not found"]


def test_pico_marks_that_do_not_fit_the_sentence_are_refused(built: Build, tmp_path: Path) -> None:
    (tmp_path / "annotations").mkdir()
    (tmp_path / "sentences.json").write_text('{"1:0": "two tokens"}')
    (tmp_path / "data").mkdir()
    (tmp_path / "sentences.json").rename(tmp_path / "data" / "sentences.json")
    (tmp_path / "annotations").rename(tmp_path / "data" / "annotations")
    marks = {"1:0": {"annotations": [[0, 1, 0]] * 3}}
    (tmp_path / "data" / "annotations" / "participants_sensupport.json").write_text(json.dumps(marks))
    with pytest.raises(InvalidFile, match="three lists of 2 marks"):
        built("pico", "task1", raw=tmp_path)


def test_bc5cdr(built: Build) -> None:
    chemicals = built("bc5cdr", "task126", split="test")
    assert chemicals.pairs == [
        ("Aspirin and sodium valproate, given twice ( oral ).", "Aspirin, sodium valproate."),
        ("No drug helped!", "There is no related enetity."),
    ]
    assert chemicals.pairs[0][0].startswith("Aspirin")
    diseases = built("bc5cdr", "task127", split="test")
    assert diseases.pairs == [("Aspirin caused gastric ulcer and ulcer.", "gastric ulcer, ulcer.")]


def test_the_converters_spelling_of_the_empty_answer(built: Build) -> None:
    result = built("bc5cdr", "task126", split="test", empty_answer="converter")
    assert result.pairs[1][1] == "There is no related entity."


@pytest.mark.parametrize(
    ("name", "pair"),
    [
        ("bc2gm", ("The abc - 1 gene?", "abc - 1.")),
        ("ncbi_disease", ("Familial gout; rare", "Familial gout.")),
        ("anatem", ("Left kidney cells", "kidney cells.")),
        ("species800", ("Mus musculus ran.", "Mus musculus.")),
    ],
)
def test_other_ner_corpora(built: Build, name: str, pair: tuple[str, str]) -> None:
    result = built(name, split="dev")
    assert result.pairs == [pair]
    assert read_task(result.path).category == "Named Entity Recognition"


def test_one_entity_tasks_are_made_on_request(built: Build) -> None:
    diseases = built("bc5cdr", "task28", split="test")
    assert diseases.pairs == [(" Aspirin caused gastric ulcer and ulcer .", "gastric ulcer")]
    assert diseases.instances[0]["output"] == ["gastric ulcer", "ulcer"]
    assert built("bc2gm", "task31", split="test").pairs == [(" The abc - 1 gene ?", "abc - 1")]
    assert built("ncbi_disease", "task27", split="test").pairs == [(" Familial gout ; rare", "Familial gout")]


def test_clinical_trials_fill_lines_and_name_relations_by_text(built: Build) -> None:
    result = built("clinical_trials", split="dev")
    text, output = result.pairs[0]
    assert text == "Inclusion Criteria:\n  -  age over 40 years\n  -  stable angina"
    empty = {"Entities": [], "Relations": []}
    angina, stable = {"angina": "Condition"}, {"stable": "Stability___stable"}
    assert json.loads(output or "") == {
        "Line0": empty,
        "Line1": empty,
        "Line2": {
            "Entities": [angina, stable, {"stable angina": "Span"}],
            "Relations": [[angina, stable, "Stability"]],
        },
    }
    assert output == json.dumps(json.loads(output or ""), indent=4)
    assert [d["place"] for d in result.dropped] == ["data/ner/spert/dev.json: NCT99000009"]


def test_hoc(built: Build) -> None:
    result = built("hoc")
    assert result.pairs == [
        ("Cells divide without end . Vessels grow too .", "Sustaining proliferative signaling, Inducing angiogenesis"),
        ("Energy is spent .", "Cellular energetics"),
    ]
    assert {d["place"]: d["reason"] for d in result.dropped} == {
        "text/1000002.txt": "no sentence has a label",
        "text/1000003.txt": "the document has no label file",
    }


def test_hoc_by_sentence(built: Build, tmp_path: Path) -> None:
    result = built("hoc", settings={"unit": "sentence"})
    assert result.pairs == [
        ("Cells divide without end .", "Sustaining proliferative signaling, Inducing angiogenesis"),
        ("Energy is spent .", "Cellular energetics"),
    ]
    for folder, content in (("text", "One .\nTwo .\n"), ("labels", "<Cellular energetics")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.txt").write_text(content)
        (tmp_path / folder / "2.txt").write_text(content[:5] if folder == "text" else content)
    uneven = built("hoc", raw=tmp_path, settings={"unit": "sentence"})
    assert [d["reason"] for d in uneven.dropped] == ["the document has 2 sentences and labels for 1"]


def test_hoc_refuses_an_unknown_label(built: Build, tmp_path: Path) -> None:
    for folder, content in (("text", "A sentence ."), ("labels", "<Sunshine--Rays")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.txt").write_text(content)
    with pytest.raises(InvalidFile, match="'Sunshine', which is none of the ten"):
        built("hoc", raw=tmp_path)


def test_disease_ontology_explanations_and_synonyms(built: Build) -> None:
    explanations = built("disease_ontology", "task46")
    assert explanations.pairs == [
        ("joint disease", 'A disease that is located_in a "joint": knee, hip.'),
        ("gout", "A joint disease with crystals."),
    ]
    assert {d["reason"] for d in explanations.dropped} == {"the term has no definition"}
    assert built("disease_ontology", "task45").pairs == [("joint disease", "arthropathy, disorder of joint")]


def relations(result: Built) -> dict[str, set[str]]:
    labels: dict[str, set[str]] = {}
    for text, label in result.pairs:
        labels.setdefault(label or "", set()).add(text)
    return labels


def test_disease_ontology_relations(built: Build) -> None:
    found = relations(built("disease_ontology", "task47"))
    assert "Word1:gout\nWord2:joint disease" in found["parent"]
    assert "Word1:joint disease\nWord2:gout" in found["child"]
    assert found["synonym"] == {
        "Word1:joint disease\nWord2:arthropathy",
        "Word1:joint disease\nWord2:disorder of joint",
    }
    # Everything here is below "disease"; only flu and the joint diseases are unrelated.
    pairs = {("flu", "joint disease"), ("flu", "gout"), ("joint disease", "flu"), ("gout", "flu")}
    assert found["unrelated"] <= {f"Word1:{a}\nWord2:{b}" for a, b in pairs}


def test_disease_ontology_turned_round(built: Build, tmp_path: Path) -> None:
    found = relations(built("disease_ontology", "task47", settings={"direction": "first"}))
    assert "Word1:gout\nWord2:joint disease" in found["child"]


def test_disease_ontology_one_relation_a_term(built: Build) -> None:
    assert (
        len(built("disease_ontology", "task47", settings={"relations": "one-per-term"}).pairs) == 3
    )  # all but the root


def test_disease_ontology_takes_subsets_where_there_is_no_whole_release(built: Build, tmp_path: Path) -> None:
    text = (FIXTURES / "disease_ontology" / "doid.obo").read_text()
    head, *terms = text.split("\n[Term]\n")
    for name, chosen in (("DO_a_slim.obo", terms[1:2]), ("DO_b_slim.obo", terms[1:3])):
        (tmp_path / name).write_text("\n[Term]\n".join([head, *chosen]))
    assert [text for text, _ in built("disease_ontology", "task46", raw=tmp_path).pairs] == ["joint disease", "gout"]


def test_pubmedqa(built: Build) -> None:
    assert built("pubmedqa").pairs == [
        ("Context: We gave tea. Half slept.\nQuestion: Does tea help?", "yes"),
        ("Context: We gave salt.\nQuestion: Is salt bad?", "maybe"),
        ("Context: We gave hats.\nQuestion: Do hats cure?", "no"),
    ]


def test_pubmedqa_verification_drops_maybe(built: Build) -> None:
    result = built("pubmedqa", "task12")
    assert result.pairs == [
        ("Question: Does tea help?\nAnswer: Tea helps.", "yes"),
        ("Question: Do hats cure?\nAnswer: They do not.", "no"),
    ]
    assert [d["reason"] for d in result.dropped] == ["the decision is maybe"]


def test_rumedbench_leaves_out_the_passage(built: Build) -> None:
    test = built("rumedbench", split="test")
    assert test.pairs == [("Вопрос: Вопрос номер 4?\nВарианты: A: да\tB: нет", "Правильные ответ: B: нет")]
    assert [d["reason"] for d in test.dropped] == ["the record has no answer (private test set)"]


def test_medquad_strips_only_the_ends_and_orders_collections_by_number(built: Build) -> None:
    result = built("medquad")
    assert result.pairs == [
        ("What is (are) Blue toe ?", "A toe that is blue.\n\n   See a doctor & rest."),
        ("What are the treatments for Blue toe ?", "Warm it."),
    ]
    assert [d["place"] for d in result.dropped] == [
        "6_NINDS_QA/0000002.xml: pair 1",
        "10_MPlus_ADAM_QA/0000001.xml: 0000001-1",
    ]


def test_xml_that_was_cut_off_says_where(built: Build, tmp_path: Path) -> None:
    (tmp_path / "1_X_QA").mkdir()
    (tmp_path / "1_X_QA" / "1.xml").write_text("<Document>\n<QAPairs>")
    with pytest.raises(InvalidFile, match=r"1\.xml: line 2, column 10: is not well-formed XML"):
        built("medquad", raw=tmp_path)
