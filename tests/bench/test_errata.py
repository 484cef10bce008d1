"""Scores with corrected references beside the scores as they were: the same answers, nothing else changed."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from medsins.bench.errata import correct
from medsins.bench.runner import run
from medsins.bench.scoring import SCORES, score_run
from medsins.bench.scoring_source import source_of_run
from medsins.bench.spec import RunSpec
from medsins.cli.main import main
from medsins.core import Card, Instance, InvalidFile, Task
from medsins.reports import print_scores, write_report
from medsins.tasks import write_task
from medsins.tasks.errata import Correction, Errata, references_digest, write_errata

ANSWERS = ("Yes", "No", "Yes", "Maybe", "No")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that always answers Yes."""
    folder = tmp_path_factory.mktemp("errata")
    card = Card(categories=("Fact Verification",), definition=("Is it so?",), output_language=("English",))
    instances = tuple(Instance(f"c-{i}", f"Claim {i}", (answer,)) for i, answer in enumerate(ANSWERS))
    write_task(Task("claims", card, instances, "Fact Verification"), folder / "claims.json")
    run(RunSpec(model="mock:say=Yes", tasks=(str(folder / "claims.json"),)), folder / "run")
    return folder / "run"


def correction(place: int, **what: Any) -> Correction:
    return Correction("claims", f"c-{place}", references_digest(ANSWERS[place : place + 1]), "why", "me", "2026-02-14",
                      **what)  # fmt: skip


def accuracy(document: dict[str, Any], profile: str = "strict") -> float:
    return float(document["profiles"][profile]["tasks"]["claims"]["metrics"]["accuracy"])


def test_scores_with_and_without(finished: Path) -> None:
    plain = score_run(finished, resamples=20)
    errata = Errata((correction(1, outputs=("Yes",)), correction(3, also_accept=("Yes",)), correction(4, drop=True)))
    both = score_run(finished, resamples=20, errata=errata)
    assert accuracy(plain) == pytest.approx(40)
    assert {key: value for key, value in both.items() if key != "errata"} == plain
    assert accuracy(both["errata"]) == pytest.approx(100)
    assert both["errata"]["profiles"]["strict"]["tasks"]["claims"]["rows"] == 4
    assert [entry["instance"] for entry in both["errata"]["changed"]] == ["c-1", "c-3"]
    assert [entry["instance"] for entry in both["errata"]["dropped"]] == ["c-4"]
    assert json.loads((finished / SCORES).read_text()) == both


def test_the_published_profile_reads_the_first_reference_only(finished: Path) -> None:
    replaced = score_run(finished, resamples=20, errata=Errata((correction(1, outputs=("Yes",)),)))
    accepted = score_run(finished, resamples=20, errata=Errata((correction(1, also_accept=("Yes",)),)))
    assert accuracy(replaced["errata"], "official") == pytest.approx(60)
    assert accuracy(accepted["errata"], "official") == pytest.approx(40)
    assert accuracy(accepted["errata"]) == pytest.approx(60)


def test_signatures_name_the_overlay(finished: Path) -> None:
    errata = Errata((correction(1, outputs=("Yes",)),))
    document = score_run(finished, resamples=20, errata=errata)
    for profile in ("strict", "official"):
        assert f"|errata:#{errata.digest[:8]}|" in document["errata"]["profiles"][profile]["signature"]
        assert "errata" not in document["profiles"][profile]["signature"]


def test_corrections_of_another_version_are_refused_all_at_once(finished: Path) -> None:
    stale = [replace(correction(place, drop=True), references="0" * 16, line=place) for place in (1, 2)]
    with pytest.raises(InvalidFile) as caught:
        correct(source_of_run(finished), Errata(tuple(stale), "old.jsonl"))
    assert [problem.place for problem in caught.value.problems] == ["old.jsonl, line 1", "old.jsonl, line 2"]
    assert references_digest(("No",)) in str(caught.value)


def test_two_rows_of_one_name_cannot_be_corrected(finished: Path) -> None:
    source = source_of_run(finished)
    twins = replace(source, instances={row.row: "c-0" for row in source.rows})
    with pytest.raises(InvalidFile, match="the name of two rows"):
        correct(twins, Errata((correction(0, drop=True),)))


def test_a_task_of_which_nothing_is_left_has_no_score(finished: Path) -> None:
    everything = Errata(tuple(correction(place, drop=True) for place in range(len(ANSWERS))))
    document = score_run(finished, resamples=20, errata=everything)
    assert document["errata"]["profiles"]["strict"]["tasks"] == {}
    assert accuracy(document) == pytest.approx(40)
    print_scores(document, Console(file=io.StringIO(), width=100))
    write_report(finished)


def test_what_was_not_asked_is_counted(finished: Path) -> None:
    elsewhere = replace(correction(1, drop=True), task="others")
    document = score_run(finished, resamples=20, errata=Errata((elsewhere,)))
    assert document["errata"]["unused"] == 1
    assert accuracy(document["errata"]) == accuracy(document)


def test_command_terminal_and_page(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "reviewed.jsonl"
    write_errata(path, [correction(1, outputs=("Yes",)), correction(4, drop=True)])
    assert main(["bench", "score", str(finished), "--errata", str(path), "--resamples", "20"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "instances with other references: 1, not scored: 1." in text
    assert "Fact Verification 40.0 75.0" in text
    page = write_report(finished).read_text()
    assert "What corrected references change" in page
    assert "reviewed.jsonl" in page
    assert main(["bench", "score", str(finished), "--resamples", "20"]) == 0
    assert "What corrected references change" not in write_report(finished).read_text()


def test_wrong_files_are_told_before_anything_is_scored(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "score", str(finished), "--errata", str(tmp_path / "none.jsonl")]) == 2
    (tmp_path / "bad.jsonl").write_text("{}\n")
    assert main(["bench", "score", str(finished), "--errata", str(tmp_path / "bad.jsonl")]) == 1
    said = capsys.readouterr().err
    assert "no such errata file" in said
    assert said.count("line 1") >= 6
