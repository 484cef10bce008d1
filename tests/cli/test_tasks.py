"""``medsins tasks`` as users and scripts call it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from medsins.cli.main import main
from medsins.core import Card, Instance
from medsins.tasks import open_writer


def drugs(path: Path, rows: int = 30, **changes: Any) -> Path:
    card = Card(
        contributors=("A. Nurse",),
        source=("invented",),
        categories=("NER",),
        definition=("List the drugs.",),
        input_language=("English",),
        output_language=("English",),
        domains=("clinical texts",),
    )
    with open_writer(path, card) as writer:
        writer.write([Instance(f"i{n}", f"She takes drug{n}.", (f"drug{n}",)) for n in range(rows)])
    return path


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_validate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drugs(tmp_path / "a.json")
    assert run(capsys, "tasks", "validate", tmp_path) == (0, "", "1 file, 0 errors, 0 warnings\n")
    drugs(tmp_path / "b.jsonl", rows=1).write_text('{"input": ""}\n{"input": "x" "output": "y"}\n')
    code, out, _ = run(capsys, "tasks", "validate", tmp_path, "--html", tmp_path / "report.html")
    assert code == 1
    assert "b.jsonl: line 2, column 15: is not JSON" in out
    assert "b.jsonl: line 1.output: is missing" in out
    assert "b.jsonl" in (tmp_path / "report.html").read_text(encoding="utf-8")
    code, out, _ = run(capsys, "tasks", "validate", tmp_path, "--json")
    found = json.loads(out)
    assert code == 1
    assert found["files"] == 2
    assert found["errors"] == sum(1 + row["more"] for row in found["problems"] if row["level"] == "error") >= 3
    assert {"file", "place", "what", "mend", "kind"} <= set(found["problems"][0])


def test_warnings_alone_are_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = drugs(tmp_path / "a.json")
    path.write_text(path.read_text().replace("drug3.", "drug4."))
    code, out, err = run(capsys, "tasks", "validate", path)
    assert code == 0
    assert "with another output" in out
    assert "1 file, 0 errors, 1 warning\n" in err


@pytest.mark.parametrize("ending", [".jsonl", ".parquet", ".xlsx", ".json.gz"])
def test_convert(tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str) -> None:
    source, target = drugs(tmp_path / "a.json"), tmp_path / f"b{ending}"
    assert run(capsys, "tasks", "convert", source, target) == (0, f"{target}\n", "30 instances\n")
    code, out, _ = run(capsys, "tasks", "convert", target, tmp_path / "c.json", "--json")
    assert (code, json.loads(out)["instances"]) == (0, 30)
    assert (tmp_path / "c.json").read_bytes() == source.read_bytes()


def test_stats_split_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = drugs(tmp_path / "a.json")
    code, out, _ = run(capsys, "tasks", "stats", path)
    assert code == 0
    assert "30" in out
    code, out, _ = run(capsys, "tasks", "stats", path, "--json")
    assert json.loads(out)[0]["lengths"]["input"]["words"]["mean"] == 3.0
    code, out, err = run(capsys, "tasks", "split", path, "-o", tmp_path / "parts")
    assert (code, err) == (0, "27 train, 3 test\n")
    code, out, _ = run(capsys, "tasks", "split", path, "--test", "0.5", "--json", "-o", tmp_path / "half")
    assert json.loads(out)["test_instances"] == 15
    code, out, _ = run(capsys, "tasks", "show", path, "--index", "7", "--json")
    assert json.loads(out)["instance"] == {"id": "i7", "input": "She takes drug7.", "output": ["drug7"]}
    code, out, _ = run(capsys, "tasks", "show", path)
    assert "drug0" in out


def test_template(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.xlsx"
    assert run(capsys, "tasks", "template", "-o", path, "--category", "ner") == (0, f"{path}\n", "")
    code, out, _ = run(capsys, "tasks", "validate", path)
    assert code == 1
    assert "sheet 'Instances': has no instances" in out


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["tasks", "template", "-o", "a.xls"], 2, "ending in .xlsx"),
        (["tasks", "template", "-o", "a.xlsx", "--category", "Diagnosys"], 2, "did you mean Diagnosis"),
        (["tasks", "convert", "none.json", "b.jsonl"], 2, "none.json: no such file"),
        (["tasks", "convert", "none.txt", "b.jsonl"], 2, "no such file"),
        (["tasks", "validate", "none.json"], 2, "no such file or folder"),
        (["tasks", "split", "none.json"], 2, "no such file"),
        (["tasks", "show", "none.parquet"], 2, "no such file"),
        (["tasks", "stats", "none.jsonl"], 2, "no such file or folder"),
        (["tasks", "stats"], 2, "the following arguments are required: PATH"),
        (["tasks", "validat", "a.json"], 2, "did you mean validate?"),
        (["tasks", "validate", "a.json", "--htm", "x"], 2, "unrecognized arguments: --htm x"),
        (["tasks", "show", "a.json", "--index", "x"], 2, "'x' is no whole number"),
        (["tasks", "split", "a.json", "--seed", "1.5"], 2, "'1.5' is no whole number"),
        (["tasks", "split", "a.json", "--test", "ten"], 2, "invalid float value: 'ten'"),
        (["tasks", "card", "a.json", "--release", "2"], 2, "'2' is no version: write it as 1.0.0"),
        (["tasks", "export", "a.json", "--to", "trl"], 2, "the following arguments are required: -o/--output"),
        (["tasks", "export", "a.json", "--to", "Trl", "-o", "x"], 2, "did you mean trl"),
        (["tasks", "export", "a.json", "--to", "inspect", "-o", "x", "--protocol", "papers"], 2, "did you mean paper"),
        (["tasks", "template", "-o", "."], 2, ". is a folder: give the name of a file"),
        (["tasks", "convert", "a.json", "."], 2, ". is a folder: give the name of a file"),
        (["tasks", "validate", "a.json", "--html", ".."], 2, ".. is a folder: give the name of a file"),
        (["catalog", "plot", "--kind", "sankey", "-o", "."], 2, ". is a folder: give the name of a file"),
        (["catalog", "plot", "--kind", "pie", "-o", "x.svg"], 2, "invalid choice: 'pie'"),
        (["catalog", "plot", "--kind", "sankey", "-o", "x.gif"], 2, "ending in .html, .svg, .png"),
        (["catalog", "plot", "--kind", "sankey", "-o", "x.svg", "none"], 2, "no such file or folder"),
    ],
)
def test_wrong_usage_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
    expected: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    found, _, err = run(capsys, *words)
    assert found == code
    assert expected in err
    assert list(tmp_path.iterdir()) == []


def test_progress_of_large_files_goes_to_stderr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = drugs(tmp_path / "a.json", rows=60_000)
    code = "import medsins.cli._file_progress as p, medsins.cli.main as m, sys; "
    code += f"p.SHOWN_FROM, p.PLAIN_INTERVAL = 0, 0.0; sys.exit(m.main(['tasks', 'validate', {str(path)!r}, '--json']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["instances"] == 60_000
    assert "a.json: " in done.stderr
    assert "MB/s" in done.stderr


FILE_OPTIONS = [
    ["template", "-o", "{}"],
    ["convert", "a.json", "{}"],
    ["validate", "a.json", "--html", "{}"],
    ["split", "a.json", "-o", "{}"],
    ["card", "a.json", "-o", "{}"],
    ["export", "a.json", "--to", "trl", "-o", "{}"],
]


@pytest.mark.parametrize("words", FILE_OPTIONS, ids=lambda words: words[0])
def test_nothing_is_written_below_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    drugs(tmp_path / "a.json")
    place = "a.json/below/it.xlsx"
    code, out, err = run(capsys, "tasks", *(word.format(place) for word in words))
    assert (code, out) == (2, "")
    assert f"{place} cannot be made: a.json is a file, not a folder" in err
    if words[0] in ("split", "card", "export"):
        code, _, err = run(capsys, "tasks", *(word.format("a.json") for word in words))
        assert code == 2
        assert "a.json is a file: give the name of a folder" in err
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_endings_in_capitals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "tasks", "template", "-o", tmp_path / "NEW.XLSX")[0] == 0
    source = drugs(tmp_path / "DRUGS.JSON")
    assert run(capsys, "tasks", "convert", source, tmp_path / "mine" / "b.JSONL.GZ")[0] == 0
    assert run(capsys, "tasks", "validate", tmp_path / "mine")[0] == 0
    code, out, _ = run(capsys, "tasks", "stats", tmp_path / "mine", source, "--json")
    assert (code, [stats["instances"] for stats in json.loads(out)]) == (0, [30, 30])
    assert run(capsys, "catalog", "plot", "--kind", "sunburst", "-o", tmp_path / "A.SVG", source)[0] == 0
    assert (tmp_path / "A.SVG").read_text(encoding="utf-8").startswith("<svg")
