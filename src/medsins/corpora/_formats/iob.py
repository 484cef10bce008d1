"""IOB (CoNLL) files: one token a line with its tag, a blank line after each sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from medsins.corpora._base import BuildOptions, Record, dropped, made
from medsins.corpora._raw import RawFile, RawFolder

# How the distributions name the file of each split.
SPLIT_FILES = {"train": "train.tsv", "validation": "devel.tsv", "test": "test.tsv"}
_CLOSE_UP = frozenset(".,;:?!")


@dataclass(frozen=True, slots=True)
class Sentence:
    """Tokens with one tag each (``O``, ``B-X``, ``I-X``); ``line`` is that of the first token, from 1."""

    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    line: int


def sentences(file: RawFile, *, token: int = 0, tag: int = -1, columns: int = 2, skip: str = "") -> Iterator[Sentence]:
    """The sentences of a file.

    Args:
        file: the file.
        token: which column holds the token; ``tag`` which the tag (negative: from the end).
        columns: how many columns a line has; 0 for any number from two on.
        skip: lines that begin with this are no tokens (comments, ``-DOCSTART-``).

    Raises:
        InvalidFile: a line has other columns, or a tag that is not O, B or I.
    """
    tokens: list[str] = []
    tags: list[str] = []
    start = 0
    for number, line in file.lines():
        cells = line.split()
        if skip and line.startswith(skip):
            continue
        if not cells:
            if tokens:
                yield Sentence(tuple(tokens), tuple(tags), start)
            tokens, tags = [], []
            continue
        if len(cells) != columns if columns else len(cells) < 2:
            expected = columns or "two or more"
            file.invalid(f"has {len(cells)} columns where {expected} are expected (token, tag)", f"line {number}")
        if cells[tag][0] not in "OBI":
            file.invalid(f"has the tag '{cells[tag]}', which is not O, B-… or I-…", f"line {number}")
        start = start if tokens else number
        tokens.append(cells[token])
        tags.append(cells[tag])
    if tokens:
        yield Sentence(tuple(tokens), tuple(tags), start)


def entities(sentence: Sentence) -> list[tuple[str, str]]:
    """(text, type) of each entity in order: tokens joined with one blank. As in the published converter only the first
    letter of a tag counts: B opens (and closes what was open), I goes on, I with nothing open is ignored.
    """
    found: list[tuple[list[str], str]] = []
    is_open = False
    for token, tag in zip(sentence.tokens, sentence.tags, strict=True):
        if tag[0] == "B":
            found.append(([token], tag[2:]))
            is_open = True
        elif tag[0] == "I" and is_open:
            found[-1][0].append(token)
        elif tag[0] == "O":
            is_open = False
    return [(" ".join(tokens), kind) for tokens, kind in found]


def join_tokens(tokens: Iterable[str]) -> str:
    """A sentence from its tokens: one blank between them, none before ``.,;:?!`` standing alone."""
    text = ""
    for token in tokens:
        text += token if not text or token in _CLOSE_UP else f" {token}"
    return text


def ner_answer(names: Sequence[str], options: BuildOptions) -> str:
    """All names in order, repeats kept, comma-separated, with a full stop; the fixed sentence where there are none."""
    return ", ".join(names) + "." if names else options.no_entity


def ner_records(raw: RawFolder, folder: str, task_id: str, options: BuildOptions) -> Iterator[Record]:
    """One record a sentence of ``<folder>/train.tsv``, ``devel.tsv`` and ``test.tsv``: all its entities."""
    for split, place, sentence in _sentences(raw, folder, options):
        answer = ner_answer([name for name, _ in entities(sentence)], options)
        yield made(task_id, join_tokens(sentence.tokens), answer, split=split, place=place)


def one_entity_records(raw: RawFolder, folder: str, task_id: str, options: BuildOptions) -> Iterator[Record]:
    """One record a sentence with an entity, any of which is an answer, as in the extraction tasks of
    Super-NaturalInstructions: the tokens as they are, a blank before each.
    """
    for split, place, sentence in _sentences(raw, folder, options):
        names = tuple(dict.fromkeys(name for name, _ in entities(sentence)))
        if names:
            text = "".join(f" {token}" for token in sentence.tokens)
            yield made(task_id, text, names, split=split, place=place)
        else:
            yield dropped(task_id, "the sentence has no entity", split=split, place=place)


def _sentences(raw: RawFolder, folder: str, options: BuildOptions) -> Iterator[tuple[str, str, Sentence]]:
    """(split, place, sentence) of the wanted splits."""
    wanted = {
        split: f"{folder}/{name}".lstrip("/") for split, name in SPLIT_FILES.items() if options.wants_split(split)
    }
    if len(wanted) == 1 or not any(raw.glob(pattern) for pattern in wanted.values()):
        raw.file(*wanted.values())
    for split, pattern in wanted.items():
        for file in raw.optional(pattern):
            for sentence in sentences(file):
                yield split, f"{file.place}: line {sentence.line}", sentence
