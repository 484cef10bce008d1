"""The files of one task: its instances and its dropped records, streamed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from medsins.core import Card, Instance, atomic_open
from medsins.tasks import open_writer

from ._base import Record

if TYPE_CHECKING:
    from medsins.tasks.writer import InstanceWriter

DROPPED = ".dropped.jsonl"
_AT_ONCE = 1000  # instances


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
        self._files = ExitStack()
        self._waiting: list[Instance] = []
        self._writer: InstanceWriter
        self._drops: IO[str]

    def __enter__(self) -> Self:
        self._writer = self._files.enter_context(open_writer(self.path, self.card))
        self._drops = self._files.enter_context(atomic_open(self.dropped_path))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._writer.write(self._waiting)
        self._files.__exit__(kind, error, trace)
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
        self._waiting.append(_with_notes(record.instance, record.split))
        self.instances += 1
        self.by_split[record.split] += 1
        if len(self._waiting) >= _AT_ONCE:
            self._writer.write(self._waiting)
            self._waiting = []

    def counts(self) -> TaskCounts:
        """What has been written so far."""
        return TaskCounts(self.task_id, self.instances, dict(self.by_split), dict(self.reasons))


def _with_notes(instance: Instance, split: str) -> Instance:
    """The instance with its split, where there is one; a source without an answer is written as null, as the published
    converters do.
    """
    notes: dict[str, Any] = {"split": split} if split else {}
    if not instance.outputs:
        notes["output"] = None
    return replace(instance, extra={**instance.extra, **notes}) if notes else instance
