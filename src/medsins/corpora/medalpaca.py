"""Medical flashcards of MedAlpaca's collection (Medical Meadow): question-answer pairs made from Anki cards.

Han et al., "MedAlpaca: An Open-Source Collection of Medical Conversational AI Models and Training Data", 2023.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, OwnTask, Record
from ._formats.triples import question_records
from ._raw import RawFolder

TASK = "task_medalpaca"

CORPUS = Corpus(
    name="medalpaca",
    title="Medical flashcards (Medical Meadow)",
    known_as=("MedAlpaca",),
    url="https://huggingface.co/datasets/medalpaca/medical_meadow_medical_flashcards",
    licence="CC",
    access="open",
    release="the file of April 2023, 33,955 cards",
    files=("medical_meadow_*medical_flashcards.json",),
    how_to_get="download medical_meadow_wikidoc_medical_flashcards.json from the hub",
    tasks=(TASK,),
    own_tasks={
        TASK: OwnTask(
            category="Question Answering",
            definition="Answer the professional medical question as a doctor.",
            domain="medical knowledge bases",
        )
    },
    sizes={TASK: 33_955},
    verified="format only",
    inferred=(
        "which of task69 to task71 is this corpus is not known, hence the id",
        "the hub's card says CC without a variant",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a card."""
    yield from question_records(raw.file(*CORPUS.files), TASK)
