"""Named entities: sets of names, to the last letter, in any order and spacing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.metrics import Row, TaskSpec
from medsins.metrics.strict import score_task
from medsins.metrics.strict._items import item_key, items
from medsins.metrics.strict.entities import no_extraction

SPEC = TaskSpec("t", "Named Entity Recognition", "entities")
NONE = "There is no related entity."


def point(pairs: list[tuple[str | None, str]], sentence: str = "") -> dict[str, float]:
    rows = [Row(i, "t", sentence, output, (reference,)) for i, (output, reference) in enumerate(pairs)]
    return score_task(rows, SPEC).table.point()


@pytest.mark.parametrize(
    "output",
    [
        "5 - fluorouracil, aspirin ( low dose ), folic acid.",
        "5-fluorouracil, aspirin (low dose), folic acid",
        "folic acid, aspirin (low dose), 5–Fluorouracil.",
        "5-Fluorouracil; Aspirin (low dose); Folic Acid",
        "5-fluorouracil,aspirin (low dose),folic acid, folic acid",
        "5-fluorouracil, aspirin (low dose), and folic acid",
        "- 5-fluorouracil\n- aspirin (low dose)\n- folic acid",
        "1. 5-fluorouracil\n2. aspirin (low dose)\n3. folic acid",
        '["5-fluorouracil", "aspirin (low dose)", "folic acid"]',
        '{"chemicals": ["5-fluorouracil", "aspirin (low dose)", "folic acid"]}',
        "The chemicals mentioned are: 5-fluorouracil, aspirin (low dose), folic acid.",
        "Answer: 5-fluorouracil, aspirin (low dose), folic acid",
        "**5-fluorouracil**, aspirin (low dose), folic acid",
    ],
)
def test_the_same_set_in_any_form_is_right(output: str) -> None:
    assert point([(output, "5 - fluorouracil, aspirin ( low dose ), folic acid.")])["f1"] == 1.0


@pytest.mark.parametrize(
    ("output", "f1"),
    [
        ("asthmx.", 0.0),
        ("asthma, gout.", 2 / 3),
        ("cough.", 0.0),
        ("asthma and nothing else at all", 0.0),
    ],
)
def test_every_letter_counts(output: str, f1: float) -> None:
    assert point([(output, "asthma.")])["f1"] == pytest.approx(f1)


def test_one_right_of_three_counts_wherever_it_stands() -> None:
    reference = "asthma, gout, measles."
    assert {round(point([(name, reference)])["f1"], 9) for name in ("asthma", "gout", "measles")} == {0.5}


@pytest.mark.parametrize(
    "output",
    [
        NONE,
        "There is no related enetity.",
        "none",
        "None.",
        "No entities found",
        "There are no chemicals mentioned.",
        "[]",
    ],
)
def test_every_way_of_saying_none_is_right_where_there_is_none(output: str) -> None:
    assert items(output) == frozenset()
    assert point([(output, "There is no related enetity.")])["f1"] == 1.0


def test_always_none_scores_nothing() -> None:
    found = point([(NONE, NONE)] * 8 + [(NONE, "asthma."), (NONE, "gout, measles.")])
    assert (found["f1"], found["recall"]) == (0.0, 0.0)


def test_blank_answers_are_misses_and_silence_where_there_is_none_is_an_error() -> None:
    half = point([("asthma", "asthma"), ("", "gout"), ("measles", "measles"), ("", "mumps")])
    assert half["f1"] == pytest.approx(2 / 3)
    assert half["f1_answered"] == 1.0
    assert point([("asthma", "asthma"), ("", NONE)])["precision"] == 0.5


def test_commas_inside_brackets_locants_and_numbers_do_not_split() -> None:
    assert items("1,2-dichloroethane, N,N-dimethyl tryptamine") == {"1,2-dichloroethane", "n,n-dimethyl tryptamine"}
    assert items("1 , 2 - dichloroethane.") == items("1,2-dichloroethane")
    assert items("factor ( V, Leiden ), protein C") == {"factor(v,leiden)", "protein c"}
    assert items("8,000 patients, placebo") == {"8,000 patients", "placebo"}
    assert items("broken ( bracket, still two") == {"broken(bracket", "still two"}


def test_a_list_of_the_words_of_the_sentence_is_unparsed() -> None:
    sentence = "Severe asthma was treated with inhaled budesonide and oral prednisolone for ten days"
    scored = score_task([Row(0, "t", sentence, ", ".join(sentence.split()), ("asthma.",))], SPEC)
    assert scored.scores[0].unscored == "unparsed"
    assert not no_extraction(items("asthma, budesonide, prednisolone"), sentence)
    assert not no_extraction(frozenset({"asthma"}), "asthma")


def test_a_stock_list_of_names_is_unparsed() -> None:
    stock = "aspirin, ibuprofen, warfarin, heparin, digoxin, lithium, metformin, insulin"
    scored = score_task([Row(0, "t", "He took lithium for years.", stock, ("lithium.",))], SPEC)
    assert scored.scores[0].unscored == "unparsed"
    assert not no_extraction(items(stock), f"She took {stock.replace(', ', ' and ')}.")


def test_the_best_of_several_references_counts() -> None:
    row = Row(0, "t", "", "heart attack", ("myocardial infarction.", "heart attack."))
    assert score_task([row], SPEC).scores[0].metrics["f1"] == 1.0


def test_micro_f1_sums_over_rows() -> None:
    found = point([("a1, b1", "a1"), ("c1", "c1, d1, e1"), (NONE, NONE)])
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["recall"] == pytest.approx(2 / 4)
    assert found["f1"] == pytest.approx(2 * 2 / (2 * 2 + 1 + 2))


NAME = st.from_regex(r"[abcxyz]{2}[abcxyz0189+-]{0,9}[abcxyz]", fullmatch=True)


@given(st.lists(NAME, min_size=1, max_size=6), st.randoms())
def test_any_reordering_and_case_of_the_reference_is_right(names: list[str], random: object) -> None:
    reference = ", ".join(names) + "."
    shuffled = list(names)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert items(", ".join(name.upper() for name in shuffled)) == items(reference)


@given(st.text(st.characters(max_codepoint=0x24F, categories=["L", "Nd", "Pd", "Zs"]), max_size=60))
def test_item_key_is_idempotent(text: str) -> None:
    assert item_key(item_key(text)) == item_key(text)
