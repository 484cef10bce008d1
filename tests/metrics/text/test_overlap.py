"""BLEU-1, ROUGE, chrF and common subsequences against other implementations and plain definitions."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.metrics.text import RougeError, bleu1, chrf, lcs_length, rouge_l, rouge_n, summary_rouge
from medsins.metrics.text._lcs import lcs_rows, position_masks
from medsins.metrics.text.summary_rouge import MOST_STEPS

TOKENS = st.lists(st.sampled_from("abcdefg"), max_size=40)
SPARSE = st.text(st.sampled_from("ab .\n"), max_size=12)
DENSE = st.lists(st.sampled_from([*"abcdefgh", ".", "a.", "b. ", ".."]), max_size=60).map(" ".join)


@cache
def _rouge() -> Any:
    from rouge import Rouge

    return Rouge()


def _package(candidate: str, reference: str) -> float | str:
    try:
        return float(_rouge().get_scores(candidate, reference)[0]["rouge-l"]["f"])
    except ValueError as error:
        return f"ValueError: {error}"


def _ours(candidate: str, reference: str) -> float | str:
    try:
        return summary_rouge(candidate, reference)
    except RougeError as error:
        return str(error)


@settings(max_examples=500, deadline=None)
@given(TOKENS, TOKENS)
def test_bleu1_is_nltk_s_to_the_last_bit(candidate: list[str], reference: list[str]) -> None:
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    smoothing = SmoothingFunction().method1
    expected = sentence_bleu([reference], candidate, weights=(1, 0, 0, 0), smoothing_function=smoothing)
    assert bleu1(candidate, reference) == expected


@settings(max_examples=400, deadline=None)
@given(st.one_of(SPARSE, DENSE), st.one_of(SPARSE, DENSE))
def test_summary_rouge_is_the_package_s_to_the_last_bit(candidate: str, reference: str) -> None:
    assert _ours(candidate, reference) == _package(candidate, reference)


@settings(max_examples=200, deadline=None)
@given(DENSE, st.integers(0, 40), st.integers(0, 40))
def test_summary_rouge_of_a_text_and_its_cuttings(text: str, start: int, length: int) -> None:
    for candidate in (text, text[start:], text[: start + length], text[start:] + text[:start]):
        assert _ours(candidate, text) == _package(candidate, text)


@pytest.mark.parametrize(
    ("candidate", "reference"), [("...", "a b"), (".", "a"), ("", "a"), ("a", "..."), (" ", " "), (" . ", "a. b")]
)
def test_texts_without_sentences_or_words(candidate: str, reference: str) -> None:
    assert _ours(candidate, reference) == _package(candidate, reference)


@pytest.mark.parametrize("words", [9_900, 12_000])
def test_a_pair_too_deep_for_the_package_is_reported(words: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(10_000 + 60)  # the test runner's own frames lie below
    try:
        expected: float | str = _package("x " * words, "a b c")
    except RecursionError:
        expected = "RecursionError"
    finally:
        sys.setrecursionlimit(before)
    assert str(_ours("x " * words, "a b c")).split(":")[0] == str(expected)


def test_the_walk_s_steps_are_counted_with_the_words_left_out() -> None:
    reference = " ".join(f"r{i}" for i in range(100))
    assert summary_rouge(f"{reference} " + "x " * (MOST_STEPS - 101), reference) > 0
    with pytest.raises(RougeError, match="RecursionError"):
        summary_rouge(f"{reference} " + "x " * (MOST_STEPS - 99), reference)
    assert summary_rouge("x " * 50_000 + reference, reference) > 0  # all is found before the long beginning is reached


def test_two_long_texts_are_reported_at_once() -> None:
    with pytest.raises(RougeError, match="RecursionError"):
        summary_rouge("a b " * 100_000, "b a " * 100_000)


def test_a_million_characters_are_scored() -> None:
    reference = " ".join(f"word{i % 60}" for i in range(100))
    one, many = "word1 other " * 80_000, "word1 of word2 is other. " * 40_000
    with pytest.raises(RougeError):
        summary_rouge(one, reference)
    assert 0 < summary_rouge(many, reference) < 1


def _table(a: Sequence[str], b: Sequence[str]) -> list[list[int]]:
    rows = [[0] * (len(b) + 1)]
    for x in a:
        row = [0]
        for j, y in enumerate(b):
            row.append(rows[-1][j] + 1 if x == y else max(rows[-1][j + 1], row[-1]))
        rows.append(row)
    return rows


@settings(max_examples=300, deadline=None)
@given(TOKENS, TOKENS)
def test_common_subsequence_length_and_rows(a: list[str], b: list[str]) -> None:
    table = _table(a, b)
    assert lcs_length(a, b) == lcs_length(b, a) == table[-1][-1]
    for row, vector in zip(table[1:], lcs_rows(a, b, 1_000), strict=True):
        assert [bool(vector >> j & 1) for j in range(len(b))] == [row[j + 1] == row[j] for j in range(len(b))]


@given(TOKENS, TOKENS, st.integers(1, 50))
def test_a_window_is_the_end_of_all_rows(a: list[str], b: list[str], window: int) -> None:
    whole = [vector >> max(0, len(b) - window) for vector in lcs_rows(a, b, 1_000)]
    assert lcs_rows(a, b, window) == whole[-window:]


def test_positions_of_long_and_short_lists_are_marked_alike() -> None:
    tokens = [f"t{i % 7}" for i in range(5_000)]
    for size in (0, 1, 1_999, 2_000, 5_000):
        masks = position_masks(tokens[:size])
        assert sum(mask.bit_count() for mask in masks.values()) == size
        assert all(masks[token] >> place & 1 for place, token in enumerate(tokens[:size]))


@given(TOKENS, TOKENS, st.integers(1, 4))
def test_rouge_n_by_its_definition(candidate: list[str], reference: list[str], n: int) -> None:
    a, b = (Counter(tuple(t[i : i + n]) for i in range(len(t) - n + 1)) for t in (candidate, reference))
    matches = sum((a & b).values())
    precision, recall = (matches / max(1, sum(c.values())) for c in (a, b))
    expected = 2 * precision * recall / (precision + recall) if matches else 0.0
    assert rouge_n(candidate, reference, n) == pytest.approx(expected, abs=1e-12)


@given(TOKENS, TOKENS)
def test_rouge_l_by_its_definition(candidate: list[str], reference: list[str]) -> None:
    length = _table(candidate, reference)[-1][-1]
    expected = 2 * length / (len(candidate) + len(reference)) if length else 0.0
    assert rouge_l(candidate, reference) == pytest.approx(expected, abs=1e-12)
    assert rouge_l(candidate, reference) == rouge_l(reference, candidate)


@given(st.text(st.sampled_from("abc d\n"), max_size=40), st.text(st.sampled_from("abc d\n"), max_size=40))
def test_chrf_is_between_0_and_1_and_1_for_equal_texts(candidate: str, reference: str) -> None:
    assert 0 <= chrf(candidate, reference) <= 1 + 1e-12
    if reference.split():
        assert chrf(reference, reference) == pytest.approx(1)
        assert chrf(f" {candidate} ", reference) == chrf(candidate.replace(" ", ""), reference)


def test_chrf_of_a_pair_by_hand() -> None:
    # orders 1 and 2: 3 of 3 and 1 of 2 for the candidate "abd" against "abcd": precision (1 + 1/2 + 0)/3, recall (3/4
    # + 1/3 + 0)/3, since no order beyond 3 fits the shorter text
    precision, recall = (1 + 1 / 2 + 0) / 3, (3 / 4 + 1 / 3 + 0) / 3
    assert chrf("abd", "abcd") == pytest.approx(5 * precision * recall / (4 * precision + recall))


@given(st.text(st.sampled_from("abc d"), max_size=30), st.text(st.sampled_from("abc d"), max_size=30))
def test_chrf_is_sacrebleu_s(candidate: str, reference: str) -> None:
    metric = pytest.importorskip("sacrebleu.metrics").CHRF()
    assert chrf(candidate, reference) == pytest.approx(metric.sentence_score(candidate, [reference]).score / 100)
