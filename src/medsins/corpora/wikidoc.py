"""WikiDoc, in the form of MedAlpaca's collection: questions made from the pages of an open medical encyclopedia.

Han et al., "MedAlpaca: An Open-Source Collection of Medical Conversational AI Models and Training Data", 2023.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, OwnTask, Record
from ._formats.triples import question_records
from ._raw import RawFolder

TASK = "task_wikidoc"
PARTS = ("medical_meadow_wikidoc.json", "medical_meadow_wikidoc_patient_info*.json")

CORPUS = Corpus(
    name="wikidoc",
    title="WikiDoc (Medical Meadow)",
    known_as=("WikiDoc",),
    url="https://huggingface.co/datasets/medalpaca/medical_meadow_wikidoc",
    licence="CC BY-SA",
    access="open",
    duo=("DUO:0000004",),
    release="the two files of 2023: textbook with 10,000 and patient information with 5,942 questions",
    files=PARTS,
    how_to_get="download the .json files of medical_meadow_wikidoc and medical_meadow_wikidoc_patient_information",
    tasks=(TASK,),
    own_tasks={
        TASK: OwnTask(
            category="Question Answering",
            definition="Answer the medical question as a doctor; see that the facts are right.",
            domain="medical knowledge bases",
        )
    },
    sizes={TASK: 15_942},
    verified="format only",
    inferred=(
        "which of task69 to task71 is this corpus is not known, hence the id",
        "pairs whose answer or question is empty are dropped",
        "the name of the second file is a pattern: the hub's listing of it was not at hand",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a question, the textbook first."""
    if not any(raw.glob(pattern) for pattern in PARTS):
        raw.file(*PARTS)
    for pattern in PARTS:
        for file in raw.optional(pattern):
            yield from question_records(file, TASK)
