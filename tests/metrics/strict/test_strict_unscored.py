"""Answers that are none: a kind each, counted as wrong, never 0 or -1 in disguise; and any text at all is survived."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.metrics import Row, TaskSpec
from medsins.metrics.strict import SCORERS, UNSCORED, Scored, majority_rows, random_rows, score_task

QUESTION = "Question: which?\nOptions: A: alpha rays\tB: beta rays\tC: gamma rays"
CASES = {
    "mcqa": (TaskSpec("t", "MCQA", "mcqa"), QUESTION, "The right answer is B: beta rays"),
    "labels": (TaskSpec("t", "Diagnosis", "labels", labels=("Mumps", "Measles")), "rash", "Mumps"),
    "multilabel": (
        TaskSpec("t", "Text Classification", "multilabel", labels=("aa b", "cc d", "ee f")),
        "x",
        "aa b, cc d",
    ),
    "entities": (TaskSpec("t", "Named Entity Recognition", "entities"), "sentence", "aspirin, urate."),
    "fields": (TaskSpec("t", "Information Extraction", "fields"), "sentence", "Gender: M\n\nAge: [[62.0, 'year']]"),
    "text": (TaskSpec("t", "Explanation", "text"), "gout", "A disease of the joints."),
}


def scored(scorer: str, output: str | None, status: str = "ok") -> Scored:
    spec, given_input, reference = CASES[scorer]
    return score_task([Row(0, "t", given_input, output, (reference,), status)], spec)


def test_every_scorer_has_a_case() -> None:
    assert set(CASES) == set(SCORERS)


@pytest.mark.parametrize("scorer", SCORERS)
def test_kinds_without_any_text(scorer: str) -> None:
    assert scored(scorer, None).scores[0].unscored == "missing"
    assert scored(scorer, "").scores[0].unscored == "empty"
    assert scored(scorer, " \n\t ").scores[0].unscored == "empty"
    assert scored(scorer, "", "truncated").scores[0].unscored == "truncated"
    assert scored(scorer, "", "refused").scores[0].unscored == "refused"
    assert scored(scorer, "", "error").scores[0].unscored == "error"
    assert scored(scorer, "whatever", "missing").scores[0].unscored == "missing"


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize(
    "text",
    [
        "As an AI language model I cannot answer",
        "I'm sorry, but I can't assist with that.",
        "I cannot provide a diagnosis.",
        "作为一个AI语言模型，我无法回答。",
        "申し訳ありませんが、お答えできません。",
        "Je ne peux pas répondre.",
        "Lo siento, no puedo responder.",
        "Извините, я не могу ответить.",
    ],
)
def test_refusals_in_words(scorer: str, text: str) -> None:
    assert scored(scorer, text).scores[0].unscored == "refused"


@pytest.mark.parametrize("scorer", ["mcqa", "labels", "multilabel"])
def test_nothing_that_can_be_read(scorer: str) -> None:
    assert scored(scorer, "Blood was drawn.").scores[0].unscored == "unparsed"
    assert scored(scorer, "Blood was drawn and then we saw", "truncated").scores[0].unscored == "truncated"


@pytest.mark.parametrize("scorer", SCORERS)
def test_a_cut_answer_that_can_be_read_is_scored(scorer: str) -> None:
    whole = scored(scorer, CASES[scorer][2], "truncated")
    assert whole.scores[0].unscored == ""
    assert whole.table.point()[whole.primary] == pytest.approx(1.0)


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize("kind", UNSCORED)
def test_unscored_rows_count_as_wrong_and_are_left_out_of_answered(scorer: str, kind: str) -> None:
    spec, given_input, reference = CASES[scorer]
    output, status = {"empty": ("", "ok"), "missing": (None, "ok"), "unparsed": ("", "ok")}.get(kind, ("", kind))
    rows = [Row(0, "t", given_input, reference, (reference,)), Row(1, "t", given_input, output, (reference,), status)]
    result = score_task(rows, spec)
    point = result.table.point()
    assert point[result.primary] < 0.99
    assert point[f"{result.primary}_answered"] == pytest.approx(1.0)
    assert all(0.0 <= value <= 1.0 for value in point.values() if value == value)


@pytest.mark.parametrize("scorer", SCORERS)
def test_the_reference_as_answer_is_right_and_another_is_not(scorer: str) -> None:
    assert scored(scorer, CASES[scorer][2]).scores[0].metrics
    right = scored(scorer, CASES[scorer][2])
    assert right.table.point()[right.primary] == pytest.approx(1.0)
    wrong = scored(scorer, "qwertz uiop")
    assert wrong.table.point()[wrong.primary] < 0.2


@pytest.mark.parametrize("scorer", SCORERS)
def test_baselines_are_rows_of_the_same_questions(scorer: str) -> None:
    spec, given_input, reference = CASES[scorer]
    rows = [Row(i, "t", given_input, "x", (reference,)) for i in range(7)]
    constant, drawn = majority_rows(rows, spec), random_rows(rows, spec)
    assert len({row.output for row in constant}) == 1
    assert score_task(constant, spec).table.point()[score_task(constant, spec).primary] == pytest.approx(1.0)
    assert len(drawn) % 7 == 0
    assert len(drawn) >= 100
    assert drawn == random_rows(rows, spec)


def test_majority_is_the_commonest_key() -> None:
    keys = ["B", "B", "C", "A", "B"]
    rows = [Row(i, "t", QUESTION, "", (f"The right answer is {k}: x",)) for i, k in enumerate(keys)]
    assert {row.output for row in majority_rows(rows, CASES["mcqa"][0])} == {"B"}


ANY = st.text(st.characters(), max_size=300) | st.text(st.characters(categories=["Cs", "Cc", "Lo", "P"]), max_size=60)


@pytest.mark.parametrize("scorer", SCORERS)
@settings(max_examples=150, deadline=None)
@given(output=ANY, reference=ANY, text=ANY)
def test_no_text_raises(scorer: str, output: str, reference: str, text: str) -> None:
    spec = CASES[scorer][0]
    bare = TaskSpec("t", spec.category, spec.scorer)
    for chosen in (spec, bare):
        result = score_task([Row(0, "t", text, output, (reference,)), Row(1, "t", text, output, ())], chosen)
        assert all(score.unscored in ("", *UNSCORED) for score in result.scores)
        assert all(0.0 <= value <= 1.0 + 1e-9 for score in result.scores for value in score.metrics.values())


PIECES = ["a", "A, B, ", ",", "[1,", "{", '"', "yes no ", "答えは", "<think>", "The answer is the ", "not ", "5 mg "]
PIECES += ["1,2,", "Age: 7", "\\boxed{", "* ", "- ", "1. ", "a: b, ", "\n", " "]


@pytest.mark.parametrize("scorer", [name for name in SCORERS if name != "text"])
@pytest.mark.parametrize("piece", PIECES)
def test_a_megabyte_takes_bounded_time(scorer: str, piece: str) -> None:
    started = time.process_time()
    scored(scorer, piece * (1_000_000 // len(piece)) + "x")
    assert (
        time.process_time() - started < 2.0
    )  # a second on a free machine; regular expressions gone wrong take minutes
