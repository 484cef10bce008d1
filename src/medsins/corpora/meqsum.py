"""MeQSum: long consumer health questions with a short question each, written by medical experts.

Ben Abacha and Demner-Fushman, "On the Summarization of Consumer Health Questions", ACL 2019.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.xlsx import sheet_rows
from ._raw import RawFolder

CORPUS = Corpus(
    name="meqsum",
    title="MeQSum",
    known_as=("MeQSum",),
    url="https://github.com/abachaa/MeQSum",
    licence="CC BY 4.0",
    access="open",
    duo=("DUO:0000004",),
    release="the workbook of the ACL 2019 article, 1,000 rows",
    files=("MeQSum_ACL2019_BenAbacha_Demner-Fushman.xlsx",),
    how_to_get="download the .xlsx file from the repository",
    tasks=("task114",),
    sizes={"task114": 1000},
    verified="real data",
    inferred=("the DUO term is read off the licence",),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a row: the long question and its summary, white space kept."""
    for place, row in sheet_rows(raw.file(*CORPUS.files), "CHQ", "Summary"):
        if row["CHQ"] and row["Summary"]:
            yield made("task114", row["CHQ"], row["Summary"], place=place)
        else:
            yield dropped("task114", "the question or its summary is empty", place=place)
