"""brat standoff: a text file, and an ``.ann`` file beside it with typed spans and relations by character offset.

Source of the syntax: the brat manual, "Standoff format". Events, attributes, notes and normalisations are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from medsins.corpora._raw import RawFile, RawFolder


@dataclass(frozen=True, slots=True)
class Mention:
    """A typed span; ``pieces`` are its (start, end) character offsets, more than one where it is discontinuous."""

    id: str
    kind: str
    pieces: tuple[tuple[int, int], ...]
    text: str

    @property
    def start(self) -> int:
        """Offset of the first character."""
        return self.pieces[0][0]

    @property
    def end(self) -> int:
        """Offset behind the last character."""
        return self.pieces[-1][1]


@dataclass(frozen=True, slots=True)
class Relation:
    """A typed pair of mention ids."""

    kind: str
    head: str
    tail: str


@dataclass(frozen=True, slots=True)
class Document:
    """A text with its mentions, by place in the text, and its relations, by place in the file."""

    place: str
    text: str
    mentions: tuple[Mention, ...]
    relations: tuple[Relation, ...]

    def parts(self, separator: str = "\n") -> Iterator[tuple[str, tuple[Mention, ...]]]:
        """Each part of the text between separators with the mentions that lie in it whole; empty parts are left out."""
        start = 0
        for part in self.text.split(separator):
            end = start + len(part)
            if part.strip():
                yield part, tuple(m for m in self.mentions if start <= m.start and m.end <= end)
            start = end + len(separator)


def documents(raw: RawFolder, pattern: str = "*.txt") -> Iterator[Document]:
    """The documents of a folder in the order of their names.

    Raises:
        InvalidFile: no text, a text without annotation file, or an annotation that does not fit its text (which is how
            a text that was re-encoded or edited shows).
    """
    annotations = {file.place: file for file in raw.files(pattern.removesuffix(".txt") + ".ann")}
    for file in raw.files(pattern):
        name = file.place.removesuffix(".txt") + ".ann"
        if name not in annotations:
            file.invalid(f"has no annotation file {name} beside it")
        yield read_document(file, annotations[name])


def read_document(text_file: RawFile, annotations: RawFile) -> Document:
    """One document. Offsets count characters of the text as it stands, line ends included."""
    text = text_file.text(keep_ends=True)
    mentions: list[Mention] = []
    relations: list[Relation] = []
    for number, line in annotations.lines():
        if line.startswith("T"):
            mentions.append(_mention(line, text, annotations, number))
        elif line.startswith("R"):
            relations.append(_relation(line, annotations, number))
    mentions.sort(key=lambda mention: (mention.start, mention.end))
    return Document(text_file.place, text, tuple(mentions), tuple(relations))


def _mention(line: str, text: str, file: RawFile, number: int) -> Mention:
    name, _, rest = line.partition("\t")
    about, _, given = rest.partition("\t")
    kind, _, offsets = about.partition(" ")
    try:
        numbers = [tuple(map(int, piece.split())) for piece in offsets.split(";")]
        pieces = tuple((start, end) for start, end in numbers)
    except ValueError:
        file.invalid(f"has the offsets '{offsets}', which are not start and end", f"line {number}")
    found = " ".join(text[start:end] for start, end in pieces)
    if " ".join(found.split()) != " ".join(given.split()):
        file.invalid(f"says '{given}' stands at {offsets}, where the text has '{found}'", f"line {number}")
    return Mention(name, kind, pieces, given)


def _relation(line: str, file: RawFile, number: int) -> Relation:
    words = line.split("\t")[1].split() if "\t" in line else []
    if len(words) != 3 or any(":" not in word for word in words[1:]):
        file.invalid("is no relation (Type Arg1:T1 Arg2:T2)", f"line {number}")
    return Relation(words[0], *(word.split(":", 1)[1] for word in words[1:]))
