"""Texts, and task files of them, for the tests of leakage."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from medsins.core import Card, Instance
from medsins.tasks import open_writer

MIDDLES, ENDS = ("ara", "eno", "ilu", "osi", "uta"), ("ban", "dor", "fex", "gim", "kul")
WORDS = [f"{first}{middle}{end}" for first in "bdfgklm" for middle in MIDDLES for end in ENDS]


def text(words: int, seed: object) -> str:
    """A text of words that hardly share a run with another."""
    rng = random.Random(str(seed))
    return " ".join(rng.choice(WORDS) for _ in range(words))


def changed(given: str, share: float, seed: object = 0) -> str:
    """The text with a share of its words replaced."""
    rng = random.Random(str(seed))
    words = given.split()
    for place in rng.sample(range(len(words)), round(share * len(words))):
        words[place] = f"other{place}"
    return " ".join(words)


def task(path: Path, rows: Sequence[tuple[str, str] | Instance]) -> Path:
    """A task file of (input, output) pairs or instances, in the format of its name."""
    instances = [
        row if isinstance(row, Instance) else Instance(f"{path.stem.split('.')[0]}-{number}", row[0], (row[1],))
        for number, row in enumerate(rows)
    ]
    with open_writer(path, Card(categories=("MCQA",), definition=("Answer the question.",))) as writer:
        writer.write(instances)
    return path
