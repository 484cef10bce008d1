"""Words and runs of words against a plain version of the rule, one text and one character after the other."""

from __future__ import annotations

import itertools
import re
import string
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.audit._grams import LONG, SHORT, SHORT_TEXT, grams_of
from medsins.audit._index import COMMON, gram_size, index_of
from medsins.audit._words import SLIGHT, Words, fold, stands_alone, words_of

MIXED = "abEÉßﬁДж09胃癌がン'’-./_ \n\t（ＣＴ"
mixed_text = st.text(MIXED, max_size=40)
word_lists = st.lists(st.sampled_from(["tibia", "femur", "ulna", "hip", "9"]), max_size=24)
PLAIN_WORD = re.compile(r"[\u3041-\u30ff\u4e00-\u9fff]|[^\W_\u3041-\u30ff\u4e00-\u9fff]+")


def plain_words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return PLAIN_WORD.findall(re.sub("['’]", "", folded))


def lists_of(words: Words) -> list[list[int]]:
    return [words.hashes[first:last].tolist() for first, last in pairwise(words.starts)]


def plain_runs(words: Sequence[str], size: int) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}


def run_hashes(text: str, size: int) -> set[int]:
    return set(grams_of(words_of([text]), size)[0].tolist())


@given(st.lists(mixed_text, min_size=1, max_size=4))
def test_hashes_are_equal_where_plain_words_are(texts: list[str]) -> None:
    plain = [plain_words(text) for text in texts]
    hashed = lists_of(words_of(texts))
    assert list(map(len, hashed)) == list(map(len, plain))
    pairs = set(zip(itertools.chain(*plain), itertools.chain(*hashed), strict=True))
    assert len(pairs) == len({word for word, _ in pairs}) == len({number for _, number in pairs})


@given(mixed_text, mixed_text)
def test_wholes_are_equal_where_plain_letters_are(left: str, right: str) -> None:
    one, other = words_of([left, right]).whole.tolist()
    assert (one == other) == ("".join(plain_words(left)) == "".join(plain_words(right)))
    assert (one == 0) == (not plain_words(left))


@given(mixed_text)
def test_sizes_and_halves_are_as_counted_plainly(text: str) -> None:
    plain = plain_words(text)
    words = words_of([text])
    single = sum(stands_alone(word[0]) for word in plain)
    assert int(words.sizes[0]) == len(plain) - single // 2
    assert words.halves.tolist() == [1 if stands_alone(word[0]) or len(word) <= SLIGHT else 2 for word in plain]


@given(mixed_text)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert lists_of(words_of([fold(text)])) == lists_of(words_of([text]))


@given(mixed_text, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_unicode_forms_make_no_difference(text: str, form: str) -> None:
    other = unicodedata.normalize(form, text)
    assert lists_of(words_of([other])) == lists_of(words_of([text]))


@given(word_lists, st.lists(st.sampled_from(string.punctuation.replace("'", "").replace("`", "")), max_size=24))
def test_punctuation_between_words_makes_no_difference(words: list[str], signs: list[str]) -> None:
    padded = [*signs, *[" "] * len(words)][: len(words)]
    dressed = "".join(f"{word} {sign} " for word, sign in zip(words, padded, strict=True))
    assert lists_of(words_of([dressed])) == lists_of(words_of([" ".join(words)]))


@pytest.mark.parametrize("sign", ["'", "’", "ʼ", "‘", "＇", "`"])
def test_apostrophes_join_what_they_stand_in(sign: str) -> None:
    assert lists_of(words_of([f"patient{sign}s"])) == lists_of(words_of(["patients"]))


@given(st.lists(mixed_text, min_size=1, max_size=5), st.data())
def test_picked_texts_keep_all_that_is_known_of_them(texts: list[str], data: st.DataObject) -> None:
    chosen = sorted(data.draw(st.sets(st.integers(0, len(texts) - 1))))
    whole, some = words_of(texts), words_of(texts).pick(chosen)
    assert len(some) == len(chosen)
    assert [some.of(place).tolist() for place in range(len(some))] == [whole.of(text).tolist() for text in chosen]
    assert some.whole.tolist() == whole.whole[chosen].tolist()
    assert some.sizes.tolist() == whole.sizes[chosen].tolist()
    if chosen:
        assert some.halves.tolist() == words_of([texts[text] for text in chosen]).halves.tolist()


@given(word_lists, word_lists, st.sampled_from([SHORT, LONG]))
def test_runs_are_shared_where_plain_runs_are(left: list[str], right: list[str], size: int) -> None:
    mine, theirs = run_hashes(" ".join(left), size), run_hashes(" ".join(right), size)
    assert len(mine) == len(plain_runs(left, size))
    assert len(mine & theirs) == len(plain_runs(left, size) & plain_runs(right, size))
    assert len(mine | theirs) == len(plain_runs(left, size) | plain_runs(right, size))


@given(word_lists, st.sampled_from([SHORT, LONG]))
def test_runs_know_no_case_and_no_punctuation(words: list[str], size: int) -> None:
    assert run_hashes(", ".join(words).upper(), size) == run_hashes("  ".join(words), size)


@given(word_lists)
def test_long_and_short_runs_are_never_taken_for_each_other(words: list[str]) -> None:
    text = " ".join(words)
    assert not run_hashes(text, SHORT) & run_hashes(text, LONG)


@settings(max_examples=50)
@given(st.lists(word_lists, max_size=8, unique_by=lambda words: "".join(words)))
def test_an_index_counts_runs_as_a_dictionary_does(lists: list[list[str]]) -> None:
    index = index_of([words_of([" ".join(words) for words in lists])])
    texts = [plain_runs(words, gram_size(len(words))) for words in lists]
    everything = set().union(*texts)
    assert len(index) == len(lists)
    assert len(index.grams) == len(everything)
    assert (np.diff(index.grams.astype(object)) > 0).all()
    assert sorted(index.in_tests.tolist()) == sorted(sum(run in text for text in texts) for run in everything)
    assert index.pointers.tolist() == [len(text) for text in texts]
    assert index.has_short == any(len(words) < SHORT_TEXT for words in lists)


def test_an_index_knows_each_text_by_its_whole() -> None:
    texts = [f"finding number {n} of the left femur" for n in range(12)]
    index = index_of([words_of(texts[:5]), words_of(texts[5:])])
    asked = words_of([texts[7].upper(), "nothing of it", texts[0].replace(" ", ", ")])
    assert index.find_whole(asked.whole).tolist() == [7, -1, 0]
    assert index_of([]).find_whole(asked.whole).tolist() == [-1, -1, -1]


@pytest.mark.parametrize("copies", [COMMON, COMMON + 1])
def test_runs_of_too_many_texts_point_to_none_of_them(copies: int) -> None:
    heading = "please read the following case carefully"
    index = index_of([words_of([f"{heading} {'abcdefghij'[n % 10]}{n} k{n} l{n} m{n} n{n}" for n in range(copies)])])
    most = int(index.in_tests.argmax())
    assert index.in_tests[most] == copies
    pointed = index.post_starts[most + 1] - index.post_starts[most]
    assert pointed == (copies if copies <= COMMON else 0)
