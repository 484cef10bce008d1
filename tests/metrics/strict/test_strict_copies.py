"""Copies and contradictions are no answers; answers that add to the question, or pick from it, stay what they are."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.metrics import Row, TaskSpec
from medsins.metrics.strict import majority_rows, score_task
from medsins.metrics.strict._copies import last_query, likeness
from medsins.metrics.strict.entities import copied
from medsins.metrics.strict.mcqa import contradictory, read_answer, read_questions
from medsins.metrics.strict.text import REPEATS, repeats
from medsins.metrics.text import tokens

QUESTION = (
    "Question: A gardener of sixty has had a swollen red toe since the night after a feast. Which salt is there?\n"
    "Options: A: Urate\tB: Oxalate\tC: Phosphate\nThe right answer is A: Urate."
)
REASON = (
    "A sudden red toe after a meal rich in purines is gout: urate crystals settle where it is cool, and phagocytes "
    "that swallow them cause the pain. Oxalate is found in kidneys, phosphate in old cartilage."
)
SENTENCE = "Long use of lithium and indomethacin may harm the kidneys."


def unscored(output: str, question: str = QUESTION, references: tuple[str, ...] = (REASON,), **spec: str) -> str:
    named = {"category": "Rationale", "scorer": "text", **spec}
    row = Row(0, "t", question, output, references)
    return score_task([row], TaskSpec("t", named["category"], named["scorer"])).scores[0].unscored


@pytest.mark.parametrize(
    "output",
    [
        QUESTION,
        f"{QUESTION}\n{QUESTION}",
        " ".join(sorted(QUESTION.split())),
        QUESTION.upper().replace("\t", "\n"),
        f"Here is my answer. {QUESTION}",
        QUESTION[: len(QUESTION) * 9 // 10],
    ],
)
def test_a_repeated_question_is_no_rationale(output: str) -> None:
    assert unscored(output) == "unparsed"
    assert unscored(output, category="Explanation") == "unparsed"


def test_what_adds_to_the_question_is_an_answer() -> None:
    assert unscored(REASON) == unscored(f"The right answer is A: Urate. {REASON}") == ""
    assert unscored(f"{QUESTION}\n{REASON}") == ""


def test_a_summary_may_be_made_of_the_question() -> None:
    short = "Is the drug free of gluten, and where is it made? Thank you."
    assert unscored("Is the drug free of gluten, and where is it made?", short, category="Text Summarization") == ""


def test_a_repetition_that_is_the_reference_is_right() -> None:
    row = Row(0, "t", QUESTION, QUESTION, (QUESTION,))
    found = score_task([row], TaskSpec("t", "Rationale", "text")).scores[0]
    assert (found.unscored, found.metrics["rouge_l_f"]) == ("", 1.0)


def test_only_the_last_question_of_a_prompt_counts() -> None:
    shot = f"Input:\n{QUESTION}\n\nOutput:\n{REASON}\n\n"
    prompt = f"<|system|>{shot}Explain.<|user|>Input:\nWhy does ice float on a lake?\nOutput:<|assistant|>"
    assert last_query(prompt).strip() == "Why does ice float on a lake?"
    assert unscored(QUESTION, prompt) == ""
    assert unscored("Why does ice float on a lake?", prompt) == "unparsed"
    assert last_query(QUESTION) == QUESTION


@given(st.text(max_size=80), st.text(max_size=80))
def test_likeness_is_a_symmetric_share(a: str, b: str) -> None:
    found = likeness(a.split(), b.split())
    assert found == likeness(b.split(), a.split())
    assert 0 <= found <= 1
    assert likeness(a.split(), a.split()) == float(bool(a.split()))


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_judged(question: str, output: str) -> None:
    assert repeats(question, output, (), "en") in (True, False)
    assert unscored(output, question) in ("", "empty", "unparsed", "refused")
    assert copied(output, question) in (True, False)


NER = {"category": "Named Entity Recognition", "scorer": "entities"}


@pytest.mark.parametrize(
    "output",
    [
        SENTENCE,
        SENTENCE.upper(),
        "Long, use, of",
        "use, of lithium, and",
        "lithium and indomethacin may harm the kidneys, long use of",
    ],
)
def test_a_copy_of_the_sentence_is_no_list(output: str) -> None:
    assert unscored(output, SENTENCE, ("lithium, indomethacin.",), **NER) == "unparsed"


@pytest.mark.parametrize("output", ["lithium", "lithium, indomethacin", "kidneys, lithium, indomethacin", "harm, long"])
def test_names_picked_from_the_sentence_are_a_list(output: str) -> None:
    assert unscored(output, SENTENCE, ("lithium, indomethacin.",), **NER) == ""


def test_a_list_in_the_sentence_is_a_list() -> None:
    sentence = "They took aspirin, heparin, warfarin."
    assert unscored("aspirin, heparin, warfarin", sentence, ("aspirin, heparin, warfarin.",), **NER) == ""


def test_a_sentence_that_is_one_name_may_be_copied() -> None:
    title = "Transient neonatal blue mouth and cold hands syndrome"
    row = Row(0, "t", title, title, (title + ".",))
    found = score_task([row], TaskSpec("t", NER["category"], NER["scorer"])).scores[0]
    assert (found.unscored, found.metrics["f1"]) == ("", 1.0)


def test_the_commonest_answer_names_something() -> None:
    none = "There is no related entity."
    rows = [Row(i, "t", "", None, (text,)) for i, text in enumerate([none, none, none, "gout.", "gout.", "mumps."])]
    spec = TaskSpec("t", NER["category"], NER["scorer"])
    assert {row.output for row in majority_rows(rows, spec)} == {"gout."}
    assert {row.output for row in majority_rows(rows, spec, silence=True)} == {none}
    assert {row.output for row in majority_rows(rows[:2], spec)} == {none}


CHOICE = read_questions([Row(0, "t", QUESTION, None, ("A",))])[0]
FORMS = ("{0} {1}", "{0}, {1}", "{1} ({0})", "The answer is {0}, {1}", "{1}\n{0}", "{0} because {1}", "{0} and {1}",
         "**{0}** {1}", "The answer is {0}. It is {1}.", "{0}: {1}",
         "正解は {0} {1} です", "La respuesta es {0} {1}")  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_letter_with_the_text_of_another_option_is_no_answer(form: str) -> None:
    for letter, text in CHOICE.options.items():
        assert read_answer(form.format(letter, text), CHOICE) == frozenset(letter)
        for other in set(CHOICE.options.values()) - {text}:
            assert read_answer(form.format(letter, other), CHOICE) is None


@pytest.mark.parametrize(
    ("output", "letter"),
    [
        ("The answer is A, not oxalate.", "A"),
        ("A. Urate, because oxalate settles in the kidney", "A"),
        ("Oxalate and phosphate do not settle in a toe, so the answer is A", "A"),
    ],
)
def test_other_options_may_be_spoken_of(output: str, letter: str) -> None:
    assert not contradictory(output, CHOICE)
    assert read_answer(output, CHOICE) == frozenset(letter)


def test_no_published_answer_of_a_model_is_a_repetition(shared: Path) -> None:
    csv.field_size_limit(sys.maxsize)
    languages = {"task51": "zh", "task52": "en", "task53": "fr", "task54": "ja", "task55": "ru", "task56": "es"}
    with (shared / "golden/rationale_mmeds_llama3.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    likest = 0.0
    for row in rows:
        language, question = languages[row["task_id"]], last_query(row["input"])
        assert repeats(question, question, (row["GT"],), language)
        for text in (row["output"], row["GT"]):
            likest = max(likest, likeness(tokens(text, language), tokens(question, language)))
    assert len(rows) == 300
    assert likest < REPEATS - 0.1
