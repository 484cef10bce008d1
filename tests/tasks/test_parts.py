"""The small parts under readers and checks: columns, byte windows, places, findings."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsins.core import Instance, InvalidFile
from medsins.tasks._bytes import MAX_VALUE, Broken, ByteSource, Window, locate, open_source, task_id_of
from medsins.tasks._columns import Columns
from medsins.tasks._cursor import Cursor, StrictJson
from medsins.tasks._findings import SHOWN, Findings
from medsins.tasks._shape import CARD_KEYS, Shape, documented, text_of

from .samples import instances, rows

relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)


@given(found=rows)
def test_columns_are_their_instances(found: list[Instance]) -> None:
    columns = Columns.of(found)
    assert columns.instances() == found
    assert len(columns) == len(found)
    assert columns.characters() == sum(len(one.input) + sum(map(len, one.outputs)) for one in found)
    assert (columns.extras is None) == (not any(one.extra for one in found))


@given(found=st.lists(instances, min_size=1, max_size=8), chosen=st.lists(st.integers(0, 7), max_size=10))
def test_picking_rows_is_picking_instances(found: list[Instance], chosen: list[int]) -> None:
    kept = [number % len(found) for number in chosen]
    assert Columns.of(found).pick(kept).instances() == [found[number] for number in kept]
    assert Columns.of(found).pick(slice(1, None, 2)).instances() == found[1::2]


@relaxed
@given(raw=st.binary(max_size=3000), offset=st.integers(0, 3500), sizes=st.lists(st.integers(1, 900), min_size=1))
def test_packed_and_plain_sources_give_the_same_bytes(
    tmp_path: Path, raw: bytes, offset: int, sizes: list[int]
) -> None:
    import pyarrow as pa

    (tmp_path / "a.json").write_bytes(raw)
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(raw[:100]) + gzip.compress(raw[100:]))
    with pa.CompressedOutputStream(str(tmp_path / "a.json.zst"), "zstd") as stream:
        stream.write(raw)
    for name in ("a.json", "a.json.gz", "a.json.zst"):
        with open_source(tmp_path / name, offset) as source:
            parts = [source.read(size) for size in sizes]
            rest = b"".join(iter(lambda source=source: source.read(999), b""))  # type: ignore[misc]
        assert b"".join(parts) + rest == raw[offset:]
        assert source.taken == 0  # closed


@relaxed
@given(text=st.text("ab\né発😀\r", max_size=60), mark=st.booleans())
def test_places_count_lines_and_characters(tmp_path: Path, text: str, mark: bool) -> None:
    path = tmp_path / "a.json"
    raw = text.encode()
    path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + raw)
    for cut in range(len(text) + 1):
        before = text[:cut]
        offset = len(before.encode()) + (3 if mark else 0)
        assert locate(path, offset) == (before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)


@relaxed
@given(raw=st.binary(min_size=1, max_size=2000), source=st.randoms(use_true_random=False))
def test_a_window_slides_over_every_byte(tmp_path: Path, raw: bytes, source: random.Random) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(raw)
    seen = bytearray()
    with open_source(path) as opened:
        window = Window(opened)
        while True:
            window.fill(source.randint(1, 300))
            if not len(window):
                break
            count = source.randint(1, len(window))
            seen += window.bytes(count)
            window.drop(count)
            assert window.offset == len(seen)
    assert bytes(seen) == raw


def test_a_window_does_not_grow_without_end(tmp_path: Path) -> None:
    class Endless(ByteSource):
        def read(self, size: int) -> bytes:
            return b"a" * size

    (tmp_path / "a.json").write_bytes(b"")
    window = Window(Endless(tmp_path / "a.json"))
    while len(window) < MAX_VALUE:
        assert window.grow()
    with pytest.raises(Broken, match="a value of more than 64 MiB"):
        window.grow()
    assert len(window) <= 2 * MAX_VALUE


@given(text=st.text(st.sampled_from('ab"\\{}[],: \n1.'), max_size=12), blanks=st.text(" \t\r\n", max_size=4))
def test_a_cursor_reads_values_one_after_the_other(text: str, blanks: str) -> None:
    import json

    values = [text, [text], {"a": text}, 12, -1.5, True, None]
    raw = (blanks + (blanks + ",").join(json.dumps(value) for value in values) + blanks).encode()
    cursor = Cursor(Window.of(raw), StrictJson())
    found = []
    while cursor.peek():
        found.append(cursor.value())
        if cursor.peek() == ",":
            cursor.position += 1
    assert found == values


@given(
    levels=st.lists(st.sampled_from([("error", "a"), ("error", "b"), ("warning", "c"), ("warning", "d")]), max_size=40)
)
def test_findings_list_the_first_of_a_kind_and_count_the_rest(levels: list[tuple[str, str]]) -> None:
    findings = Findings("f.json")
    for number, (level, kind) in enumerate(levels):
        getattr(findings, level)(kind, f"place {number}", f"what {kind}")
    found = findings.all()
    assert [one.level for one in found] == sorted((one.level for one in found), key=lambda level: level != "error")
    for kind in "abcd":
        listed = [one for one in found if one.kind == kind]
        times = sum(other == kind for _, other in levels)
        assert len(listed) == min(times, SHOWN)
        assert sum(1 + one.more for one in listed) == times
        assert all(one.more == 0 for one in listed[:-1])


@given(st.sampled_from([*CARD_KEYS, "Instances"]), st.randoms(use_true_random=False))
def test_card_keys_are_known_in_any_case(key: str, source: random.Random) -> None:
    bent = "".join(source.choice([sign.lower(), sign.upper()]) for sign in key)
    assert documented(bent) == documented(bent.replace(" ", "_")) == documented(f" {bent} ") == key
    assert documented(f"{bent}!") == f"{bent}!"


@pytest.mark.parametrize(
    ("value", "expected"), [("a", "a"), (7, "7"), (1.5, "1.5"), (True, "True"), (None, None), ([], None), ({}, None)]
)
def test_texts_of_scalars(value: object, expected: str | None) -> None:
    assert text_of(value) == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=2)
)


@given(st.dictionaries(st.sampled_from([*CARD_KEYS, "input", "output", "id", "Licence"]), json_values, max_size=6))
def test_any_object_is_a_card_and_an_instance_or_is_refused_with_its_place(raw: dict[str, object]) -> None:
    shape = Shape("f.json")
    card = shape.card(raw)
    assert ("Licence" in raw) == ("Licence" in card.extra)
    before = len(shape.problems)
    found = shape.instance(raw, "$.Instances[0]", "f-0")
    assert (found is None) == (len(shape.problems) > before) or "output" not in raw
    assert all(problem.place.startswith("f.json: $.") for problem in shape.problems)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("task12_x.json", "task12"), ("Task7.dev.jsonl.gz", "task7"), ("my.file.parquet", "my.file"), ("a.XLSX", "a")],
)
def test_task_ids(name: str, expected: str) -> None:
    assert task_id_of(Path(name)) == expected


def test_a_cut_source_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(b"a" * 10_000)[:-6])
    with open_source(tmp_path / "a.json.gz") as source, pytest.raises(InvalidFile, match="not a whole gzip file"):
        list(iter(lambda: source.read(100), b""))
