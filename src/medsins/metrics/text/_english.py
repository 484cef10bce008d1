"""English word tokens, identical to NLTK's ``word_tokenize`` and much faster.

NLTK sends every sentence through some thirty substitutions. All of them but a few look no further than the blanks
around a word, so a sentence's tokens are those of its blank-separated chunks, and a chunk's tokens can be kept. What
does reach further (a sentence's first and last chunk, quotes beside unusual blanks) is tokenised as a sentence.
"""

from __future__ import annotations

import re

from .._memo import Memo
from ._punkt import splitter
from ._treebank import CONTRACTED, treebank

Tokens = tuple[str, ...]

CORE = r"[A-Za-z0-9]+(?:[-/.][A-Za-z0-9]+)*"
INSIDE = re.compile(rf"([(\[]?)({CORE})([)\]]?)([,;:]?)")  # nothing in it is split but brackets and end punctuation
END = re.compile(rf"({CORE})(\.?)")  # the same for the last chunk of a sentence
REACHING = re.compile("[\x1c-\x1f]|[^\\S ][\"']|'[^\\S ]")  # blanks only Python knows; quotes beside other blanks
QUOTES = "\"'"
CLOSERS = "])}>\"'»”’"

_inside: Memo[Tokens] = Memo(entries=100_000, characters=60)
_edges: Memo[Tokens] = Memo(entries=50_000, characters=60)
_sentences: Memo[list[str] | Tokens] = Memo(entries=2_000, characters=60)
_texts: Memo[Tokens] = Memo(entries=4_000, characters=4_000)


def words(text: str) -> Tokens:
    """The tokens NLTK 3.10.4 ``word_tokenize`` gives with its English Punkt model.

    Raises:
        AssetUnavailable: the Punkt model could not be had.
    """
    return _texts.get(text, _words)


def _words(text: str) -> Tokens:
    found: list[str] = []
    known = _sentences.values
    for sentence in splitter().sentences_from_text(text):
        found += known.get(sentence) or _sentences.get(sentence, _sentence_words)
    return tuple(found)


def _sentence_words(sentence: str) -> list[str] | Tokens:
    chunks = sentence.split()
    if not chunks or _reaches_further(sentence, chunks):
        return treebank(sentence)
    if len(chunks) == 1:
        return _edges.get(f" {chunks[0]} ", _edge)
    found = list(_edges.get(f" {chunks[0]}", _edge)) if chunks[0][0] in QUOTES else list(_inside.get(chunks[0], _chunk))
    known = _inside.values
    for chunk in chunks[1:-1]:
        found += known.get(chunk) or _inside.get(chunk, _chunk)
    found += _edges.get(f"{chunks[-1]} ", _edge)
    return found


def _reaches_further(sentence: str, chunks: list[str]) -> bool:
    """Whether some rule may look beyond one chunk: the final full stop is sought before closing quotes and brackets
    that stand alone, and quotes are told apart by a plain space beside them.
    """
    if not chunks[-1].strip(CLOSERS) or (chunks[0][0] in QUOTES and sentence[0] not in QUOTES):
        return True
    return not sentence.isprintable() and REACHING.search(sentence) is not None


def _chunk(chunk: str) -> Tokens:
    """Tokens of a chunk inside a sentence."""
    plain = INSIDE.fullmatch(chunk)
    if plain and not CONTRACTED.search(chunk):
        return tuple(filter(None, plain.groups()))
    return tuple(treebank(f"x {chunk} y")[1:-1])


def _edge(marked: str) -> Tokens:
    """Tokens of a chunk at a sentence's edge: a blank before it marks its start, a blank behind it its end."""
    chunk = marked.strip()
    if marked[0] != " ":
        plain = END.fullmatch(chunk)
        if plain and not CONTRACTED.search(chunk):
            return tuple(filter(None, plain.groups()))
        return tuple(treebank(f"x {chunk}")[1:])
    return tuple(treebank(f"{chunk} y")[:-1] if marked[-1] != " " else treebank(chunk))
