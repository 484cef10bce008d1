"""MedMCQA: questions of Indian medical entrance examinations, most of them with an expert's explanation.

Pal et al., "MedMCQA: A Large-scale Multi-Subject Multi-Choice Dataset for Medical domain Question Answering",
CHIL 2022.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.mcqa import answer_text, lettered, question_text
from ._raw import RawFile, RawFolder

EXPLAIN, TRAIN, TEST = "task63", "task64", "task122"
OPTIONS = ("opa", "opb", "opc", "opd")

CORPUS = Corpus(
    name="medmcqa",
    title="MedMCQA",
    known_as=("MedMCQA",),
    url="https://github.com/medmcqa/medmcqa",
    licence="Apache-2.0",
    access="open",
    duo=("DUO:0000004",),
    release="data.zip of 2022: 182,822 / 4,183 / 6,150 questions, one JSON object a line, answers counted from 1",
    files=("train.json", "dev.json"),
    how_to_get="follow the link of the repository's README to data.zip; the copy on the hub counts answers from 0",
    tasks=(EXPLAIN, TRAIN, TEST),
    sizes={TRAIN: 182_822, TEST: 4_183},
    verified="format only",
    inferred=(
        "task64 is the training set; task122, called a test set, is the development set (its 4,183 questions), because "
        "the answers of the test set are not published",
        "task63 takes the training questions with an explanation; its answer is the explanation, and on a line of its "
        "own the answer sentence",
        "the licence is the one stated on the hub; the repository's code is under MIT",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a question: training questions, those of them with an explanation, development questions."""
    if options.wants(TRAIN) or options.wants(EXPLAIN):
        file = raw.file("train.json")
        for place, question in file.jsonl():
            yield from _train(file, place, question)
    if options.wants(TEST):
        file = raw.file("dev.json")
        for place, question in file.jsonl():
            text, answer = _texts(file, place, question)
            yield made(TEST, text, answer, split="test", place=place, id=f"{TEST}-{question['id']}")


def _train(file: RawFile, place: str, question: dict[str, Any]) -> Iterator[Record]:
    text, answer = _texts(file, place, question)
    yield made(TRAIN, text, answer, split="train", place=place, id=f"{TRAIN}-{question['id']}")
    explanation = (question.get("exp") or "").strip()
    if explanation:
        reply = f"{explanation}\n{answer}"
        yield made(EXPLAIN, text, reply, split="train", place=place, id=f"{EXPLAIN}-{question['id']}")
    else:
        yield dropped(EXPLAIN, "the question has no explanation", split="train", place=place)


def _texts(file: RawFile, place: str, question: dict[str, Any]) -> tuple[str, str]:
    file.need(("id", "question", *OPTIONS, "cop"), list(question), where=place)
    right = question["cop"]
    if right not in range(1, 5):
        what = f"has the answer {right}; of the four options the first is 1"
        file.invalid(f"{what} (0 to 3 are in the copy on the hub)" if right == 0 else what, place)
    choices = lettered([str(question[name]) for name in OPTIONS])
    text = question_text("English", question["question"], choices)
    return text, answer_text("English", choices, [list(choices)[right - 1]])
