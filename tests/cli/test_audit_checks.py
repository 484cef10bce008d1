"""``medsins audit duplicates``, ``labels`` and ``identifiers`` as users and scripts call them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medsins.cli.main import main
from medsins.core import Card, Instance
from medsins.tasks import open_writer

VERBS = ("duplicates", "labels", "identifiers")
SECRET = "Quirkmeyer"


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def faulty(path: Path) -> Path:
    """A task with a repeated input, one label only and somebody's name."""
    with open_writer(path, Card(categories=("Fact Verification",), definition=("Answer yes or no.",))) as writer:
        texts = [f"Dr. {SECRET} of ward {n} wrote this down, DOB: 03/14/1961." for n in (*range(30), 3)]
        writer.write([Instance(f"i{n}", text, ("yes",)) for n, text in enumerate(texts)])
    return path


def clean(path: Path) -> Path:
    with open_writer(path, Card(categories=("Fact Verification",), definition=("Answer yes or no.",))) as writer:
        writer.write([Instance(f"i{n}", f"Claim number {n} of a list.", (("yes", "no")[n % 2],)) for n in range(40)])
    return path


@pytest.mark.parametrize("verb", VERBS)
def test_findings_and_exit_codes(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    code, out, err = run(capsys, "audit", verb, faulty(tmp_path / "t.json"), "--html", page)
    assert code == 1
    assert "1 check:" in out
    assert str(page) in err
    assert "<html" in page.read_text(encoding="utf-8")
    code, out, _ = run(capsys, "audit", verb, clean(tmp_path / "c.json"))
    assert code == 0
    assert "1 check: 0 errors, 0 warnings" in out


@pytest.mark.parametrize("verb", VERBS)
def test_json_is_one_document(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = faulty(tmp_path / "t.json")
    code, out, _ = run(capsys, "audit", verb, path, "--json")
    document = json.loads(out)
    assert code == 1
    assert (document["kind"], document["sources"], document["clean"]) == ("audit", [str(path)], False)
    assert [section["check"] for section in document["sections"]] == [verb]
    assert document["sections"][0]["settings"]["files"].keys() == {"t"}


@pytest.mark.parametrize("verb", VERBS)
def test_a_bundled_suite_by_its_name(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(capsys, "audit", verb, "mini", "--json")
    section = json.loads(out)["sections"][0]
    assert code == 0, section["findings"]
    assert len(section["settings"]["files"]) == 56  # test tasks and their shots


def test_a_find_is_shown_only_when_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, page = faulty(tmp_path / "t.json"), tmp_path / "page.html"
    _, out, err = run(capsys, "audit", "identifiers", path, "-v", "--html", page)
    _, printed, _ = run(capsys, "audit", "identifiers", path, "--json")
    assert SECRET not in out + err + printed + page.read_text(encoding="utf-8")
    assert "03/14/1961" not in out + err + printed + page.read_text(encoding="utf-8")
    _, out, _ = run(capsys, "audit", "identifiers", path, "--show-text", "--json", "--html", page)
    assert SECRET in out
    assert SECRET in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["nowhere"], 2, "no such file or folder"),
        (["empty"], 2, "no task files in this folder"),
        (["notes.txt"], 2, "not a task file"),
        (["cut.json"], 1, "cut.json: line 1"),
        (["bad.jsonl"], 1, "bad.jsonl: line 2"),
        (["c.json", "--html", "empty"], 2, "is a folder"),
        (["c.json", "--html", "c.json/x.html"], 2, "is a file, not a folder"),
        ([], 2, "required"),
        (["c.json", "--jsn"], 2, "did you mean --json"),
        (["minl"], 2, "no such file or folder"),
    ],
    ids=[
        "absent",
        "empty",
        "text",
        "cut",
        "bad line",
        "page is folder",
        "page below file",
        "nothing",
        "option",
        "suite",
    ],
)
def test_wrong_inputs(
    verb: str,
    words: list[str],
    code: int,
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    (tmp_path / "cut.json").write_text('{"Categories": ["NLI"], "Instances": [{"input": "a"', encoding="utf-8")
    (tmp_path / "bad.jsonl").write_text('{"input": "a", "output": "b"}\n{"input": 7}\nnot json\n', encoding="utf-8")
    clean(tmp_path / "c.json")
    found, out, err = run(capsys, "audit", verb, *words)
    assert found == code
    assert told in err
    assert "Traceback" not in out + err
