"""MedNLI: premises from clinical notes, each with three hypotheses written by clinicians.

Romanov and Shivade, "Lessons from Natural Language Inference in the Clinical Domain", EMNLP 2018. The rules are those
of the published converter, which takes the training file alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from medsins.core import derive_random

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.splits import split_files
from ._physionet import DUO, LICENCE, agreement, how_to_get
from ._raw import RawFile, RawFolder

PAIR, ENTAILED, CONTRADICTED, TRIPLE = "task41", "task42", "task43", "task44"
PARTS = {"train": "mli_train_v1.jsonl", "validation": "mli_dev_v1.jsonl", "test": "mli_test_v1.jsonl"}
LABELS = ("entailment", "contradiction", "neutral")

Pair = tuple[str, dict[str, Any]]

CORPUS = Corpus(
    name="mednli",
    title="MedNLI",
    known_as=("MedNLI",),
    url="https://physionet.org/content/mednli/1.0.0/",
    licence=LICENCE,
    access="credentialed",
    agreement=agreement("mednli", "1.0.0"),
    duo=DUO,
    may_leave=False,
    release="version 1.0.0: 11,232 / 1,395 / 1,422 pairs",
    files=tuple(PARTS.values()),
    how_to_get=how_to_get("mednli", "1.0.0", "the three .jsonl files"),
    tasks=(PAIR, ENTAILED, CONTRADICTED, TRIPLE),
    sizes={f"{PAIR}:train": 11_232, f"{PAIR}:validation": 1_395, f"{PAIR}:test": 1_422},
    verified="format only",
    inferred=(
        "the order of the three statements of task44 is drawn from the seed; the converter shuffles without one",
        "MedS-Bench counts 1,422 test instances for task42 too, though only a third of the test pairs are entailments",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """Pairs, statements that follow, statements that contradict, and triples, split by split."""
    for split, file in split_files(raw, PARTS, options):
        pairs = list(_pairs(file))
        yield from _single(pairs, split)
        yield from _triples(pairs, split, options)


def _pairs(file: RawFile) -> Iterator[Pair]:
    for place, pair in file.jsonl():
        file.need(("sentence1", "sentence2", "gold_label"), list(pair), where=place)
        if pair["gold_label"] not in LABELS:
            file.invalid(f"has the label '{pair['gold_label']}', which is none of {', '.join(LABELS)}", place)
        yield place, pair


def _single(pairs: Sequence[Pair], split: str) -> Iterator[Record]:
    wanted = {"entailment": ENTAILED, "contradiction": CONTRADICTED}
    for place, pair in pairs:
        first, second, label = pair["sentence1"], pair["sentence2"], pair["gold_label"]
        text = f"Sentence1: {first}\n\nSentence2: {second}"
        yield made(PAIR, text, label.capitalize(), split=split, place=place)
        if label in wanted:
            yield made(wanted[label], _sentence(first), _sentence(second) + ".", split=split, place=place)


def _triples(pairs: Sequence[Pair], split: str, options: BuildOptions) -> Iterator[Record]:
    """Three pairs that follow each other in the file share a premise; their order is drawn."""
    for start in range(0, len(pairs) - 2, 3):
        place = pairs[start][0]
        three = [pair for _, pair in pairs[start : start + 3]]
        if len({pair["sentence1"] for pair in three}) > 1:
            yield dropped(TRIPLE, "three lines in a row do not share a premise", split=split, place=place)
            continue
        drawn = derive_random(options.seed, TRIPLE, split, start).sample(three, 3)
        text = f"Statement: {_sentence(three[0]['sentence1'])}"
        text += "".join(f"\nSentence{n}: {_sentence(pair['sentence2'])}" for n, pair in enumerate(drawn, start=1))
        answer = "".join(f"Sentence{n} is {pair['gold_label']}.\n" for n, pair in enumerate(drawn, start=1))
        yield made(TRIPLE, text, answer, split=split, place=place)


def _sentence(text: str) -> str:
    """Stripped and capitalized, which makes every other letter small."""
    return text.strip().capitalize()
