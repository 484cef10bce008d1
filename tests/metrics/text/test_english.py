"""English tokens are NLTK's, on prose, on oddities and on anything Unicode has."""

from __future__ import annotations

import csv
import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.metrics.text import words
from medsins.metrics.text._punkt import splitter

Tokenize = Callable[[str], list[str]]

SENTENCES = [
    "",
    "   ",
    ".",
    "...",
    "Mr. Brown saw Dr. Green at 5 p.m. He left.",
    'She said "no." Then she left. "Why?" he asked.',
    "'Twas the night. 'Tis odd. I cannot, gonna, gimme, lemme, wanna go; whaddya want? d'ye see more'n that?",
    "It's the patient's dose (5 mg/kg, i.v.), isn't it? They'll say they've seen 1,000; we'd doubt it!",
    "See Fig. 3. The p-value (p<0.05) was e.g. 0.03. J. Smith et al. agreed.",
    "Temp. 37.5. Then 38. 40 patients. No. 5 was vs. the rest.",
    '(One.) [Two.] {Three.} "Four." \'Five.\' Six.) "',
    "He wrote: \"a\" \"b\" 'c' ''d'' ``e`` \"",
    "line one\n\"quoted\"\tafter tab\n'single' '\n's end'\n",
    "ends with a quote.\" ' )",
    "a--b — c – d ‒ e ― f… g...h .. i . . . j",
    "«Guillemets.» “Curly.” ‘Single.’ „Low.“ n’a l’homme",
    "50% of $3.88 & #1 @home; a:b a: b, c,d 3,5 3, 5",
    "no-break\xa0space.\xa0Next\u2009thin. narrow\u202fspace?\u3000Ideographic!",
    "separators\x1cin\x1dodd\x1eplaces.\x1f Next",
    "tab\tnew\nline\r\nvertical\x0bform\x0cfeed. End\x85next",
    "cafe\u0301. Naïve e\u0301. Ünïted",
    "gımme wannabe cannot. CANNOT Gonna",
    '?!?! What?! (Yes!) no!" "a?" b',
    "1. First 2. Second\n3. Third: a) one b) two",
    "**Diagnosis.** *Note*: __x__. `code`. ``x``",
    "U.S. Army in the U.S. He ph.d. Ph.D. x.",
    "half a surrogate \ud800 here. And \x00 NUL.",
]


@pytest.mark.parametrize("text", SENTENCES)
def test_sentences_chosen_for_their_oddities(text: str, word_tokenize: Tokenize) -> None:
    assert list(words(text)) == word_tokenize(text)


@settings(max_examples=400, deadline=None)
@given(st.text())
def test_any_text(word_tokenize: Tokenize, text: str) -> None:
    assert list(words(text)) == word_tokenize(text)


PIECES = st.sampled_from(
    [
        *"abXY19 .,:;?!'\"()[]{}<>`-*%$&@#\n\t",
        *("  ", "...", "''", "``", "--", "“", "”", "‘", "’", "«", "»", "\xa0", "–", "\u2028", "\x1c", "3.5"),
        *(" Dr.", " e.g.", " U.S.", " cannot ", " gonna", "n't", "'s ", " 'tis", " The", " the "),
    ]
)


@settings(max_examples=1500, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_texts_of_nothing_but_special_cases(word_tokenize: Tokenize, text: str) -> None:
    assert list(words(text)) == word_tokenize(text)


def test_every_text_of_four_special_characters(word_tokenize: Tokenize) -> None:
    for combination in itertools.product("a .'\"):\n", repeat=4):
        text = "".join(combination)
        assert list(words(text)) == word_tokenize(text), repr(text)


def test_the_second_reading_of_a_text_is_the_first(word_tokenize: Tokenize) -> None:
    text = "The same 'text'. Read twice (at least)."
    assert words(text) == words(text) == tuple(word_tokenize(text))


def test_sentence_ends_beside_every_abbreviation(word_tokenize: Tokenize) -> None:
    from nltk.tokenize import PunktTokenizer

    nltk = PunktTokenizer()
    parameters = nltk._params
    draw = random.Random(7)
    firsts = [*parameters.abbrev_types, *(first for first, _ in parameters.collocations), "word", "12", "3.5"]
    nexts = [*parameters.sent_starters, *(second for _, second in parameters.collocations), "12", "7.5", "two-fold"]
    nexts += draw.sample(sorted(parameters.ortho_context), 200)
    for first in firsts:
        for following in draw.sample(nexts, 12):
            for text in (f"{first}. {following}", f"{first.title()}. {following.title()}, x", f"{first}. {following}."):
                assert splitter().text_contains_sentbreak(text) == nltk.text_contains_sentbreak(text), text


def _texts(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".txt", ".tsv", ".json", ".ann", ".xml", ".md"):
            text = path.read_text(encoding="utf-8", errors="replace")
            yield from (text[start : start + 1500] for start in range(0, len(text), 1500))
        elif path.suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as stream:
                for row in csv.reader(stream):
                    yield from (cell[:3000] for cell in row)


def test_real_texts(shared: Path, word_tokenize: Tokenize) -> None:
    texts = sorted(set(itertools.chain(_texts(shared / "golden"), _texts(shared / "data" / "raw"))))
    for text in random.Random(11).sample(texts, min(700, len(texts))):
        assert list(words(text)) == word_tokenize(text), repr(text[:200])
