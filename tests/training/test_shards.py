"""Shards hold every sample once, tell damage, and are the same bytes for the same data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from medsins.core import InvalidFile, UsageError
from medsins.training.records import Sample
from medsins.training.shards import MANIFEST, PackedRows, Packing, read_packed, write_packed
from medsins.training.tokens import Tokens

from .words import WordTokenizer

INSTRUCTIONS = ("List the drugs named in the note . " * 3, "Is the claim supported ? answer yes or no")


def some_samples(count: int) -> list[Sample]:
    return [
        Sample(f"task{i % 2}", str(i), INSTRUCTIONS[i % 2], f"patient {i} took drug{i % 11} daily", f"drug{i % 11}")
        for i in range(count)
    ]


def tokens(window: int = 96) -> Tokens:
    return Tokens(WordTokenizer(), window)


@pytest.mark.parametrize("share", [False, True])
def test_what_is_read_is_what_was_written(tmp_path: Path, share: bool) -> None:
    samples = some_samples(500)
    packed = write_packed(samples, tokens(), Packing(128, share, seed=3), tmp_path / "packed")
    rows = PackedRows(packed)
    assert len(rows) == packed.counts["rows"]
    assert sum(len(row) for row in rows) == packed.counts["tokens"]
    assert packed.counts["samples"] == 500
    assert packed.counts["tasks"] == {"task0": 250, "task1": 250}
    wanted = sorted(tuple(tokens().sample(sample).answer.tolist()) for sample in samples)  # type: ignore[union-attr]
    found = []
    for row in rows:
        places = np.flatnonzero(row.loss)
        breaks = np.flatnonzero((np.diff(places) > 1) | (np.diff(row.part[places]) != 0)) + 1
        found += [tuple(part.tolist()) for part in np.split(row.ids[places], breaks)]
    assert sorted(found) == wanted
    assert packed.counts["tokens"] <= packed.counts["useful"]
    assert (packed.counts["tokens"] < packed.counts["useful"]) is share


def test_the_same_data_gives_the_same_bytes(tmp_path: Path) -> None:
    a, b = (write_packed(some_samples(300), tokens(), Packing(128, True, 1), tmp_path / name) for name in "ab")
    other = write_packed(some_samples(300), tokens(), Packing(128, True, 2), tmp_path / "c")
    assert a.digest == b.digest
    assert [s["sha256"] for s in a.shards] == [s["sha256"] for s in b.shards]
    assert [s["sha256"] for s in other.shards] != [s["sha256"] for s in a.shards]


def test_preparing_again_replaces_the_rows(tmp_path: Path) -> None:
    write_packed(some_samples(300), tokens(), Packing(128), tmp_path / "p")
    again = write_packed(some_samples(10), tokens(), Packing(128), tmp_path / "p")
    assert again.counts["samples"] == 10
    assert len(PackedRows(again)) == again.counts["rows"]


def test_damage_is_told_with_the_shard(tmp_path: Path) -> None:
    packed = write_packed(some_samples(100), tokens(), Packing(128), tmp_path / "p")
    path = packed.folder / packed.shards[0]["name"]
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(InvalidFile, match=r"rows-00000\.parquet.*SHA-256"):
        PackedRows(packed)
    path.unlink()
    with pytest.raises(InvalidFile, match="is missing"):
        PackedRows(packed)


def test_a_changed_manifest_is_refused(tmp_path: Path) -> None:
    packed = write_packed(some_samples(20), tokens(), Packing(128), tmp_path / "p")
    path = packed.folder / MANIFEST
    document = json.loads(path.read_text())
    document["counts"]["samples"] = 21
    path.write_text(json.dumps(document))
    with pytest.raises(InvalidFile, match="digest"):
        read_packed(packed.folder)
    path.write_text("{")
    with pytest.raises(InvalidFile, match="damaged"):
        read_packed(packed.folder)


def test_no_rows_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no packed rows"):
        read_packed(tmp_path)
    (tmp_path / "thesis.docx").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        write_packed(some_samples(3), tokens(), Packing(128), tmp_path)
    assert (tmp_path / "thesis.docx").read_text() == "mine"


def test_nothing_fits(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no sample fits 2 tokens"):
        write_packed(some_samples(3), tokens(2), Packing(128), tmp_path / "p")
    with pytest.raises(UsageError, match="there are no samples"):
        write_packed([], tokens(), Packing(128), tmp_path / "q")


def test_rows_are_a_sequence(tmp_path: Path) -> None:
    rows = PackedRows(write_packed(some_samples(50), tokens(), Packing(64), tmp_path / "p"))
    assert np.array_equal(rows[-1].ids, rows[len(rows) - 1].ids)
    assert [len(row) for row in rows[1:3]] == [len(rows[1]), len(rows[2])]
    with pytest.raises(IndexError):
        rows[len(rows)]
