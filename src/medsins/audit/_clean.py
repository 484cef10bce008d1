"""Training files written again without what leaks, and a list of all that was left out."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medsins.core import Problem, UsageError, atomic_open
from medsins.tasks import open_reader, open_writer

from ._collect import Removal
from ._sources import Advance, Source

if TYPE_CHECKING:
    from ._benchmark import Benchmark

REMOVALS = "removals.jsonl"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was written: files, instances kept and removed. ``emptied``: training files of which nothing was left; a
    task without instances is none, so they were not written.
    """

    files: tuple[Path, ...]
    kept: int
    removed: int
    emptied: tuple[Path, ...]


def clean_targets(train: Sequence[Source], folder: Path) -> list[Path]:
    """Where each training file goes: its place below the folder that all of them are in.

    Raises:
        UsageError: a training file would be overwritten.
    """
    base = os.path.commonpath([source.path.resolve().parent for source in train])
    targets = [folder / source.path.resolve().relative_to(base) for source in train]
    taken = {source.path.resolve() for source in train}
    wrong = [target for target in targets if target.resolve() in taken]
    if wrong:
        mend = "give --clean another folder: files are never cleaned in place"
        raise UsageError(*(Problem("is a training file, and would be overwritten", str(path), mend) for path in wrong))
    return targets


def write_without(
    train: Sequence[Source],
    removals: Sequence[Mapping[int, Removal]],
    benchmark: Benchmark,
    folder: Path,
    advance: Advance,
) -> Cleaned:
    """Write every training file without its removals; each takes its name when it is whole."""
    targets = clean_targets(train, folder)
    size, before, kept, removed = sum(source.size for source in train), 0, 0, 0
    written: list[Path] = []
    emptied: list[Path] = []
    for source, target, gone in zip(train, targets, removals, strict=True):
        count = _copy(source, target, gone, lambda taken, before=before: advance(before + taken, size))
        (written if count else emptied).append(target if count else source.path)
        kept, removed, before = kept + count, removed + len(gone), before + source.size
    with atomic_open(folder / REMOVALS) as stream:
        for source, gone in zip(train, removals, strict=True):
            for row, removal in sorted(gone.items()):
                entry = _entry(source, row, removal, benchmark)
                stream.write(json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace").decode() + "\n")
    return Cleaned((*written, folder / REMOVALS), kept, removed, tuple(emptied))


class _Nothing(Exception):
    """No instance was left."""


def _copy(source: Source, target: Path, gone: Mapping[int, Removal], advance: Any) -> int:
    reader = open_reader(source.path)
    row = kept = 0
    try:
        with open_writer(target, reader.card) as writer:
            for batch in reader.batches():
                count = len(batch.columns)
                rows = [place for place in range(count) if row + place not in gone]
                row, kept = row + count, kept + len(rows)
                if rows:
                    writer.write_columns(batch.columns if len(rows) == count else batch.columns.pick(rows))
                advance(reader.taken)
            reader.check()
            if not kept:
                raise _Nothing
    except _Nothing:
        return 0
    return kept


def _entry(source: Source, row: int, removal: Removal, benchmark: Benchmark) -> dict[str, Any]:
    leak = removal.leak
    test = benchmark.sources[benchmark.files[leak.test]]
    return {
        "file": str(source.path),
        "row": row,
        "id": removal.id,
        "kind": leak.kind,
        "side": leak.side,
        "where": leak.where,
        "score": round(leak.score, 4),
        "inside": leak.inside,
        "test": {"file": str(test.path), "row": int(benchmark.rows[leak.test]), "id": benchmark.ids[leak.test]},
        "tests": removal.tests,
    }
