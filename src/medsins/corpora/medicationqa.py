"""MedicationQA: consumers' questions about medications with answers copied from trusted pages.

Ben Abacha et al., "Bridging the Gap Between Consumers' Medication Questions and Trusted Answers", MEDINFO 2019.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.xlsx import sheet_rows
from ._raw import RawFolder

NO_ANSWER = ("", "n/a")

CORPUS = Corpus(
    name="medicationqa",
    title="MedicationQA",
    known_as=("MedicationQA",),
    url="https://github.com/abachaa/Medication_QA_MedInfo2019",
    licence="none stated",
    access="open",
    release="the workbook of the MEDINFO 2019 article, 690 rows",
    files=("MedInfo2019-QA-Medications.xlsx",),
    how_to_get="download the .xlsx file from the repository",
    tasks=("task65",),
    sizes={"task65": 690},
    verified="real data",
    inferred=(
        "the repository states no licence; the file is public",
        "the one row whose answer is n/a is kept without a reference, as the published converter does",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a row: question and answer, white space kept; a row without an answer has no reference."""
    for place, row in sheet_rows(raw.file(*CORPUS.files), "Question", "Answer"):
        if row["Question"]:
            answer = None if row["Answer"] in NO_ANSWER else row["Answer"]
            yield made("task65", row["Question"], answer, place=place)
        else:
            yield dropped("task65", "the question is empty", place=place)
