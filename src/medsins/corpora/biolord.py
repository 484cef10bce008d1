"""BioLORD: names of biomedical concepts paired with definitions and descriptions, made from UMLS.

Remy, Demuynck and Demeester, "BioLORD: Learning Ontological Representations from Definitions for Biomedical Concepts
and their Textual Descriptions", Findings of EMNLP 2022.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from medsins.core import derive_random

from ._base import BuildOptions, Corpus, Record, made
from ._raw import RawFile, RawFolder

MATCHING, NAMING, EXPLAINING = "task48", "task49", "task50"
NAMES = ("name", "concept", "term", "entity")
TEXTS = ("definition", "description", "text")
SAMPLE = 10_010  # pairs; the article's figure shows 9,010 training instances a task, nine tenths of it
CHOICES = 5  # concepts that task48 offers

Pair = tuple[str, str, str]  # place, name, definition

CORPUS = Corpus(
    name="biolord",
    title="BioLORD-Dataset (v1)",
    known_as=("BioLORD",),
    url="https://huggingface.co/datasets/FremyCompany/BioLORD-Dataset",
    licence="UMLS Metathesaurus and SNOMED CT licences",
    access="registration",
    agreement="https://www.nlm.nih.gov/databases/umls.html",
    duo=("DUO:0000042", "DUO:0000026"),
    may_leave=False,
    release="pairs as JSON lines (keys such as name and definition, or a list 'set' of two) or CSV",
    files=("*.jsonl", "*.csv", "*.tsv"),
    how_to_get="accept the terms on the hub and download the pairs",
    tasks=(MATCHING, NAMING, EXPLAINING),
    verified="format only",
    task_verified={EXPLAINING: "published samples"},
    inferred=(
        "the dataset is gated: the layout of its files could not be seen, hence several are understood",
        f"the authors' sample of its 25 million pairs is not known; {SAMPLE:,} pairs are drawn from the seed",
        "task50 is 'Concept: ' and the name, with the definition as answer, as in a published description of a "
        "released instance; task49 ('Definition: ') is worded alike",
        f"task48 offers {CHOICES} concepts, parted by semicolons, four of them drawn from the sample",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """Three records a drawn pair: choose the concept, name it, explain it."""
    pairs = _sample(_pairs(raw.file(*CORPUS.files)), options.seed)
    for number, (place, name, text) in enumerate(pairs):
        if options.wants(MATCHING):
            choices = "; ".join(_choices(number, pairs, options.seed))
            yield made(MATCHING, f"Definition: {text}\nConcepts: {choices}", name, place=place)
        yield made(NAMING, f"Definition: {text}", name, place=place)
        yield made(EXPLAINING, f"Concept: {name}", text, place=place)


def _pairs(file: RawFile) -> Iterator[Pair]:
    table = not file.place.endswith((".jsonl", ".jsonl.gz"))
    delimiter = "\t" if file.place.endswith((".tsv", ".tsv.gz")) else ","
    for place, record in file.rows(delimiter=delimiter) if table else file.jsonl():
        name, text = _pair(file, record, place)
        if name and text:
            yield place, name, text


def _pair(file: RawFile, record: Mapping[str, Any], place: str) -> tuple[str, str]:
    if isinstance(record.get("set"), list) and len(record["set"]) == 2:
        return str(record["set"][0]), str(record["set"][1])
    name = next((key for key in NAMES if key in record), None)
    text = next((key for key in TEXTS if key in record), None)
    if name is None or text is None:
        missing = [group[0] for group, key in ((NAMES, name), (TEXTS, text)) if key is None]
        file.need(missing, list(record), "keys", place)
    return str(record[name or ""]), str(record[text or ""])


def _sample(pairs: Iterator[Pair], seed: int) -> list[Pair]:
    """``SAMPLE`` pairs, each as likely as any other, in the order of the file; memory: the sample."""
    random = derive_random(seed, CORPUS.name)
    kept: list[tuple[int, Pair]] = []
    for number, pair in enumerate(pairs):
        if len(kept) < SAMPLE:
            kept.append((number, pair))
        elif (place := random.randrange(number + 1)) < SAMPLE:
            kept[place] = (number, pair)
    return [pair for _, pair in sorted(kept)]


def _choices(number: int, pairs: Sequence[Pair], seed: int) -> list[str]:
    random = derive_random(seed, MATCHING, number)
    name = pairs[number][1]
    drawn = (pairs[index][1] for index in random.sample(range(len(pairs)), min(len(pairs), 3 * CHOICES)))
    others = [other for other in dict.fromkeys(drawn) if other != name]
    choices = [name, *others[: CHOICES - 1]]
    random.shuffle(choices)
    return choices
