"""ICD-10-CM and ICD-10-PCS: the codes of diagnoses and procedures used in the United States, with descriptions."""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, made
from ._formats.icd import PATTERNS, code_table
from ._raw import RawFolder

TASK = "task115"

CORPUS = Corpus(
    name="icd10cm",
    title="ICD-10-CM and ICD-10-PCS",
    known_as=("ICD-10-CM",),
    url="https://www.cms.gov/medicare/coding-billing/icd-10-codes",
    licence="public domain (U.S. government)",
    access="open",
    duo=("DUO:0000004",),
    release="order or codes files of one fiscal year (icd10cm_order_2024.txt, icd10pcs_order_2024.txt)",
    files=PATTERNS,
    how_to_get="download the code description zips of CMS and unpack them",
    tasks=(TASK,),
    verified="format only",
    inferred=(
        "the published converter reads crawled JSON files that are not published and names no year; the official files "
        "are read in their place, category headings included",
        "the World Health Organization holds rights in ICD-10; the clinical modification is published for free use",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a code, without its dot, and its description: diagnoses first, then procedures."""
    for code, text in code_table(raw).items():
        yield made(TASK, code, text, place=code, id=f"{TASK}-{code}")
