"""BioASQ, task B: questions of biomedical experts with answers in one paragraph.

Tsatsaronis et al., "An overview of the BIOASQ large-scale biomedical semantic indexing and question answering
competition", BMC Bioinformatics 2015.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, OwnTask, Record, dropped, made
from ._raw import RawFolder

TASK = "task_bioasq"

CORPUS = Corpus(
    name="bioasq",
    title="BioASQ task B",
    known_as=("BIOASQ",),
    url="https://participants-area.bioasq.org/datasets",
    licence="CC BY 2.5, and the terms of the National Library of Medicine",
    access="registration",
    agreement="https://participants-area.bioasq.org/accounts/register",
    duo=("DUO:0000042",),
    release="the training set of any year from the 6th on (training6b.json to training13b.json)",
    files=("training*b.json",),
    how_to_get="register with the challenge and download a training set of task B",
    tasks=(TASK,),
    own_tasks={
        TASK: OwnTask(
            category="Question Answering",
            definition="Answer the biomedical question in one short paragraph, as an expert would.",
            domain="medical knowledge bases",
        )
    },
    verified="format only",
    inferred=(
        "which of task101 to task105 is this corpus is not known, hence the id; nor which year was used",
        "the input is the question alone; several ideal answers of a question are all accepted",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a question with an ideal answer."""
    file = raw.file(*CORPUS.files)
    document = file.json()
    file.need(("questions",), list(document) if isinstance(document, dict) else [])
    for question in document["questions"]:
        file.need(("id", "body"), list(question))
        place = f"{file.place}: {question['id']}"
        ideal = question.get("ideal_answer") or []
        answers = tuple(dict.fromkeys(filter(None, [ideal] if isinstance(ideal, str) else ideal)))
        if answers:
            yield made(TASK, question["body"], answers, place=place, id=f"{TASK}-{question['id']}")
        else:
            yield dropped(TASK, "the question has no ideal answer", place=place)
