"""COVID-QA: questions on scientific articles about COVID-19, answered with a passage by biomedical experts.

Möller et al., "COVID-QA: A Question Answering Dataset for COVID-19", NLP-COVID workshop at ACL 2020.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, OwnTask, Record
from ._formats.squad import squad_records
from ._raw import RawFolder

TASK = "task_covidqa"

CORPUS = Corpus(
    name="covidqa",
    title="COVID-QA",
    known_as=("COVID-QA",),
    url="https://github.com/deepset-ai/COVID-QA",
    licence="Apache-2.0",
    access="open",
    duo=("DUO:0000004",),
    release="data/question-answering/COVID-QA.json of 2020, 2,019 questions",
    files=("COVID-QA.json",),
    how_to_get="download data/question-answering/COVID-QA.json from the repository",
    tasks=(TASK,),
    own_tasks={
        TASK: OwnTask(
            category="Question Answering",
            definition="Answer the question about COVID-19 in detail, from what is known in the scientific literature.",
            domain="medical knowledge bases",
        )
    },
    sizes={TASK: 2_019},
    verified="format only",
    inferred=(
        "which of task101 to task105 is this corpus is not known, hence the id",
        "the input is the question alone, without the article",
        "the DUO term is read off the licence",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a question."""
    yield from squad_records(raw.file(*CORPUS.files), TASK)
