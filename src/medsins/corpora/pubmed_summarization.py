"""PubMed articles with their abstracts, for long-document summarization.

Cohan et al., "A Discourse-Aware Attention Model for Abstractive Summarization of Long Documents", NAACL 2018.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.splits import split_files
from ._raw import RawFile, RawFolder

TASK = "task111"
PARTS = {
    "train": ("pubmed-dataset/train.txt", "train.txt"),
    "validation": ("pubmed-dataset/val.txt", "val.txt"),
    "test": ("pubmed-dataset/test.txt", "test.txt"),
}

CORPUS = Corpus(
    name="pubmed_summarization",
    title="PubMed summarization (arXiv and PubMed long documents)",
    known_as=("PubMed",),
    url="https://github.com/armancohan/long-summarization",
    licence="none stated",
    access="open",
    release="pubmed-dataset.zip: 119,924 / 6,633 / 6,658 articles",
    files=tuple(name for name, _ in PARTS.values()),
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
    for split, file in split_files(raw, PARTS, options):
        yield from _articles(file, split)


def _articles(file: RawFile, split: str) -> Iterator[Record]:
    for place, article in file.jsonl():
        file.need(("article_id", "article_text", "abstract_text"), list(article), where=place)
        if not str(article["article_id"]).startswith("PMC"):
            file.invalid(f"has the article {article['article_id']}, which is not of PubMed Central", place)
        text = "\n".join(article["article_text"]).strip()
        abstract = " ".join(re.sub(r"</?S>", "", part).strip() for part in article["abstract_text"]).strip()
        if text and abstract:
            yield made(TASK, text, abstract, split=split, place=place)
        else:
            yield dropped(TASK, "the article or its abstract is empty", split=split, place=place)
