"""LIMA: a thousand curated prompts with their answers.

Zhou et al., "LIMA: Less Is More for Alignment", NeurIPS 2023.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.splits import split_files
from ._raw import RawFolder

TASK = "task40"
PARTS = {"train": "train.jsonl", "test": "test.jsonl"}

CORPUS = Corpus(
    name="lima",
    title="LIMA",
    known_as=("LIMA",),
    url="https://huggingface.co/datasets/GAIR/lima",
    licence="CC BY-NC-SA, or stricter where the source is",
    access="registration",
    agreement="https://huggingface.co/datasets/GAIR/lima",
    duo=("DUO:0000046",),
    release="the files of 2023: 1,030 conversations for training, 300 prompts without answer",
    files=tuple(PARTS.values()),
    how_to_get="accept the terms on the hub and download train.jsonl",
    tasks=(TASK,),
    sizes={f"{TASK}:train": 1030},
    verified="format only",
    inferred=(
        "that task40 is this corpus is inferred from the article's figure; which of the conversations, few of them "
        "medical, were taken is not known, and all are",
        "of a conversation in several turns the first prompt and the first answer are taken",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a conversation."""
    for split, file in split_files(raw, PARTS, options):
        for place, line in file.jsonl():
            file.need(("conversations",), list(line), where=place)
            turns = line["conversations"]
            if len(turns) > 1:
                yield made(TASK, turns[0], turns[1], split=split, place=place)
            else:
                yield dropped(TASK, "the prompt has no answer", split=split, place=place)
