"""Options of closed questions, compared by likelihood: the right ones, fairly, and never where answers are free."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from medsins.metrics import Row, TaskSpec
from medsins.metrics.strict import find_options, infer_spec, score_likelihood

MCQA = TaskSpec("t", "MCQA", "mcqa")
QUESTION = "Which drug lowers glucose? Options: A: aspirin B: metformin C: heparin"


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def question(right: str, scores: tuple[float, ...] = (), lead: str = "", row: int = 0) -> Row:
    names = [lead + letter for letter in "ABC"]
    return Row(row, "t", QUESTION, "", (f"{lead}{right}: x",), option_scores=tuple(zip(names, scores, strict=False)))


def outcome(answer: str, yes: float, no: float, row: int = 0) -> Row:
    return Row(row, "t", "Admitted?", "", (answer,), option_scores=(("Yes", yes), ("No", no)))


def labels(*answers: str, category: str = "Clinical Outcome Prediction") -> tuple[list[Row], TaskSpec]:
    rows = [Row(i, "t", "?", "", (answer,)) for i, answer in enumerate(answers)]
    return rows, infer_spec("t", category, list(answers))


@pytest.mark.parametrize("lead", ["", "The right answer is "])
def test_letters_of_the_question_are_compared_after_what_references_say_first(lead: str) -> None:
    options = find_options([question("B", lead=lead), question("C", lead=lead)], MCQA)
    assert options is not None
    assert options.of(QUESTION) == tuple(lead + letter for letter in "ABC")
    assert options.of("No options here.") == ()


def test_leads_that_differ_are_no_lead() -> None:
    options = find_options([question("B", lead="It is "), question("C", lead="Answer: ")], MCQA)
    assert options is not None
    assert options.lead == ""


def test_labels_are_compared_as_references_write_them() -> None:
    rows, spec = labels(*["The diagnosis result is flu."] * 3, *["The diagnosis result is cold."] * 2)
    options = find_options(rows, spec)
    assert options is not None
    assert set(options.texts) == {"The diagnosis result is flu.", "The diagnosis result is cold."}
    assert options.of("anything") == options.texts


def test_free_answers_have_no_options() -> None:
    rows = [Row(0, "t", "?", "", ("A long text.",))]
    for scorer in ("text", "entities", "fields", "multilabel"):
        assert find_options(rows, TaskSpec("t", "x", scorer)) is None


def test_too_many_labels_are_not_compared() -> None:
    rows = [Row(i, "t", "?", "", (f"disease{i}",)) for i in range(65)]
    assert find_options(rows, TaskSpec("t", "Diagnosis", "labels")) is None
    assert find_options(rows[:64], TaskSpec("t", "Diagnosis", "labels")) is not None


def test_the_likeliest_option_counts() -> None:
    rows = [question("B", (-3, -1, -2)), question("A", (-3, -1, -2)), question("C", (-9, -8, -1))]
    found = score_likelihood(rows, MCQA, 100, rng())
    assert found.metrics["likelihood_accuracy"] == pytest.approx(2 / 3)
    assert "auroc" not in found.metrics
    assert found.replicates["likelihood_accuracy"].shape == (100,)


def test_a_tie_is_no_answer() -> None:
    found = score_likelihood([question("A", (-1, -1, -1))], MCQA, 10, rng())
    assert found.metrics["likelihood_accuracy"] == 0


def test_rows_without_scores_and_with_several_right_letters_are_left_out() -> None:
    several = Row(1, "t", QUESTION, "", ("A, B",), option_scores=(("A", -1.0), ("B", -2.0), ("C", -3.0)))
    assert score_likelihood([question("A"), several], MCQA, 10, rng()).metrics == {}
    with_one = score_likelihood([question("A"), several, question("A", (-1, -2, -3))], MCQA, 10, rng())
    assert with_one.metrics["likelihood_accuracy"] == 1


def test_options_that_are_impossible_are_no_error() -> None:
    found = score_likelihood([question("A", (-math.inf, -math.inf, -math.inf))], MCQA, 10, rng())
    assert found.metrics["likelihood_accuracy"] == 0


def test_calibration_of_a_model_that_is_as_sure_as_it_is_right() -> None:
    odds = (math.log(0.75), math.log(0.25))
    rows = [outcome("Yes" if i % 4 else "No", *odds, row=i) for i in range(40)]
    spec = infer_spec("t", "Clinical Outcome Prediction", [row.references[0] for row in rows])
    found = score_likelihood(rows, spec, 10, rng())
    assert found.metrics["likelihood_accuracy"] == 0.75
    assert found.metrics["likelihood_ece"] == pytest.approx(0, abs=1e-9)
    wrong = [outcome("No" if i % 4 else "Yes", *odds, row=i) for i in range(40)]
    assert score_likelihood(wrong, spec, 10, rng()).metrics["likelihood_ece"] == pytest.approx(0.5, abs=1e-9)


@given(st.lists(st.tuples(st.booleans(), st.floats(-20, 0), st.floats(-20, 0)), min_size=2, max_size=40))
def test_two_labels_have_the_area_of_scikit_learn(cases: list[tuple[bool, float, float]]) -> None:
    rows = [outcome("Yes" if yes else "No", up, down, row=i) for i, (yes, up, down) in enumerate(cases)]
    spec = TaskSpec("t", "Clinical Outcome Prediction", "labels", labels=("Yes", "No"))
    found = score_likelihood(rows, spec, 20, rng())
    truth = [yes for yes, _, _ in cases]
    if len(set(truth)) == 2:
        expected = roc_auc_score(truth, [up - down for _, up, down in cases])
        assert found.metrics["auroc"] == pytest.approx(expected, abs=1e-9)
    else:
        assert math.isnan(found.metrics["auroc"])
    assert 0 <= found.metrics["likelihood_accuracy"] <= 1
    assert 0 <= found.metrics["likelihood_ece"] <= 1
