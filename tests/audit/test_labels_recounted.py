"""Statistics of labels against SciPy, scikit-learn and counting by hand; decisions against a plain replay."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from medsins.audit._baselines import baseline
from medsins.audit._chi_square import chi_square, tail
from medsins.audit._choices import Choices
from medsins.audit._closed_list import check_definition
from medsins.audit._label_facts import Facts
from medsins.audit._length_cues import LengthsByLabel, OptionLengths
from medsins.audit.adjudication import VERDICTS, Decision, DecisionLog, feed_errata, find_cases
from medsins.tasks.errata import read_errata

from .fake_answers import answer, run_of

scipy_stats = pytest.importorskip("scipy.stats")
LETTERS = "ABCDE"
questions_of = st.lists(st.tuples(st.integers(2, 5), st.integers(0, 4)), min_size=1, max_size=60)
label_lists = st.lists(st.sampled_from(["benign", "malignant", "unclear"]), min_size=1, max_size=60)


def asked(questions: list[tuple[int, int]]) -> Choices:
    """Questions with so many options each, of which the one at a place is right."""
    choices = Choices()
    for number, (options, right) in enumerate(questions):
        told = "\t".join(f"{letter}: choice {letter}{number}" for letter in LETTERS[:options])
        choices.add(f"Which one? \nOptions: {told}", LETTERS[right % options])
    return choices


def facts_of(labels: list[str], definition: str = "", category: str = "Text Classification") -> Facts:
    facts = Facts("t", "t", category, (definition,))
    facts.add([f"finding number {number}" for number in range(len(labels))], labels)
    return facts


@given(st.floats(0.001, 400), st.integers(1, 60))
def test_the_tail_is_scipy_s(statistic: float, freedom: int) -> None:
    assert tail(statistic, freedom) == pytest.approx(scipy_stats.chi2.sf(statistic, freedom), rel=1e-7, abs=1e-12)


@given(st.lists(st.integers(0, 200), min_size=2, max_size=8))
def test_the_statistic_and_its_probability_are_scipy_s(counts: list[int]) -> None:
    assume(sum(counts) > 0)
    mean = sum(counts) / len(counts)
    theirs = scipy_stats.chisquare(counts)
    ours = chi_square(counts, [mean] * len(counts))
    assert ours == pytest.approx(theirs.statistic, abs=1e-9)
    assert tail(ours, len(counts) - 1) == pytest.approx(theirs.pvalue, rel=1e-7, abs=1e-12)


@given(questions_of)
def test_questions_are_counted_by_options_and_place(questions: list[tuple[int, int]]) -> None:
    choices = asked(questions)
    placed = Counter((options, LETTERS[right % options]) for options, right in questions)
    assert choices.read == choices.with_options == choices.asked == choices.single == len(questions)
    assert {(n, letter): count for n, found in choices.positions.items() for letter, count in found.items()} == placed
    assert choices.chance == pytest.approx(sum(1 / options for options, _ in questions))
    assert choices.usual


@settings(max_examples=50)
@given(st.lists(st.integers(0, 3), min_size=20, max_size=80))
def test_places_of_one_kind_of_question_are_tested_as_scipy_does(places: list[int]) -> None:
    statistic, freedom, p = asked([(4, place) for place in places]).position_test()
    counts = Counter(places)
    theirs = scipy_stats.chisquare([counts[place] for place in range(4)])
    assert (statistic, freedom, p) == pytest.approx((theirs.statistic, 3, theirs.pvalue))


@given(st.integers(0, 19))
def test_too_few_questions_are_not_tested(number: int) -> None:
    assert asked([(4, 0)] * number).position_test() == (0.0, 0, 1.0)


@given(st.lists(st.text("xyz \n:", max_size=30), max_size=10))
def test_what_is_no_question_is_only_asked(texts: list[str]) -> None:
    choices = Choices()
    for one in texts:
        choices.add(one, "A")
    assert (choices.asked, choices.read, choices.usual, choices.fixed) == (len(texts), 0, False, False)


@given(st.lists(st.tuples(st.lists(st.integers(1, 9), min_size=2, max_size=5), st.integers(0, 4)), min_size=1))
def test_the_length_of_options_reversed_is_the_other_guess(questions: list[tuple[list[int], int]]) -> None:
    """Where every option is as much shorter as it was longer, the longest is the shortest, and areas add up to 1."""
    ours, mirrored = OptionLengths(), OptionLengths()
    for sizes, right in questions:
        letter = LETTERS[right % len(sizes)]
        ours.add({name: "x" * size for name, size in zip(LETTERS, sizes, strict=False)}, letter)
        mirrored.add({name: "x" * (10 - size) for name, size in zip(LETTERS, sizes, strict=False)}, letter)
    assert ours.guess("longest") == mirrored.guess("shortest")
    assert ours.area().value + mirrored.area().value == pytest.approx(1)
    assert ours.area().low <= ours.area().value <= ours.area().high


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from([2, 9, 31, 127, 600])), min_size=3))
def test_the_area_is_scipy_s_u_statistic(rows: list[tuple[str, int]]) -> None:
    lengths = LengthsByLabel(5)
    for label, length in rows:
        lengths.add(label, length)
    areas = {}
    for label in {label for label, _ in rows}:
        own, others = ([n for name, n in rows if (name == label) is wanted] for wanted in (True, False))
        if others:
            areas[label] = scipy_stats.mannwhitneyu(own, others).statistic / (len(own) * len(others))
    found = lengths.strongest(1)
    assert (found is None) == (not areas)
    if found:
        assert found[1].value == pytest.approx(areas[found[0]])
        assert abs(found[1].value - 0.5) == pytest.approx(max(abs(area - 0.5) for area in areas.values()))


@settings(max_examples=50)
@given(label_lists)
def test_a_constant_scores_what_scikit_learn_says(labels: list[str]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    facts = facts_of(labels)
    found = baseline(facts)
    assume(found is not None and found.metric == "macro F1")
    assert found is not None
    constant = facts.constant()[0]
    theirs = metrics.f1_score(labels, [constant] * len(labels), average="macro", zero_division=0)
    assert found.constant == pytest.approx(theirs)
    assert found.low <= found.constant + 1e-12
    assert found.constant <= found.high + 1e-12


@given(label_lists)
def test_answers_outside_the_list_are_those_that_it_does_not_name(labels: list[str]) -> None:
    facts = facts_of([*labels, *["benign", "malignant"] * 60], "Say 'benign', 'malignant' or 'normal'.")
    found = check_definition(facts)
    unclear = labels.count("unclear")
    assert facts.kind == "labels"
    assert found.outside == ((("unclear", unclear),) if unclear else ())
    assert found.unused == ("normal",)


@given(label_lists)
def test_a_definition_without_the_labels_lists_none(labels: list[str]) -> None:
    found = check_definition(facts_of(labels * 3, "Say what the report says."))
    assert (found.outside, found.unused) == ((), ())


decisions = st.lists(st.tuples(st.integers(0, 4), st.sampled_from(VERDICTS), st.booleans()), max_size=15)
UNREADABLE = frozenset({("closed", "closed-4")})


@settings(max_examples=50)
@given(decisions)
def test_errata_are_what_the_last_decision_on_each_answer_says(made: list[tuple[int, str, bool]]) -> None:
    """However often decisions change, and however often the errata are brought in line in between."""
    cases = find_cases(run_of(*(answer(n, f"maybe {n}", unscored="unparsed") for n in range(5))))
    assert [case.row for case in cases] == list(range(5))
    with tempfile.TemporaryDirectory() as folder:
        path, log = Path(folder, "errata.jsonl"), DecisionLog(Path(folder, "log.jsonl"))
        for row, verdict, fed in made:
            outputs = ("No",) if verdict == "correct" else ()
            log.add(Decision(row, "closed", f"closed-{row}", verdict, "R. Viewer", "2026-02-14", outputs))  # type: ignore[arg-type]
            if fed:
                feed_errata(path, log, cases, UNREADABLE)
        count = feed_errata(path, log, cases, UNREADABLE)
        found = read_errata(path).corrections if path.exists() else ()
        assert DecisionLog(log.path).all == log.all
    last = {row: verdict for row, verdict, _ in made}
    expected = {row: what for row, what in last.items() if what != "reject" and (row, what) != (4, "accept")}
    assert count == len(found) == len(expected)
    applied = {correction.instance: correction.apply(("Yes",)) for correction in found}
    meaning = {"correct": lambda row: ("No",), "drop": lambda row: (), "accept": lambda row: ("Yes", f"maybe {row}")}
    assert applied == {f"closed-{row}": meaning[what](row) for row, what in expected.items()}
    assert log.accepted_rows() == {row for row, what in last.items() if what == "accept"}
