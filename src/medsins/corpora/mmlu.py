"""MMLU: the six medical subjects of the multitask test that are commonly reported.

Hendrycks et al., "Measuring Massive Multitask Language Understanding", ICLR 2021.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.mcqa import lettered
from ._formats.plain import plain_rows
from ._formats.splits import split_files
from ._raw import RawFolder

SUBJECTS = {
    "task4": "anatomy",
    "task5": "clinical_knowledge",
    "task6": "college_biology",
    "task8": "medical_genetics",
    "task9": "professional_medicine",
}
SPLITS = {"train": "dev", "validation": "val", "test": "test"}

CORPUS = Corpus(
    name="mmlu",
    title="MMLU (medical subjects)",
    known_as=(),
    url="https://github.com/hendrycks/test",
    licence="MIT",
    access="open",
    duo=("DUO:0000004",),
    release="data.tar of 2021, folders dev, val and test with one .csv file a subject",
    files=tuple(f"{part}/{subject}_{part}.csv" for subject in SUBJECTS.values() for part in SPLITS.values()),
    how_to_get="follow the link of the repository's README to data.tar",
    tasks=tuple(SUBJECTS),
    sizes={"task4:test": 135, "task5:test": 265, "task6:test": 144, "task8:test": 100, "task9:test": 272},
    verified="format only",
    inferred=(
        "the ids occur only in the published scorer; that they are these subjects, in alphabetical order with "
        "college_medicine as the missing task7, is a guess from their place among the ids",
        "input and answer have the form of task 685 of Super-NaturalInstructions; the five development questions of a "
        "subject, meant as shots, are its training split",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a question, subject by subject; the answer is the letter."""
    for task_id, subject in SUBJECTS.items():
        parts = {split: f"{part}/{subject}_{part}.csv" for split, part in SPLITS.items()}
        for split, file in split_files(raw, parts, options) if options.wants(task_id) else ():
            for place, (question, *options_and_answer) in plain_rows(file, 6):
                choices, right = lettered(options_and_answer[:4]), options_and_answer[4]
                if right in choices:
                    listed = " ".join(f"({letter}){text}" for letter, text in choices.items())
                    yield made(task_id, f"{question}\n{listed}", right, split=split, place=place)
                else:
                    yield dropped(task_id, f"the answer {right} is no option", split=split, place=place)
