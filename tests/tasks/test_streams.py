"""Task files as streams: what goes in comes out, in every format, whatever the layout."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.core import Card, Instance, InvalidFile, UsageError
from medsins.tasks import SUFFIXES, card_document, convert, open_reader, open_writer, read_task, write_task
from medsins.tasks import _json as json_module
from medsins.tasks._bytes import MAX_VALUE, Window, locate, split_name

from .samples import CARD, content, elements, plain, read_all, relaxed, rows, write_json


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(relaxed, max_examples=20)
@given(found=rows)
def test_every_format_keeps_every_string(tmp_path: Path, suffix: str, found: list[Instance]) -> None:
    path = tmp_path / f"drugs{suffix}"
    with open_writer(path, CARD) as writer:
        writer.write(found)
    reader = open_reader(path)
    assert content(reader) == content(found)
    assert card_document(reader.card) == card_document(CARD)
    assert card_document(open_reader(path).card) == card_document(CARD)


@settings(relaxed, max_examples=25)
@given(found=rows.filter(bool))
def test_round_trip_through_all_formats(tmp_path: Path, found: list[Instance]) -> None:
    source = tmp_path / "drugs.json"
    with open_writer(source, CARD) as writer:
        writer.write(found)
    last = source
    for suffix in (".parquet", ".jsonl", ".xlsx", ".jsonl.zst", ".json.gz"):
        target = tmp_path / f"drugs_copy{suffix}"
        convert(last, target)
        last = target
    back = tmp_path / "again" / "drugs.json"
    convert(last, back)
    assert back.read_bytes() == source.read_bytes()


@pytest.mark.parametrize("layout", [{}, {"indent": 1}, {"ensure_ascii": False}, {"separators": (",", ":")}])
def test_large_files_of_other_programs(tmp_path: Path, layout: dict[str, Any]) -> None:
    found = plain(6000)
    path = write_json(tmp_path / "drugs.json", found, **layout)
    assert path.stat().st_size > 2 << 20
    assert content(read_all(path)) == content(found)


def test_a_large_file_is_read_by_the_fast_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_json(tmp_path / "drugs.json", [Instance(f"i{n}", f'say "{n}" ' * 40, ("x",)) for n in range(9000)])
    seen = []
    original = json_module.plain_rows
    monkeypatch.setattr(json_module, "plain_rows", lambda *args: seen.append(original(*args)) or seen[-1])
    assert len(read_all(path)) == 9000
    assert sum(found is not None for found in seen) >= len(seen) - 1 >= 2


TRICKY = st.text(st.sampled_from('ab"\\}{],[:\n é😀'), max_size=12)


@relaxed
@given(parts=st.lists(elements(TRICKY), min_size=1, max_size=5), gap=st.sampled_from([",", ",\n", " ,\n  "]))
def test_the_fast_path_agrees_with_the_strict_parser(tmp_path: Path, parts: list[str], gap: str) -> None:
    path = tmp_path / "drugs.json"
    path.write_text('{"Categories": ["NER"], "Instances": [' + gap.join(parts) + "]}", encoding="utf-8")
    results = []
    for worth in (1, 1 << 30):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(json_module, "WORTH", worth)
            reader = open_reader(path)
            found = [one for batch in reader.batches() for one in batch.instances]
            results.append((found, [str(problem) for problem in reader.problems]))
    assert results[0] == results[1]
    raw = gap.join(parts).encode()
    window = Window.of(raw)
    fast = json_module.plain_rows(window, len(raw))
    assert window.bytes() == raw
    if fast is not None:
        assert [row.input for row in fast] == [one.input for one in results[1][0]]
        assert not results[1][1]


@pytest.mark.parametrize(
    "raw",
    [
        b'{"input": "a", "output": "b", "input": "c"}',
        b'{"input": "a", "output": "b", "id": "c", "id": null}',
        b'{"input": "a", "output": "b", "\\u0069d": "c", "id": "d"}',
        b'{"input": "a\\u0022", "output": "b", "id": 1, "id": 2}',
        b'{"input": "a", "output": ["b", 2]}',
        b'{"input": "a", "output": "b", "note": "c"}',
        b'{"input": "\\ud800", "output": "b"}',
        b'{"input": "a\\\\", "output": "b", "id": "c"}',
        b'{"input": "\xff", "output": "b"}',
        b'{"input": "a", "output": "b"},',
        b'{"input": NaN, "output": "b"}',
    ],
)
def test_the_fast_path_leaves_what_is_not_plain(raw: bytes) -> None:
    assert json_module.plain_rows(Window.of(raw), len(raw)) is None


def test_keys_after_the_instances_belong_to_the_card(tmp_path: Path) -> None:
    path = tmp_path / "drugs.json"
    inside = {"input": '}], "Domains": "no"', "output": ["x"], "b": [{"c": 1}], "id": "1"}
    document = {"Categories": ["NER"], "Instances": [inside], "Definition": ["late"], "Licence": "CC0"}
    path.write_text(json.dumps(document))
    reader = open_reader(path)
    assert (reader.card.definition, reader.card.extra) == (("late",), {"Licence": "CC0"})
    packed = tmp_path / "drugs.json.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert open_reader(packed).card.definition == ("late",)
    convert(packed, tmp_path / "copy.json")
    assert json.loads((tmp_path / "copy.json").read_text())["Definition"] == ["late"]


def test_late_keys_that_the_end_does_not_show_are_found_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "drugs.json"
    rows = json.dumps([{"input": "a", "output": "b", "id": "x"}])
    path.write_text(f'{{"Categories": ["NER"], "Instances": {rows}, "D\\u0065finition": ["{"late " * 300_000}"]}}')
    for suffix in (".json", ".parquet", ".jsonl"):
        convert(path, tmp_path / f"copy{suffix}")
        assert open_reader(tmp_path / f"copy{suffix}").card.definition[0].startswith("late late")


def test_card_keys_beside_instances_of_a_jsonl(tmp_path: Path) -> None:
    path = tmp_path / "drugs.jsonl"
    path.write_text('{"Definition": "d", "input": "a", "output": "b"}\n{"Source": "s", "input": "c", "output": "d"}\n')
    task = read_all(path)
    assert [one.extra for one in task] == [{}, {}]
    headed = tmp_path / "headed.jsonl"
    headed.write_text('{"Definition": "d"}\n{"Source": "s", "input": "c", "output": "d"}\n')
    assert read_all(headed)[0].extra == {"Source": "s"}


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_large_jsonl_of_other_programs(tmp_path: Path, ending: str) -> None:
    lines = [json.dumps({"input": f"text {n} " * 50, "output": "x"}) for n in range(6000)]
    path = tmp_path / "drugs.jsonl"
    path.write_bytes(ending.join(lines).encode())
    found = read_all(path)
    assert [one.id for one in found] == [f"drugs-{n}" for n in range(6000)]
    lines[4000] = '{"input": "a", "output": "b"} {"input": "c", "output": "d"}'
    path.write_bytes(ending.join(lines).encode())
    with pytest.raises(InvalidFile, match="line 4001, column 31: is not JSON: Extra data"):
        read_all(path)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_cut_or_damaged_archive_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"drugs.jsonl{suffix}"
    with open_writer(path, CARD) as writer:
        writer.write(plain(2000))
    raw = path.read_bytes()
    for broken in (raw[:-5], raw[: len(raw) // 2], raw[: len(raw) // 3] + b"damage" + raw[len(raw) // 3 :]):
        path.write_bytes(broken)
        with pytest.raises(InvalidFile, match=r"not a whole|is not"):
            read_all(path)


def test_a_value_larger_than_any_sample_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "drugs.json.zst"
    import pyarrow as pa

    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write(b'{"Instances": [{"input": "')
        for _ in range(2 * MAX_VALUE >> 20):
            stream.write(b"a" * (1 << 20))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(InvalidFile, match="a value of more than 64 MiB"):
        read_all(path)


def test_the_place_of_a_fault_far_inside_a_large_file(tmp_path: Path) -> None:
    path = write_json(tmp_path / "drugs.json", plain(6000), indent=1)
    text = path.read_text(encoding="utf-8")
    at = text.index('"i5500"') + 7
    path.write_text(text[:at] + ' "oops"' + text[at:], encoding="utf-8")
    with pytest.raises(InvalidFile) as caught:
        read_all(path)
    found = re.search(r"line (\d+), column (\d+): is not JSON", str(caught.value))
    assert found
    line, column = map(int, found.groups())
    assert text.count("\n", 0, at) + 1 == line
    assert (text + " ").split("\n")[line - 1][: column - 2].endswith('"i5500"')


def test_locating_counts_characters(tmp_path: Path) -> None:
    path = tmp_path / "drugs.json"
    path.write_bytes("\ufeffé\n発熱x".encode())
    assert locate(path, len("\ufeffé\n発熱".encode())) == (2, 3)


def test_reading_goes_on_at_a_mark(tmp_path: Path) -> None:
    found = plain(9000)
    for suffix in (".json", ".jsonl", ".jsonl.gz", ".parquet"):
        path = tmp_path / f"drugs{suffix}"
        with open_writer(path, CARD) as writer:
            writer.write(found)
        batches = list(open_reader(path).batches())
        assert len(batches) > 2
        for stop in (0, len(batches) // 2, len(batches) - 1):
            reader = open_reader(path)
            rest = [one for batch in reader.batches(batches[stop].end) for one in batch.instances]
            assert content(rest) == content(found[batches[stop].end.index :])
            assert card_document(reader.card) == card_document(CARD)
            assert not reader.problems


def test_iteration_stops_at_the_first_bad_batch(tmp_path: Path) -> None:
    path = tmp_path / "drugs.jsonl"
    path.write_text('{"input": "a", "output": "b"}\n{"input": [3]}\n')
    with pytest.raises(InvalidFile) as caught:
        list(open_reader(path))
    assert "line 2.input" in str(caught.value)
    assert "line 2.output" in str(caught.value)


def test_a_thousand_problems_are_enough(tmp_path: Path) -> None:
    path = tmp_path / "drugs.json"
    path.write_text(json.dumps({"Instances": [{"input": [3], "output": []}] * 5000}))
    reader = open_reader(path)
    assert not any(batch.instances for batch in reader.batches())
    assert len(reader.problems) == 1001
    assert "the rest is not listed" in reader.problems[-1].what


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def failing(path: Path) -> None:
        with open_writer(path, Card()) as writer:
            writer.write(plain(3))
            raise RuntimeError

    for suffix in SUFFIXES:
        with pytest.raises(RuntimeError):
            failing(tmp_path / f"drugs{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_writing_a_task_in_any_format_keeps_its_digest(tmp_path: Path) -> None:
    task = read_task(write_json(tmp_path / "drugs.json", plain(5)))
    for suffix in SUFFIXES:
        folder = tmp_path / suffix.strip(".")
        write_task(task, folder / f"drugs{suffix}")
        assert read_task(folder / f"drugs{suffix}").digest == task.digest


def test_names(tmp_path: Path) -> None:
    assert split_name(Path("task77.dev.JSON.gz")) == ("task77.dev", ".json", ".gz")
    assert split_name(Path("x.parquet")) == ("x", ".parquet", "")
    assert split_name(Path("notes.txt")) == ("notes.txt", "", "")
    (tmp_path / "notes.txt").write_text("notes")
    for path, expected in (("notes.txt", "known endings"), ("none.json", "no such file"), (".", "is a folder")):
        with pytest.raises(UsageError, match=expected):
            open_reader(tmp_path / path)
