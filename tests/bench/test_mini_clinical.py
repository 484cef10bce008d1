"""The English clinical half of the mini suite: formats, keys, and what keeps a constant answer from scoring."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

import medsins
from medsins.core import Task
from medsins.tasks import read_task

MINI = Path(medsins.__file__).parent / "bench" / "suites" / "mini"
SPLITS = ("test", "train")

EXPECTED = {  # category, test instances, train instances
    "mini_sum_consumer_question": ("Text Summarization", 12, 6),
    "mini_sum_radiology": ("Text Summarization", 8, 5),
    "mini_ie_participants": ("Information Extraction", 8, 6),
    "mini_ie_dose": ("Information Extraction", 8, 6),
    "mini_ie_age_gender": ("Information Extraction", 8, 5),
    "mini_explain_disease": ("Explanation", 20, 6),
    "mini_ner_chemical": ("Named Entity Recognition", 12, 6),
    "mini_ner_disease": ("Named Entity Recognition", 12, 6),
    "mini_diagnosis": ("Diagnosis", 20, 8),
    "mini_treatment": ("Treatment Planning", 20, 8),
    "mini_outcome_hospitalization": ("Clinical Outcome Prediction", 20, 8),
    "mini_hallmarks": ("Text Classification", 20, 8),
    "mini_fact_answer": ("Fact Verification", 12, 6),
    "mini_fact_claim": ("Fact Verification", 12, 6),
    "mini_nli": ("Natural Language Inference", 15, 6),
    "mini_nli_generate": ("Natural Language Inference", 8, 5),
}
CATEGORIES = {category for category, _, _ in EXPECTED.values()} | {"MCQA", "Rationale"}

HALLMARKS = (
    "Sustaining proliferative signaling",
    "Evading growth suppressors",
    "Resisting cell death",
    "Enabling replicative immortality",
    "Inducing angiogenesis",
    "Activating invasion and metastasis",
    "Genomic instability and mutation",
    "Tumor promoting inflammation",
    "Cellular energetics",
    "Avoiding immune destruction",
)
CLOSED = {  # the answer's wording around the label, and how many labels the definition lists
    "mini_diagnosis": ("The diagnosis result is {}.", 12),
    "mini_treatment": ("The treatment planning is: {}.", 6),
    "mini_outcome_hospitalization": ("{}", 2),
    "mini_fact_answer": ("{}", 2),
    "mini_fact_claim": ("{}", 3),
    "mini_nli": ("{}", 3),
}
NO_ENTITY = "There is no related entity."
NER = ("mini_ner_chemical", "mini_ner_disease")


def load(name: str, split: str) -> Task:
    return read_task(MINI / split / f"{name}.json")


def pairs(name: str, split: str) -> list[tuple[str, str]]:
    """Every (input, accepted output) of a split, the card's examples included."""
    task = load(name, split)
    rows = [(instance.input, output) for instance in task.instances for output in instance.outputs]
    return rows + [(example.input, example.output) for example in task.card.positive_examples]


def both(name: str) -> list[tuple[str, str]]:
    return pairs(name, "test") + pairs(name, "train")


def listed_labels(name: str) -> list[str]:
    """The closed list as the definition states it: between ``one of:`` or ``these ten:`` and the next full stop."""
    definition = load(name, "test").card.definition[0]
    match = re.search(r"(?:one of|these ten): ([^.]+)\.", definition)
    assert match, definition
    return match[1].split("; ")


def natural(text: str) -> str:
    """Undo the blanks of tokenization, so that ``a , b`` and ``a, b`` compare equal."""
    return re.sub(r" ([.,;:?!])", r"\1", text)


def words(text: str) -> int:
    return len(text.split())


def content_words(text: str) -> set[str]:
    """First five letters of every longer word but the commonest: enough to tell one message from another."""
    common = {"about", "after", "does", "from", "have", "other", "should", "than", "that", "what", "which", "with"}
    return {word[:5] for word in re.findall(r"[a-z0-9]{4,}", text.lower()) if word not in common}


def test_the_named_files_are_there_and_no_other_clinical_ones() -> None:
    for split in SPLITS:
        found = {path.stem for path in (MINI / split).glob("*.json")}
        clinical = {stem for stem in found if not stem.startswith(("mini_mcqa_", "mini_rationale_"))}
        assert clinical == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_card_and_size(name: str) -> None:
    category, *sizes = EXPECTED[name]
    cards = []
    for split, size in zip(SPLITS, sizes, strict=True):
        task = load(name, split)
        assert (task.id, task.category, task.language, task.access) == (name, category, "English", "open")
        assert len(task.instances) == size
        assert task.card.split_type == split.capitalize()
        assert task.card.extra["License"] == "CC0-1.0"
        assert all(instance.listed and instance.outputs and all(instance.outputs) for instance in task.instances)
        assert all(example.explanation for example in task.card.positive_examples)
        cards.append((task.card.definition, task.card.domains, task.card.reasoning, task.card.positive_examples))
    assert cards[0] == cards[1]
    assert cards[0][3]


@pytest.mark.parametrize("name", EXPECTED)
def test_ids_are_unique_over_both_splits(name: str) -> None:
    ids = [instance.id for split in SPLITS for instance in load(name, split).instances]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(rf"{name}-\d{{4}}", identifier) for identifier in ids)


def test_no_input_is_shared_between_any_files_splits_or_examples() -> None:
    seen: dict[str, str] = {}
    for split in SPLITS:
        for path in sorted((MINI / split).glob("*.json")):
            task = read_task(path)
            inputs = [(instance.input, instance.id) for instance in task.instances]
            if split == "test":  # the card, and so its examples, is the same in both splits
                inputs += [(example.input, f"{path.stem} example") for example in task.card.positive_examples]
            for text, place in inputs:
                key = " ".join(text.lower().split())
                assert key not in seen, f"{place} repeats {seen[key]}"
                seen[key] = place


def test_every_category_has_at_least_twenty_test_instances() -> None:
    totals: Counter[str] = Counter()
    for path in (MINI / "test").glob("*.json"):
        task = read_task(path)
        totals[task.category] += len(task.instances)
    assert set(totals) == CATEGORIES
    assert {category: n for category, n in totals.items() if n < 20} == {}


@pytest.mark.parametrize("name", EXPECTED)
def test_texts_are_clean_and_short(name: str) -> None:
    for text, output in both(name):
        assert words(text) <= 120, text
        assert text == text.strip(), text
        assert output == output.strip(), output
        assert not re.search(r" {2}|\n{3}|[\u200b\ufeff\u00a0]", text + output), text


@pytest.mark.parametrize("name", EXPECTED)
def test_no_constant_answer_is_right_on_more_than_sixty_percent(name: str) -> None:
    for split in SPLITS:
        references = Counter(instance.reference for instance in load(name, split).instances)
        assert references.most_common(1)[0][1] <= 0.6 * references.total()


@pytest.mark.parametrize("name", CLOSED)
def test_closed_answers_use_the_stated_labels_and_all_of_them(name: str) -> None:
    wording, count = CLOSED[name]
    before, after = wording.split("{}")
    labels: Counter[str] = Counter()
    for instance in load(name, "test").instances + load(name, "train").instances:
        (output,) = instance.outputs
        assert output.startswith(before), output
        assert output.endswith(after), output
        labels[output.removeprefix(before).removesuffix(after)] += 1
    definition = load(name, "test").card.definition[0]
    assert len(labels) == count
    assert all(re.search(rf"\b{re.escape(label)}\b", definition) for label in labels)
    tested = {instance.reference for instance in load(name, "test").instances}
    assert len(tested) == count
    assert all(output in tested for _, output in both(name))


@pytest.mark.parametrize("name", ["mini_diagnosis", "mini_treatment"])
def test_closed_list_of_the_definition_is_the_set_of_keys(name: str) -> None:
    wording, _ = CLOSED[name]
    labels = listed_labels(name)
    assert {wording.format(label) for label in labels} == {output for _, output in both(name)}
    assert all(label in load(name, "test").card.definition[1] for label in labels)


def test_diagnosis_and_treatment_keys_are_not_named_in_the_input() -> None:
    for name in ("mini_diagnosis", "mini_treatment"):
        before, after = CLOSED[name][0].split("{}")
        for text, output in both(name):
            label = output.removeprefix(before).removesuffix(after)
            assert label.lower() not in text.lower(), text


def test_diagnosis_and_treatment_inputs_are_records_of_fields() -> None:
    for text, _ in both("mini_diagnosis"):
        assert [line.split(": ", 1)[0] for line in text.split("\n")] == ["Age", "Sex", "Initial complaint", "Evidence"]
    for text, _ in both("mini_treatment"):
        blocks = [block.split(": ", 1) for block in text.split("\n\n")]
        assert all(len(block) == 2 and "\n" not in block[1] for block in blocks), text
        assert [name for name, _ in blocks[:4]] == ["Age", "Sex", "Primary site", "Histology"]


def test_hospitalization_lines_have_one_order_and_values_a_human_can_have() -> None:
    names = set()
    for text, _ in both("mini_outcome_hospitalization"):
        fields = dict(line.split(": ", 1) for line in text.split("\n"))
        names.add(tuple(fields))
        assert 34 <= float(fields["temperature (C)"]) <= 42
        assert int(fields["diastolic pressure (mmHg)"]) < int(fields["systolic pressure (mmHg)"])
        assert 70 <= int(fields["oxygen saturation (%)"]) <= 100
        assert 1 <= int(fields["triage acuity (1 most urgent, 5 least)"]) <= 5
    assert len(names) == 1
    for split, half in (("test", 10), ("train", 4)):
        assert Counter(i.reference for i in load("mini_outcome_hospitalization", split).instances)["True"] == half


def test_hospitalization_is_not_decided_by_the_triage_level_alone() -> None:
    levels: dict[str, set[str]] = {"True": set(), "False": set()}
    for instance in load("mini_outcome_hospitalization", "test").instances:
        level = re.search(r"triage acuity .*: (\d)", instance.input)
        assert level
        levels[instance.reference].add(level[1])
    assert len(levels["True"] & levels["False"]) >= 2


def test_hallmarks_are_in_the_order_of_the_definition_and_all_occur() -> None:
    assert listed_labels("mini_hallmarks") == list(HALLMARKS)
    for _, output in both("mini_hallmarks"):
        labels = output.split(", ")
        assert 1 <= len(labels) <= 3
        assert labels == [label for label in HALLMARKS if label in labels]
    for split in SPLITS:
        instances = load("mini_hallmarks", split).instances
        counts = Counter(label for instance in instances for label in instance.reference.split(", "))
        assert set(counts) == set(HALLMARKS)
        assert max(counts.values()) <= 0.6 * len(instances)


@pytest.mark.parametrize("name", NER)
def test_entities_occur_in_order_in_a_tokenized_sentence(name: str) -> None:
    for text, output in both(name):
        assert not re.search(r"\s[.,;:?!]|\w-|-\w|\(\S|\S\)", text), text
        if output == NO_ENTITY:
            continue
        assert output.endswith("."), output
        position = 0
        for entity in re.split(r"(?<! ), ", output[:-1]):
            found = text.find(natural(entity), position)
            assert found >= 0, f"{entity!r} is not in {text!r}"
            position = found + len(natural(entity))


@pytest.mark.parametrize("name", NER)
def test_a_third_of_the_sentences_names_no_entity(name: str) -> None:
    for split in SPLITS:
        references = [instance.reference for instance in load(name, split).instances]
        assert 3 * references.count(NO_ENTITY) == len(references)
        assert any(", " in reference for reference in references)


def test_one_entity_alone_holds_a_comma() -> None:
    outputs = [output for name in NER for _, output in both(name)]
    assert sum(" , " in output for output in outputs) == 1


def test_participant_phrases_occur_in_order() -> None:
    for text, output in both("mini_ie_participants"):
        assert text.endswith(" ."), text
        assert not re.search(r"\S[,;()]|\S\.$", text), text
        if output == "not found":
            continue
        position = 0
        for phrase in output.split(", "):
            assert words(phrase) > 1, phrase
            found = f" {text} ".find(f" {phrase} ", position)
            assert found >= 0, f"{phrase!r} is not in {text!r}"
            position = found + len(phrase)
    references = [instance.reference for instance in load("mini_ie_participants", "test").instances]
    assert "not found" in references


def test_doses_are_whole_values_of_the_sentence() -> None:
    for text, output in both("mini_ie_dose"):
        sentence, drug = text.split("\t ")
        assert re.search(rf"\b{re.escape(drug)}\b", sentence), text
        assert len(re.findall(rf"(?<![\d.]){re.escape(output)}(?![\w/])", sentence)) == 1, text
        assert re.fullmatch(r"\d+(\.\d+)? (g|mg|units)|overdose", output), output
    several = [text for text, _ in pairs("mini_ie_dose", "test") if len(re.findall(r"\d (?:g|mg|mL)\b", text)) > 1]
    assert len(several) >= 3


def test_age_and_gender_follow_the_stated_form() -> None:
    units = {"year", "month", "week", "day", "hour"}
    seen = set()
    for text, output in both("mini_ie_age_gender"):
        match = re.fullmatch(r"Gender: ([MF])\n\nAge: (\[\[.+\]\])", output)
        assert match, output
        seen.add(match[1])
        for value, unit in ast.literal_eval(match[2]):
            assert unit in units
            assert isinstance(value, float)
            assert f"{value}, '{unit}'" in output
            assert re.search(rf"\b{int(value)}\b", text), text
            seen.add(unit)
    assert seen == units | {"M", "F"}


def test_summaries_are_shorter_than_their_source_and_well_formed() -> None:
    for text, output in both("mini_sum_consumer_question"):
        assert output.count("?") == 1, output
        assert output.endswith("?"), output
        assert words(output) <= 20
        assert words(output) < words(text) / 2
    for text, output in both("mini_sum_radiology"):
        assert re.match(r"EXAMINATION: .+\.\nFINDINGS: .+\.$", text), text
        assert output.endswith("."), output
        assert output not in text
        assert words(output) < words(text) / 2
        assert set(re.findall(r"\d+", output)) <= set(re.findall(r"\d+", text)), output


def test_each_consumer_question_is_nearest_to_its_own_message() -> None:
    rows = both("mini_sum_consumer_question")
    sources = [content_words(text) for text, _ in rows]
    for i, (_, output) in enumerate(rows):
        shared_words = [len(content_words(output) & source) for source in sources]
        assert shared_words[i] == max(shared_words) > 0, output


def test_definitions_of_diseases_are_one_or_two_sentences_and_do_not_open_with_the_name() -> None:
    for text, output in both("mini_explain_disease"):
        assert 1 <= words(text) <= 4
        assert 12 <= words(output) <= 45, output
        assert output.count(". ") <= 1, output
        assert output.endswith("."), output
        assert not re.search(rf"\b{re.escape(text)}\b", output, re.IGNORECASE), output


def test_fact_and_inference_inputs_have_their_two_parts() -> None:
    shapes = {
        "mini_fact_answer": r"Question: [^\n]+\?\nAnswer: [^\n]+\.",
        "mini_fact_claim": r"Claim: [^\n]+\.\nParagraph: [^\n]+\.",
        "mini_nli": r"Sentence1: [^\n]+\.\n\nSentence2: [^\n]+\.",
    }
    for name, shape in shapes.items():
        for text, _ in both(name):
            assert re.fullmatch(shape, text), text
    for text, _ in both("mini_fact_answer"):
        assert not re.search(r"Answer: (yes|no)\b", text, re.IGNORECASE), text


def test_generated_hypotheses_are_capitalised_and_new() -> None:
    for text, output in both("mini_nli_generate"):
        assert text == text.capitalize(), text
        assert output == output.capitalize(), output
        assert re.search(r"[^.]\.$", output), output
        assert output[:-1].lower() not in text.lower(), output
        assert 4 <= words(output) <= 15, output
