"""MedQA: questions of the medical licensing examinations of the United States and of mainland China.

Jin et al., "What Disease does this Patient Have? A Large-scale Open Domain Question Answering Dataset from Medical
Exams", Applied Sciences 2021.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.mcqa import answer_text, question_text
from ._formats.splits import split_files
from ._raw import RawFolder

SPLITS = {"train": "train", "validation": "dev", "test": "test"}
# folder, language, and the prefix of the files with four options
EXAMS = {"task57": ("US", "English", "phrases_no_exclude_"), "task58": ("Mainland", "Chinese", "")}

CORPUS = Corpus(
    name="medqa",
    title="MedQA (USMLE, MCMLE)",
    known_as=("MedQA",),
    url="https://github.com/jind11/MedQA",
    licence="MIT",
    access="open",
    languages=("English", "Chinese"),
    release="data_clean.zip of 2020, folder questions: 10,178 / 1,272 / 1,273 and 27,400 / 3,425 / 3,426 questions",
    files=tuple(f"{folder}/{name}.jsonl" for folder, _, _ in EXAMS.values() for name in SPLITS.values()),
    how_to_get="follow the link of the repository's README to data_clean.zip, and name its folder",
    tasks=tuple(EXAMS),
    sizes={
        "task57:train": 10178,
        "task57:validation": 1272,
        "task57:test": 1273,
        "task58:train": 27400,
        "task58:validation": 3425,
        "task58:test": 3426,
    },
    settings={"options": ("five", "four")},
    verified="format only",
    inferred=(
        "the files with five options are read; setting options=four reads those from which a wrong option was removed",
        "the licence is that of the repository; the questions come from examination books and websites",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a question, English first."""
    for task_id, (folder, language, prefix) in EXAMS.items():
        if not options.wants(task_id):
            continue
        four = options.setting(CORPUS, "options") == "four"
        stem = f"{folder}/4_options/{prefix}" if four else f"{folder}/"
        parts = {split: f"{stem}{name}.jsonl" for split, name in SPLITS.items()}
        for split, file in split_files(raw, parts, options):
            for place, question in file.jsonl():
                file.need(("question", "options", "answer_idx"), list(question), where=place)
                choices, right = question["options"], question["answer_idx"]
                if right in choices:
                    text = question_text(language, question["question"], choices)
                    yield made(task_id, text, answer_text(language, choices, [right]), split=split, place=place)
                else:
                    yield dropped(task_id, f"the answer {right} is no option", split=split, place=place)
