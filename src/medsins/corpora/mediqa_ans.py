"""MEDIQA-AnS: consumer health questions, articles that answer them, and summaries of those for the question.

Savery et al., "Question-driven summarization of answers to consumer health questions", Scientific Data 2020.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, OwnTask, Record, dropped, made
from ._raw import RawFolder

TASK = "task_mediqa_ans"

CORPUS = Corpus(
    name="mediqa_ans",
    title="MEDIQA-AnS",
    known_as=("MEDIQA-AnS",),
    url="https://doi.org/10.17605/OSF.IO/FYG46",
    licence="CC0 1.0",
    access="open",
    duo=("DUO:0000004",),
    release="the collection of 2020, 156 questions with 552 answers",
    files=("question_driven_answer_summarization_primary_dataset.json",),
    how_to_get="download question_driven_answer_summarization_primary_dataset.json from the project's page",
    tasks=(TASK,),
    own_tasks={
        TASK: OwnTask(
            category="Question Answering",
            definition="Answer the consumer's health question in detail, correctly and in plain words.",
            domain="medical knowledge bases",
        )
    },
    sizes={TASK: 156},
    verified="format only",
    inferred=(
        "which of task101 to task105 is this corpus is not known, hence the id",
        "the input is the question alone, the output the abstractive summary over all its answers",
        "the names of the fields are read off programs that use the file",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a question."""
    file = raw.file(*CORPUS.files)
    for number, entry in file.json().items():
        file.need(("question", "multi_abs_summ"), list(entry), where=number)
        place = f"{file.place}: {number}"
        if entry["question"] and entry["multi_abs_summ"]:
            yield made(TASK, entry["question"], entry["multi_abs_summ"], place=place, id=f"{TASK}-{number}")
        else:
            yield dropped(TASK, "the question or its summary is empty", place=place)
