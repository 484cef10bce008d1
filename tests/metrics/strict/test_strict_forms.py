"""The parts all readers share: what is visible of an answer, how words are folded, what is stated, what is asserted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.metrics.strict._mentions import mentions, only_lists
from medsins.metrics.strict._scored import refuses
from medsins.metrics.strict._statements import after_statement, statements
from medsins.metrics.strict._text import EXCERPT, fold, key, own_turn, visible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  plain  ", "plain"),
        ("**bold** and _not_", "bold and _not_"),
        ("# Heading\ntext", "Heading\ntext"),
        ("> quoted", "quoted"),
        ("`code`", "code"),
        ("Ｂ：ﬁne", "B:fine"),
        ("<think>long thought</think>B", "B"),
        ("<THINK>one</THINK> x <think>two</think>\nB", "B"),
        ("B <think>afterthought</think>", "B"),
        ("<think>never closed, so B", ""),
        ("no opening tag</think>B", "B"),
        ("B<|eot_id|>", "B"),
        ("[INST] q [/INST] B</s>", "q \n B"),
        ("\\boxed{B}", "answer: B"),
        ("$\\boxed{\\text{B}}$", "answer: B"),
        ("<answer>\nB\n</answer>", "answer: \nB"),
        ("a < b and c > d", "a < b and c > d"),
    ],
)
def test_visible_part_of_an_answer(text: str, expected: str) -> None:
    assert visible(text) == expected


def test_long_answers_keep_their_beginning_and_end() -> None:
    text = visible("start " + "x" * 10 * EXCERPT + " end")
    assert text.startswith("start")
    assert text.endswith("end")
    assert len(text) <= 2 * EXCERPT + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yes\n\nInput:\nQuestion: next?\nOutput:\nno", "yes"),
        ("B\nQuestion: another", "B"),
        ("B\n\nCase 2: Input", "B"),
        ("Question: the same again\nOptions", "Question: the same again\nOptions"),
        ("one turn only", "one turn only"),
    ],
)
def test_own_turn_ends_where_the_next_case_begins(text: str, expected: str) -> None:
    assert own_turn(text).strip() == expected


@pytest.mark.parametrize(
    ("british", "american"),
    [
        ("tumour", "tumor"),
        ("signalling", "signaling"),
        ("Anaemia", "anemia"),
        ("haemorrhage", "hemorrhage"),
        ("oedema", "edema"),
        ("oesophagus", "esophagus"),
        ("leukaemia", "leukemia"),
        ("diarrhoea", "diarrhea"),
        ("hospitalisation", "hospitalization"),
        ("Guillain–Barré", "guillain–barre"),
        ("SJÖGREN", "sjogren"),
    ],
)
def test_spellings_fold_together(british: str, american: str) -> None:
    assert fold(british) == fold(american)


def test_folding_keeps_letters_of_other_scripts() -> None:
    assert fold("ガス") == "ガス"
    assert fold("Й") == "й"
    assert key("Acute, (viral) pharyngitis!") == "acute viral pharyngitis"
    assert key("+") == "+"


@given(st.text(max_size=80))
def test_folding_is_idempotent_on_its_own_output(text: str) -> None:
    once = fold(text)
    assert fold(once) in (once, fold(fold(once)))
    assert "  " not in once


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("The answer is B", "B"),
        ("The correct answer is: B", "B"),
        ("Answer = B", "B"),
        ("answer → B", "B"),
        ("The most appropriate option is B", "B"),
        ("Diagnosis: gout", "gout"),
        ("The relationship is neutral", "neutral"),
        ("I'd go with B", "B"),
        ("diagnosed with gout", "gout"),
        ("正解は B", "B"),
        ("正しい答えは B です", "B です"),
        ("答案是 B", "B"),
        ("应选择 B", "B"),
        ("La bonne réponse est B", "B"),
        ("La respuesta correcta es B", "B"),
        ("Правильный ответ — B", "B"),
    ],
)
def test_statements_announce_what_follows(text: str, after: str) -> None:
    assert statements(text)[-1][1].strip() == after


@pytest.mark.parametrize(
    "text", ["The answer depends on age", "Many answers exist", "an optional step", "选项很多", ""]
)
def test_other_sentences_announce_nothing(text: str) -> None:
    assert statements(text) == []


def test_only_an_opening_statement_is_taken_off() -> None:
    assert after_statement("The answer is: gout, croup") == "gout, croup"
    assert after_statement("gout, croup") == "gout, croup"
    long = "After a long and careful look at all of this the answer is gout"
    assert after_statement(long) == long


def asserted(text: str, *phrases: str) -> list[str]:
    return [mention.phrase for mention in mentions(fold(text), phrases)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stable angina", ["stable angina"]),
        ("unstable angina", ["unstable angina"]),
        ("Unstable  ANGINA, then stable-angina", ["unstable angina", "stable angina"]),
        ("angina", ["angina"]),
        ("no angina", []),
        ("There is no evidence of angina.", []),
        ("It isn't angina", []),
        ("angina is unlikely", []),
        ("angina was ruled out; gout", ["gout"]),
        ("angina is not only likely, it is certain", ["angina"]),
        ("not gout. angina", ["angina"]),
        ("anginal pain", []),
        ("gouty", []),
    ],
)
def test_mentions_are_whole_unnegated_and_longest(text: str, expected: list[str]) -> None:
    assert asserted(text, "angina", "stable angina", "unstable angina", "gout") == expected


def test_scripts_without_blanks_have_no_word_borders() -> None:
    assert asserted("患者は肺炎です", "肺炎", "気管支炎") == ["肺炎"]
    assert asserted("肺炎ではない", "肺炎") == []


def test_lists_of_phrases_and_nothing_else() -> None:
    assert only_lists("gout or croup", ("gout", "croup"))
    assert only_lists("gout, croup and gout", ("gout", "croup"))
    assert not only_lists("gout", ("gout", "croup"))
    assert not only_lists("gout rather than croup", ("gout", "croup"))


@given(st.text(max_size=100), st.lists(st.text(min_size=1, max_size=10), max_size=5))
def test_mentions_lie_inside_the_text(text: str, phrases: list[str]) -> None:
    folded = fold(text)
    for mention in mentions(folded, [fold(phrase) for phrase in phrases]):
        assert 0 <= mention.start < mention.end <= len(folded)


@pytest.mark.parametrize(
    "text", ["gout", "I can help: gout", "The patient cannot walk", "We are sorry for the patient's loss"]
)
def test_ordinary_answers_are_no_refusals(text: str) -> None:
    assert not refuses(text)
