"""An upload becomes one output for each row of a version, or everything that is wrong with it at once."""

from __future__ import annotations

import gzip
import io
import random
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsins.bench.store import RunStore
from medsins.core import Completion, InvalidFile, Prediction
from medsins.leaderboard._upload import Limits
from medsins.leaderboard.intake import SHOWN, Intake, read_upload
from medsins.leaderboard.records import Item

from .wards import upload, ward_version, write_csv


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> tuple[Item, ...]:
    return ward_version(tmp_path_factory.mktemp("ward"))[1]


def said(error: pytest.ExceptionInfo[InvalidFile]) -> str:
    return str(error.value)


def refused(path: Path, items: tuple[Item, ...], limits: Limits | None = None) -> str:
    with pytest.raises(InvalidFile) as raised:
        read_upload(path, items, limits)
    return said(raised)


def test_a_published_file_is_taken_as_it_is(tmp_path: Path, items: tuple[Item, ...]) -> None:
    made = read_upload(write_csv(tmp_path / "a.csv", upload(items, 50)), items)
    assert made.kind == "csv"
    assert len(made.sha256) == 64
    assert [answer == item.outputs[0] for answer, item in zip(made.answers, items, strict=True)].count(True) == 45
    assert made.report == {
        "rows": 90,
        "matched_by": {"input": 90},
        "missing": {"count": 0, "tasks": {}},
        "references_changed": {"count": 0, "rows": []},
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.randoms(use_true_random=False), st.integers(0, 90))
def test_the_order_of_rows_is_irrelevant_and_missing_rows_are_none(
    tmp_path: Path, items: tuple[Item, ...], draw: random.Random, kept: int
) -> None:
    rows = upload(items, 70)
    chosen = draw.sample(range(len(rows)), kept)
    if not chosen:
        return
    made = read_upload(write_csv(tmp_path / "a.csv", [rows[i] for i in chosen]), items)
    assert made.answers == tuple(rows[i][3] if i in set(chosen) else None for i in range(len(rows)))
    assert made.report["missing"]["count"] == len(rows) - kept


@pytest.mark.parametrize("change", [lambda gt: "", lambda gt: gt + " not", lambda gt: "I wonder about it."])
def test_changed_references_are_noted_and_change_nothing(
    tmp_path: Path, items: tuple[Item, ...], change: Callable[[str], str]
) -> None:
    rows = upload(items, 50)
    honest = read_upload(write_csv(tmp_path / "a.csv", rows), items)
    swapped = [(t, q, change(gt) if i in (3, 40) else gt, out) for i, (t, q, gt, out) in enumerate(rows)]
    made = read_upload(write_csv(tmp_path / "b.csv", swapped), items)
    assert made.answers == honest.answers
    assert made.report["references_changed"] == {"count": 2, "rows": [3, 40]}


def test_nothing_is_told_of_private_references(tmp_path: Path, items: tuple[Item, ...]) -> None:
    """Neither that a guess is right nor that it is wrong."""
    hidden = tuple(replace(item, part="private") for item in items)
    right = write_csv(tmp_path / "right.csv", upload(hidden))
    wrong = write_csv(tmp_path / "wrong.csv", [(t, q, "another", out) for t, q, _, out in upload(hidden)])
    assert read_upload(right, hidden).report == read_upload(wrong, hidden).report


def test_blanks_that_spreadsheets_change_are_no_change(tmp_path: Path, items: tuple[Item, ...]) -> None:
    rows = [(t, q.replace("\n", "\r\n").replace("\t", "  "), f" {gt}\r\n", out) for t, q, gt, out in upload(items)]
    made = read_upload(write_csv(tmp_path / "a.csv", rows), items)
    assert made.report["missing"]["count"] == 0
    assert made.report["references_changed"]["count"] == 0


def test_rows_are_found_by_their_id_whatever_the_input_says(tmp_path: Path, items: tuple[Item, ...]) -> None:
    rows = [(i.task_id, "?", "", f"answer {i.row}", i.instance_id, "ok") for i in reversed(items)]
    path = write_csv(tmp_path / "a.csv", rows, ("task_id", "input", "GT", "output", "instance_id", "status"))
    made = read_upload(path, items)
    assert made.answers == tuple(f"answer {i}" for i in range(90))
    assert made.report["matched_by"] == {"id": 90}


def test_an_id_that_is_none_of_ours_leaves_the_input(tmp_path: Path, items: tuple[Item, ...]) -> None:
    rows = [(*row, "theirs-7") for row in upload(items)]
    made = read_upload(write_csv(tmp_path / "a.csv", rows, ("task_id", "input", "GT", "output", "instance_id")), items)
    assert made.report["matched_by"] == {"input": 90}


def test_every_unknown_and_repeated_row_is_named_at_once(tmp_path: Path, items: tuple[Item, ...]) -> None:
    rows = upload(items)
    rows[5] = ("ward_moon", *rows[5][1:])
    rows[6] = (rows[6][0], "Does it never rain?", *rows[6][2:])
    rows[80] = rows[0]
    text = refused(write_csv(tmp_path / "a.csv", rows), items)
    assert "row 5: the task 'ward_moon' is not in this version (1 rows)" in text
    assert "row 6: asks no instance of" in text
    assert "row 80: answers the instance of row 0 again" in text


def test_the_first_fifty_are_named_and_all_are_counted(tmp_path: Path, items: tuple[Item, ...]) -> None:
    rows = upload(items)
    text = refused(
        write_csv(tmp_path / "a.csv", [*rows, *rows, *[(rows[0][0], f"{i}?", "", "") for i in range(60)]]), items
    )
    assert "90 rows answer an instance again in all; the first 50 are named" in text
    assert "60 rows ask no instance of their task in all" in text
    assert text.count("again\n") == SHOWN
    assert "row 139: answers the instance of row 49 again" in text


def test_equal_questions_go_to_their_references_in_any_order(tmp_path: Path) -> None:
    items = [Item(i, "t", f"i{i}", "open", "Is it so?", (answer,)) for i, answer in enumerate(("yes", "no", "no"))]
    rows = [("t", "Is it so?", gt, out) for gt, out in (("no", "b"), ("yes", "a"), ("no", "c"))]
    found = {
        read_upload(write_csv(tmp_path / f"{n}.csv", random.Random(n).sample(rows, 3)), items).answers for n in range(9)
    }
    assert found == {("a", "b", "c")}
    text = refused(write_csv(tmp_path / "four.csv", [*rows, rows[0]]), items)
    assert text.count("again") == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from(["yes", "no", ""]), st.sampled_from("abc")), min_size=4, max_size=4),
    st.randoms(),
)
def test_equal_questions_without_references_do_not_depend_on_the_order(
    tmp_path: Path, cells: list[tuple[str, str]], draw: random.Random
) -> None:
    items = [
        Item(i, "t", f"i{i}", "open", "Is it so?", (answer,)) for i, answer in enumerate(("yes", "no", "no", "so"))
    ]
    rows = [("t", "Is it so?", gt, out) for gt, out in cells]
    one = read_upload(write_csv(tmp_path / "1.csv", rows), items)
    draw.shuffle(rows)
    assert read_upload(write_csv(tmp_path / "2.csv", rows), items).answers == one.answers


def test_empty_outputs_stay_empty_and_failed_ones_are_missing(tmp_path: Path, items: tuple[Item, ...]) -> None:
    rows = [
        (i.task_id, i.input, "", out, status)
        for i, out, status in zip(items, ("", "None", "", "nan"), ("ok", "ok", "error", ""), strict=False)
    ]
    made = read_upload(write_csv(tmp_path / "a.csv", rows, ("task_id", "input", "GT", "output", "status")), items)
    assert made.answers[:4] == ("", "None", None, "nan")


def test_nul_in_an_output_is_replaced_and_counted(tmp_path: Path, items: tuple[Item, ...]) -> None:
    rows = upload(items)
    rows[0] = (*rows[0][:3], "a\0b")
    made = read_upload(write_csv(tmp_path / "a.csv", rows), items)
    assert made.answers[0] == "a\ufffdb"
    assert made.report["nul"] == 1


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("head", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks(tmp_path: Path, end: str, head: str) -> None:
    items = [Item(0, "t", "a", "open", "Is it?", ("yes",)), Item(1, "t", "b", "open", "Was it?", ("no",))]
    (tmp_path / "a.csv").write_bytes(
        f"{head}task_id,input,GT,output{end}t,Is it?,yes,no{end}t,Was it?,no,{end}".encode()
    )
    assert read_upload(tmp_path / "a.csv", items).answers == ("no", "")


HEAD = b"task_id,input,GT,output\n"
BROKEN = {
    "empty": (b"", "has no column"),
    "blank": (b"\n\n", "has no column"),
    "only a header": (HEAD, "has no rows"),
    "no output": (b"task_id,input,GT\nt,a,b\n", "has no column output"),
    "a column twice": (b"task_id,input,GT,output,output\n", "column output twice"),
    "UTF-16": ("task_id,input,GT,output\n".encode("utf-16"), "not UTF-8"),
    "GBK": (HEAD + "ward_facts,你好,是,否\n".encode("gbk"), "not UTF-8"),
    "open quote": (
        HEAD + b'ward_facts,a,b,c\nward_facts,"a,b,c\n',
        "line 3: a quote opened in the row that begins here",
    ),
    "text after a quote": (HEAD + b'ward_facts,"a"b,b,c\n', "is no CSV"),
    "too few cells": (HEAD + b"ward_facts,a,b\n", "row 0 (line 2): has 3 cells where the header has 4"),
    "too many cells": (HEAD + b"ward_facts,a,b,c,d\n", "has 5 cells"),
    "damaged gzip": (gzip.compress(HEAD * 99)[:60], "damaged archive"),
    "gzip of nothing": (gzip.compress(b""), "has no column"),
    "no gzip": (b"\x1f\x8b" + b"x" * 99, "damaged archive"),
    "damaged zip": (b"PK\x03\x04" + b"x" * 99, "damaged archive"),
    "damaged parquet": (b"PAR1" + b"x" * 99, "damaged Parquet"),
    "7z": (b"7z\xbc\xaf\x27\x1c", "packed in a way"),
    "zstd": (b"\x28\xb5\x2f\xfd0000", "packed in a way"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), ""),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_told_and_never_a_traceback(tmp_path: Path, items: tuple[Item, ...], name: str) -> None:
    content, expected = BROKEN[name]
    (tmp_path / "a.csv").write_bytes(content)
    assert expected in refused(tmp_path / "a.csv", items)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", HEAD, b"PAR1", b"PK\x03\x04", b"\x1f\x8b\x08\x00", b'"']),
    st.integers(0, 300),
)
def test_any_bytes_are_read_or_refused(
    tmp_path: Path, items: tuple[Item, ...], tail: bytes, head: bytes, cut: int
) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("predictions.csv", HEAD + b"ward_facts,a,b,c\n")
    for content in (head + tail, whole.getvalue()[:cut] + tail + whole.getvalue()[cut:]):
        (tmp_path / "a").write_bytes(content)
        with pytest.raises(InvalidFile):
            read_upload(tmp_path / "a", items)


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return path


MANIFEST = (
    b'{"model": {"name": "m", "weights": "abc", "secret": "s"}, "protocol": {"spec": "strict"}, "seed": 3, '
    b'"signature": "x|y"}'
)


def table(tmp_path: Path, items: tuple[Item, ...]) -> bytes:
    return write_csv(tmp_path / "table.csv", upload(items)).read_bytes()


def test_a_zip_of_a_run_directory(tmp_path: Path, items: tuple[Item, ...]) -> None:
    files = {"run/predictions.csv": table(tmp_path, items), "run/manifest.json": MANIFEST, "run/report.html": b"<p>"}
    made = read_upload(zipped(tmp_path / "a.zip", files), items)
    assert made.kind == "run"
    assert made.claims == {
        "model_name": "m", "model_weights": "abc", "protocol": "strict", "seed": 3, "signature": "x|y",
    }  # fmt: skip
    assert made.report["missing"]["count"] == 0


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{}", b'{"model": 3, "protocol": 4}', b"[" * 100_000, b"\xff"])
def test_a_manifest_that_is_none_claims_nothing(tmp_path: Path, items: tuple[Item, ...], manifest: bytes) -> None:
    files = {"predictions.csv": table(tmp_path, items), "manifest.json": manifest}
    assert read_upload(zipped(tmp_path / "a.zip", files), items).claims == {}


def test_gzip_parquet_and_run_directories_give_the_same(tmp_path: Path, items: tuple[Item, ...]) -> None:
    import pyarrow
    import pyarrow.parquet as pq

    content = table(tmp_path, items)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content))
    columns = dict(zip(("task_id", "input", "GT", "output"), map(list, zip(*upload(items), strict=True)), strict=True))
    pq.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "predictions.csv").write_bytes(content)
    kinds = []
    for name in ("table.csv", "a.csv.gz", "a.parquet", "run"):
        made = read_upload(tmp_path / name, items)
        kinds.append(made.kind)
        assert made.answers == tuple(item.outputs[0] for item in items)
    assert kinds == ["csv", "csv", "parquet", "run"]


_MADE = (("a",), ("",), ("", "error", "timeout"), ("and then", "truncated"))


def test_a_run_of_ours_is_read_from_its_store(tmp_path: Path, items: tuple[Item, ...]) -> None:
    made = [
        Prediction(one.task_id, n, one.instance_id, one.input, "prompt", one.outputs, Completion(*answer))
        for n, (one, answer) in enumerate(zip(items, _MADE, strict=False))
    ]
    store = RunStore(tmp_path)
    store.put(list(enumerate(made)))
    store.close()
    (tmp_path / "manifest.json").write_bytes(MANIFEST)
    taken = read_upload(tmp_path, items)
    assert (taken.kind, taken.answers[:5]) == ("run", ("a", "", None, "and then", None))
    assert taken.report["matched_by"] == {"id": 4}
    assert (taken.truncated, taken.report["truncated"]) == ((3,), 1)
    assert taken.claims["protocol"] == "strict"


@pytest.mark.parametrize(
    "files", [{"a.txt": b"x"}, {"a/predictions.csv": b"", "b/predictions.csv": b""}, {"[Content_Types].xml": b""}, {}]
)
def test_zips_of_something_else(tmp_path: Path, items: tuple[Item, ...], files: dict[str, bytes]) -> None:
    refused(zipped(tmp_path / "a.zip", files), items)


def test_a_folder_of_something_else(tmp_path: Path, items: tuple[Item, ...]) -> None:
    assert "without predictions.csv" in refused(tmp_path, items)


def parquet(path: Path, columns: dict[str, list[object]]) -> Path:
    import pyarrow
    import pyarrow.parquet as pq

    pq.write_table(pyarrow.table(columns), path)
    return path


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_what_a_table_says_was_cut_or_never_answered(tmp_path: Path, items: tuple[Item, ...], kind: str) -> None:
    statuses = ["ok", " Truncated", "truncated", "error", "unheard of"]
    outputs = ["a", "and then", "", "", "b"]
    rows = [
        (item.task_id, item.input, "", output, item.instance_id, status)
        for item, output, status in zip(items, outputs, statuses, strict=False)
    ]
    names = ("task_id", "input", "GT", "output", "instance_id", "status")
    if kind == "csv":
        path = write_csv(tmp_path / "a", rows, names)
    else:
        path = parquet(tmp_path / "a", dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    taken = read_upload(path, items)
    assert taken.answers[:5] == ("a", "and then", "", None, "b")
    assert taken.truncated == (1, 2)


def test_parquet_of_other_types(tmp_path: Path) -> None:
    items = [Item(0, "7", "1", "open", "Is it?", ("3",)), Item(1, "7", "2", "open", "Was it?", ("4",))]
    path = parquet(
        tmp_path / "a",
        {"task_id": [7, 7], "instance_id": [1, 2], "input": ["", None], "GT": [3, 4], "output": ["x", None]},
    )
    made = read_upload(path, items)
    assert made.answers == ("x", "")
    assert made.report["references_changed"]["count"] == 0
    assert "holds no texts" in refused(
        parquet(tmp_path / "b", {"task_id": ["7"], "input": ["a"], "output": [[1]]}), tuple(items)
    )
    assert "has no column output" in refused(parquet(tmp_path / "c", {"task_id": ["7"], "input": ["a"]}), tuple(items))


SMALL = Limits(bytes=2_000_000, rows=500, columns=8, cell=10_000, answers=500_000)
BOMBS: dict[str, Callable[[], bytes]] = {
    "gzip": lambda: gzip.compress(HEAD + b"x" * 60_000_000),
    "gzip of rows": lambda: gzip.compress(HEAD + b"ward_facts,a,b,c\n" * 2_000_000),
    "one line": lambda: HEAD + b"x" * 1_500_000,
    "one line of commas": lambda: HEAD + b"," * 1_500_000,
    "columns": lambda: b",".join([b"a"] * 1_000) + b"\n",
    "rows": lambda: HEAD + b"ward_facts,a,b,c\n" * 501,
    "a long output": lambda: HEAD + b"ward_facts,a,b," + b"x" * 10_001 + b"\n",
    "lines in quotes": lambda: HEAD + b'"' + b"x\n" * 700_000,
    "cells over lines": lambda: HEAD + b'"\n",' * 300_000,
    "long outputs together": lambda: HEAD + (b"ward_facts,a,b," + b"x" * 9_999 + b"\n") * 60,
    "zip": lambda: _zip_bomb(),
    "many members": lambda: _many_members(),
}


def _zip_bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("predictions.csv", HEAD + b"x\n" * 30_000_000)
    return stream.getvalue()


def _many_members() -> bytes:
    return b"PK\x03\x04" + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 65_000, 65_000, 1 << 30, 0, 0)


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_stopped_early_and_in_little_memory(tmp_path: Path, items: tuple[Item, ...], name: str) -> None:
    (tmp_path / "a").write_bytes(BOMBS[name]())
    start = time.process_time()
    tracemalloc.start()
    text = refused(tmp_path / "a", items, SMALL)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "too large" in text or "too many" in text or "a row of more than" in text or "cells where" in text
    assert peak < 40_000_000
    assert time.process_time() - start < 5


def test_a_parquet_dictionary_bomb_is_stopped(tmp_path: Path, items: tuple[Item, ...]) -> None:
    rows = 400
    columns = {"task_id": ["ward_facts"] * rows, "input": ["a"] * rows, "output": ["x" * 1_000_000] * rows}
    path = parquet(tmp_path / "a", columns)
    assert path.stat().st_size < 1_100_000
    assert "too large" in refused(path, items, SMALL)
    assert "more than 100 rows" in refused(path, items, Limits(rows=100))


def test_nothing_of_the_upload_is_in_the_report(tmp_path: Path, items: tuple[Item, ...]) -> None:
    rows = [(t, q, "canary-reference", "canary-output") for t, q, _, _ in upload(items)]
    made: Intake = read_upload(write_csv(tmp_path / "a.csv", rows[:40]), items)
    assert "canary" not in str(made.report)
    assert made.report["references_changed"]["count"] == 40
    assert (
        made.report["missing"] == {"count": 50, "tasks": {"ward_facts": 20, "ward_mcqa": 30}}
        or made.report["missing"]["count"] == 50
    )
