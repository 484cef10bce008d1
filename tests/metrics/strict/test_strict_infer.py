"""A task of any category is scored without code: the scorer follows from category and references."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.catalog import categories
from medsins.metrics.strict import SCORERS, infer_spec, language_code

SENTENCES = [f"Finding number {i} is seen in the upper lobe of the lung." for i in range(12)]


@pytest.mark.parametrize(
    ("category", "references", "scorer"),
    [
        ("MCQA", ["The right answer is B: x", "The right answer is D: y"], "mcqa"),
        ("MCQA", ["正しい答えは A: ア です"], "mcqa"),
        ("MCQA", ["yes", "no", "maybe"], "labels"),
        ("Question Answering", ["The right answer is B: x"], "mcqa"),
        ("Question Answering", SENTENCES, "text"),
        ("Diagnosis", ["The diagnosis result is Croup.", "The diagnosis result is Gout."], "labels"),
        ("Treatment Planning", ["The treatment planning is: Surgery both before and after radiation"], "labels"),
        ("Clinical Outcome Prediction", ["True", "False"], "labels"),
        ("Natural Language Inference", ["Entailment", "Neutral"], "labels"),
        ("Natural Language Inference", SENTENCES, "text"),
        ("Fact Verification", ["yes", "no"], "labels"),
        ("Fact Verification", ["0", "2", "1"], "labels"),
        ("Fact Verification", SENTENCES, "text"),
        ("Text Classification", ["Resisting cell death", "Inducing angiogenesis, Cellular energetics"], "multilabel"),
        ("Text Classification", ["treatment", "diagnosis", "treatment", "case report"], "labels"),
        ("Named Entity Recognition", ["There is no related entity."], "entities"),
        ("Information Extraction", ["not found"], "fields"),
        ("Text Summarization", SENTENCES, "text"),
        ("Rationale", SENTENCES, "text"),
        ("Translation", SENTENCES, "text"),
        ("Intent Identification", ["1", "0"], "labels"),
        ("Word Relation Classification", ["parent", "child"], "labels"),
        ("Text Retrieval", ["Similar", "Dissimilar"], "labels"),
    ],
)
def test_scorer_of_a_task(category: str, references: list[str], scorer: str) -> None:
    assert infer_spec("t", category, references).scorer == scorer


def test_every_category_of_the_catalogue_has_a_scorer() -> None:
    for category in categories():
        for references in ([], ["yes"], SENTENCES):
            assert infer_spec("t", category, references).scorer in SCORERS


@pytest.mark.parametrize(
    ("name", "code"), [("English", "en"), ("japanese", "ja"), ("zh", "zh"), ("", "en"), ("Klingon", "en")]
)
def test_language_codes(name: str, code: str) -> None:
    assert language_code(name) == code


@given(st.sampled_from(sorted(categories())), st.lists(st.text(max_size=30), max_size=6))
def test_any_references_give_a_spec(category: str, references: list[str]) -> None:
    assert infer_spec("t", category, references).scorer in SCORERS
