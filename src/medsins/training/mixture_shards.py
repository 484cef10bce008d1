"""Samples on disk: sorted by their places in the mixture through buckets, so that any number needs little memory.

Each file ``samples-NNNNN.parquet`` has the columns ``task_id``, ``instance_id``, ``instruction``, ``wording`` (the
short name of the instruction's text), ``input``, ``output`` and ``shots`` (a list of ``id``, ``input``, ``output``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from medsins.core import InvalidFile, Problem, sha256_file
from medsins.instructions import wording_digest

from .mixture_draw import Drawn
from .records import Sample

PATTERN = "samples-*.parquet"
GROUP_ROWS = 2048  # samples read at once

_BUCKET_BYTES = 48 << 20
_MOST_BUCKETS = 256
_PENDING_BYTES = 24 << 20


class Buckets:
    """Collects drawn samples in files by their place, the first part of the mixture in the first."""

    def __init__(self, folder: Path, size: int) -> None:
        """``size``: bytes of text that are expected, from which the number of files follows."""
        import pyarrow as pa

        number = min(_MOST_BUCKETS, max(1, -(-size // _BUCKET_BYTES)))
        texts = [pa.field(name, pa.string()) for name in ("id", "input", "output")]
        self.tasks: list[str] = []
        self.schema = pa.schema(
            [pa.field("place", pa.uint64()), pa.field("task", pa.int32()), *texts, pa.field("wording", pa.int32()),
             pa.field("shots", pa.list_(pa.int32()))]
        )  # fmt: skip
        self.paths = [folder / f"bucket-{place:03d}.arrow" for place in range(number)]
        self._writers = [pa.ipc.new_stream(str(path), self.schema) for path in self.paths]
        self._pending: list[Any] = []
        self._weight = 0

    def add(self, drawn: Drawn) -> None:
        """Add samples of the task that the last ones were of, or of another that has not been there."""
        import pyarrow as pa

        if not self.tasks or self.tasks[-1] != drawn.task:
            self.tasks.append(drawn.task)
        kinds = dict(zip(self.schema.names, self.schema.types, strict=True))
        ends = np.zeros(len(drawn.ids) + 1, np.int32)
        np.cumsum(list(map(len, drawn.shots)), out=ends[1:])
        shots = np.fromiter(chain.from_iterable(drawn.shots), np.int32, ends[-1])
        values = (drawn.places, np.full(len(drawn.ids), len(self.tasks) - 1), drawn.ids, drawn.inputs, drawn.outputs,
                  drawn.wordings)  # fmt: skip
        arrays = [pa.array(value, kind) for value, kind in zip(values, kinds.values(), strict=False)]
        arrays.append(pa.ListArray.from_arrays(ends, pa.array(shots), kinds["shots"]))
        self._pending.append(pa.record_batch(arrays, schema=self.schema))
        self._weight += self._pending[-1].nbytes
        if self._weight > _PENDING_BYTES:
            self._spill()

    def _spill(self) -> None:
        import pyarrow as pa

        if not self._pending:
            return
        table = pa.Table.from_batches(self._pending).combine_chunks()  # rows of many pieces are taken slowly
        self._pending, self._weight = [], 0
        high = table.column("place").to_numpy() >> np.uint64(32)
        bucket = (high * np.uint64(len(self.paths)) >> np.uint64(32)).astype(np.int64)
        table = table.take(np.argsort(bucket, kind="stable"))
        ends = np.cumsum(np.bincount(bucket, minlength=len(self.paths)))
        for writer, (start, stop) in zip(self._writers, pairwise([0, *ends.tolist()]), strict=True):
            if stop > start:
                writer.write_table(table.slice(start, stop - start))

    def sorted(self) -> Iterator[Any]:
        """The samples of one file after the other as Arrow tables in their order; the files are removed."""
        import pyarrow as pa

        self._spill()
        for writer in self._writers:
            writer.close()
        for path in self.paths:
            with pa.ipc.open_stream(pa.OSFile(str(path))) as stream:
                table = stream.read_all().combine_chunks()
            path.unlink()
            if table.num_rows:
                yield table.take(np.argsort(table.column("place").to_numpy(), kind="stable"))


def write_shards(
    buckets: Buckets, wordings: Sequence[str], shots: Any, folder: Path, told: Callable[[int], None]
) -> list[dict[str, Any]]:
    """Write the files of a mixture; returns each one's name, number of samples and SHA-256.

    Args:
        wordings: the texts that samples name by number.
        shots: Arrow table of all shots, which samples name by row.
        told: called with the samples written so far.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = {
        "task_id": pa.array(buckets.tasks, pa.string()),
        "instruction": pa.array(wordings, pa.string()),
        "wording": pa.array([wording_digest(text) for text in wordings], pa.string()),
    }
    written: list[dict[str, Any]] = []
    done = 0
    for table in buckets.sorted():
        path = folder / f"samples-{len(written):05d}.parquet"
        settings = {"compression": "lz4", "use_dictionary": list(names), "write_statistics": False}
        with pq.ParquetWriter(path, _schema(), **settings) as writer:
            for start in range(0, table.num_rows, GROUP_ROWS):
                writer.write_table(_samples(table.slice(start, GROUP_ROWS), names, shots))
        done += table.num_rows
        told(done)
        written.append({"name": path.name, "samples": table.num_rows, "sha256": sha256_file(path)})
    return written


def _schema() -> Any:
    import pyarrow as pa

    named, text = pa.dictionary(pa.int32(), pa.string()), pa.string()
    shot = pa.struct([("id", text), ("input", text), ("output", text)])
    columns = {"task_id": named, "instance_id": text, "instruction": named, "wording": named}
    return pa.schema([*columns.items(), ("input", text), ("output", text), ("shots", pa.list_(shot))])


def _samples(table: Any, names: Mapping[str, Any], shots: Any) -> Any:
    """The rows of a file from those of a bucket: numbers become what they stand for."""
    import pyarrow as pa

    rows = table.combine_chunks().to_batches()[0]
    numbers = {"task_id": rows.column("task"), "instruction": rows.column("wording"), "wording": rows.column("wording")}
    columns = {name: pa.DictionaryArray.from_arrays(index, names[name]) for name, index in numbers.items()} | {
        "instance_id": rows.column("id"),
        "input": rows.column("input"),
        "output": rows.column("output"),
    }
    lists = rows.column("shots")
    taken = shots.take(lists.flatten()).combine_chunks()
    fields = [taken.column(name).combine_chunks().cast(pa.string()) for name in taken.column_names]
    ends = np.concatenate([[0], np.cumsum(lists.value_lengths().to_numpy())]).astype(np.int32)
    schema = _schema()
    structs = pa.StructArray.from_arrays(fields, fields=list(schema.field("shots").type.value_type))
    columns["shots"] = pa.ListArray.from_arrays(pa.array(ends), structs)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def read_shards(folder: Path, shards: Sequence[Mapping[str, Any]]) -> Iterator[Sample]:
    """The samples of files in their order.

    Raises:
        InvalidFile: a file is missing or is not the one that was written (all of them, before the first sample).
    """
    problems = []
    for shard in shards:
        path = folder / str(shard["name"])
        if not path.is_file():
            problems.append(Problem("is missing", str(path), "prepare the data again"))
        elif sha256_file(path) != shard["sha256"]:
            what = "is not the file that was written (its SHA-256 differs)"
            problems.append(Problem(what, str(path), "prepare the data again"))
    if problems:
        raise InvalidFile(*problems)
    for shard in shards:
        yield from _read(folder / str(shard["name"]))


def _read(path: Path) -> Iterator[Sample]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(GROUP_ROWS, use_threads=False):
            names = ("task_id", "instance_id", "instruction", "input", "output")
            columns = [batch.column(name).to_pylist() for name in names]
            lists = batch.column("shots")
            inside = lists.flatten()
            pairs = list(zip(inside.field("input").to_pylist(), inside.field("output").to_pylist(), strict=True))
            ends = np.cumsum(lists.value_lengths().to_numpy()).tolist()
            shots = [tuple(pairs[start:stop]) for start, stop in pairwise(chain([0], ends))]
            yield from map(Sample, *columns, shots)
