"""PubMed articles with their MeSH headings, a sample of BioASQ task A.

Khan, "PubMed MultiLabel Text Classification Dataset MeSH", 2022.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.literal import python_value
from ._raw import RawFolder

TASK = "task107"

CORPUS = Corpus(
    name="pubmed_mesh",
    title="PubMed MultiLabel Text Classification (MeSH)",
    known_as=("PubMed MeSH",),
    url="https://huggingface.co/datasets/owaiskha9654/PubMed_MultiLabel_Text_Classification_Dataset_MeSH",
    licence="AFL-3.0",
    access="open",
    duo=("DUO:0000004",),
    release="the CSV file, raw or processed, 50,000 articles",
    files=("PubMed Multi Label Text Classification Dataset*.csv",),
    how_to_get="download the CSV file from the hub or from Kaggle",
    tasks=(TASK,),
    sizes={TASK: 50_000},
    verified="format only",
    inferred=(
        "the corpus is told by its count (90 % of 50,000 is the article's figure) and by its '10-15' headings",
        "title and abstract are joined with a line break, headings with a semicolon, since headings hold commas",
        "the DUO term is read off the licence",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record an article: title and abstract, and its headings."""
    file = raw.file(*CORPUS.files)
    for place, row in file.rows("Title", "abstractText", "meshMajor"):
        headings = python_value(file, row["meshMajor"], place)
        if headings and (row["Title"] or row["abstractText"]):
            yield made(TASK, f"{row['Title']}\n{row['abstractText']}".strip(), "; ".join(headings), place=place)
        else:
            yield dropped(TASK, "the article has no text or no headings", place=place)
