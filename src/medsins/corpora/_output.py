"""The files of one task: its instances and its dropped records, streamed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from medsins.core import Card, Instance, atomic_open
from medsins.tasks import card_document, instance_document

from ._base import Record

DROPPED = ".dropped.jsonl"


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """What became of the records of one task."""

    task_id: str
    instances: int
    by_split: Mapping[str, int]
    reasons: Mapping[str, int]

    @property
    def dropped(self) -> int:
        """Records that gave no instance."""
        return sum(self.reasons.values())


class TaskOutput:
    """Streams the instances of one task into ``<task_id>.json`` and its dropped records into ``.dropped.jsonl``. Both
    take their names only on a clean end, and only if they hold something.
    """

    def __init__(self, folder: Path, task_id: str, card: Card) -> None:
        self.task_id, self.card = task_id, card
        self.path = folder / f"{task_id}.json"
        self.dropped_path = folder / f"{task_id}{DROPPED}"
        self.instances = 0
        self.by_split: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self._files = (atomic_open(self.path), atomic_open(self.dropped_path))
        self._task: IO[str]
        self._drops: IO[str]

    def __enter__(self) -> Self:
        self._task, self._drops = (file.__enter__() for file in self._files)
        head = json.dumps(card_document(self.card), ensure_ascii=False, indent=2)
        self._task.write(head.removesuffix("\n}") + ',\n  "Instances": [')
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._task.write("\n  ]\n}\n")
        for file in self._files:
            file.__exit__(kind, error, trace)
        if error is None and not self.reasons:
            self.dropped_path.unlink()
        if error is None and not self.instances:
            self.path.unlink()

    def add(self, record: Record) -> None:
        """Write one record to where it belongs."""
        if record.instance is None:
            self.reasons[record.dropped] += 1
            line = {"place": record.place, "split": record.split, "reason": record.dropped}
            self._drops.write(json.dumps(line, ensure_ascii=False) + "\n")
            return
        self._task.write(",\n    " if self.instances else "\n    ")
        self._task.write(json.dumps(_document(record.instance, record.split), ensure_ascii=False))
        self.instances += 1
        self.by_split[record.split] += 1

    def counts(self) -> TaskCounts:
        """What has been written so far."""
        return TaskCounts(self.task_id, self.instances, dict(self.by_split), dict(self.reasons))


def _document(instance: Instance, split: str) -> dict[str, Any]:
    """The instance as written: null for a source without an answer, and the split where there is one."""
    document = instance_document(instance)
    if not instance.outputs:
        document["output"] = None
    if split:
        document["split"] = split
    return document
