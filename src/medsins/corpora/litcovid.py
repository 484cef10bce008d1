"""LitCovid document classification: COVID-19 articles with the topics that curators gave them.

Jimenez Gutierrez et al., "Document Classification for COVID-19 Literature", Findings of EMNLP 2020.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.splits import split_files
from ._raw import RawFile, RawFolder

TASK = "task108"
PARTS = {"train": "LitCovid.train.csv", "validation": "LitCovid.dev.csv", "test": "LitCovid.test.csv"}
TOPICS = (
    "prevention",
    "treatment",
    "diagnosis",
    "mechanism",
    "case report",
    "transmission",
    "forecasting",
    "general",
)

CORPUS = Corpus(
    name="litcovid",
    title="LitCovid document classification",
    known_as=("LitCovid",),
    url="https://github.com/dki-lab/covid19-classification",
    licence="Apache-2.0",
    access="open",
    duo=("DUO:0000004",),
    release="hedwig-data/datasets/LitCovid of 1 August 2020, or what scripts/load_litcovid.sh makes",
    files=tuple(PARTS.values()),
    how_to_get="download the folder that the repository's README links, or run its scripts/load_litcovid.sh",
    tasks=(TASK,),
    verified="format only",
    inferred=(
        "the corpus is told by the names of its eight topics and by the count of its training part",
        "the column text is the input; topics are joined with a comma where an article has several",
        "the licence is that of the repository; the articles have their own; the DUO term is read off it",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record an article: its text, and its topics."""
    for split, file in split_files(raw, PARTS, options):
        yield from _articles(file, split)


def _articles(file: RawFile, split: str) -> Iterator[Record]:
    for place, row in file.rows("pmid", "text", "human_label"):
        topics = [topic.strip().replace("_", " ") for topic in row["human_label"].split(",") if topic.strip()]
        unknown = set(topics) - set(TOPICS)
        if unknown:
            file.invalid(f"has the topic '{min(unknown)}', which is none of the eight", place)
        if topics and row["text"].strip():
            answer = ", ".join(topics)
            yield made(TASK, row["text"], answer, split=split, place=place, id=f"{TASK}-{split}-{row['pmid']}")
        else:
            yield dropped(TASK, "the article has no text or no topic", split=split, place=place)
