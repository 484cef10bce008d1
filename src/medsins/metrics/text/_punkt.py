"""NLTK's Punkt sentence splitter (Kiss and Strunk 2006), same sentences, faster.

NLTK looks at every full stop, question and exclamation mark and decides by tokenising its neighbourhood anew. Here one
mark of every blank-separated chunk is looked at, the common case of two plain words around a full stop is decided from
the model's tables directly, and every other decision is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from medsins.core.assets import punkt

from .._memo import Memo

BLANKS = " \n\t\r\x0b\x0c"  # what Punkt takes for the end of a word
OTHER_BLANKS = re.compile("[\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
TAIL = re.compile(f"[.?!][^{BLANKS}]*")  # a chunk from its first mark on
NEXT = re.compile(f"[{BLANKS}]+([^{BLANKS}]+)")
SPLITTING = ")\";}]*:@'({[‘’“”«»?!"  # a mark before one of these may end a sentence in the middle of a chunk
INNER = re.compile(f".*[.?!](?=[{re.escape(SPLITTING)}])", re.DOTALL)
PLAIN = re.compile(r"(?:([A-Za-z]{2,})|[0-9]+(?:\.[0-9]+)?)\.\s+(?:([A-Za-z]+(?:-[A-Za-z]+)*)|[0-9]+)[,;:]?")
CLEAR = re.compile(r"\S*[)\]}\"]\.\s+\S+")  # a full stop after a bracket or quote always ends a sentence
CLOSING = frozenset("\"')]}‘’“”«»")  # may still belong to the sentence before

NUMBER = "##number##"
UPPER_INSIDE = 1 << 2  # seen with a capital inside a sentence
LOWER_FIRST = 1 << 4  # seen in lower case at the beginning of a sentence
LOWER = LOWER_FIRST | (1 << 5) | (1 << 6)
UPPER = (1 << 1) | UPPER_INSIDE | (1 << 3)


class _Counts(dict[str, int]):
    """Orthographic contexts; looking an unknown word up must not store it."""

    def __missing__(self, word: str) -> int:
        return 0


@cache
def splitter() -> Any:
    """The splitter with the English model, one per process."""
    from nltk import redos
    from nltk.tokenize import punkt as nltk_punkt

    parameters = _parameters(punkt() / "tokenizers" / "punkt_tab" / "english")

    class Variables(nltk_punkt.PunktLanguageVars):  # type: ignore[misc]
        """The English variables without NLTK's time limit of 5 s: our work is bounded by the text's length."""

        def period_context_re(self) -> Any:
            return redos.compile(super().period_context_re(), timeout=None)

        def _word_tokenizer_re(self) -> Any:
            return redos.compile(super()._word_tokenizer_re(), timeout=None)

    class Splitter(nltk_punkt.PunktSentenceTokenizer):  # type: ignore[misc]
        """NLTK's splitter with decisions looked up."""

        memo: Memo[bool] = Memo(entries=50_000, characters=80)

        def _slices_from_text(self, text: str) -> Iterator[slice]:
            if OTHER_BLANKS.search(text):
                yield from super()._slices_from_text(text)
                return
            begin, known = 0, self.memo.values
            for word, mark in _marks(text):
                following = None if text[mark + 1] in SPLITTING else NEXT.match(text, mark + 1)
                context = text[word : following.end() if following else mark + 2]
                if text[mark] != "." or known.get(context) or self.text_contains_sentbreak(context):
                    yield slice(begin, mark + 1)
                    begin = following.start(1) if following else mark + 1
            yield slice(begin, len(text.rstrip()))

        def _realign_boundaries(self, text: str, slices: Iterator[slice]) -> Iterator[slice]:
            if CLOSING.isdisjoint(text):
                return (part for part in slices if part.start < part.stop)
            found = list(slices)
            if any(text[part.start : part.start + 1] in CLOSING for part in found):
                return super()._realign_boundaries(text, iter(found))  # type: ignore[no-any-return]
            return (part for part in found if part.start < part.stop)

        def sentences_from_text(self, text: str, realign: bool = True) -> list[str]:
            return [text[part] for part in self._realign_boundaries(text, self._slices_from_text(text))]

        def _get_last_whitespace_index(self, text: str) -> int:
            return max(0, *map(text.rfind, BLANKS))

        def text_contains_sentbreak(self, text: str) -> bool:
            plain = PLAIN.fullmatch(text)
            if plain:
                return _ends_sentence(parameters, plain[1] or "", plain[2] or "")
            if CLEAR.fullmatch(text):
                return True
            return self.memo.get(text, super().text_contains_sentbreak)

    return Splitter(parameters, lang_vars=Variables())


def _marks(text: str) -> Iterator[tuple[int, int]]:
    """The marks that may end a sentence, each with the start of its word: of every chunk the last mark before a blank
    or a splitting character, and the first if the chunk begins with it.
    """
    limit = len(text.rstrip(BLANKS))  # a mark behind which nothing comes ends no sentence
    others = [blank for blank in BLANKS[1:] if blank in text]
    passed = 0
    for tail in TAIL.finditer(text):
        first, end = tail.span()
        word = first
        if text[first - 1] not in BLANKS or first < 2:
            blank = text.rfind(" ", passed, first)
            for other in others:
                blank = max(blank, text.rfind(other, passed, first))
            # NLTK takes a blank at the very beginning of the text for none
            word = max(passed, blank + 1) if blank else 0
        passed = end
        last = end - 1
        if end >= limit or text[last] not in ".?!":
            inner = INNER.match(text, first, end)
            if inner is None:
                continue
            last = inner.end() - 1
        if word == first < last and text[first + 1] in SPLITTING:
            yield word, first
        yield word, last


def _ends_sentence(parameters: Any, word: str, following: str) -> bool:
    """Whether the full stop between two plain words ends a sentence (section 4 of the paper); "" stands for a number.

    A known collocation never does; an abbreviation only before a word that looks like the start of a sentence; a number
    unless the next word looks like anything but that; every other word does.
    """
    kind, lower = word.lower() or NUMBER, following.lower() or NUMBER
    if (kind, lower) in parameters.collocations:
        return False
    context = parameters.ortho_context[lower]
    if kind in parameters.abbrev_types:
        starts = context & LOWER and not context & UPPER_INSIDE
        return following[:1].isupper() and bool(starts or lower in parameters.sent_starters)
    continues = following[:1].islower() and (context & UPPER or not context & LOWER_FIRST)
    return not (kind == NUMBER and continues)


def _parameters(folder: Path) -> Any:
    from nltk.tokenize.punkt import PunktParameters

    def lines(name: str) -> list[str]:
        return [line for line in (folder / name).read_text(encoding="utf-8").split("\n") if line]

    parameters = PunktParameters()
    parameters.abbrev_types = {*lines("abbrev_types.txt")}
    parameters.sent_starters = {*lines("sent_starters.txt")}
    parameters.collocations = {tuple(line.split("\t")) for line in lines("collocations.tab")}
    parameters.ortho_context = _Counts()
    for line in lines("ortho_context.tab"):
        word, flags = line.split("\t")
        parameters.ortho_context[word] = int(flags)
    return parameters
