"""MASH-QA: consumer health questions answered by spans of WebMD articles.

Zhu et al., "Question Answering with Long Multiple-Span Answers", Findings of EMNLP 2020.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, OwnTask, Record
from ._formats.splits import split_files
from ._formats.squad import squad_records
from ._raw import RawFolder

TASK = "task_mashqa"
PARTS = {split: f"{name}_webmd_squad_v2_full.json" for split, name in (("train", "train"), ("validation", "val"))}
PARTS["test"] = "test_webmd_squad_v2_full.json"

CORPUS = Corpus(
    name="mashqa",
    title="MASH-QA",
    known_as=("MASHQA",),
    url="https://github.com/mingzhu0527/MASHQA",
    licence="none stated",
    access="open",
    release="the full data of 2020: 27,728 / 3,493 / 3,587 questions",
    files=tuple(PARTS.values()),
    how_to_get="follow the link of the repository's README",
    tasks=(TASK,),
    own_tasks={
        TASK: OwnTask(
            category="Question Answering",
            definition="Answer the health question in detail, correctly and in plain words.",
            domain="medical knowledge bases",
        )
    },
    sizes={f"{TASK}:train": 27_728, f"{TASK}:validation": 3_493, f"{TASK}:test": 3_587},
    verified="format only",
    inferred=(
        "which of task101 to task105 is this corpus is not known, hence the id",
        "the input is the question alone, the output the text of the answer, its spans together",
        "the repository's licence is that of its code; the articles belong to WebMD",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a question."""
    for split, file in split_files(raw, PARTS, options):
        yield from squad_records(file, TASK, split)
