"""Radiopaedia captions split into anatomy, abnormality, non-abnormality and disease, the part of RaTE-NER from there.

Zhao et al., "RaTEScore: A Metric for Radiology Report Generation", EMNLP 2024.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ._base import BuildOptions, Corpus, Record, made
from ._formats.splits import split_files
from ._raw import RawFile, RawFolder

TASK = "task72"
PARTS = {
    "train": ("train_new_new.jsonl", "Radiopaedia/train_span.json", "train_span.json"),
    "validation": ("Radiopaedia/dev_span.json", "dev_span.json"),
    "test": ("Radiopaedia/test_span.json", "test_span.json"),
}

CORPUS = Corpus(
    name="radiopaedia_ner",
    title="Radiopaedia caption NER (RaTE-NER)",
    known_as=("Radiopaedia Caption NER",),
    url="https://huggingface.co/datasets/Angelakeke/RaTE-NER",
    licence="CC BY-NC 4.0",
    access="open",
    duo=("DUO:0000046",),
    release="Radiopaedia/{train,dev,test}_span.json: one JSON object a line with sentences and ner",
    files=tuple(name for names in PARTS.values() for name in names),
    how_to_get="download folder Radiopaedia from the hub",
    tasks=(TASK,),
    verified="format only",
    inferred=(
        "the published converter reads train_new_new.jsonl, which is not published; RaTE-NER by the same author has "
        "the same keys, and its count agrees with the article's figure (90 % of about 30,000 sentences)",
        "where a record has no subtext, as in RaTE-NER, its tokens are joined with blanks",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a sentence: its text, and its parts as a Python list of [part, type]."""
    for split, file in split_files(raw, PARTS, options):
        for place, record in file.jsonl():
            file.need(("sentences", "ner"), list(record), where=place)
            tokens, parts = _parts(file, record, place)
            yield made(TASK, record.get("subtext", " ".join(tokens)), repr(parts), split=split, place=place)


def _parts(file: RawFile, record: Mapping[str, Any], place: str) -> tuple[list[str], list[list[str]]]:
    """The tokens of the first sentence and its entities; both ends of a span belong to it."""
    try:
        tokens = [str(token) for token in record["sentences"][0]]
        spans = [(int(start), int(end), str(kind)) for start, end, kind in record["ner"][0]]
    except (IndexError, TypeError, ValueError):
        file.invalid("has no list of tokens and list of [start, end, type]", place)
    return tokens, [[" ".join(tokens[start : end + 1]), kind] for start, end, kind in spans]
