"""Texts as hashed words: what does not matter makes no difference, what matters does."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.audit._grams import LONG, SHORT, GramSet, grams_of
from medsins.audit._words import Words, fold, words_of

any_text = st.text(st.characters(codec=None), max_size=60)
plain_text = st.text("abcXYZ 019.,-\n", max_size=60)


def hashes(words: Words) -> list[list[int]]:
    return [words.hashes[first:last].tolist() for first, last in pairwise(words.starts)]


@given(st.lists(any_text, max_size=6))
def test_a_text_is_the_same_in_any_company(texts: list[str]) -> None:
    together = words_of(texts)
    alone = [words_of([text]) for text in texts]
    assert hashes(together) == [one.hashes.tolist() for one in alone]
    assert together.whole.tolist() == [int(one.whole[0]) for one in alone]
    assert together.sizes.tolist() == [int(one.sizes[0]) for one in alone]
    assert together.halves.tolist() == [half for one in alone for half in one.halves.tolist()]


@given(plain_text)
def test_words_are_runs_of_letters_and_digits(text: str) -> None:
    known: dict[str, int] = {}
    words = re.findall(r"[a-z0-9]+", text.lower())
    found = words_of([text]).hashes.tolist()
    assert len(found) == len(words)
    for word, number in zip(words, found, strict=True):
        assert known.setdefault(word, number) == number
    assert len(set(known.values())) == len(known)


@given(plain_text, st.sampled_from([str.upper, str.lower, str.title]))
def test_case_makes_no_difference(text: str, change: object) -> None:
    assert callable(change)
    assert hashes(words_of([change(text)])) == hashes(words_of([text]))


@given(plain_text)
def test_blanks_and_punctuation_make_no_difference_to_the_whole(text: str) -> None:
    bare = "".join(sign for sign in text if sign.isalnum())
    assert words_of([bare]).whole[0] == words_of([text]).whole[0]


@given(st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=8), st.randoms())
def test_other_words_make_another_whole(words: list[str], rng: object) -> None:
    other = sorted(words)
    same = "".join(other) == "".join(words)
    assert (words_of([" ".join(words)]).whole[0] == words_of([" ".join(other)]).whole[0]) == same


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Fièvre élevée à 39 °C", unicodedata.normalize("NFD", "FIÈVRE élevée, à 39 °C.")),
        ("The patient's fever", "the patient’s fever"),
        ("Лихорадка и Кашель", "лихорадка и кашель"),
        ("¿Qué dosis?", "qué DOSIS"),
        ("ＣＴ検査　１２３", "CT検査 123"),
        ("カルテ", "ｶﾙﾃ"),
        ("STRASSE ﬁbrosis", "straße fibrosis"),
    ],
)
def test_forms_of_the_same_words(left: str, right: str) -> None:
    words = words_of([left, right])
    assert hashes(words)[0] == hashes(words)[1]


@pytest.mark.parametrize(
    ("text", "count", "size"),
    [
        ("胃がんの患者", 6, 3),
        ("患者服用 aspirin 后", 6, 4),
        ("дважды в день", 3, 3),
        ("ผู้ป่วย", 4, 4),
        ("", 0, 0),
        ("... !?", 0, 0),
        ("\ud800 half a pair", 3, 3),
    ],
)
def test_scripts_without_blanks_are_words_of_one_character(text: str, count: int, size: int) -> None:
    words = words_of([text])
    if "ผ" not in text:  # how many characters Thai marks are is not the point
        assert (len(words.hashes), int(words.sizes[0])) == (count, size)
    else:
        assert len(words.hashes) > 1


def test_short_words_tell_less() -> None:
    assert words_of(["a rash of the abdomen 病"]).halves.tolist() == [1, 2, 1, 1, 2, 1]


def test_fold_is_quick_and_the_same_for_plain_text() -> None:
    assert fold("ABC-d") == unicodedata.normalize("NFKC", "ABC-d").casefold()


@given(st.lists(st.text("ab ", max_size=30), max_size=5), st.sampled_from([SHORT, LONG]))
def test_grams_are_runs_within_one_text(texts: list[str], size: int) -> None:
    words = words_of(texts)
    found, places = grams_of(words, size)
    lists = [text.split() for text in texts]
    runs = [tuple(some[at : at + size]) for some in lists for at in range(len(some) - size + 1)]
    assert len(found) == len(runs)
    by_run = dict(zip(runs, found.tolist(), strict=True))
    assert [by_run[run] for run in runs] == found.tolist()
    assert len(set(by_run.values())) == len(by_run)
    assert (np.diff(places) > 0).all()
    assert ((found & np.uint64(1)) == (size == SHORT)).all()


@given(st.sets(st.integers(0, 2**64 - 1), max_size=50), st.lists(st.integers(0, 2**64 - 1), max_size=50))
def test_a_gram_set_finds_what_is_in_it(held: set[int], others: list[int]) -> None:
    known = np.array(sorted(held), np.uint64)
    asked = np.array([*held, *others], np.uint64)
    positions, numbers = GramSet.of(known).find(asked)
    assert positions.tolist() == [place for place, number in enumerate(asked.tolist()) if number in held]
    assert known[numbers].tolist() == asked[positions].tolist()
