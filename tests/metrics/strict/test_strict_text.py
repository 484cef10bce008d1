"""Generated text: plain multiset metrics on language-proper tokens, best over the references."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.metrics import Row, TaskSpec
from medsins.metrics.strict import score_task
from medsins.metrics.strict.text import METRICS, overlap

SPEC = TaskSpec("t", "Explanation", "text")


def point(pairs: list[tuple[str | None, str]], language: str = "en") -> dict[str, float]:
    rows = [Row(i, "t", "", output, (reference,)) for i, (output, reference) in enumerate(pairs)]
    return score_task(rows, TaskSpec("t", "Explanation", "text", language)).table.point()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Gout is caused by crystals of urate in a joint."),
        ("fr", "La goutte est due à des cristaux d'urate dans l'articulation."),
        ("es", "La gota se debe a cristales de urato en la articulación."),
        ("ru", "Подагра вызвана кристаллами уратов в суставе."),
        ("zh", "痛风由关节内的尿酸盐结晶引起。"),
        ("ja", "痛風は関節内の尿酸塩結晶によって起こる。"),
    ],
)
def test_a_copy_scores_100_in_every_language(language: str, text: str) -> None:
    found = point([(text, text)], language)
    assert all(found[name] == pytest.approx(1.0) for name in METRICS)


def test_case_and_punctuation_do_not_matter_to_word_metrics() -> None:
    found = overlap("gout, is CAUSED by urate", ("Gout is caused by urate.",), "en")
    assert found[:4] == pytest.approx((1, 1, 1, 1))


def test_repeating_the_reference_no_longer_pays() -> None:
    reference = "Crystals of urate settle in the joint."
    once, often = overlap(reference, (reference,), "en"), overlap(" ".join([reference] * 20), (reference,), "en")
    assert all(b < 0.3 < a for a, b in zip(once[:4], often[:4], strict=True))


def test_order_of_words_matters_to_rouge_l() -> None:
    whole = "one two three four five six"
    assert overlap("six five four three two one", (whole,), "en")[0] < 0.2


def test_the_best_reference_counts_for_each_metric() -> None:
    output = "acute gout"
    both = overlap(output, ("chronic pain", "acute gout"), "en")
    assert both == overlap(output, ("acute gout",), "en")


def test_blank_and_refused_answers_count_as_nothing() -> None:
    rows = [
        Row(0, "t", "", "Gout is painful.", ("Gout is painful.",)),
        Row(1, "t", "", " ", ("Gout is painful.",)),
        Row(2, "t", "", "I'm sorry, but I can't help with that.", ("Gout is painful.",)),
        Row(3, "t", "", None, ("Gout is painful.",), "missing"),
    ]
    scored = score_task(rows, SPEC)
    assert [score.unscored for score in scored.scores] == ["", "empty", "refused", "missing"]
    assert scored.table.point()["rouge_l_f"] == pytest.approx(0.25)
    assert scored.table.point()["rouge_l_f_answered"] == pytest.approx(1.0)


def test_a_cut_text_is_scored_as_it_stands() -> None:
    row = Row(0, "t", "", "Gout is", ("Gout is painful.",), "truncated")
    assert score_task([row], SPEC).scores[0].unscored == ""
    assert score_task([row], SPEC).scores[0].metrics["rouge_l_f"] > 0.5


@settings(max_examples=50)
@given(st.text(max_size=200), st.text(max_size=200))
def test_values_are_fractions_and_symmetric_where_they_should_be(a: str, b: str) -> None:
    found, back = overlap(a, (b,), "en"), overlap(b, (a,), "en")
    assert all(0.0 <= value <= 1.0 + 1e-12 for value in found)
    assert found[0] == pytest.approx(back[0])
    assert found[2] == pytest.approx(back[2])


def test_several_processes_give_the_same_numbers() -> None:
    words = [f"word{i}" for i in range(300)]
    rows = [Row(i, "t", "", " ".join(words[: 150 + i % 7] * 3), (" ".join(words[i % 5 :]),)) for i in range(400)]
    assert sum(len(row.output or "") for row in rows) > 1_000_000
    one, two = score_task(rows, SPEC), score_task(rows, SPEC, workers=2)
    assert (one.table.values == two.table.values).all()
    assert one.scores == two.scores
