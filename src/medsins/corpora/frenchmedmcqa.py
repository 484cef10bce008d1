"""FrenchMedMCQA: questions of the French examination for specialists in pharmacy, with one or several right answers.

Labrak et al., "FrenchMedMCQA: A French Multiple-Choice Question Answering Dataset for Medical domain", LOUHI 2022.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.mcqa import answer_text, question_text
from ._formats.splits import split_files
from ._formats.triples import list_of_objects
from ._raw import RawFolder

TASK = "task60"
PARTS = {"train": "corpus/train.json", "validation": "corpus/dev.json", "test": "corpus/test.json"}

CORPUS = Corpus(
    name="frenchmedmcqa",
    title="FrenchMedMCQA",
    known_as=("FrenchMedMCQA",),
    url="https://github.com/qanastek/FrenchMedMCQA",
    licence="Apache-2.0",
    access="open",
    duo=("DUO:0000004",),
    languages=("French",),
    release="the repository of 2023, folder corpus: 2,171 / 312 / 622 questions",
    files=tuple(PARTS.values()),
    how_to_get="clone the repository",
    tasks=(TASK,),
    sizes={f"{TASK}:train": 2171, f"{TASK}:validation": 312, f"{TASK}:test": 622},
    verified="real data",
    inferred=(
        "several right options are joined with a comma, as in the Japanese file",
        "the DUO term is read off the licence",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a question."""
    for split, file in split_files(raw, PARTS, options):
        for place, question in list_of_objects(file, "id", "question", "answers", "correct_answers"):
            choices = {letter.upper(): text for letter, text in question["answers"].items()}
            right = [letter.upper() for letter in question["correct_answers"]]
            if right and set(right) <= set(choices):
                text = question_text("French", question["question"], choices)
                answer = answer_text("French", choices, right)
                yield made(TASK, text, answer, split=split, place=place, id=f"{TASK}-{question['id']}")
            else:
                yield dropped(TASK, "the right answers are no options", split=split, place=place)
