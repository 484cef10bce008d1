"""RuMedBench, part RuMedDaNet: yes-or-no questions on Russian medical texts.

Blinov et al., "RuMedBench: A Russian Medical Language Understanding Benchmark", AIME 2022.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.mcqa import answer_text, lettered, question_text
from ._raw import RawFolder

TASK = "task61"
CHOICES = ("да", "нет")
PARTS = {
    "train_v1.jsonl": "train",
    "dev_v1.jsonl": "validation",
    "test_v1.jsonl": "test",
    "private_test_v1.jsonl": "test",
}

CORPUS = Corpus(
    name="rumedbench",
    title="RuMedBench (RuMedDaNet)",
    known_as=("RuMedBench",),
    url="https://github.com/sb-ai-lab/MedBench",
    licence="Apache-2.0",
    access="open",
    duo=("DUO:0000004",),
    languages=("Russian",),
    release="version 1 of data/RuMedDaNet: 1,052 / 256 / 256 records, and 512 without answer",
    files=tuple(f"RuMedDaNet/{name}" for name in PARTS),
    how_to_get="clone the repository and name it or its data folder",
    tasks=(TASK,),
    sizes={f"{TASK}:train": 1052, f"{TASK}:validation": 256, f"{TASK}:test": 256},
    verified="real data",
    inferred=("the DUO term is read off the licence",),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a question with the options yes and no; the passage is not used, as in the released files."""
    choices = lettered(CHOICES)
    letters = {text: letter for letter, text in choices.items()}
    raw.files("RuMedDaNet/*_v1.jsonl")
    for name, split in PARTS.items():
        if not options.wants_split(split):
            continue
        for file in raw.optional(f"RuMedDaNet/{name}"):
            for place, record in file.jsonl():
                file.need(("question",), list(record), where=place)
                answer = record.get("answer")
                if answer is None:
                    yield dropped(TASK, "the record has no answer (private test set)", split=split, place=place)
                elif answer not in letters:
                    file.invalid(f"has the answer '{answer}', which is neither {CHOICES[0]} nor {CHOICES[1]}", place)
                else:
                    text = question_text("Russian", record["question"], choices)
                    yield made(TASK, text, answer_text("Russian", choices, [letters[answer]]), split=split, place=place)
