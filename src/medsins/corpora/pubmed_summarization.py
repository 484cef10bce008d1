"""PubMed articles with their abstracts, for long-document summarization.

Cohan et al., "A Discourse-Aware Attention Model for Abstractive Summarization of Long Documents", NAACL 2018.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._raw import RawFile, RawFolder

TASK = "task111"
PARTS = {"train": "train.txt", "validation": "val.txt", "test": "test.txt"}
FOLDER = "pubmed-dataset"

CORPUS = Corpus(
    name="pubmed_summarization",
    title="PubMed summarization (arXiv and PubMed long documents)",
    known_as=("PubMed",),
    url="https://github.com/armancohan/long-summarization",
    licence="none stated",
    access="open",
    release="pubmed-dataset.zip: 119,924 / 6,633 / 6,658 articles",
    files=tuple(f"{FOLDER}/{name}" for name in PARTS.values()),
    how_to_get="download pubmed-dataset.zip; it need not be unpacked",
    tasks=(TASK,),
    sizes={f"{TASK}:train": 119_924, f"{TASK}:validation": 6633, f"{TASK}:test": 6658},
    verified="format only",
    inferred=(
        "the sentences of an article are joined with a line break, those of the abstract with a blank and without "
        "their marks; no converter is published",
        "the repository states no licence for the data; the articles are of the open access subset of PubMed Central",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record an article: its text, and its abstract."""
    wanted = {split: f"{FOLDER}/{name}" for split, name in PARTS.items() if options.wants_split(split)}
    own = {split: PARTS[split] for split in wanted}
    found = wanted if any(raw.glob(name) for name in wanted.values()) else own
    if len(wanted) == 1 or not any(raw.glob(name) for name in found.values()):
        raw.file(*found.values())
    for split, name in found.items():
        for file in raw.optional(name):
            yield from _articles(file, split)


def _articles(file: RawFile, split: str) -> Iterator[Record]:
    for place, article in file.jsonl():
        file.need(("article_text", "abstract_text"), list(article), where=place)
        text = "\n".join(article["article_text"]).strip()
        abstract = " ".join(re.sub(r"</?S>", "", part).strip() for part in article["abstract_text"]).strip()
        if text and abstract:
            yield made(TASK, text, abstract, split=split, place=place)
        else:
            yield dropped(TASK, "the article or its abstract is empty", split=split, place=place)
