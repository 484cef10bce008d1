"""The readers of question answering and dialogue corpora, on small invented files of the published formats."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from medsins.core import InvalidFile
from medsins.corpora import BuildOptions, build

from .conftest import FIXTURES, Built

Build = Callable[..., Built]


def copied(name: str, tmp_path: Path) -> Path:
    """A copy of a fixture that a test may spoil."""
    return Path(shutil.copytree(FIXTURES / name, tmp_path / name))


def splits(result: Built) -> dict[str, int]:
    counts: dict[str, int] = result.provenance["counts"]["by_split"]
    return counts


def reasons(result: Built) -> list[str]:
    return [drop["reason"] for drop in result.dropped]


def test_medqa_english(built: Build) -> None:
    result = built("medqa", "task57")
    assert splits(result) == {"train": 2, "validation": 1, "test": 1}
    assert result.pairs[0] == (
        "Question: What does a thirsty train patient 0 need?\nOptions: A: Iron\tB: Zinc\tC: Water\tD: Salt\tE: Air",
        "The right answer is C: Water",
    )


def test_medqa_with_four_options(built: Build) -> None:
    result = built("medqa", "task57", settings={"options": "four"}, split="test")
    assert result.pairs == [
        ("Question: What helps?\nOptions: A: Iron\tB: Water\tC: Salt\tD: Air", "The right answer is B: Water")
    ]


def test_medqa_chinese(built: Build) -> None:
    result = built("medqa", "task58", split="test")
    text = "问题: 口渴的病人需要什么？（　　）\n选项: A: 水\tB: 盐\tC: 铁\tD: 锌\tE: 气"
    assert result.pairs == [(text, "正确答案是 A: 水")]
    assert reasons(result) == ["the answer F is no option"]


def test_medqa_of_one_language_only(tmp_path: Path, built: Build) -> None:
    raw = copied("medqa", tmp_path)
    shutil.rmtree(raw / "questions" / "US")
    assert built("medqa", "task58", raw=raw).instances
    with pytest.raises(InvalidFile, match=r"has no US/train\.jsonl or US/dev\.jsonl"):
        built("medqa", "task57", raw=raw)


def test_medmcqa(built: Build) -> None:
    text = "Question: Which organ is number 1?\nOptions: A: Heart\tB: Lung\tC: Skin\tD: Ear"
    assert built("medmcqa", "task64").pairs[0] == (text, "The right answer is B: Lung")
    explained = built("medmcqa", "task63")
    assert explained.pairs == [(text, "The lung is meant.\nThe right answer is B: Lung")]
    assert reasons(explained) == ["the question has no explanation"]
    test = built("medmcqa", "task122", split="test")
    assert [output for _, output in test.pairs] == ["The right answer is A: Heart"]
    assert test.instances[0]["id"] == "task122-id-3"


@pytest.mark.parametrize(("cop", "message"), [(0, "copy on the hub"), (5, "the first is 1"), (None, "answer None")])
def test_medmcqa_with_answers_counted_otherwise(tmp_path: Path, built: Build, cop: int | None, message: str) -> None:
    raw = copied("medmcqa", tmp_path)
    question = json.loads((raw / "dev.json").read_text(encoding="utf-8"))
    (raw / "dev.json").write_text(json.dumps({**question, "cop": cop}), encoding="utf-8")
    with pytest.raises(InvalidFile, match=message):
        built("medmcqa", "task122", raw=raw)


def test_headqa_numbers_and_fields(built: Build) -> None:
    numbers = built("headqa", "task22", split="test")
    assert numbers.pairs[0] == ("Question: The pulse is felt at: \n Options:  <1> Hair. <2> Wrist", "2")
    fields = built("headqa", "task25", split="test")
    assert fields.pairs[0] == ("Question: The pulse is felt at: \n Options:  <0> Hair. <1> Wrist", "nursery")


def test_headqa_translations(built: Build) -> None:
    there = built("headqa", "task23", split="train")
    back = built("headqa", "task24", split="train")
    assert there.pairs == [("The pulse is felt at", "El pulso se nota en")]
    assert back.pairs == [(output, text) for text, output in there.pairs]
    assert reasons(there) == ["the Spanish file has no such question"]


def test_headqa_spanish(built: Build) -> None:
    result = built("headqa", "task129", split="test")
    text = "Pregunta: El pulso se nota en:\nOpciones: A: Pelo.\tB: Muñeca"
    assert result.pairs == [(text, "La respuesta correcta es: B: Muñeca")]
    assert reasons(result) == ["the right answer is no option"]


MMEDBENCH = {
    "task51": "问题: 水的化学式？\n选项: A: H2O\tB: CO2\t\n正确答案是 A: H2O。",
    "task52": "Question: Which is wet?\nOptions: A: Water\tB: Sand\t\nThe right answer is A: Water.",
    "task53": (
        "Question: Lesquels sont chauds?\nOptions: A: Feu\tB: Glace\tC: Soleil\t\n"
        "Les bonnes réponses sont A: Feu, C: Soleil."
    ),
    "task54": "質問: 濡れるのはどれか。\nオプション: A: 砂\tB: 水\t\n正しい答えは B: 水 です。",
    "task55": "Вопрос: Вода мокрая?\nВарианты: A: да\tB: нет\t\nПравильный ответ: A: да.",
    "task56": "Pregunta: ¿Qué moja?\nOpciones: A: El agua.\tB: La arena.\t\nLa respuesta correcta es A: El agua..",
}


@pytest.mark.parametrize("task", MMEDBENCH)
def test_mmedbench_in_six_languages(built: Build, task: str) -> None:
    result = built("mmedbench", task)
    assert splits(result) == {"train": 1, "test": 1}
    assert [text for text, _ in result.pairs] == [MMEDBENCH[task]] * 2
    assert reasons(result) == ["the rationale did not pass the human check", "the question has no rationale"]


def test_mmedbench_with_unchecked_rationales(built: Build) -> None:
    assert len(built("mmedbench", "task52", split="test", settings={"test": "all"}).instances) == 2


def test_frenchmedmcqa(built: Build) -> None:
    result = built("frenchmedmcqa")
    assert splits(result) == {"train": 1, "validation": 1, "test": 1}
    assert result.pairs[0] == (
        "Question: Question numéro 1: lesquels?\nOptions: A: Eau\tB: Sel\tC: Fer\tD: Zinc\tE: Air",
        "Les bonnes réponses est A: Eau, D: Zinc",
    )
    assert reasons(result) == ["the right answers are no options"]


def test_mmlu(built: Build) -> None:
    result = built("mmlu", "task4")
    text = "Which bone, in anatomy,\nis long?\n(A)Femur (B)Stapes, the small one (C)Hyoid (D)Patella"
    assert result.pairs == [(text, "A")] * 3
    assert splits(result) == {"train": 1, "validation": 1, "test": 1}
    assert reasons(result) == ["the answer X is no option"]


def test_mmlu_with_a_row_that_was_cut_off(built: Build, tmp_path: Path) -> None:
    raw = copied("mmlu", tmp_path)
    (raw / "data" / "test" / "anatomy_test.csv").write_text("Which?,a,b\n", encoding="utf-8")
    with pytest.raises(InvalidFile, match="has 3 cells where 6 are expected"):
        built("mmlu", "task4", raw=raw)


PQAA = {
    "task11": ("Context: We wished to know. Mice drank tea.\nAnswer: Tea wakes mice.", "Does tea wake mice?"),
    "task12": ("Question: Does tea wake mice?\nAnswer: Tea wakes mice.", "yes"),
    "task13": ("We wished to know. Mice drank tea.", "Does tea wake mice?"),
    "task14": ("We wished to know. Mice drank tea.", "1"),
    "task15": ("Question: Does tea wake mice?\nContext: We wished to know. Mice drank tea.", "Tea wakes mice."),
    "task124": ("Context: We wished to know. Mice drank tea.\nQuestion: Does tea wake mice?", "yes"),
}


@pytest.mark.parametrize("task", PQAA)
def test_pubmedqa_artificial(built: Build, task: str) -> None:
    result = built("pubmedqa_artificial", task)
    assert result.pairs[0] == PQAA[task]
    assert [i["id"] for i in result.instances] == [f"{task}-1001", f"{task}-1002"]


def test_pubmedqa_sections_without_an_aim(built: Build) -> None:
    assert built("pubmedqa_artificial", "task14").pairs[1] == ("Sand was poured.", "0")


def test_pubmedqa_cut_off(built: Build, tmp_path: Path) -> None:
    raw = copied("pubmedqa_artificial", tmp_path)
    file = raw / "ori_pqaa.json"
    file.write_bytes(file.read_bytes()[:-60])
    with pytest.raises(InvalidFile, match="cut off"):
        built("pubmedqa_artificial", "task12", raw=raw)


def test_bioasq(built: Build) -> None:
    result = built("bioasq")
    assert result.instances[0]["output"] == ["A gene is a unit.", "A unit of heredity."]
    assert result.pairs[1] == ("Is DNA long?", "Yes, it is.")
    assert reasons(result) == ["the question has no ideal answer"]
    assert result.document["Access"] == "registration"


def test_mashqa(built: Build) -> None:
    result = built("mashqa", split="val")
    assert result.pairs == [("What does val tea do?", "Tea warms. It also wakes.")]


def test_covidqa(built: Build) -> None:
    result = built("covidqa")
    assert result.pairs == [("What does the virus have?", "a crown")]
    assert reasons(result) == ["the question has no answer in the passage"]


def test_mediqa_ans(built: Build) -> None:
    result = built("mediqa_ans")
    assert result.pairs == [("How is a cold treated?", "Rest and drink.")]
    assert reasons(result) == ["the question or its summary is empty"]


def test_cmedqa2_one_instance_an_answer(built: Build) -> None:
    result = built("cmedqa2")
    assert result.pairs[:3] == [
        ("头痛怎么办？", "多休息。"),
        ("咳嗽, 很久了", "多喝水。"),
        ("头痛怎么办？", "看医生。"),
    ]
    assert splits(result) == {"train": 2, "validation": 1, "test": 1}
    assert reasons(result) == ["the question 99 is not in question.csv"]


def test_cmedqa2_without_the_candidate_lists(built: Build, tmp_path: Path) -> None:
    raw = copied("cmedqa2", tmp_path)
    for file in raw.glob("*_candidates.txt"):
        file.unlink()
    result = built("cmedqa2", raw=raw)
    assert splits(result) == {"": 4}
    assert any("train_candidates.txt" in note for note in result.provenance["notes"])


def test_chatdoctor_in_its_three_parts(built: Build) -> None:
    magic = built("chatdoctor", "task66")
    assert magic.pairs == [("My knee clicks.", "Hi, rest it.")]
    assert reasons(magic) == ["the input is empty"]
    assert built("chatdoctor", "task67").pairs == [("Hi doctor, I sneeze.", "Hi. Avoid dust.")]
    assert built("chatdoctor", "task68").pairs == [("Doctor, I yawn.", "Sleep more.")]


def test_chatdoctor_with_one_part_only(tmp_path: Path) -> None:
    raw = copied("chatdoctor", tmp_path)
    (raw / "HealthCareMagic-100k.json").unlink()
    (raw / "GenMedGPT-5k.json").unlink()
    report = build("chatdoctor", raw, tmp_path / "out", BuildOptions())
    assert [counts.task_id for counts in report.written] == ["task67"]
    assert any("no HealthCareMagic-100k.json" in note for note in report.notes)
    with pytest.raises(InvalidFile, match=r"has no HealthCareMagic-100k\.json"):
        build("chatdoctor", raw, tmp_path / "out", BuildOptions(tasks=("task66",)))


def test_wikidoc_and_medalpaca(built: Build) -> None:
    result = built("wikidoc")
    assert result.pairs == [("What is tea?", "A leaf."), ("Who drinks tea?", "Many.")]
    assert reasons(result) == ["the output is empty"]
    assert built("medalpaca").pairs == [("What does insulin do?", "It lowers glucose.")]


@pytest.mark.parametrize("text", ["{}", '[{"input": "x"}]', '["x"]', "[1, 2"])
def test_flashcards_of_another_layout(built: Build, tmp_path: Path, text: str) -> None:
    (tmp_path / "medical_meadow_medical_flashcards.json").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidFile, match="the file of April 2023"):
        built("medalpaca", raw=tmp_path)


def test_lima(built: Build) -> None:
    result = built("lima")
    assert result.pairs == [("Why is tea hot?", "Because it was boiled."), ("Hello", "Hi")]
    assert reasons(result) == ["the prompt has no answer"]
    assert result.document["DUO"] == ["DUO:0000046"]
