"""HEAD-QA: questions of the examinations for specialists in the Spanish health system, in Spanish and English.

Vilares and Gómez-Rodríguez, "HEAD-QA: A Healthcare Dataset for Complex Reasoning", ACL 2019.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.mcqa import answer_text, lettered, question_text
from ._raw import RawFile, RawFolder

NUMBER, TO_SPANISH, TO_ENGLISH, FIELD, SPANISH = "task22", "task23", "task24", "task25", "task129"
SPLITS = {"train": "train", "validation": "dev", "test": "test"}

CORPUS = Corpus(
    name="headqa",
    title="HEAD-QA",
    known_as=("HeadQA",),
    url="https://github.com/aghie/head-qa",
    licence="MIT",
    access="open",
    duo=("DUO:0000004",),
    languages=("Spanish", "English"),
    release="version 1.1: folders HEAD and HEAD_EN, 2,657 / 1,366 / 2,742 questions each",
    files=tuple(f"{name}_{part}.json" for part in ("HEAD", "HEAD_EN") for name in SPLITS.values()),
    how_to_get="follow the links of the repository's README to the Spanish and the English data",
    tasks=(NUMBER, TO_SPANISH, TO_ENGLISH, FIELD, SPANISH),
    sizes={
        f"{task}:{split}": size
        for task in (NUMBER, FIELD, SPANISH)
        for split, size in (("train", 2657), ("validation", 1366), ("test", 2742))
    },
    verified="format only",
    task_verified=dict.fromkeys((NUMBER, TO_ENGLISH, FIELD), "published samples"),
    inferred=(
        "tasks 22 to 25 have the form of tasks 1431 to 1434 of Super-NaturalInstructions, which took a part of the "
        "questions; here all are taken, each in its published split",
        "of the two translation tasks only the questions are used, without their last colon",
        "task22 has answers up to 5 where a question has five options",
    ),
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its options, the number of the right one from 1, and the examination's field."""

    place: str
    text: str
    options: tuple[str, ...]
    right: int
    field: str

    @property
    def sentence(self) -> str:
        """The question without the colon at its end."""
        return self.text.removesuffix(":").rstrip()

    def listed(self, first: int) -> str:
        """Question and options, numbered from ``first`` in angle brackets."""
        numbered = " ".join(f"<{number}> {option}" for number, option in enumerate(self.options, start=first))
        return f"Question: {self.text} \n Options:  {numbered}"


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a question and task; the English and the Spanish file of a split go together."""
    english = any(options.wants(task) for task in (NUMBER, TO_SPANISH, TO_ENGLISH, FIELD))
    pairs = options.wants(TO_SPANISH) or options.wants(TO_ENGLISH)
    for split, name in SPLITS.items():
        if not options.wants_split(split):
            continue
        ours = _questions(raw.file(f"{name}_HEAD_EN.json")) if english else {}
        theirs = _questions(raw.file(f"{name}_HEAD.json")) if pairs or options.wants(SPANISH) else {}
        for key, question in ours.items():
            yield from _english(question, theirs.get(key) if pairs else None, split)
        for question in theirs.values() if options.wants(SPANISH) else ():
            choices = lettered(question.options)
            right = [letter for number, letter in enumerate(choices, start=1) if number == question.right]
            if right:
                text = question_text("Spanish", question.text, choices)
                yield made(SPANISH, text, answer_text("Spanish", choices, right), split=split, place=question.place)
            else:
                yield dropped(SPANISH, "the right answer is no option", split=split, place=question.place)


def _english(question: Question, spanish: Question | None, split: str) -> Iterator[Record]:
    place = question.place
    yield made(NUMBER, question.listed(1), str(question.right), split=split, place=place)
    yield made(FIELD, question.listed(0), question.field, split=split, place=place)
    if spanish:
        yield made(TO_SPANISH, question.sentence, spanish.sentence, split=split, place=place)
        yield made(TO_ENGLISH, spanish.sentence, question.sentence, split=split, place=place)
    else:
        for task in (TO_SPANISH, TO_ENGLISH):
            yield dropped(task, "the Spanish file has no such question", split=split, place=place)


def _questions(file: RawFile) -> dict[tuple[int, str], Question]:
    """The questions of a file by (position of the examination, number), in order."""
    document = file.json()
    file.need(("exams",), list(document) if isinstance(document, dict) else [])
    found: dict[tuple[int, str], Question] = {}
    for position, (name, exam) in enumerate(document["exams"].items()):
        file.need(("category", "data"), list(exam), where=name)
        for item in exam["data"]:
            file.need(("qid", "qtext", "ra", "answers"), list(item), where=name)
            number, right = str(item["qid"]).strip(), str(item["ra"]).strip()
            place = f"{file.place}: {name}, question {number}"
            if not right.isdecimal():
                file.invalid(f"has the right answer '{right}', which is no number", place)
            answers = tuple(str(answer["atext"]).strip() for answer in item["answers"])
            found[position, number] = Question(
                place, item["qtext"].strip(), answers, int(right), exam["category"].strip()
            )
    return found
