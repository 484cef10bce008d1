"""The multilingual half of the mini suite: every file is in its released format and its keys can be trusted."""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import medsins.bench.suites as suites
from medsins.tasks import read_task

MINI = Path(suites.__file__).parent / "mini"
SIZES = {"mcqa": {"test": 8, "train": 5}, "rationale": {"test": 5, "train": 4}}


@dataclass(frozen=True)
class Language:
    """How one language writes question, options and answer; ``{}`` stands for ``B: text``."""

    name: str
    question: str
    options: str
    mcqa: str
    rationale: str
    script: str
    several: str = ""
    charset: str = "utf-8"
    sentence_end: str = r"[.!?](?=\s+[A-ZА-ЯЁÀ-Ý¿¡])"

    @property
    def dense(self) -> bool:
        """Written without spaces between words."""
        return self.sentence_end == CJK_END


CJK_END, HAN, CYRILLIC = "[。！？]", r"[\u4e00-\u9fff]", "[а-яА-ЯёЁ]"
LANGUAGES = {
    "en": Language(
        "English",
        "Question",
        "Options",
        "The right answer is {}",
        "The right answer is {}.",
        r"\b(the|and|is|of|with|which)\b",
    ),
    "es": Language(
        "Spanish",
        "Pregunta",
        "Opciones",
        "La respuesta correcta es: {}",
        "La respuesta correcta es {}.",
        r"\b(el|los|una?|del?|con|para|qué)\b",
    ),
    "fr": Language(
        "French",
        "Question",
        "Options",
        "Les bonnes réponses est {}",
        "La bonne réponse est {}.",
        r"\b(le|une?|du|des|est|quel|sont)\b",
        several="Les bonnes réponses sont {}.",
    ),
    "ja": Language(
        "Japanese",
        "質問",
        "オプション",
        "正しい答えは {} です",
        "正しい答えは {} です。",
        r"[\u3041-\u309f]",
        several="正しい答えは {} です。",
        charset="shift_jis_2004",
        sentence_end=CJK_END,
    ),
    "ru": Language("Russian", "Вопрос", "Варианты", "Правильные ответ: {}", "Правильный ответ: {}.", CYRILLIC),
    "zh": Language(
        "Chinese", "问题", "选项", "正确答案是 {}", "正确答案是 {}。", HAN, charset="gb2312", sentence_end=CJK_END
    ),
}


@dataclass(frozen=True)
class Item:
    """One instance or worked example, taken apart."""

    id: str
    question: str
    options: dict[str, str]
    answers: dict[str, str]
    output: str


def load(split: str, kind: str, code: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((MINI / split / f"mini_{kind}_{code}.json").read_text("utf-8"))
    return document


def lettered(option: str) -> tuple[str, str]:
    letter, _, text = option.partition(": ")
    return letter, text


def options_of(line: str) -> dict[str, str]:
    pairs = [lettered(option) for option in line.split("\t")]
    assert [letter for letter, _ in pairs] == list(string.ascii_uppercase[: len(pairs)]), "letters must follow A, B, C"
    return dict(pairs)


def answers_of(text: str, forms: tuple[str, ...]) -> dict[str, str]:
    for form in filter(None, forms):
        before, after = form.split("{}")
        if text.startswith(before) and text.endswith(after):
            chosen = text[len(before) : len(text) - len(after)]
            return dict(map(lettered, re.split(r", (?=[A-E]: )", chosen)))
    raise AssertionError(f"no answer of the form {forms} in {text!r}")


def parse(kind: str, code: str, record: dict[str, Any]) -> Item:
    language = LANGUAGES[code]
    output = record["output"] if isinstance(record["output"], str) else record["output"][0]
    lines = record["input"].split("\n")
    assert len(lines) == (2 if kind == "mcqa" else 3)
    assert lines[0].startswith(f"{language.question}: ")
    assert lines[1].startswith(f"{language.options}: ")
    options = lines[1].removeprefix(f"{language.options}: ")
    if kind == "mcqa":
        answers = answers_of(output, (language.mcqa,))
    else:
        assert options.endswith("\t"), "each option is followed by a tab, the last one too"
        options = options[:-1]
        answers = answers_of(lines[2], (language.rationale, language.several))
    question = lines[0].removeprefix(f"{language.question}: ")
    return Item(record.get("id", "example"), question, options_of(options), answers, output)


def items(split: str, kind: str, code: str, examples: bool = False) -> list[Item]:
    document = load(split, kind, code)
    records = document["Instances"] + (document["Positive Examples"] if examples else [])
    return [parse(kind, code, record) for record in records]


every_file = pytest.mark.parametrize(
    ("split", "kind", "code"), [(s, k, c) for k, sizes in SIZES.items() for s in sizes for c in LANGUAGES]
)
every_split_and_language = pytest.mark.parametrize(
    ("split", "code"), [(s, c) for s in SIZES["mcqa"] for c in LANGUAGES]
)


@every_file
def test_key_exists_and_repeats_its_option(split: str, kind: str, code: str) -> None:
    for item in items(split, kind, code, examples=True):
        assert item.answers, item.id
        assert item.answers.items() <= item.options.items(), item.id
        assert list(item.answers) == sorted(item.answers), item.id
        assert len(item.answers) < len(item.options), item.id


@every_file
def test_options_are_distinct_and_clean(split: str, kind: str, code: str) -> None:
    for item in items(split, kind, code, examples=True):
        texts = list(item.options.values())
        assert len({text.casefold() for text in texts}) == len(texts), item.id
        assert all(text == text.strip() and not text.endswith((".", "。")) for text in texts), item.id
        assert len(texts) in (4, 5) or (code == "ru" and texts == ["да", "нет"]), item.id


@every_file
def test_card_and_size(split: str, kind: str, code: str) -> None:
    task = read_task(MINI / split / f"mini_{kind}_{code}.json")
    assert task.id == f"mini_{kind}_{code}"
    assert (task.category, task.language, task.access) == (
        {"mcqa": "MCQA", "rationale": "Rationale"}[kind],
        LANGUAGES[code].name,
        "open",
    )
    assert task.card.input_language == (LANGUAGES[code].name,)
    assert task.card.split_type == split.capitalize()
    assert task.card.extra["License"] == "CC0-1.0"
    assert len(task.instances) == SIZES[kind][split]
    assert all(LANGUAGES[code].name in definition for definition in task.card.definition)
    if kind == "mcqa":
        form = LANGUAGES[code].mcqa.format("<letter>: <option>")
        assert all(form in definition for definition in task.card.definition)


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("code", LANGUAGES)
def test_test_and_train_share_one_card(kind: str, code: str) -> None:
    cards = [load(split, kind, code) for split in ("test", "train")]
    for card in cards:
        del card["Instances"], card["Split Type"]
    assert list(cards[0]) == list(cards[1])
    assert cards[0] == cards[1]


@every_file
def test_ids_are_the_stem_and_four_digits(split: str, kind: str, code: str) -> None:
    start = {"test": 1, "train": 101}[split]
    ids = [item.id for item in items(split, kind, code)]
    assert ids == [f"mini_{kind}_{code}-{number:04d}" for number in range(start, start + len(ids))]


def test_no_input_is_used_twice_in_the_whole_suite() -> None:
    seen: Counter[str] = Counter()
    for path in sorted(MINI.glob("*/mini_*.json")):
        document = json.loads(path.read_text("utf-8"))
        seen.update(instance["input"] for instance in document["Instances"])
        if path.parent.name == "test":  # the train file repeats the card, and so its examples
            seen.update(example["input"] for example in document["Positive Examples"])
    assert sum(seen.values()) >= sum(sum(sizes.values()) for sizes in SIZES.values()) * len(LANGUAGES)
    assert [text for text, times in seen.items() if times > 1] == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_question_is_asked_in_both_kinds(code: str) -> None:
    questions = [item.question for kind in SIZES for split in ("test", "train") for item in items(split, kind, code)]
    assert len(set(questions)) == len(questions)


@every_split_and_language
def test_keys_are_spread_over_the_letters(split: str, code: str) -> None:
    keys = Counter(letter for item in items(split, "mcqa", code) for letter in item.answers)
    assert len(keys) >= 4
    assert max(keys.values()) <= sum(keys.values()) / 2


@every_split_and_language
def test_the_key_is_not_given_away_by_its_length(split: str, code: str) -> None:
    open_items = [item for item in items(split, "mcqa", code) if len(item.options) > 2]
    given_away = 0
    for item in open_items:
        wrong = [len(text) for letter, text in item.options.items() if letter not in item.answers]
        given_away += min(map(len, item.answers.values())) > max(wrong)
    assert given_away <= len(open_items) / 2


def test_several_right_answers_occur_where_the_released_files_have_them() -> None:
    for split in ("test", "train"):
        with_several = {c for c in LANGUAGES if any(len(item.answers) > 1 for item in items(split, "mcqa", c))}
        assert with_several == {"fr", "ja"}
    assert any(item.options["A"] == "да" for item in items("test", "mcqa", "ru"))


@every_file
def test_text_is_in_its_language(split: str, kind: str, code: str) -> None:
    language = LANGUAGES[code]
    for item in items(split, kind, code, examples=True):
        explanation = item.output if kind == "rationale" else ""
        for text in filter(None, (item.question, explanation)):
            assert re.search(language.script, text), (item.id, text)
        whole = " ".join([item.question, explanation, *item.options.values()])
        if code != "ru":
            assert not re.search(r"[\u0400-\u04ff]", whole), item.id
        if not language.dense:
            assert not re.search(HAN, whole), item.id
        # Simplified characters are not in Shift JIS, Japanese and traditional ones not in GB 2312.
        "".join(re.findall(HAN, whole)).encode(language.charset)
        assert code != "zh" or not re.search(r"[\u3041-\u30ff]", whole), item.id


@pytest.mark.parametrize("split", ["test", "train"])
@pytest.mark.parametrize("code", LANGUAGES)
def test_explanations_are_two_to_four_sentences(split: str, code: str) -> None:
    language = LANGUAGES[code]
    for item in items(split, "rationale", code):
        text = item.output
        assert text == text.strip()
        assert "\n" not in text
        assert "\t" not in text
        assert text.endswith("。" if language.dense else "."), item.id
        sentences = len(re.findall(language.sentence_end, text)) + (0 if language.dense else 1)
        assert 2 <= sentences <= 4, (item.id, sentences)
        length = len(text) if language.dense else len(text.split())
        low, high = (80, 180) if language.dense else (35, 80)
        assert low <= length <= high, (item.id, length)


@every_file
def test_inputs_stay_short(split: str, kind: str, code: str) -> None:
    for item in items(split, kind, code):
        text = " ".join([item.question, *item.options.values()])
        length = len(text) / 2 if LANGUAGES[code].dense else len(text.split())
        assert length <= 120, (item.id, length)


@every_file
def test_files_are_written_in_the_documented_shape(split: str, kind: str, code: str) -> None:
    path = MINI / split / f"mini_{kind}_{code}.json"
    text = path.read_text("utf-8")
    document = json.loads(text)
    assert text == json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    for instance in document["Instances"]:
        assert list(instance) == ["id", "input", "output"]
        assert isinstance(instance["output"], list)
        assert len(instance["output"]) == 1
