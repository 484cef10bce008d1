"""Tagged tokens of any dialect: IOB, IOB2, BIOES, BILOU, BMES, or bare kinds.

Stricter schemes are read leniently: a tag that goes on where nothing of its kind is open opens an entity, as in the
evaluation script of CoNLL-2000.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from medsins.corpora._raw import RawFile

from .iob import Sentence
from .records import decoded_lines

SCHEMES = ("prefix", "bare")
DOCUMENT = "-DOCSTART-"
_TAG = re.compile(r"([BILUESMO])(?:[-_](.+))?")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where token and tag stand in a line.

    ``token``, ``tag``: numbers of the columns from 0, negative from the end. ``delimiter``: what parts them; empty
    means any white space. ``skip``: beginnings of lines that hold no token. ``scheme``: ``prefix`` for tags such as
    ``B-Gene``; ``bare`` for tags that are the kind or ``O``. ``encoding``: of the file.
    """

    token: int = 0
    tag: int = -1
    delimiter: str = ""
    skip: tuple[str, ...] = ()
    scheme: str = "prefix"
    encoding: str = "utf-8"


def tagged_sentences(file: RawFile, columns: Columns) -> Iterator[Sentence]:
    """The sentences of a file; a blank line ends one.

    Raises:
        InvalidFile: a line has too few columns, or a tag that the scheme does not have.
    """
    tokens: list[str] = []
    tags: list[str] = []
    start = 0
    for number, line in enumerate(decoded_lines(file, columns.encoding), start=1):
        if line.startswith((DOCUMENT, *columns.skip)):
            continue
        if not line.strip():
            if tokens:
                yield Sentence(tuple(tokens), tuple(tags), start)
            tokens, tags = [], []
            continue
        cells = line.rstrip("\r\n").split(columns.delimiter or None)
        token, tag = _pick(file, cells, columns, number)
        start = start if tokens else number
        tokens.append(token)
        tags.append(tag)
    if tokens:
        yield Sentence(tuple(tokens), tuple(tags), start)


def _pick(file: RawFile, cells: Sequence[str], columns: Columns, number: int) -> tuple[str, str]:
    try:
        token, tag = cells[columns.token].strip(), cells[columns.tag].strip()
    except IndexError:
        token = tag = ""
    if not tag or len(cells) < 2:
        what = f"has {len(cells)} columns: no token in column {columns.token} with a tag in column {columns.tag}"
        file.invalid(f'{what} (lines without tokens: skip = ["how they begin"])', f"line {number}")
    if columns.scheme == "prefix" and not _TAG.fullmatch(tag):
        what = f"has the tag '{tag}', which does not begin with B, I, O, E, S, L, U or M"
        file.invalid(f'{what} (tags that are bare kinds: scheme = "bare")', f"line {number}")
    return token, tag


def spans(tags: Iterable[str], scheme: str = "prefix") -> list[tuple[int, int, str]]:
    """(first token, token behind the last, kind) of each entity, in order."""
    found: list[tuple[int, int, str]] = []
    goes_on = False
    for place, tag in enumerate(tags):
        mark, kind = _read(tag, scheme)
        if mark == "O":
            goes_on = False
            continue
        if mark in "IELM" and goes_on and found[-1][2] == kind:
            found[-1] = (found[-1][0], place + 1, kind)
        else:
            found.append((place, place + 1, kind))
        goes_on = mark not in "ELSU"
    return found


def _read(tag: str, scheme: str) -> tuple[str, str]:
    """The mark (B, I, O, …) and the kind of a tag."""
    if scheme == "bare":
        return ("O", "") if tag == "O" else ("I", tag)
    match = _TAG.fullmatch(tag)
    assert match is not None
    return match[1], match[2] or ""
