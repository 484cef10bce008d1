"""Texts as words, many at once: case, punctuation, blanks and Unicode forms are folded away, each word is a hash.

A word is a run of letters and digits; apostrophes vanish (``patient's`` is one word). Scripts without blanks between
words (Chinese, Japanese, Thai, …) give one word a character.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]
Bytes = NDArray[np.uint8]

BREAK, LETTER, ALONE, NOTHING = range(4)
"""What a character is: between words, part of a word, a word by itself, or nothing at all."""

SLIGHT = 3  # letters up to which a word tells half as much as others

_UNSPACED = (
    (0x0E01, 0x0E2F), (0x0E30, 0x0E5B), (0x0E81, 0x0EDF), (0x1000, 0x109F), (0x1780, 0x17D3), (0x3005, 0x3007),
    (0x3041, 0x30FF), (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF),
)  # fmt: skip
_APOSTROPHES = "'’ʼ‘＇`´"
_CODES = 0x110000
_PLACES = 1 << 16  # letters of a text after which the numbers of places begin again
_AT_ONCE = 1 << 17  # characters
_GOLDEN = 0x9E3779B97F4A7C15


def mixed(numbers: U64) -> U64:
    """Numbers whose every bit depends on every bit of the given ones (the finaliser of SplitMix64)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def fold(text: str) -> str:
    """The text without differences of case and Unicode form (NFKC)."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()


@cache
def _kinds() -> Bytes:
    """What each code point is."""
    kinds = np.zeros(_CODES, np.uint8)
    for code in range(0x32400):
        sign = chr(code)
        if sign.isalnum() or unicodedata.category(sign).startswith("M"):
            kinds[code] = LETTER
    for first, last in _UNSPACED:
        span = kinds[first : last + 1]
        span[span == LETTER] = ALONE
    kinds[[ord(sign) for sign in _APOSTROPHES]] = NOTHING
    return kinds


def stands_alone(sign: str) -> bool:
    """Whether a character is of a script that has no blanks between words."""
    return bool(_kinds()[ord(sign)] == ALONE)


@cache
def _tables() -> tuple[U64, U64]:
    """A random number for each code point and for each place in a word or text, the same everywhere and always."""
    codes = mixed(np.arange(1, _CODES + 1, dtype=np.uint64) * np.uint64(_GOLDEN))
    places = mixed(np.arange(1, _PLACES + 1, dtype=np.uint64) * np.uint64(0xD1342543DE82EF95)) | np.uint64(1)
    return codes, places


@dataclass(frozen=True, slots=True)
class Words:
    """The words of some texts: ``hashes`` (64 bits) of all of them, one text after the other; text ``t`` has those from
    ``starts[t]`` to ``starts[t + 1]``. ``whole`` is a hash of each text's letters and digits, blanks left out: equal
    where texts differ in case, punctuation and blanks only (0: none at all). ``sizes`` are lengths in words, of which
    two characters of a script without blanks count as one. ``halves`` says how much each word may tell: 2, or 1 for a
    character of such a script and for words of up to three letters, which are mostly particles, units and numbers.
    """

    hashes: U64
    starts: I64
    whole: U64
    sizes: I64
    halves: Bytes

    def __len__(self) -> int:
        return len(self.whole)

    def of(self, text: int) -> U64:
        """The word hashes of one text."""
        return self.hashes[self.starts[text] : self.starts[text + 1]]

    def pick(self, texts: Sequence[int]) -> Words:
        """The words of some texts, in ascending order."""
        counts = np.diff(self.starts)
        chosen = np.zeros(len(self), bool)
        chosen[list(texts)] = True
        starts = np.concatenate([[0], np.cumsum(counts[chosen])]).astype(np.int64)
        kept = np.repeat(chosen, counts)
        return Words(self.hashes[kept], starts, self.whole[chosen], self.sizes[chosen], self.halves[kept])


def words_of(texts: Sequence[str]) -> Words:
    """The words of texts.

    Half surrogates, which are no Unicode text, count as breaks between words.
    """
    parts = [_block(block) for block in _blocks(texts)]
    counts = np.concatenate([np.diff(part.starts) for part in parts])
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    hashes, whole, sizes, halves = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("hashes", "whole", "sizes", "halves")
    )
    return Words(hashes, starts, whole, sizes, halves)


def _blocks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Texts in portions that stay in the processor's cache while they are gone over; at least one, if empty."""
    first = held = 0
    for number, text in enumerate(texts):
        if held > _AT_ONCE:
            yield texts[first:number]
            first, held = number, 0
        held += len(text)
    yield texts[first:]


def _block(texts: Sequence[str]) -> Words:
    codes, text_starts = _codes(texts)
    kinds = _kinds()[codes]
    kept = kinds != NOTHING
    if not kept.all():
        dropped = np.concatenate([[0], np.cumsum(~kept)])
        text_starts = text_starts - dropped[text_starts]
        codes, kinds = codes[kept], kinds[kept]
    is_word = kinds != BREAK
    begins = is_word.copy()
    begins[1:] &= (kinds[1:] == ALONE) | (kinds[:-1] != LETTER)
    first, letters = np.flatnonzero(begins), np.flatnonzero(is_word)
    heads = np.flatnonzero(begins[letters])  # of words, counted in letters
    code_numbers, place_numbers = _tables()
    values = code_numbers[codes[letters]]
    starts = np.searchsorted(first, text_starts).astype(np.int64)
    hashes = _sums(values * place_numbers[_order(heads, len(letters))], heads)
    is_alone = kinds[first] == ALONE
    alone = np.concatenate([[0], np.cumsum(is_alone)])
    sizes = np.diff(starts) - (alone[starts[1:]] - alone[starts[:-1]]) // 2
    lengths = np.diff(np.append(heads, len(letters)))
    halves = np.where(is_alone | (lengths <= SLIGHT), 1, 2).astype(np.uint8)
    return Words(mixed(hashes), starts, _whole(values, letters, text_starts), sizes, halves)


def _codes(texts: Sequence[str]) -> tuple[NDArray[np.uint32], I64]:
    """Code points of all folded texts, a blank behind each, and where each begins."""
    folded = [fold(text) for text in texts]
    joined = "\n".join([*folded, ""])
    if joined.isascii():
        codes = np.frombuffer(joined.encode("ascii"), np.uint8).astype(np.uint32)
    else:
        codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    lengths = np.fromiter((len(text) + 1 for text in folded), np.int64, len(folded))
    return codes, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _whole(values: U64, letters: I64, text_starts: I64) -> U64:
    """A hash of all letters of each text in their order; 0 where there is none."""
    bounds = np.searchsorted(letters, text_starts)
    lengths = np.diff(bounds)
    places = _tables()[1][_order(bounds[:-1], len(letters))]
    whole = mixed(_sums(values * places, bounds[:-1]) + lengths.astype(np.uint64))
    whole[lengths == 0] = 0
    return whole


def _order(heads: I64, count: int) -> I64:
    """The place of each of ``count`` letters in its stretch, where a stretch begins at each of ``heads``."""
    lengths = np.diff(np.append(heads, count))
    return (np.arange(count, dtype=np.int64) - np.repeat(heads, lengths)) & (_PLACES - 1)


def _sums(values: U64, starts: I64) -> U64:
    """Sums (modulo 2**64) of the stretches that begin at ``starts``; 0 for empty ones."""
    totals = np.concatenate([np.zeros(1, np.uint64), np.cumsum(values, dtype=np.uint64)])
    ends = np.append(starts[1:], len(values))
    return np.asarray(totals[ends] - totals[starts], np.uint64)
