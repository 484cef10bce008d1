"""Writers that stop, lose what came after their checkpoint, and go on: the file is that of one writer in one go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.core import Card, Instance
from medsins.tasks import IndexedTask, card_document, open_reader, open_writer
from medsins.tasks._bytes import split_name
from medsins.tasks._columns import Columns
from medsins.tasks._parquet_writer import GROUP_BYTES, ParquetWriter
from medsins.tasks.stream import writer_to
from medsins.tasks.writer import CardChanged, InstanceWriter

from .samples import CARD, content, instances, plain, read_all, relaxed

RESUMABLE = [".json", ".jsonl", ".json.gz", ".jsonl.gz", ".json.zst", ".jsonl.zst", ".parquet"]


def opened(path: Path, state: dict[str, Any]) -> InstanceWriter:
    _, form, packing = split_name(path)
    return writer_to(path, form, packing, CARD, json.loads(json.dumps(state)))  # as it is kept in a file


@pytest.mark.parametrize("ending", RESUMABLE)
@settings(relaxed, max_examples=15)
@given(
    parts=st.lists(st.lists(instances, max_size=4), max_size=4),
    lost=st.lists(instances, max_size=3),
    rubbish=st.binary(max_size=40),
)
def test_what_came_after_a_checkpoint_is_lost_and_nothing_else(
    tmp_path: Path, ending: str, parts: list[list[Instance]], lost: list[Instance], rubbish: bytes
) -> None:
    whole, path = tmp_path / f"whole{ending}", tmp_path / f"drugs{ending}"
    path.unlink(missing_ok=True)
    rows = [row for part in parts for row in part]
    with open_writer(whole, CARD) as writer:
        writer.write(rows)
    state: dict[str, Any] = {}
    for part in parts:
        again = opened(path, state)
        again.write(part)
        state = again.checkpoint()
        again.write(lost)
        again.abandon()
        with path.open("ab") as stream:
            stream.write(rubbish)
    last = opened(path, state)
    last.finish(CARD)
    assert content(read_all(path)) == content(rows)
    assert card_document(open_reader(path).card) == card_document(CARD)
    if ending in (".json", ".jsonl"):
        assert path.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("ending", [".json", ".jsonl", ".json.gz"])
def test_a_card_that_stands_ahead_of_its_instances_cannot_change(tmp_path: Path, ending: str) -> None:
    writer = opened(tmp_path / f"drugs{ending}", {})
    writer.write(plain(2))
    with pytest.raises(CardChanged):
        writer.finish(Card())
    writer.abandon()


def test_a_parquet_card_comes_last_and_may_change(tmp_path: Path) -> None:
    path = tmp_path / "drugs.parquet"
    writer = ParquetWriter(path, Card())
    writer.write(plain(2))
    writer.finish(CARD)
    assert card_document(open_reader(path).card) == card_document(CARD)


@pytest.mark.parametrize("ending", [".json", ".jsonl", ".parquet", ".xlsx"])
def test_a_writer_may_be_abandoned_in_any_state(tmp_path: Path, ending: str) -> None:
    for steps in range(3):
        path = tmp_path / f"drugs{steps}{ending}"
        writer = opened(path, {})
        if steps > 0:
            writer.write(plain(10))
        if steps > 1 and ending != ".xlsx":
            writer.checkpoint()
        writer.abandon()
        writer.abandon()


@settings(relaxed, max_examples=40)
@given(
    sizes=st.lists(st.integers(0, 3000), min_size=1, max_size=40),
    cuts=st.lists(st.integers(1, 40), max_size=5),
    start=st.none() | st.integers(-45, 45),
    stop=st.none() | st.integers(-45, 45),
    step=st.sampled_from([None, 1, 2, -1, 7]),
)
def test_a_parquet_file_is_a_sequence(
    tmp_path: Path, sizes: list[int], cuts: list[int], start: int | None, stop: int | None, step: int | None
) -> None:
    path = tmp_path / "drugs.parquet"
    rows = [Instance(f"i{number}", "é" * size, (str(size),), True) for number, size in enumerate(sizes)]
    with open_writer(path, CARD) as writer:
        for cut in sorted({0, *cuts, len(rows)}):
            writer.write(rows[writer_rows(writer) : cut])
            writer.checkpoint()
    task = IndexedTask(path)
    assert len(task) == len(rows)
    assert content(task[start:stop:step]) == content(rows[start:stop:step])
    assert content(task) == content(rows)


def writer_rows(writer: InstanceWriter) -> int:
    """Instances in the segments that a Parquet writer has closed."""
    assert isinstance(writer, ParquetWriter)
    return sum(footer.num_rows for footer in writer._footers)


def test_row_groups_hold_half_a_megabyte_whatever_the_instances_weigh(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    for size, count in ((100, 20_000), (4000, 1500), (3_000_000, 3)):
        path = tmp_path / f"drugs{size}.parquet"
        with open_writer(path, CARD) as writer:
            writer.write([Instance(f"i{number}", "a" * size, ("x",), True) for number in range(count)])
        meta = pq.read_metadata(path)
        groups = [meta.row_group(number) for number in range(meta.num_row_groups)]
        assert sum(group.num_rows for group in groups) == count
        assert max(group.total_byte_size for group in groups) <= max(2 * GROUP_BYTES, 2 * size)
        assert len(groups) <= 2 + 2 * size * count // GROUP_BYTES


@settings(max_examples=25)
@given(st.lists(instances, max_size=5))
def test_columns_and_instances_are_written_alike(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Instance]
) -> None:
    folder = tmp_path_factory.mktemp("alike")
    for ending in (".json", ".jsonl"):
        one, other = folder / f"one{ending}", folder / f"other{ending}"
        with open_writer(one, CARD) as writer:
            writer.write(rows)
        with open_writer(other, CARD) as writer:
            for row in rows:
                writer.write_columns(Columns.of([row]))
        assert one.read_bytes() == other.read_bytes()
