"""The hub's layout: one table in Parquet shards by split, a dataset card its loader understands, and Croissant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from medsins.core import write_json, write_text

from ..card import CROISSANT, README
from ..card_croissant import Field, RecordSet, croissant
from ..card_facts import SPLITS, Dataset, TaskFacts, data_file, newest
from ..card_hub import readme
from ..card_terms import RESTRICTED, strictest
from ._base import Exported, Options, Source

COLUMNS = {
    "task_id": "Task of MedS-Ins or MedS-Bench, or the name of the file.",
    "id": "Name of the instance inside its task.",
    "instruction": "First wording of the task's definition.",
    "input": "What the model is given after the instruction.",
    "output": "Accepted references, the first one first.",
    "language": "Language of the output.",
    "category": "Category of the task, which decides how answers are scored.",
    "source": "Corpora the task was made from.",
    "license": "Licence as the task's card states it.",
    "access": "Access terms of the task: open, registration, unknown, credentialed or private.",
}
SHARD_CHARACTERS = 1 << 30  # of text before compression; a shard then has a few hundred megabytes
ROW_GROUP = 1000  # rows read to reach one


class _Shards:
    """The Parquet files of one split, written row group by row group; their names say how many there are, so they get
    them at the end.
    """

    def __init__(self, folder: Path, split: str) -> None:
        self.folder, self.split = folder, split
        self.access: list[str] = []
        self._writer: Any = None
        self._rows: list[dict[str, Any]] = []
        self._characters = 0

    def put(self, row: dict[str, Any]) -> None:
        """Add one row."""
        self._rows.append(row)
        self._characters += len(row["input"]) + sum(map(len, row["output"])) + len(row["instruction"])
        if len(self._rows) >= ROW_GROUP:
            self._flush()
        if self._characters >= SHARD_CHARACTERS:
            self._close()

    def _part(self, number: int) -> Path:
        return self.folder / f"{self.split}-{number:05}.part"

    def _flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pa.schema([(name, pa.list_(pa.string()) if name == "output" else pa.string()) for name in COLUMNS])
        if self._writer is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self._part(len(self.access)), schema, compression="zstd")
            self.access.append("open")
        if self._rows:
            self.access[-1] = strictest(self.access[-1], *{row["access"] for row in self._rows})
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=schema))
            self._rows = []

    def _close(self) -> None:
        if self._rows:
            self._flush()
        if self._writer is not None:
            self._writer.close()
        self._writer, self._characters = None, 0

    def finish(self) -> list[Path]:
        """Close the last file and give all their names."""
        self._close()
        names = [
            self.folder / f"{self.split}-{number:05}-of-{len(self.access):05}.parquet"
            for number in range(len(self.access))
        ]
        for number, name in enumerate(names):
            self._part(number).rename(name)
        return names


def export(sources: Iterable[Source], folder: Path, options: Options) -> Exported:
    """Write ``data/<split>-NNNNN-of-NNNNN.parquet``, ``README.md`` and ``croissant.json``."""
    shards: dict[str, _Shards] = {}
    facts: list[TaskFacts] = []
    paths: list[Path] = []
    for source in sources:
        split = source.facts.split
        facts.append(source.facts)
        paths.append(source.path)
        target = shards.setdefault(split, _Shards(folder / "data", split))
        for row in _rows(source):
            target.put(row)
    if facts:
        _describe(folder, options, tuple(facts), newest(paths), shards)
    held = [task.id for task in facts if task.access in RESTRICTED]
    notices = [f"restricted access, do not publish without the right to: {', '.join(held)}"] if held else []
    return Exported((), tuple(notices))


def _rows(source: Source) -> Iterator[dict[str, Any]]:
    task = source.facts
    shared = {
        "language": task.language,
        "category": task.category,
        "source": "; ".join(task.card.source),
        "license": task.licence,
        "access": task.access,
    }
    for instance in source.instances():
        own = {"task_id": task.id, "id": instance.id, "instruction": task.card.definition[0], "input": instance.input}
        yield {**own, "output": list(instance.outputs), **shared}


def _describe(
    folder: Path, options: Options, facts: tuple[TaskFacts, ...], day: date, shards: dict[str, _Shards]
) -> None:
    about = options.about
    dataset = Dataset(about.name or "medsins-tasks", facts, day, about.url, about.version, about.licence)
    files, records, data_files = [], [], []
    fields = tuple(Field(name, text, {"column": name}, repeated=name == "output") for name, text in COLUMNS.items())
    for split in [name for name in SPLITS if name in shards]:
        paths = shards[split].finish()
        files += [data_file(path, folder, access) for path, access in zip(paths, shards[split].access, strict=True)]
        pattern = f"data/{split}-*.parquet"
        data_files.append({"split": split, "path": pattern})
        access = strictest(*shards[split].access)
        records.append(RecordSet(split, f"Instances of the split {split}.", fields, access, includes=pattern))
    config = {"config_name": "default", "data_files": data_files}
    use = f'```python\nfrom datasets import load_dataset\n\nrows = load_dataset("{about.name or "OWNER/NAME"}")\n```'
    write_text(folder / README, readme(dataset, files, [config], [use]))
    write_json(folder / CROISSANT, croissant(dataset, files, records))
