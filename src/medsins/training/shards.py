"""Packed rows on disk: Parquet shards with digests and one manifest; written once, read by row, never changed."""

from __future__ import annotations

import bisect
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from itertools import accumulate, islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from medsins.core import InvalidFile, Problem, UsageError, derive_random, digest, sha256_file, write_json

from .packing import pack
from .records import Row, Sample, TokenSample
from .settings import at_least
from .tokens import Tokens

MANIFEST = "packed.json"
FORMAT = 1
WINDOW = 16_384  # samples that are packed, and whose rows are shuffled, together
SHARD_ROWS = 2048
GROUP_ROWS = 64  # rows read at once

_COLUMNS = ("ids", "positions", "group", "part", "loss")


@dataclass(frozen=True, slots=True)
class Packing:
    """How samples become rows.

    Attributes:
        capacity: tokens of a row, and of a sample at most.
        share: what samples of a row begin with in common is computed once.
        seed: of the order of rows.
    """

    capacity: int = 2048
    share: bool = False
    seed: int = 0

    def problems(self) -> list[Problem]:
        """Everything that is wrong with the settings."""
        return at_least(self, 32, ("capacity",))


@dataclass(slots=True)
class Counts:
    """What went into the shards. Tokens are the model's; ``useful`` ones are those of the samples, each alone."""

    samples: int = 0
    rows: int = 0
    tokens: int = 0
    useful: int = 0
    answer: int = 0
    dropped_shots: int = 0
    cut: int = 0
    left_out: int = 0
    tasks: Counter[str] = field(default_factory=Counter)

    def add(self, sample: TokenSample, task_id: str) -> None:
        """Count a sample."""
        self.samples += 1
        self.useful += len(sample)
        self.answer += len(sample.answer)
        self.dropped_shots += sample.dropped_shots
        self.cut += sample.cut_characters > 0
        self.tasks[task_id] += 1


@dataclass(frozen=True, slots=True)
class Packed:
    """The manifest: what the shards hold, of which tokenizer, packed how, and each shard's rows and SHA-256."""

    folder: Path
    packing: Packing
    tokenizer: str
    counts: Mapping[str, Any]
    shards: tuple[Mapping[str, Any], ...]
    digest: str

    @property
    def fill(self) -> float:
        """Share of the rows' capacity that tokens take, from 0 to 1."""
        rows = int(self.counts["rows"])
        return float(self.counts["tokens"]) / (rows * self.packing.capacity) if rows else 0.0


def write_packed(
    samples: Iterable[Sample],
    tokens: Tokens,
    packing: Packing,
    folder: Path,
    told: Callable[[int], None] = lambda done: None,
) -> Packed:
    """Tokenise and pack samples into shards, in bounded memory; the same samples and settings give the same bytes.

    Args:
        told: called with the samples taken so far.

    Raises:
        UsageError: no sample fits the window, or the folder holds something else.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise UsageError(Problem("is not empty and holds no packed rows", str(folder), "name another folder"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    for old in folder.glob("rows-*.parquet"):
        old.unlink()
    counts = Counts()
    shards = list(_write_rows(_rows(samples, tokens, packing, counts, told), folder, counts))
    if not counts.samples:
        what = f"no sample fits {tokens.window} tokens" if counts.left_out else "there are no samples"
        raise UsageError(Problem(what, str(folder), "choose a longer window, or other tasks"))
    identity = tokenizer_digest(tokens)
    document = {
        "format": FORMAT,
        "packing": asdict(packing),
        "window": tokens.window,
        "tokenizer": identity,
        "counts": {**asdict(counts), "tasks": dict(sorted(counts.tasks.items()))},
        "shards": shards,
    }
    write_json(folder / MANIFEST, {**document, "digest": digest(document)})
    return read_packed(folder)


def tokenizer_digest(tokens: Tokens) -> str:
    """SHA-256 over the vocabulary and the chat template: rows are for models with the same."""
    return digest([sorted(tokens.tokenizer.get_vocab().items()), tokens.template, tokens.end])


def _rows(
    samples: Iterable[Sample], tokens: Tokens, packing: Packing, counts: Counts, told: Callable[[int], None]
) -> Iterator[Row]:
    """Window by window: tokenised, packed, shuffled."""
    source, number = iter(samples), 0
    while window := list(islice(source, WINDOW)):
        fitting: list[TokenSample] = []
        for sample in window:
            found = tokens.sample(sample)
            if found is None:
                counts.left_out += 1
            else:
                fitting.append(found)
                counts.add(found, sample.task_id)
        rows = list(pack(fitting, packing.capacity, packing.share))
        derive_random(packing.seed, "rows", str(number)).shuffle(rows)
        number += 1
        yield from rows
        told(counts.samples + counts.left_out)


def _write_rows(rows: Iterator[Row], folder: Path, counts: Counts) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = [pa.list_(pa.int32())] * 4 + [pa.list_(pa.bool_())]
    while some := list(islice(rows, SHARD_ROWS)):
        path = folder / f"rows-{counts.rows // SHARD_ROWS:05d}.parquet"
        arrays = [
            _lists([getattr(row, name) for row in some], kind) for name, kind in zip(_COLUMNS, kinds, strict=True)
        ]
        pq.write_table(pa.table(arrays, names=list(_COLUMNS)), path, compression="zstd", row_group_size=GROUP_ROWS)
        size = sum(map(len, some))
        counts.rows += len(some)
        counts.tokens += size
        yield {"name": path.name, "rows": len(some), "tokens": size, "sha256": sha256_file(path)}


def _lists(arrays: Sequence[Any], kind: Any) -> Any:
    import pyarrow as pa

    offsets = np.zeros(len(arrays) + 1, np.int32)
    np.cumsum([len(one) for one in arrays], out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.concatenate(arrays), type=kind.value_type))


def read_packed(folder: Path) -> Packed:
    """The manifest of a folder of packed rows.

    Raises:
        UsageError: there is none.
        InvalidFile: it is damaged or of another version.
    """
    path = folder / MANIFEST
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        stated = document.pop("digest")
        if document["format"] != FORMAT or digest(document) != stated:
            raise ValueError("its digest does not agree")
        packing, shards = Packing(**document["packing"]), tuple(document["shards"])
    except FileNotFoundError as error:
        mend = "make it with: medsins train prepare RECIPE"
        raise UsageError(Problem("holds no packed rows", str(folder), mend)) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidFile(Problem(f"is damaged ({error})", str(path), "prepare the data again")) from error
    return Packed(folder, packing, document["tokenizer"], document["counts"], shards, stated)


class PackedRows(Sequence[Row]):
    """The rows of a folder by number; some row groups are kept in memory.

    Raises:
        InvalidFile: a shard is missing or is not the one the manifest names (all at once).
    """

    def __init__(self, packed: Packed, verify: bool = True) -> None:
        self.packed = packed
        problems = [problem for shard in packed.shards if (problem := self._wrong(shard, verify))]
        if problems:
            raise InvalidFile(*problems)
        self._ends = list(accumulate(int(shard["rows"]) for shard in packed.shards))
        self._groups = lru_cache(maxsize=32)(self._read)

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        shard = bisect.bisect_right(self._ends, index)
        within = index - (self._ends[shard - 1] if shard else 0)
        return self._groups(shard, within // GROUP_ROWS)[within % GROUP_ROWS]

    def shard_of(self, index: int) -> str:
        """The name of the shard that holds a row."""
        return str(self.packed.shards[bisect.bisect_right(self._ends, index)]["name"])

    def _wrong(self, shard: Mapping[str, Any], verify: bool) -> Problem | None:
        path, mend = self.packed.folder / shard["name"], "prepare the data again"
        if not path.is_file():
            return Problem("is missing", str(path), mend)
        if verify and sha256_file(path) != shard["sha256"]:
            return Problem("is not the shard that was written (its SHA-256 differs)", str(path), mend)
        return None

    def _read(self, shard: int, group: int) -> list[Row]:
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.packed.folder / self.packed.shards[shard]["name"]) as file:
            table = file.read_row_group(group)
        columns = [table.column(name).combine_chunks() for name in _COLUMNS]
        flat = [np.array(column.values) for column in columns]  # tensors want memory they may write to
        cuts = columns[0].offsets.to_numpy()
        return [Row(*(values[a:b] for values in flat)) for a, b in pairwise(cuts)]
