"""PubMedQA, artificial part (PQA-A): statements in titles of PubMed abstracts turned into yes-or-no questions.

Jin et al., "PubMedQA: A Dataset for Biomedical Research Question Answering", EMNLP 2019.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ._base import BuildOptions, Corpus, Record, made
from ._formats.objects import object_items
from ._raw import RawFolder

ASK, VERIFY, ASK_PASSAGE, AIM, ANSWER, CLOSED = "task11", "task12", "task13", "task14", "task15", "task124"
AIMS = ("OBJECTIVE", "AIM", "PURPOSE", "GOAL")

CORPUS = Corpus(
    name="pubmedqa_artificial",
    title="PubMedQA (PQA-A)",
    known_as=("PubMedQA",),
    url="https://github.com/pubmedqa/pubmedqa",
    licence="MIT",
    access="open",
    duo=("DUO:0000004",),
    release="ori_pqaa.json of 2019, 211,269 questions",
    files=("ori_pqaa.json",),
    how_to_get="follow the link of the repository's README to ori_pqaa.json",
    tasks=(ASK, VERIFY, ASK_PASSAGE, AIM, ANSWER, CLOSED),
    sizes=dict.fromkeys((ASK, VERIFY, ASK_PASSAGE, AIM, ANSWER, CLOSED), 211_269),
    verified="format only",
    task_verified={VERIFY: "published samples"},
    inferred=(
        "tasks 11 to 15 are tasks 845 to 849 of Super-NaturalInstructions, which took 6,500 questions for each; which "
        "ones is not known, and all are taken",
        "the form of tasks 11, 13, 14 and 15 is read off their definitions: context and answer, context, context, and "
        "question and context",
        "the label of task14 is 1 where a section of the abstract is named objective, aim, purpose or goal",
        "task124 has the form of task123; the sections of an abstract are joined with one blank",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a question and task, in the order of the file, which is read as a stream."""
    file = raw.file(*CORPUS.files)
    for pmid, record in object_items(file):
        keys = ("QUESTION", "CONTEXTS", "LABELS", "LONG_ANSWER", "final_decision")
        file.need(keys, list(record) if isinstance(record, dict) else [], where=pmid)
        for task_id, (text, answer) in _texts(record).items():
            if options.wants(task_id):
                yield made(task_id, text, answer, place=f"{file.place}: {pmid}", id=f"{task_id}-{pmid}")


def _texts(record: dict[str, Any]) -> dict[str, tuple[str, str]]:
    context = " ".join(record["CONTEXTS"])
    question, long_answer, decision = record["QUESTION"], record["LONG_ANSWER"], record["final_decision"]
    has_aim = any(word in label.upper() for label in record["LABELS"] for word in AIMS)
    return {
        ASK: (f"Context: {context}\nAnswer: {long_answer}", question),
        VERIFY: (f"Question: {question}\nAnswer: {long_answer}", decision),
        ASK_PASSAGE: (context, question),
        AIM: (context, "1" if has_aim else "0"),
        ANSWER: (f"Question: {question}\nContext: {context}", long_answer),
        CLOSED: (f"Context: {context}\nQuestion: {question}", decision),
    }
