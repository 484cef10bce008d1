"""Convert task files between all formats: streaming, atomic, and resumable where the source is large."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from medsins.core import Card, Problem, RunError, UsageError

from ._bytes import split_name
from ._stream import START, Mark, TaskReader
from .stream import format_of, open_reader, writer_to
from .writer import CardChanged, InstanceWriter

CHECKPOINT = 256 << 20  # bytes of the source after which all so far is made durable
_STATE_FORMAT = 1

Advance = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Converted:
    """What a conversion did; ``resumed_at`` instances had been written by an earlier, interrupted one."""

    source: Path
    target: Path
    instances: int
    resumed_at: int = 0


def convert(
    source: Path, target: Path, *, advance: Advance = lambda taken, size: None, checkpoint: int = CHECKPOINT
) -> Converted:
    """Convert one task file into another, each in the format its name says.

    The target takes its name when it is whole. An interrupted conversion of a source larger than ``checkpoint`` bytes
    is taken up where its last checkpoint was, when it is started again with the source unchanged.

    Args:
        advance: called with the bytes of the source taken so far, and all of them.
        checkpoint: bytes of the source between two checkpoints.

    Raises:
        InvalidFile: every problem of the source, or of what the target's format cannot hold; nothing is written.
        UsageError: a name that ends in no known format, or the same file twice.
        RunError: another process is writing the same target.
    """
    format_of(target)
    if target.exists() and target.samefile(source):
        raise UsageError(Problem("source and target are the same file", str(source), "give the target another name"))
    card: Card | None = None
    while True:
        job = _Job(source, target, checkpoint, advance)
        try:
            return job.run(card)
        except CardChanged:
            card = job.reader.card  # it stood behind the instances: start again with all of it


class _Job:
    def __init__(self, source: Path, target: Path, checkpoint: int, advance: Advance) -> None:
        self.source, self.target, self.advance, self.every = source, target, advance, checkpoint
        self.reader: TaskReader = open_reader(source)
        self.reader.in_arrow = format_of(target) == ".parquet"
        self.size = source.stat().st_size
        self.partial = target.parent / f".{target.name}.partial"
        self.state_path = target.parent / f".{target.name}.partial.state"
        self.resumable = self.reader.resumable and self.size > checkpoint and format_of(target) != ".xlsx"

    def run(self, card: Card | None) -> Converted:
        """Convert from the start or the last checkpoint."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        with self._locked():
            state = self._state() if self.resumable else {}
            start = Mark(**state["mark"]) if state else START
            shown = card or self.reader.card
            _, form, packing = split_name(self.target)
            writer = writer_to(self.partial, form, packing, shown, state.get("writer", {}))
            kept = False
            try:
                index = self._copy(writer, start)
                self.reader.check()
                writer.finish(self.reader.card)
                self.partial.chmod(0o644)
                self.partial.replace(self.target)
            except (KeyboardInterrupt, SystemExit, OSError):
                kept = self.resumable and self.state_path.exists()
                raise
            finally:
                writer.abandon()
                if not kept:
                    self.partial.unlink(missing_ok=True)
                    self.state_path.unlink(missing_ok=True)
                    self.state_path.with_suffix(".fresh").unlink(missing_ok=True)
        return Converted(self.source, self.target, index, start.index)

    def _copy(self, writer: InstanceWriter, start: Mark) -> int:
        saved, index = 0, start.index
        with closing(self.reader.batches(start)) as batches:
            for batch in batches:
                if not self.reader.problems:
                    writer.write_batch(batch)
                index = batch.end.index
                self.advance(self.reader.taken, self.size)
                saved = saved or self.reader.taken
                if self.resumable and not self.reader.problems and self.reader.taken - saved >= self.every:
                    saved = self.reader.taken
                    self._save(batch.end, writer)
        return index

    def _save(self, end: Mark, writer: InstanceWriter) -> None:
        state = {**self._origin(), "mark": asdict(end), "writer": writer.checkpoint()}
        fresh = self.state_path.with_suffix(".fresh")
        with fresh.open("w", encoding="utf-8") as stream:
            json.dump(state, stream)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self.state_path)

    def _origin(self) -> dict[str, Any]:
        found = self.source.stat()
        return {
            "format": _STATE_FORMAT,
            "source": str(self.source.resolve()),
            "size": found.st_size,
            "changed": found.st_mtime_ns,
        }

    def _state(self) -> dict[str, Any]:
        """What the last checkpoint says, where it is of this source as it is now."""
        with suppress(OSError, ValueError):
            state = json.loads(self.state_path.read_text(encoding="utf-8"))
            if isinstance(state, dict) and state.items() >= self._origin().items():
                return state
        return {}

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        with self.partial.open("ab") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                what = "another process is writing this file"
                raise RunError(Problem(what, str(self.target), "wait for it, or choose another target")) from None
            yield handle
