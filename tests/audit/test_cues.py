"""Keys, chi-square and lengths: against the scorer's reader, published tables and counting by hand."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.audit._chi_square import chi_square, tail
from medsins.audit._choices import Choices, read_key, solved_line
from medsins.audit._length_cues import LengthsByLabel, OptionLengths
from medsins.bench.suites import FOLDER
from medsins.core.options import parse_options
from medsins.metrics.strict.mcqa import read_reference
from medsins.tasks import open_reader

OPTIONS = {"A": "fever", "B": "a cough", "C": "both", "D": "neither"}
LEADS = [
    *("", "The right answer is ", "La respuesta correcta es: ", "Les bonnes réponses sont ", "正确答案是 "),
    "Правильные ответ: ",
]


@pytest.mark.parametrize("part", ["test", "train"])
def test_keys_are_read_as_the_scorer_reads_them(part: str) -> None:
    seen = 0
    for path in sorted((FOLDER / "mini" / part).glob("mini_mcqa_*.json")):
        for instance in open_reader(path):
            options = parse_options(instance.input)
            assert read_key(instance.reference, options) == read_reference(instance.reference, options)
            seen += 1
    assert seen >= 30


@given(
    st.sets(st.sampled_from("ABCD"), min_size=1),
    st.sampled_from(LEADS),
    st.booleans(),
    st.sampled_from([", ", "，", "; "]),
)
def test_every_wording_of_a_key(letters: set[str], lead: str, with_text: bool, between: str) -> None:
    named = [f"{letter}: {OPTIONS[letter]}" if with_text else letter for letter in sorted(letters)]
    assert read_key(lead + between.join(named), OPTIONS) == letters


@pytest.mark.parametrize(
    ("answer", "letters"), [("", ""), ("Fever.", "A"), ("none of these", ""), ("(C)", "C"), ("Е", "")]
)
def test_odd_keys(answer: str, letters: str) -> None:
    assert read_key(answer, OPTIONS) == frozenset(letters)


@given(st.text(max_size=200))
def test_any_reference_is_read(answer: str) -> None:
    assert read_key(answer, OPTIONS) <= OPTIONS.keys()


def test_rationale_inputs_tell_their_key() -> None:
    question = "质问?\n选项: A: 一\tB: 二\t"
    assert solved_line(f"{question}\n正确答案是 B: 二。") == (question, "正确答案是 B: 二。")
    assert solved_line(question) == (question, "")
    choices = Choices()
    choices.add(f"{question}\n正确答案是 B: 二。", "a long explanation")
    assert choices.keys == {"B": 1}


@pytest.mark.parametrize(
    ("statistic", "freedom", "p"),
    [(3.841, 1, 0.05), (6.635, 1, 0.01), (5.991, 2, 0.05), (7.815, 3, 0.05), (9.488, 4, 0.05), (18.467, 4, 0.001),
     (43.773, 30, 0.05), (0, 3, 1), (5, 0, 1)],
)  # fmt: skip
def test_chi_square_tables(statistic: float, freedom: int, p: float) -> None:
    assert tail(statistic, freedom) == pytest.approx(p, rel=2e-3)


@given(st.floats(0.1, 300), st.integers(1, 40))
def test_the_tail_falls_with_the_statistic_and_rises_with_freedom(statistic: float, freedom: int) -> None:
    further, here, freer = tail(statistic * 1.1, freedom), tail(statistic, freedom), tail(statistic, freedom + 1)
    assert 0 <= further <= here + 1e-12 <= freer + 2e-12 <= 1 + 2e-12


def test_chi_square_of_what_was_expected_is_nothing() -> None:
    assert chi_square([5, 5], [5.0, 5.0]) == 0
    assert chi_square([8, 2], [5.0, 5.0]) == pytest.approx(3.6)


def test_positions_of_questions_with_other_numbers_of_options_are_tested_apart() -> None:
    choices = Choices()
    for number in range(40):
        options = "\t".join(f"{letter}: option {letter} of {number}" for letter in "ABCDE"[: 4 + number % 2])
        choices.add(f"What? \nOptions: {options}", "A")
    statistic, freedom, p = choices.position_test()
    assert freedom == 3  # of the questions with five options too few are expected at a place
    assert statistic == pytest.approx(60)
    assert p < 1e-9


@given(st.lists(st.tuples(st.sampled_from("xy"), st.sampled_from([3, 10, 40, 200])), min_size=4, max_size=40))
def test_the_area_is_the_share_of_pairs_in_order(rows: list[tuple[str, int]]) -> None:
    lengths = LengthsByLabel(5)
    for label, length in rows:
        lengths.add(label, length)
    own, others = [n for label, n in rows if label == "x"], [n for label, n in rows if label == "y"]
    found = lengths.strongest(1)
    if not own or not others:
        assert found is None
        return
    pairs = list(itertools.product(own, others))
    area = sum((a > b) + (a == b) / 2 for a, b in pairs) / len(pairs)
    assert found is not None
    label, cue = found
    assert cue.value == pytest.approx(area if label == "x" else 1 - area)
    assert cue.low <= cue.value <= cue.high


def test_too_many_labels_are_no_classes() -> None:
    lengths = LengthsByLabel(3)
    for number in range(400):
        lengths.add(f"label {number % 4}", number)
    assert lengths.strongest(1) is None


@given(
    st.lists(
        st.tuples(st.lists(st.integers(1, 30), min_size=2, max_size=5), st.integers(0, 4)), min_size=1, max_size=30
    )
)
def test_guessing_by_length_is_counted_as_by_hand(questions: list[tuple[list[int], int]]) -> None:
    counted = OptionLengths()
    hits = areas = 0.0
    for sizes, right in questions:
        right %= len(sizes)
        letters = [chr(ord("A") + place) for place in range(len(sizes))]
        counted.add({letter: "x" * size for letter, size in zip(letters, sizes, strict=True)}, letters[right])
        longest = [place for place, size in enumerate(sizes) if size == max(sizes)]
        hits += (right in longest) / len(longest)
        others = sizes[:right] + sizes[right + 1 :]
        areas += sum((sizes[right] > o) + (sizes[right] == o) / 2 for o in others) / len(others)
    n = len(questions)
    assert counted.guess("longest").value == pytest.approx(hits / n)
    assert counted.area().value == pytest.approx(areas / n)
    assert counted.guess("longest").chance == pytest.approx(math.fsum(1 / len(s) for s, _ in questions) / n)


def test_keys_of_published_questions_are_read_as_the_scorer_reads_them(shared: Path) -> None:
    """Rationale inputs tell their key in five languages."""
    for path in sorted((shared / "data/raw/medsbench_example_results/derived").glob("*.json")):
        choices = Choices()
        for instance in open_reader(path):
            choices.add(instance.input, instance.reference)
            question, answer = solved_line(instance.input)
            options = parse_options(question)
            assert read_key(answer, options) == read_reference(answer, options)
        assert choices.read == choices.asked > 100
