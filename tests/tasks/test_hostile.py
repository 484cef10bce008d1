"""Files that are broken, odd or meant to harm: each is read or refused with its place, quickly and in little memory."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medsins.cli.main import main
from medsins.core import Instance, MedsinsError, Problem
from medsins.tasks import convert, open_reader, open_writer, show_instance, split_task, task_stats, validate

from .fuzz import mutated_files
from .samples import CARD, content, read_all

ROW = '{"id": "1", "input": "pain é", "output": ["none"]}'
TEXT = f'{{"Categories": ["NER"], "Definition": ["List it."], "Instances": [{ROW}]}}'
AT_TEXT, AT_OUTPUT = TEXT.index("pain"), TEXT.index('["none"]')
DEEP = 100_000


def errors(path: Path, raw: bytes | str) -> list[str]:
    """What the file's errors say, without its name; every verb that reads it must say no worse than that."""
    path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    found = [finding for finding in validate(path).findings if finding.level == "error"]
    copy = path.with_suffix(".copy.jsonl")
    for verb in (task_stats, lambda one: convert(one, copy), lambda one: show_instance(one, 0)):
        if found:
            with pytest.raises(MedsinsError) as caught:
                verb(path)
            assert str(path) in str(caught.value)
        else:
            verb(path)
    return [str(finding.problem).removeprefix(str(path)).removeprefix(": ") for finding in found]


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize(
    ("name", "around"),
    [
        ("drugs.json", lambda deep: deep),
        ("drugs.json", lambda deep: TEXT.replace('["List it."]', deep)),
        ("drugs.json", lambda deep: TEXT.replace('["none"]', deep)),
        ("drugs.json", lambda deep: TEXT.replace('"id"', f'"note": {deep}, "id"')),
        ("drugs.jsonl", lambda deep: ROW.replace('["none"]', deep)),
    ],
)
def test_values_nested_a_hundred_thousand_deep(
    tmp_path: Path, name: str, around: Callable[[str], str], opening: str, closing: str
) -> None:
    found = errors(tmp_path / name, around(opening * DEEP + "1" + closing * DEEP))
    assert found[0].startswith("line 1, column")
    assert "is nested too deeply" in found[0]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "gbk", "latin-1", "utf-32"])
@pytest.mark.parametrize(("name", "text"), [("drugs.json", TEXT), ("drugs.jsonl", ROW)])
def test_other_encodings_are_refused_with_their_place(tmp_path: Path, name: str, text: str, encoding: str) -> None:
    found = errors(tmp_path / name, text.encode(encoding))
    assert found[0].startswith("line 1, column")
    assert ("is UTF-16" if encoding.startswith("utf") else "is not UTF-8") in found[0]
    assert "save it as UTF-8" in found[0]


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        (
            "drugs.json",
            TEXT.replace("pain", "pa\0in"),
            f"line 1, column {AT_TEXT + 3}: is not JSON: Invalid",
        ),
        ("drugs.json", "\0" * 1000, "line 1, column 1: is not JSON: Expecting value"),
        ("drugs.jsonl", f"{ROW}\n\0\n", "line 2, column 1: is not JSON: Expecting value"),
        ("drugs.jsonl", f"{ROW}\r{ROW}\r", "line 1, column 52: is not JSON: Extra data"),
        ("drugs.jsonl", f"{ROW}\n\ufeff{ROW}\n", "line 2, column 1: is not JSON: Expecting value"),
        ("drugs.json", TEXT.replace('"id"', '"input": "x", "id"'), "$.Instances[0]: has the key 'input' twice"),
        ("drugs.json", TEXT.replace('"Categories"', '"categories": [], "Categories"'), "$.Categories: has the key"),
        ("drugs.json", TEXT.replace('"Instances"', '"Instances": [], "Instances"'), "$.Instances: has the key"),
        ("drugs.jsonl", ROW.replace('"id"', '"note": 1, "note": 2, "id"'), "line 1: has the key 'note' twice"),
        (
            "drugs.json",
            TEXT.replace('["none"]', "NaN"),
            f"line 1, column {AT_OUTPUT + 1}: holds NaN, which is",
        ),
        (
            "drugs.json",
            TEXT.replace('["none"]', "-Infinity"),
            f"column {AT_OUTPUT + 1}: holds -Infinity, which is not JSON",
        ),
        (
            "drugs.json",
            TEXT.replace('["none"]', "1e999"),
            f"column {AT_OUTPUT + 1}: holds the number 1e999, which is too large",
        ),
        ("drugs.json", TEXT.replace('["none"]', "9" * 5000), f"column {AT_OUTPUT + 1}: holds a number of thousands"),
        ("drugs.jsonl", ROW[:20], "line 1, column 21: is not JSON: Expecting value"),
        ("drugs.json", TEXT[:-3] + ",]}", "line 1, column 117"),
        ("drugs.json", TEXT.replace("pain", "\\ud83d"), "$.Instances[0]: holds half of a surrogate pair"),
        ("drugs.json", "", "line 1, column 1: is not JSON: Expecting value"),
        ("drugs.json.gz", gzip.compress(gzip.compress(TEXT.encode())), "line 1, column 2: is not UTF-8 (byte 0x8b)"),
        ("drugs.json.gz", gzip.compress(TEXT.encode())[:-9], "not a whole gzip file"),
        ("drugs.jsonl.zst", ROW, "not a whole zstd file"),
        ("drugs.parquet", ROW, "is not a whole Parquet file"),
        ("drugs.xlsx", "Input;Output\n", "is not an Excel workbook"),
    ],
)
def test_what_is_refused_is_named_with_its_place(tmp_path: Path, name: str, raw: bytes | str, expected: str) -> None:
    assert expected in errors(tmp_path / name, raw)[0]


@pytest.mark.parametrize("raw", ["", "\0", "\x1f\x8b", "{", "PK", "PAR1"])
@pytest.mark.parametrize("ending", [".json", ".jsonl", ".xlsx", ".parquet", ".json.gz", ".jsonl.zst"])
def test_a_file_of_which_nothing_can_be_read_has_one_error(tmp_path: Path, raw: str, ending: str) -> None:
    path = tmp_path / f"drugs{ending}"
    path.write_bytes(raw.encode("latin-1"))
    found = validate(path)
    if not (raw == "" and ending.startswith(".jsonl")):  # an empty list of lines is sound, and has no instances
        assert [finding.kind for finding in found.findings] == ["format"]


@pytest.mark.parametrize("text", ["\ufeff" + TEXT, TEXT.replace(", ", ",\r"), TEXT.replace(", ", ",\r\n\t ")])
def test_marks_and_line_ends_that_do_no_harm(tmp_path: Path, text: str) -> None:
    assert errors(tmp_path / "drugs.json", text) == []
    assert read_all(tmp_path / "drugs.json")[0].input == "pain é"


def test_a_million_outputs_and_two_hundred_thousand_keys(tmp_path: Path) -> None:
    many = ", ".join(['"x"'] * 1_000_000)
    assert errors(tmp_path / "drugs.json", TEXT.replace('"none"', many)) == []
    keys = ", ".join(f'"k{number}": {number}' for number in range(200_000))
    assert errors(tmp_path / "drugs.json", TEXT.replace('"id"', f'{keys}, "id"')) == []
    assert len(read_all(tmp_path / "drugs.json")[0].extra) == 200_000
    some = keys[: keys.index(', "k20000"')]
    assert errors(tmp_path / "drugs.json", TEXT.replace('"Categories"', f'{some}, "Categories"')) == []


def test_ten_thousand_columns_of_a_parquet_file(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"input": ["a"], "output": ["b"], **{f"c{number}": [number] for number in range(10_000)}}
    pq.write_table(pa.table(columns), tmp_path / "drugs.parquet")
    assert len(read_all(tmp_path / "drugs.parquet")[0].extra) == 10_000


BOMBS = {
    "one value": ("drugs.json", b'{"Instances": [{"input": "', b"a" * 1000, 200, "a value of more than 64 MiB"),
    "one line": ("drugs.jsonl", b'{"input": "', b"a" * 1000, 200, "a value of more than 64 MiB"),
    "brackets": ("drugs.json", b'{"Instances": [{"input": ', b"[" * 1000, 200, "is nested too deeply"),
    "blanks": ("drugs.json", b'{"Instances": [', b" " * 1000, 200, "is not JSON"),
    "empty lines": ("drugs.jsonl", b'{"input": "a"}', b"\n" * 1000, 200, "line 1.output: is missing"),
}


@pytest.mark.parametrize("packing", [".gz", ".zst"])
@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_in_little_memory(tmp_path: Path, bomb: str, packing: str) -> None:
    name, head, part, megabytes, expected = BOMBS[bomb]
    path = tmp_path / f"{name}{packing}"
    pack(path, head, part * 1000, megabytes)
    assert path.stat().st_size < 4 << 20
    code = "import sys, time; from pathlib import Path; from medsins.tasks import validate; "
    code += "found = [str(f.problem) for f in validate(Path(sys.argv[1])).findings if f.level == 'error']; "
    code += "peak = Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0]; "  # not that of the parent
    code += "print(int(peak) >> 10, time.process_time(), *found, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
    megabytes_used, seconds, *found = done.stdout.splitlines()
    assert any(expected in line for line in found), (found, done.stderr)
    assert int(megabytes_used) < 700
    assert float(seconds) < 30


def pack(path: Path, head: bytes, part: bytes, count: int) -> None:
    if path.suffix == ".gz":
        with gzip.open(path, "wb", compresslevel=9) as stream:
            stream.write(head)
            for _ in range(count):
                stream.write(part)
        return
    import pyarrow as pa

    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write(head)
        for _ in range(count):
            stream.write(part)


def every_verb(path: Path, folder: Path) -> list[Callable[[], Any]]:
    return [
        lambda: convert(path, folder / "copy.parquet"),
        lambda: convert(path, folder / "copy.xlsx"),
        lambda: task_stats(path),
        lambda: split_task(path, folder),
        lambda: show_instance(path, 1),
        lambda: read_all(path),
    ]


def told(verb: Callable[[], Any]) -> tuple[Problem, ...]:
    """What the one kind of error says that a file may cause; any other is a fault of ours."""
    try:
        verb()
    except MedsinsError as error:
        return error.problems
    return ()


def check_verbs(folder: Path, count: int, seed: int) -> int:
    """How many readings of mutated files were refused; none may end otherwise than by a message with the file in it."""
    out = folder / "out"
    out.mkdir()
    refused = 0
    for number, path in enumerate(mutated_files(folder, count, seed)):
        verb = every_verb(path, out)[number % 6]
        problems = told(verb)
        refused += bool(problems)
        assert all(problem.what for problem in problems)
        assert all(path.name in problem.place or "instance" in problem.place for problem in problems), problems
    assert [left.name for left in out.iterdir() if left.name.startswith(".")] == []
    return refused


def test_every_verb_reads_or_refuses_mutated_files(tmp_path: Path) -> None:
    assert 100 < check_verbs(tmp_path, 300, seed=3) < 300


@pytest.mark.slow
def test_every_verb_reads_or_refuses_ten_thousand_mutated_files(tmp_path: Path) -> None:
    assert 3000 < check_verbs(tmp_path, 10_000, seed=4) < 10_000


WRONG = ["missing.json", "missing.txt", "empty", "notes.txt", "folder.json", "dangling.json"]
BROKEN = ["cut.json", "cut.xlsx", "cut.parquet", "cut.json.gz", "utf16.jsonl", "types.json"]
VERBS: dict[str, list[str]] = {
    "validate": ["tasks", "validate", "{}"],
    "show": ["tasks", "show", "{}"],
    "stats": ["tasks", "stats", "{}"],
    "split": ["tasks", "split", "{}", "-o", "out"],
    "convert": ["tasks", "convert", "{}", "out/copy.jsonl"],
    "card": ["tasks", "card", "{}", "-o", "out"],
    "export": ["tasks", "export", "{}", "--to", "trl", "-o", "out/trl"],
    "plot": ["catalog", "plot", "--kind", "sankey", "-o", "out/figure.svg", "{}"],
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", [*WRONG, *BROKEN])
def test_wrong_paths_end_with_two_and_broken_files_with_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verb: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("empty", "folder.json"):
        Path(folder).mkdir()
    Path("notes.txt").write_text("notes")
    Path("dangling.json").symlink_to("nowhere.json")
    for broken in BROKEN[:4]:
        Path(broken).write_bytes(b"\x1f\x8b\x08" if broken.endswith("gz") else b"{")
    Path("utf16.jsonl").write_bytes(ROW.encode("utf-16"))
    Path("types.json").write_text(TEXT.replace('"pain é"', "[]"))
    code = main([word.format(name) for word in VERBS[verb]])
    printed = capsys.readouterr()
    assert code == (2 if name in WRONG else 1), printed.err
    assert name in printed.out + printed.err
    assert "Traceback" not in printed.err
    assert not Path("out").exists() or list(Path("out").iterdir()) == []


def test_sound_files_still_round_trip_beside_all_this(tmp_path: Path) -> None:
    rows = [Instance("a", "\0\r\ufeff", ("\x85\u2028", ""), True)]
    for ending in (".json", ".jsonl.gz", ".parquet", ".xlsx"):
        with open_writer(tmp_path / f"drugs{ending}", CARD) as writer:
            writer.write(rows)
        assert content(open_reader(tmp_path / f"drugs{ending}")) == content(rows)


def test_json_output_of_findings_is_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "drugs.json"
    path.write_text(TEXT.replace("pain", "\\ud83d"))
    assert main(["tasks", "validate", str(path), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["errors"], document["problems"][0]["place"]) == (1, f"{path}: $.Instances[0]")
