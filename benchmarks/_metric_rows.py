"""Rows to score: real texts where the reference data are (``MEDSINS_SHARED``), else texts of the mini suite."""

from __future__ import annotations

import csv
import json
import os
import random
from collections.abc import Iterator
from importlib.resources import files
from itertools import cycle, islice
from pathlib import Path

Pair = tuple[str, str]
"""Reference, output."""

RATIONALES = {"zh": "task51", "ja": "task54"}
LETTERS = "ABCD"


def shared_folder() -> Path | None:
    for candidate in (os.environ.get("MEDSINS_SHARED"), Path(__file__).resolve().parents[2] / "shared"):
        if candidate and Path(candidate, "data", "raw").is_dir():
            return Path(candidate)
    return None


def english(count: int) -> list[Pair]:
    """References of 50 to 150 words and outputs that lose, swap and repeat some of their words."""
    draw = random.Random(1)
    pieces = cycle(list(_english_texts()))
    words: list[str] = []
    pairs = []
    while len(pairs) < count:
        size = draw.randint(50, 150)
        while len(words) < size:
            words += next(pieces).split()
        reference, words = words[:size], words[size:]
        pairs.append((" ".join(reference), " ".join(_disturbed(reference, draw))))
    return pairs


def _english_texts() -> Iterator[str]:
    folder = shared_folder()
    if folder:
        for path in sorted((folder / "data" / "raw" / "pubmedqa" / "data").glob("*.json")):
            for record in json.loads(path.read_text(encoding="utf-8")).values():
                if isinstance(record, dict) and "CONTEXTS" in record:
                    yield " ".join(record["CONTEXTS"])
    else:
        yield from (text for _, text in _mini("English"))


def _disturbed(words: list[str], draw: random.Random) -> list[str]:
    kept = [word for word in words if draw.random() > 0.12]
    for _ in range(len(kept) // 10):
        at = draw.randrange(len(kept) - 1)
        kept[at], kept[at + 1] = kept[at + 1], kept[at]
    return kept


def rationales(language: str, count: int) -> list[Pair]:
    """References and answers of a model in Chinese or Japanese."""
    folder = shared_folder()
    pairs: list[Pair] = []
    if folder:
        csv.field_size_limit(1 << 30)
        for path in (folder / "data" / "raw" / "medsbench_example_results").glob("*.csv"):
            with path.open(encoding="utf-8", newline="") as stream:
                pairs += [
                    (r["GT"], r["output"]) for r in csv.DictReader(stream) if r["task_id"] == RATIONALES[language]
                ]
    else:
        texts = [text for _, text in _mini({"zh": "Chinese", "ja": "Japanese"}[language]) if len(text) > 60]
        pairs = list(zip(texts, texts[1:] + texts[:1], strict=True))
    draw = random.Random(2)
    return [(_cut(reference, draw), _cut(output, draw)) for reference, output in islice(cycle(pairs), count)]


def _cut(text: str, draw: random.Random) -> str:
    """The text without one character, so that no text is met twice."""
    at = draw.randrange(max(1, len(text)))
    return text[:at] + text[at + 1 :]


def entities(count: int) -> list[Pair]:
    """Entity lists, two in five of them right."""
    draw = random.Random(3)
    names = [
        f"{a}{b}" for a in ("hepa", "insu", "aspi", "warfa", "digo", "metfo") for b in ("rin", "lin", "xin", "rmin")
    ]
    pairs = []
    for _ in range(count):
        wanted = draw.sample(names, draw.randint(0, 4))
        given = wanted if draw.random() < 0.4 else draw.sample(names, draw.randint(0, 4))
        pairs.append(
            tuple(", ".join(side) + "." if side else "There is no related enetity." for side in (wanted, given))
        )
    return pairs  # type: ignore[return-value]


def letters(count: int) -> list[Pair]:
    """Multiple-choice references and outputs with the text of the option."""
    draw = random.Random(4)
    options = [f"option number {i} with some words" for i in range(50)]

    def answer(letter: str) -> str:
        return f"The right answer is {letter}: {draw.choice(options)}"

    return [(answer(draw.choice(LETTERS)), answer(draw.choice(LETTERS))) for _ in range(count)]


def _mini(language: str) -> Iterator[Pair]:
    folder = files("medsins.bench") / "suites" / "mini" / "test"
    for path in sorted(Path(str(folder)).glob("*.json")):
        task = json.loads(path.read_text(encoding="utf-8"))
        if language in task["Output_language"]:
            for instance in task["Instances"]:
                yield path.stem, f"{instance['input']} {instance['output'][0]}"
