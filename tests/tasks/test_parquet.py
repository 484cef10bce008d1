"""Parquet task files: random access, other people's columns, segments, damage."""

from __future__ import annotations

import base64
import datetime
import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from medsins.core import Card, Instance, InvalidFile
from medsins.tasks import IndexedTask, card_document, open_reader, open_writer, read_task
from medsins.tasks._parquet_writer import ParquetWriter

from .samples import CARD, content, plain, read_all


def written(path: Path, rows: list[Instance]) -> Path:
    with open_writer(path, CARD) as writer:
        writer.write(rows)
    return path


def test_instances_by_index(tmp_path: Path) -> None:
    rows = [*plain(7000), Instance("last", "x", (), True, {"a": [1]})]
    path = written(tmp_path / "drugs.parquet", rows)
    assert pq.read_metadata(path).num_row_groups > 4
    task = IndexedTask(path)
    assert len(task) == 7001
    for index in (0, 6999, 7000, 3500, 3499, 1, -1):
        assert content([task[index]]) == content([rows[index]])
    assert content(task[10:5000:1700]) == content(rows[10:5000:1700])
    assert card_document(task.card) == card_document(CARD)
    with pytest.raises(IndexError, match="7001 of 7001"):
        task[7001]


def test_random_access_reads_one_small_row_group(tmp_path: Path) -> None:
    path = written(tmp_path / "drugs.parquet", plain(9000))
    meta = pq.read_metadata(path)
    sizes = [meta.row_group(number).total_byte_size for number in range(meta.num_row_groups)]
    assert max(sizes) < 2 << 20


def test_other_peoples_columns_are_kept(tmp_path: Path) -> None:
    table = pa.table(
        {
            "task_id": ["t", "t"],
            "input": ["a", "b"],
            "output": ["x", None],
            "score": [1.5, float("nan")],
            "seen": [datetime.date(2024, 1, 2), None],
        }
    )
    pq.write_table(table, tmp_path / "drugs.parquet")
    first, second = read_all(tmp_path / "drugs.parquet")
    assert first == Instance("drugs-0", "a", ("x",), False, {"task_id": "t", "score": 1.5, "seen": "2024-01-02"})
    assert (second.outputs, second.extra) == ((), {"task_id": "t", "score": None})
    task = read_task(written(tmp_path / "again.parquet", [first, second]))
    assert task.instances[0].extra["seen"] == "2024-01-02"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"question": ["a"]}, "has no column 'input' and no column 'output' (columns: question)"),
        ({"input": ["a", None], "output": ["x", "y"]}, "row 2.input: is missing"),
        ({"input": ["a"], "output": [{"a": b"\xff"}]}, "must be a string"),
        ({"input": [["a"]], "output": ["x"]}, "must be a string, found list"),
    ],
)
def test_columns_that_do_not_fit(tmp_path: Path, columns: dict[str, Any], expected: str) -> None:
    path = tmp_path / "drugs.parquet"
    pq.write_table(pa.table(columns), path)
    reader = open_reader(path)
    found = [one for batch in reader.batches() for one in batch.instances]
    told = "\n".join(map(str, reader.problems))
    assert expected in told if reader.problems else found


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "drugs.parquet", plain(3000))
    raw = path.read_bytes()
    for broken in (raw[:-100], raw[:2000] + bytes(20_000) + raw[22_000:], b"", b"PAR1PAR1"):
        path.write_bytes(broken)
        with pytest.raises(InvalidFile, match=r"not a whole Parquet file|cannot be read"):
            read_all(path)


def test_a_card_that_is_no_json_is_named(tmp_path: Path) -> None:
    table = pa.table({"input": ["a"], "output": ["b"]}).replace_schema_metadata({"medsins.card": "{oops"})
    pq.write_table(table, tmp_path / "drugs.parquet")
    with pytest.raises(InvalidFile, match=r"metadata 'medsins.card': is not a JSON object"):
        read_all(tmp_path / "drugs.parquet")


def test_segments_read_as_one_file(tmp_path: Path) -> None:
    path = tmp_path / "drugs.parquet"
    rows = plain(5000)
    state: dict[str, Any] = {}
    for start in range(0, 5000, 1250):
        writer = ParquetWriter(path, Card(), **state)
        writer.write(rows[start : start + 1250])
        state = json.loads(json.dumps(writer.checkpoint()))
        writer.abandon()
        with path.open("ab") as stream:
            stream.write(b"what a killed process had written after its last checkpoint")
    writer = ParquetWriter(path, Card(), **state)
    writer.finish(CARD)
    assert len(state["resumed"]) == 4
    assert content(read_all(path)) == content(rows)
    assert content(IndexedTask(path)[1200:1300]) == content(rows[1200:1300])
    assert pa.table(pq.read_table(path)).num_rows == 5000


def test_an_empty_file_has_its_card(tmp_path: Path) -> None:
    path = written(tmp_path / "drugs.parquet", [])
    assert len(IndexedTask(path)) == 0
    assert open_reader(path).card.extra == CARD.extra


def test_a_failing_disk_is_reported_not_swallowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "medsins.tasks._parquet_writer._Tail.write", lambda self, data: (_ for _ in ()).throw(OSError(28))
    )
    with pytest.raises(OSError, match="28"), open_writer(tmp_path / "drugs.parquet", CARD) as writer:
        writer.write(plain(9000))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fails_between_is_not_taken_for_a_good_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system tells of a lost page once: here while the file is still written, and never again."""
    monkeypatch.setattr("medsins.tasks._parquet_writer._SYNC", 1 << 10)
    told = iter([OSError(5, "Input/output error")])
    monkeypatch.setattr("os.fdatasync", lambda number: (_ for _ in ()).throw(next(told)))
    with pytest.raises(OSError, match="Input/output"), open_writer(tmp_path / "drugs.parquet", CARD) as writer:
        writer.write(plain(9000))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("source", "codec"), [("said", "LZ4"), ("drawn", "UNCOMPRESSED")])
def test_text_is_packed_where_that_is_worth_it(tmp_path: Path, source: str, codec: str) -> None:
    drawn = random.Random(1)
    texts = {
        "said": lambda: "No acute cardiopulmonary process is seen. " * 20,
        "drawn": lambda: base64.b85encode(drawn.randbytes(600)).decode(),
    }
    rows = [Instance(f"i{number}", f"{number}: {texts[source]()}", ("x",), True) for number in range(4000)]
    path = written(tmp_path / "drugs.parquet", rows)
    column = pq.ParquetFile(path).metadata.row_group(0).column(1)
    assert (column.path_in_schema, column.compression) == ("input", codec)
    assert content(read_all(path)) == content(rows)


def read_by_index(path: Path) -> int:
    """How many instances were read; -1 where the file was refused, as anything damaged has to be."""
    try:
        task = IndexedTask(path)
        return len([task[index] for index in range(min(len(task), 5))])
    except InvalidFile:
        return -1


@pytest.mark.parametrize("flip", [1, 0x80])
def test_any_bit_of_the_footer_may_be_wrong(tmp_path: Path, flip: int) -> None:
    path = tmp_path / "drugs.parquet"
    with open_writer(path, CARD) as writer:
        writer.write(plain(3, size=30))
    raw = path.read_bytes()
    results = []
    for place in range(len(raw) - int.from_bytes(raw[-8:-4], "little") - 8, len(raw)):
        path.write_bytes(raw[:place] + bytes([raw[place] ^ flip]) + raw[place + 1 :])
        results.append(read_by_index(path))
    assert {-1, 3} <= set(results)  # some bits are those of texts that nobody needs


def test_a_damaged_page_is_told_by_index_too(tmp_path: Path) -> None:
    path = tmp_path / "drugs.parquet"
    with open_writer(path, CARD) as writer:
        writer.write(plain(2000))
    raw = bytearray(path.read_bytes())
    raw[40:4000] = bytes(3960)
    path.write_bytes(raw)
    with pytest.raises(InvalidFile, match="row 1 or after"):
        IndexedTask(path)[0]
    with pytest.raises(InvalidFile, match="row 1 or after"):
        read_all(path)
