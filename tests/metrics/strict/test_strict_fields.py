"""Information extraction: whole values, records field by field, amounts with their unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.metrics import Row, TaskSpec
from medsins.metrics.strict import score_task
from medsins.metrics.strict._values import age, quantities, quantity, record
from medsins.metrics.strict.fields import same_value, value_f1

SPEC = TaskSpec("t", "Information Extraction", "fields")
PATIENT = "Gender: F\n\nAge: [[58.0, 'year']]"
INFANT = "Gender: M\n\nAge: [[1.0, 'year'], [4.0, 'month']]"


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("Gender: F\n\nAge: [[58, 'year']]", PATIENT),
        ("Gender: F Age: [[58.0, 'year']]".replace(" Age", "\nAge"), PATIENT),
        ('Gender: F\n\nAge: [[58.0, "year"]]\n\n', PATIENT),
        ("Gender: F\n\nAge: [(58.0, 'year')]", PATIENT),
        ("Age: 58\nGender: Female", PATIENT),
        ("Age: 58 years, Sex: female", PATIENT),
        ('{"gender": "F", "age": 58}', PATIENT),
        ("Gender: F\n\nAge: [[58.0, 'year']]\n\nThe patient is a retired nurse of 58.", PATIENT),
        ("Gender: M\nAge: [[4.0, 'month'], [1.0, 'year']]", INFANT),
        ("Gender: male\nAge: 1 year and 4 months", INFANT),
        ("5mg", "5 mg"),
        ("5.0 mg", "5 mg"),
        ("The dose is 5 mg.", "5 mg"),
        ("5 milligrams", "5 mg"),
        ("5 mg daily", "5 mg"),
        ("1,000 mg", "1000 mg"),
        ("2-3 tablets", "2 to 3 tablets"),
        ("1000 mg", "1 g"),
        ("0.5 mg", "500 µg"),
        ("Overdose", "overdose"),
        ("pain, function", "function, pain"),
        ("- pain\n- function", "pain, function"),
        ("Answer: Pain, Function.", "pain, function"),
        ("none", "not found"),
        ("Not found.", "not found"),
        ("No participants are mentioned.", "not found"),
        ("12 children with asthma", "12 children with asthma"),
    ],
)
def test_equal_values(answer: str, reference: str) -> None:
    assert same_value(answer, reference)
    assert same_value(reference, reference)


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("Gender: M\n\nAge: [[58.0, 'year']]", PATIENT),
        ("Gender: F\n\nAge: [[85.0, 'year']]", PATIENT),
        ("Gender: F\n\nAge: [[58.0, 'month']]", PATIENT),
        ("Gender: F", PATIENT),
        ("F, 58", PATIENT),
        ("Gender: M\nAge: [[1.0, 'year']]", INFANT),
        ("15 mg", "5 mg"),
        ("5 g", "5 mg"),
        ("5", "5 mg"),
        ("5 mg or 10 mg", "5 mg"),
        ("She took 5 mg of the drug each morning for a year before the fall", "5 mg"),
        ("pain", "pain, function"),
        ("pain, function, mortality", "pain, function"),
        ("The pain and function of all patients were measured", "pain, function"),
        ("not found, pain", "pain"),
        ("pain", "not found"),
        ("not found", "pain"),
        ("banana", ""),
    ],
)
def test_different_values(answer: str, reference: str) -> None:
    assert not same_value(answer, reference)


def test_copying_the_sentence_is_no_extraction() -> None:
    sentence = "Of 12 children with asthma , 7 received budesonide 200 mcg twice daily ."
    for reference in ("12 children with asthma", "budesonide", "200 mcg"):
        assert not same_value(sentence, reference)


def test_overlap_of_words_and_of_fields() -> None:
    assert value_f1("severe pain", "pain") == pytest.approx(2 / 3)
    assert value_f1("not found", "none") == 1.0
    assert value_f1("not found", "pain") == 0.0
    assert value_f1("Gender: F\nAge: 60", PATIENT) == pytest.approx(0.5)


def test_scores_of_a_task() -> None:
    rows = [
        Row(0, "t", "", "5 mg", ("5 mg",)),
        Row(1, "t", "", "15 mg", ("5 mg",)),
        Row(2, "t", "", "", ("5 mg",)),
        Row(3, "t", "", "low", ("high", "low")),
    ]
    scored = score_task(rows, SPEC)
    assert [score.metrics["accuracy"] for score in scored.scores] == [1, 0, 0, 1]
    assert [score.unscored for score in scored.scores] == ["", "", "empty", ""]
    assert scored.table.point()["accuracy"] == 0.5
    assert scored.table.point()["accuracy_answered"] == pytest.approx(2 / 3)


@given(st.floats(0.5, 120).map(lambda x: round(x, 1)), st.sampled_from(["year", "month", "week", "day", "hour"]))
def test_ages_in_every_notation(value: float, unit: str) -> None:
    forms = [f"[[{value}, '{unit}']]", f"{value} {unit}s", f"({value}, {unit})"]
    assert len({age(form) for form in forms}) == 1


@given(st.integers(1, 5000), st.sampled_from(["mg", "g", "ml", "tablets", "mcg"]))
def test_amounts_in_every_notation(number: int, unit: str) -> None:
    assert quantity(f"{number} {unit}") == quantity(f"{number}.0{unit}") != ""
    assert quantities(f"took {number} {unit} then 9999{unit}")[0] == quantity(f"{number}{unit}")


@given(st.text(max_size=80))
def test_records_of_any_text(text: str) -> None:
    assert all(isinstance(value, str) for value in record(text).values())
