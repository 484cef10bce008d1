"""A small benchmark of invented instances, and uploads that answer it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from medsins.core import Card, Instance, Task
from medsins.leaderboard.records import Item, Version
from medsins.leaderboard.versions import VersionSpec, make_version
from medsins.tasks import write_task

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SIGNS = ("fever", "a dry cough", "a swollen ankle", "blurred sight", "chest pain", "a rash", "dizziness", "nausea")
PLACES = ("a farm", "a harbour", "a mine", "a school", "a ship")


def questions(count: int) -> list[Instance]:
    """Multiple choice, all inputs ending alike."""
    made = []
    for i in range(count):
        sign, place = SIGNS[i % 8], PLACES[i % 5]
        text = f"Question: Worker {i} of {place} has {sign}. What comes first?\nOptions: A: rest\tB: tests\tC: a drug"
        made.append(
            Instance(f"q{i}", text, (f"The right answer is {'ABC'[i % 3]}: {('rest', 'tests', 'a drug')[i % 3]}.",))
        )
    return made


def names(count: int) -> list[Instance]:
    """Inputs of a word or two, some of which end with others."""
    heads = ("", "acute ", "chronic ", "mild ", "left ", "late ")
    stems = ("gout", "cough", "palsy", "tumour", "ulcer", "fracture", "myopia")
    made = [f"{head}{stem}" for stem in stems for head in heads][:count]
    return [
        Instance(
            f"n{i}", name, (f"{name.capitalize()} is a state of health number {i} that is treated with patience.",)
        )
        for i, name in enumerate(made)
    ]


def verdicts(count: int) -> list[Instance]:
    """Yes or no."""
    return [
        Instance(f"v{i}", f"Does remedy {i} help against {SIGNS[i % 8]}?", ("yes" if i % 3 else "no",))
        for i in range(count)
    ]


def write_ward(folder: Path, sizes: Sequence[int] = (30, 30, 30)) -> Path:
    """Three task files."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = (
        ("ward_mcqa", "MCQA", questions),
        ("ward_explain", "Concept Explanation", names),
        ("ward_facts", "Fact Verification", verdicts),
    )
    for (task_id, category, make), size in zip(kinds, sizes, strict=True):
        card = Card(definition=("Answer as shown.",), categories=(category,), output_language=("English",))
        write_task(Task(task_id, card, tuple(make(size)), category), folder / f"{task_id}.json")
    return folder


def ward_version(
    folder: Path, sizes: Sequence[int] = (30, 30, 30), private_share: float = 0.0, label: str = "ward@1"
) -> tuple[Version, tuple[Item, ...]]:
    """The benchmark of those files."""
    return make_version(VersionSpec(label, str(write_ward(folder, sizes)), NOW, private_share=private_share))


Cells = tuple[str, str, str, str]


def upload(items: Iterable[Item], good: int = 100) -> list[Cells]:
    """Rows of a published file; of every hundred, ``good`` say the reference."""
    return [
        (
            item.task_id,
            item.input,
            item.outputs[0],
            item.outputs[0] if (item.row * 37) % 100 < good else "I wonder about it.",
        )
        for item in items
    ]


def write_csv(
    path: Path, rows: Iterable[Sequence[str]], header: Sequence[str] = ("task_id", "input", "GT", "output")
) -> Path:
    """A predictions file."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)
    return path
