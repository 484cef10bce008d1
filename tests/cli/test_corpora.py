"""``medsins corpora``: list, show, build."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medsins.cli.main import main

FIXTURES = Path(__file__).resolve().parents[1] / "corpora" / "fixtures"


def test_list_by_access(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpora", "list", "--access", "open", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["access"] for row in rows} == {"open"}
    assert "task114" in next(row for row in rows if row["name"] == "meqsum")["tasks"]
    assert main(["corpora", "list", "--access", "opn"]) == 2
    assert "did you mean open" in capsys.readouterr().err


def test_list_and_catalogue_show_tables(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["corpora", "list"], ["catalog", "corpora"]):
        assert main(command) == 0
        assert "pico" in capsys.readouterr().out


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpora", "show", "disease_ontology"]) == 0
    shown = capsys.readouterr().out
    for part in ("CC0 1.0", "doid.obo", "direction=second|first", "task46: Explanation"):
        assert part in shown
    assert main(["corpora", "show", "pubmedqa"]) == 0
    assert "(only with --task)" in capsys.readouterr().out
    assert main(["corpora", "show", "disease-ontology", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "disease_ontology"


def test_unknown_corpus_is_answered_with_a_suggestion(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["corpora", "show", "meqsun"]) == 2
    assert "did you mean meqsum" in capsys.readouterr().err
    assert main(["corpora", "build", "meqsun", "--raw", str(tmp_path), "-o", str(tmp_path)]) == 2


def test_build_writes_and_then_leaves_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command = ["corpora", "build", "pico", "--raw", str(FIXTURES / "pico"), "-o", str(tmp_path), "--task", "task2"]
    assert main(command) == 0
    shown = capsys.readouterr()
    assert "task2.json: 3 instances" in shown.out
    assert "note: task2: 3 instances, the release gives 423" in shown.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["task2.json", "task2.provenance.json"]
    assert main(command) == 0
    assert "task2.json: already built" in capsys.readouterr().out


def test_build_as_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command = ["corpora", "build", "igakuqa", "--raw", str(FIXTURES / "igakuqa"), "-o", str(tmp_path), "--json", "-q"]
    assert main(command) == 0
    shown = capsys.readouterr()
    (report,) = json.loads(shown.out)["corpora"]
    assert report["written"][0]["instances"] == 2
    assert sum(report["written"][0]["reasons"].values()) == 2
    assert shown.err == ""


def test_build_of_several_with_one_missing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = str(tmp_path)
    assert main(["corpora", "build", "pico", "hoc", "meqsum", "--raw", str(FIXTURES), "-o", out]) == 1
    shown = capsys.readouterr()
    assert "task106.json" in shown.out
    assert "MeQSum_ACL2019" in shown.err
    assert "Traceback" not in shown.err


def test_wrong_settings_and_folders_end_with_two(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    base = ["corpora", "build", "disease_ontology", "--raw", str(FIXTURES / "disease_ontology"), "-o", str(tmp_path)]
    assert main([*base, "--set", "direction"]) == 2
    assert "NAME=VALUE" in capsys.readouterr().err
    assert main([*base, "--set", "direction=up"]) == 2
    assert main(["corpora", "build", "pico", "--raw", str(tmp_path / "nowhere"), "-o", str(tmp_path)]) == 2
    assert "no such folder" in capsys.readouterr().err
    assert main([*base, "--set", "direction=first", "--split", "train", "--seed", "3"]) == 0
