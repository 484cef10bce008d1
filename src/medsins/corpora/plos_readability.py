"""PLOS articles with plain-language summaries, from the readability corpora of the National Centre for Text Mining.

Luo, Xie and Ananiadou, "Readability Controllable Biomedical Document Summarization", Findings of EMNLP 2022.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, made
from ._formats.splits import split_files
from ._raw import RawFolder

TASK = "task113"
PARTS = {
    "train": ("train_plos.jsonl",),
    "validation": ("val_plos.jsonl", "dev_plos.jsonl"),
    "test": ("test_plos.jsonl",),
}
SUMMARY = "plain language summary"

CORPUS = Corpus(
    name="plos_readability",
    title="PLOS readability corpus",
    known_as=("Readibility",),
    url="https://www.nactem.ac.uk/readability/",
    licence="CC BY 4.0",
    access="open",
    duo=("DUO:0000004",),
    release="plos_corpus: one JSON object a line, with title, article and plain language summary",
    files=tuple(name for names in PARTS.values() for name in names),
    how_to_get="download the PLOS corpus from the page",
    tasks=(TASK,),
    verified="format only",
    inferred=(
        "only the name of the training file is known, from the published converter; the other names follow its pattern",
        "the licence is that of the journals; the DUO term is read off it",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record an article: title and text without its summary, and the summary."""
    for split, file in split_files(raw, PARTS, options):
        for place, record in file.jsonl():
            file.need(("article", SUMMARY), list(record), where=place)
            summary = record[SUMMARY]
            text = f"{record.get('title', '')}\n{record['article'].replace(summary, '')}"
            yield made(TASK, text, summary, split=split, place=place)
