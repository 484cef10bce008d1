"""MedQuAD: questions and answers made from pages of the U.S. National Institutes of Health.

Ben Abacha and Demner-Fushman, "A Question-Entailment Approach to Question Answering", BMC Bioinformatics 2019.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ._base import BuildOptions, Corpus, OwnTask, Record, dropped, made
from ._formats.xml import parse_xml, text_of
from ._raw import RawFile, RawFolder

TASK = "task_medquad"

CORPUS = Corpus(
    name="medquad",
    title="MedQuAD",
    known_as=("MedQuAD",),
    url="https://github.com/abachaa/MedQuAD",
    licence="CC BY 4.0",
    access="open",
    duo=("DUO:0000004",),
    release="the repository's twelve collections, 47,441 pairs, 16,407 of them with an answer",
    files=("[0-9]*_*/*.xml",),
    how_to_get="clone the repository",
    tasks=(TASK,),
    own_tasks={
        TASK: OwnTask(
            category="Question Answering",
            definition="Answer the health question in detail, correctly and in plain words.",
            domain="medical knowledge bases",
        )
    },
    sizes={TASK: 16407},
    verified="real data",
    inferred=(
        "which of task101 to task105 is this corpus is not known, hence the id",
        "question and answer are stripped at their ends; line breaks and blanks inside are kept",
        "the DUO term is read off the licence",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a pair with an answer; three collections come without answers for reasons of copyright."""
    for file in sorted(raw.files(*CORPUS.files), key=_collection):
        root = parse_xml(file)
        for pair in root.iter("QAPair"):
            question = pair.find("Question")
            name = "" if question is None else question.get("qid", "")
            text, answer = text_of(question).strip(), text_of(pair.find("Answer")).strip()
            place = f"{file.place}: {name}"
            if text and answer:
                yield made(TASK, text, answer, place=place)
            else:
                yield dropped(TASK, "the answer is empty" if text else "the question is empty", place=place)
        for pair in root.iter("pair"):
            place = f"{file.place}: pair {pair.get('pid', '')}"
            yield dropped(TASK, "the file has an older layout, which the published count leaves out", place=place)


def _collection(file: RawFile) -> tuple[int, str]:
    """Collections by their number, 1 to 12, then files by name."""
    number = re.search(r"(?:^|/)(\d+)_[^/]*/[^/]*$", file.place)
    return (int(number[1]) if number else 0, file.place)
