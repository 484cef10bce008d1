"""JSON decoded to Arrow in threads: never another result than the strict parser's, whatever stands in the file."""

from __future__ import annotations

import gzip
import json
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.core import Instance, InvalidFile
from medsins.tasks import TaskReader, convert, open_reader
from medsins.tasks import _json as json_module
from medsins.tasks._ahead import Ahead, last_boundary
from medsins.tasks._arrow import arrow_of, arrow_of_json, columns_of, schema, with_ids
from medsins.tasks._bytes import Window, open_source
from medsins.tasks._columns import Columns
from medsins.tasks._stream import Batch

from .samples import content, elements, read_all, rows, write_json

PIECES = [
    '"',
    "\\",
    "\\n",
    "\\u0000",
    "\\ud83d\\ude00",
    "\\ud800",
    "\\/",
    "\\x",
    "\n",
    "\x00",
    "\x7f",
    "é",
    "😀",
    "{",
    "}],",
]


def in_arrow(path: Path) -> TaskReader:
    reader = open_reader(path)
    reader.in_arrow = True
    return reader


def strictly(raw: bytes) -> list[Instance] | None:
    """What the strict parser makes of comma-separated instances in the documented shape; None for anything else."""
    path_shape = json_module.Shape("f")
    try:
        cursor = json_module.Cursor(Window.of(b"[" + raw + b"]"), json_module.StrictJson())
        values = cursor.value()
        assert not cursor.peek()
    except (json_module.Broken, AssertionError):
        return None
    if cursor.strict.take_duplicates() or not all(isinstance(value, dict) for value in values):
        return None
    found = [path_shape.instance(value, "$", f"f-{number}") for number, value in enumerate(values)]
    return None if path_shape.problems else [one for one in found if one is not None]


def decoded(raw: bytes) -> list[Instance] | None:
    rows_found = arrow_of_json(raw)
    if rows_found is None:
        return None
    columns = columns_of(with_ids(rows_found, 0, "f"), 0, "f")
    assert columns is not None
    return columns.instances()


def same(one: list[Instance], other: list[Instance]) -> bool:
    return content(one) == content(other)


@settings(max_examples=120)
@given(parts=st.lists(elements(st.text(st.sampled_from('ab"\\}{],[:\n é😀'), max_size=12)), min_size=1, max_size=4))
def test_what_is_decoded_is_what_the_strict_parser_reads(parts: list[str]) -> None:
    raw = ",\n".join(parts).encode()
    found, expected = decoded(raw), strictly(raw)
    assert found is None or (expected is not None and same(found, expected))


@settings(max_examples=120)
@given(
    parts=st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=6),
    field=st.sampled_from(["id", "input", "output"]),
    damage=st.none() | st.binary(min_size=1, max_size=3),
    at=st.integers(0, 80),
)
def test_any_bytes_in_a_string_are_kept_or_left_to_the_strict_parser(
    parts: list[str], field: str, damage: bytes | None, at: int
) -> None:
    values = {"id": '"x"', "input": '"a b"', "output": '["c"]'}
    text = '"' + "".join(parts) + '"'
    values[field] = f"[{text}]" if field == "output" else text
    raw = ("{" + ", ".join(f'"{key}": {value}' for key, value in values.items()) + "}").encode("utf-8", "surrogatepass")
    if damage is not None:
        raw = raw[:at] + damage + raw[at:]
    found, expected = decoded(raw), strictly(raw)
    if damage is None:
        assert (found is None) == (expected is None)  # nothing sound in this shape is left to the slow way
    assert found is None or (expected is not None and same(found, expected))


@pytest.mark.parametrize(
    "raw",
    [
        b'{"input": "a", "output": "b", "input": "c"}',
        b'{"input": "a", "output": ["b"], "\\u0069nput": "c"}',
        b'{"input": "a", "output": ["b"], "id": "c", "id": null}',
        b'{"input": "a", "output": ["b"], "id": 7}',
        b'{"input": "a", "output": ["b", 2]}',
        b'{"input": "a", "output": ["b", null]}',
        b'{"input": "a", "output": null}',
        b'{"input": null, "output": ["b"]}',
        b'{"input": "a", "output": "b"}, {"input": "a", "output": ["b"]}',
        b'{"input": "a", "output": "b", "note": "c"}',
        b'{"input": "a"}',
        b'{"output": ["a"]}',
        b'{"input": "\\ud800", "output": ["b"]}',
        b'{"input": "\\udc00\\ud800", "output": ["b"]}',
        b'{"input": "\xed\xa0\x80", "output": ["b"]}',
        b'{"input": "\xff", "output": ["b"]}',
        b'{"input": "a", "output": ["\xc0\x80"]}',
        b'{"input": "a\tb", "output": ["b"]}',
        b'{"input": "a", "output": ["b"]},',
        b'{"input": "a", "output": ["b",]}',
        b'{"input": "a", "output": ["b"]}, null',
        b'{"input": "a", "output": ["b"]} {"input": "a", "output": ["b"]}',
        b'{"input": "a", "output": ["b"]}\0',
        b'{"input": "a", "output": ["b"]} // c',
        b'{"input": NaN, "output": ["b"]}',
        b'{"input": "a", "output": ["b"]}]} {"Instances": [{"input": "a", "output": ["b"]}',
        b'{"input": "a", "output": ["b"]}], "Instances": [{"input": "a", "output": ["b"]}',
        b'{"input": "a", "output": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"null",
        b"{}",
    ],
)
def test_what_is_not_plain_is_left_to_the_strict_parser(raw: bytes) -> None:
    assert arrow_of_json(raw) is None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"input": "a", "output": ["b", ""], "id": "c"}', [("c", ["b", ""])]),
        (b'{"input": "a", "output": "b"}', [("f-5", ["b"])]),
        (b'{"output": [], "input": "a", "id": ""}', [("f-5", [])]),
        (b'{"input": "", "output": "", "id": "x"} ,\r\n {"input": "", "output": "c"}', [("x", [""]), ("f-6", ["c"])]),
        (b'{"\\u0069nput": "a\\\\", "output": ["\\"\\u0000\\/"]}', [("f-5", ['"\0/'])]),
    ],
)
def test_outputs_as_lists_and_strings_and_ids_that_are_missing(raw: bytes, expected: list[tuple[str, Any]]) -> None:
    found = with_ids(arrow_of_json(raw), 5, "f").to_pydict()
    assert list(zip(found["id"], found["output"], strict=True)) == expected
    assert found["extra"] == [None] * len(expected)


@given(found=rows)
def test_columns_to_arrow_and_back(found: list[Instance]) -> None:
    batch = arrow_of(Columns.of(found))
    assert batch.schema == schema()
    columns = columns_of(batch, 0, "f")
    assert columns is not None
    assert content(columns.instances()) == content(found)
    assert content(Batch(batch, range(len(found)), json_module.Mark()).instances) == content(found)


def many(count: int, size: int) -> list[dict[str, Any]]:
    text = 'fever, "cough"\n発熱 and \\ pain '
    return [{"id": f"i{n}", "input": f"{n}: {text * (size // 30)}", "output": [f"out {n}", ""]} for n in range(count)]


ODD: dict[str, Callable[[dict[str, Any]], object]] = {
    "a further key": lambda one: one.update(note=1),
    "a number for an id": lambda one: one.update(id=12),
    "no id": lambda one: one.pop("id"),
    "an empty id": lambda one: one.update(id=""),
    "a string for a list": lambda one: one.update(output="alone"),
    "a number in a list": lambda one: one.update(output=["a", 3]),
    "no output": lambda one: one.update(output=None),
    "a false end": lambda one: one.update(input='}, {"input": "' * 9000),
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_instances_anywhere_change_nothing_around_them(tmp_path: Path, odd: str) -> None:
    made, chance = many(12_000, 700), random.Random(odd)
    for place in [0, 11_999, *chance.sample(range(12_000), 3)]:
        ODD[odd](made[place])
    path = tmp_path / "drugs.json"
    path.write_text(json.dumps({"Categories": ["NER"], "Instances": made}, ensure_ascii=False), encoding="utf-8")
    plainly = list(open_reader(path).batches())
    reader = in_arrow(path)
    batches = list(reader.batches())
    assert not reader.problems
    assert sum(not isinstance(batch.rows, Columns) for batch in batches) >= 1
    expected = [one for batch in plainly for one in batch.instances]
    assert content(one for batch in batches for one in batch.instances) == content(expected)
    assert [number for batch in batches for number in batch.numbers] == list(range(12_000))
    assert batches[-1].end == plainly[-1].end
    assert reader.taken == path.stat().st_size


FAULTS: dict[str, Callable[[str], str]] = {
    "a missing comma": lambda text: text.replace('"i4000", ', '"i4000" '),
    "a doubled key": lambda text: text.replace('"id": "i4000"', '"id": "i4000", "id": "x"'),
    "half a pair": lambda text: text.replace('"i4000"', '"\\ud83d"'),
    "an input that is none": lambda text: text.replace('"input": "4000:', '"inputs": "4000:'),
    "a constant": lambda text: text.replace('"id": "i4000"', '"id": NaN'),
    "a quote too many": lambda text: text.replace('"out 4000"', '"out" 4000"'),
    "a cut": lambda text: text[: text.index('"i4500"')],
    "rubbish behind": lambda text: f"{text} x",
    "two in one": lambda text: text.replace('{"id": "i4000"', '{"input": "a", "output": 1} {"id": "i4000"'),
}


@pytest.mark.parametrize(
    ("fault", "packing"), [*((fault, "") for fault in FAULTS), ("a doubled key", ".gz"), ("a cut", ".gz")]
)
def test_faults_far_inside_are_told_as_ever_and_nothing_is_written(tmp_path: Path, fault: str, packing: str) -> None:
    text = FAULTS[fault](json.dumps({"Categories": ["NER"], "Instances": many(5000, 700)}))
    path = tmp_path / f"drugs.json{packing}"
    path.write_bytes(gzip.compress(text.encode(), 1) if packing else text.encode())
    plainly = open_reader(path)
    for _ in plainly.batches():
        pass
    assert plainly.problems
    with pytest.raises(InvalidFile) as caught:
        convert(path, tmp_path / "copy.parquet", checkpoint=1 << 20)
    assert caught.value.problems == tuple(plainly.problems)
    assert [left.name for left in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("packing", ["", ".gz"])
def test_reading_goes_on_at_every_mark(tmp_path: Path, packing: str) -> None:
    made = many(9000, 700)
    made[4000]["note"] = "odd"
    text = json.dumps({"Categories": ["NER"], "Instances": made}).encode()
    path = tmp_path / f"drugs.json{packing}"
    path.write_bytes(gzip.compress(text, 1) if packing else text)
    batches = list(in_arrow(path).batches())
    assert len(batches) >= 4
    for batch in batches:
        reader = in_arrow(path)
        rest = [one.id for later in reader.batches(batch.end) for one in later.instances]
        assert rest == [f"i{n}" for n in range(batch.end.index, 9000)]
        assert reader.card.categories == ("NER",)


def test_a_conversion_that_is_stopped_leaves_no_thread(tmp_path: Path) -> None:
    path = write_json(tmp_path / "drugs.json", [Instance(f"i{n}", "pain " * 200, ("x",)) for n in range(9000)])
    before = set(threading.enumerate())
    seen: list[int] = []

    def stop(taken: int, size: int) -> None:
        seen.append(len(set(threading.enumerate()) - before))
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(path, tmp_path / "copy.parquet", advance=stop)
    assert max(seen) >= 2  # decoders and an encoder
    assert set(threading.enumerate()) <= before
    assert [left.name for left in tmp_path.iterdir()] == ["drugs.json"]


def test_little_is_held_ahead_and_less_after_a_refusal(tmp_path: Path) -> None:
    made = many(20_000, 700)
    made[0]["note"] = 1
    path = tmp_path / "drugs.json"
    path.write_text(json.dumps(made), encoding="utf-8")
    with open_source(path) as source:
        window = Window(source)
        window.fill()
        window.drop(1)
        with Ahead(window, 1) as ahead:
            assert ahead.take() is None
            assert window.offset == 1
            cut = ahead.take_refused()
            assert cut is not None
            assert ahead.take_refused() is None
            window.drop(cut[1])
            reached = []
            while run := ahead.take():
                reached.append(window.offset - run.offset)
            assert reached[0] == 0
            assert max(reached) < 8 << 20
            assert sorted(reached[:4]) == reached[:4]
            assert window.offset == run_end(path)


def run_end(path: Path) -> int:
    """Where the last instance of a compact list starts: it is never part of a run, since nothing follows it."""
    return path.read_bytes().rindex(b'{"id"')


@given(raw=st.binary(max_size=200), taken=st.lists(st.integers(1, 50), max_size=8))
def test_what_is_put_back_is_in_view_again(raw: bytes, taken: list[int]) -> None:
    window = Window.of(raw)
    parts = []
    for count in taken:
        part = window.bytes(min(count, len(window)))
        window.drop(len(part))
        parts.append(part)
    window.put_back(b"".join(parts[len(parts) // 2 :]))
    assert window.offset == sum(map(len, parts[: len(parts) // 2]))
    assert window.bytes() == raw[window.offset :]


def test_a_boundary_is_only_guessed(tmp_path: Path) -> None:
    window = Window.of(b'{"input": "}, {\\"", "output": "x"}')
    assert last_boundary(window) is None  # an escaped quote starts no key
    window = Window.of(b'{"input": "a"} , {"input": "}, {\\"a\\""')
    assert last_boundary(window) == (14, 17)
    assert read_all(write_json(tmp_path / "drugs.json", [Instance("a", '}, {"' * 50_000, ("b",))] * 2))[1].id == "a"
