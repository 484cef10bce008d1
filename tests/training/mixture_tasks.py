"""Small invented tasks to draw mixtures from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medsins.core import Card, Instance
from medsins.tasks import open_writer

WORDINGS = ("Say which organ is meant.", "Which organ is meant?", "Name the organ that is meant.")
ANSWERS = ("liver", "spleen", "kidney", "heart")


@dataclass
class Made:
    """A task file to be made; an instance is (id, input, output), and further keys where there are any."""

    name: str
    instances: Sequence[tuple[Any, ...]]
    category: str = "Named Entity Recognition"
    language: str = "English"
    domains: Sequence[str] = ("anatomy",)
    definition: Sequence[str] = WORDINGS
    split: str = ""
    access: str = "open"
    extra: Mapping[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        card = Card(
            categories=(self.category,),
            definition=tuple(self.definition),
            output_language=(self.language,),
            domains=tuple(self.domains),
            split_type=self.split,
            extra={"Access": self.access, **self.extra},
        )
        path = folder / self.name
        with open_writer(path, card) as writer:
            writer.write([self._instance(*instance) for instance in self.instances])
        return path

    @staticmethod
    def _instance(name: str, given: str, answer: Any, extra: Mapping[str, Any] | None = None) -> Instance:
        outputs = tuple(answer) if isinstance(answer, list) else (answer,)
        return Instance(name, given, outputs, True, extra or {})


def cases(task: str, number: int, start: int = 0) -> list[tuple[str, str, str]]:
    """Invented instances, all different."""
    return [
        (f"{task}-{row}", f"Case {row} of {task}: the patient's {ANSWERS[row % 4]} is enlarged.", ANSWERS[row % 4])
        for row in range(start, start + number)
    ]


def make(folder: Path, sizes: Mapping[str, int], **fields: Any) -> list[Path]:
    """One file a task, with so many instances each."""
    folder.mkdir(parents=True, exist_ok=True)
    return [Made(f"{name}.jsonl", cases(name, size), **fields).write(folder) for name, size in sizes.items()]
