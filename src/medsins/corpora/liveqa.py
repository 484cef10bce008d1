"""LiveQA-Med: consumer health questions received by the U.S. National Library of Medicine, with reference answers.

Ben Abacha et al., "Overview of the Medical Question Answering Task at TREC 2017 LiveQA", TREC 2017.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.xml import parse_xml, text_of
from ._raw import RawFile, RawFolder

TRAIN = "TREC-2017-LiveQA-Medical-Train-*.xml"
TEST = "TREC-2017-LiveQA-Medical-Test.xml"

CORPUS = Corpus(
    name="liveqa",
    title="LiveQA-Med (TREC 2017)",
    known_as=("LiveQA",),
    url="https://github.com/abachaa/LiveQA_MedicalTask_TREC2017",
    licence="none stated",
    access="open",
    release="TREC 2017: one test file (104 questions) and two training files (634 pairs; withdrawn in 2024)",
    files=(TRAIN, TEST),
    how_to_get="download the repository's XML files",
    tasks=("task62",),
    sizes={"task62:train": 634, "task62:test": 167},
    verified="real data",
    inferred=(
        "the repository states no licence; the files are public",
        "the layout of the training files is known from their documentation only: the owner withdrew them",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record an answer: the message (without its subject) and the answer, white space kept."""
    if not (raw.glob(TRAIN) or raw.glob(TEST)):
        raw.files(TEST)
    for split, pattern in (("train", TRAIN), ("test", TEST)):
        if options.wants_split(split):
            for file in raw.optional(pattern):
                yield from _questions(file, split)


def _questions(file: RawFile, split: str) -> Iterator[Record]:
    for number, question in enumerate(parse_xml(file).iter("NLM-QUESTION"), start=1):
        name = question.get("qid") or question.get("questionid") or str(number)
        place = f"{file.place}: question {name}"
        message = question.find("Original-Question/MESSAGE") if split == "test" else question.find("MESSAGE")
        answers = list(_answers(question))
        if message is None:
            file.invalid("has no <MESSAGE>", f"question {name}")
        if not answers:
            yield dropped("task62", "the question has no answer", split=split, place=place)
        for answer in answers:
            yield made("task62", text_of(message), text_of(answer), split=split, place=place)


def _answers(question: Element) -> Iterator[Element]:
    """The test file has <ReferenceAnswer> and <RefAnswer> around <ANSWER>, the training files <ANSWERS>."""
    yield from question.iter("ANSWER")
