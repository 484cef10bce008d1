"""MIMIC-IV-ICD, its ICD-10 part: discharge summaries with their diagnosis and procedure codes.

Nguyen et al., "Mimic-IV-ICD: A new benchmark for eXtreme MultiLabel Classification", 2023. Licensees make its files
from MIMIC-IV and MIMIC-IV-Note with its notebooks.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.icd import PATTERNS, code_table
from ._formats.splits import split_files
from ._physionet import DUO, LICENCE, agreement
from ._raw import RawFile, RawFolder

TASK = "task116"
PARTS = {"train": "disch_train_split.csv", "validation": "disch_dev_split.csv", "test": "disch_test_split.csv"}

CORPUS = Corpus(
    name="mimic4_icd10",
    title="MIMIC-IV-ICD (ICD-10)",
    known_as=("MIMIC4 ICD-10",),
    url="https://github.com/thomasnguyen92/MIMIC-IV-ICD-data-processing",
    licence=LICENCE,
    access="credentialed",
    agreement=agreement("mimic-iv-note", "2.2"),
    duo=DUO,
    may_leave=False,
    release="mimicdata/mimic4_icd10 as the notebooks make it, and ICD-10-CM and ICD-10-PCS code tables",
    files=(*PARTS.values(), *PATTERNS),
    how_to_get=(
        "obtain MIMIC-IV 2.2 and MIMIC-IV-Note 2.2 from PhysioNet, run the repository's notebooks, and put the "
        "ICD-10-CM and ICD-10-PCS order files of CMS beside the result"
    ),
    tasks=(TASK,),
    sizes={f"{TASK}:train": 110_442},
    verified="format only",
    inferred=(
        "the published converter reads descriptions from crawled JSON files that are not published; the order files of "
        "CMS are read in their place, whose wording may differ",
        "a summary none of whose codes has a description is dropped; the converter writes an empty answer",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a summary: its text, and ``code: description`` of each code that the tables know."""
    files = list(split_files(raw, PARTS, options))
    codes = code_table(raw)
    for split, file in files:
        yield from _summaries(file, split, codes)


def _summaries(file: RawFile, split: str, codes: dict[str, str]) -> Iterator[Record]:
    for place, row in file.rows("text", "labels"):
        known = [f"{code}: {codes[code]}" for code in row["labels"].split(";") if codes.get(code)]
        if known:
            yield made(TASK, row["text"], "; ".join(known), split=split, place=place)
        else:
            yield dropped(TASK, "none of the codes has a description in the code tables", split=split, place=place)
