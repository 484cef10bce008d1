from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from medsins.core import InvalidFile, UsageError
from medsins.reports import print_scores
from medsins.reports.figures import percent, read_sheet


def printed(scores: object, width: int = 140, verbose: bool = False) -> str:
    stream = io.StringIO()
    print_scores(scores, Console(file=stream, width=width), verbose)  # type: ignore[arg-type]
    return stream.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 116, 200])
def test_every_width_shows_both_profiles_and_breaks_no_line(run_dir: Path, width: int) -> None:
    text = printed(run_dir, width, verbose=True)
    lines = text[: text.index("signature")].splitlines()
    assert max(cell_len(line) for line in lines) <= width
    sheet = read_sheet(json.loads((run_dir / "scores.json").read_text()))
    for line in sheet.tasks:
        assert percent(line.main.value) in text
        assert percent(line.official.value) in text


def test_signatures_are_whole_lines_to_copy(run_dir: Path) -> None:
    text = printed(run_dir, 40)
    for name, profile in json.loads((run_dir / "scores.json").read_text())["profiles"].items():
        assert f"signature, {name}: {profile['signature']}\n" in text


def test_wide_terminals_show_interval_baselines_and_verdict(run_dir: Path) -> None:
    text = printed(run_dir)
    line = next(line for line in text.splitlines() if "Clinical Outcome" in line)
    assert "71.0" in line
    assert "50.2" in line
    for word in ("95 % interval", "commonest", "random", "verdict", "unscored"):
        assert word in text


def test_the_count_of_unscored_answers_is_that_of_the_scores(run_dir: Path) -> None:
    strict = json.loads((run_dir / "scores.json").read_text())["profiles"]["strict"]["tasks"].values()
    lost = sum(n for task in strict for n in task["unscored"].values())
    assert lost
    assert f"Unscored: {lost} of {sum(task['rows'] for task in strict)} answers" in printed(run_dir, 200)


def test_tasks_and_kinds_only_when_asked_for(run_dir: Path) -> None:
    assert "task950" not in printed(run_dir)
    text = printed(run_dir, verbose=True)
    assert "task950" in text
    assert "Unscored by task" in text


def test_one_profile_alone_is_enough() -> None:
    scores = {"profiles": {"official": {"tasks": {"task1": {"rows": 3, "metrics": {"accuracy": 50.0}}}}}}
    assert "50.0" in printed(scores)


def test_nothing_scored_is_said(tmp_path: Path) -> None:
    assert "Nothing is scored yet" in printed({})


def test_markup_in_names_is_text() -> None:
    scores = {"profiles": {"strict": {"categories": {"[red]x[/red] [/]": {"metrics": {"f1": 1.0}}}}}}
    assert "[red]x[/red]" in printed(scores)


def test_what_is_no_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such run directory"):
        printed(tmp_path / "absent")
    with pytest.raises(UsageError, match="holds no run"):
        printed(tmp_path)
    (tmp_path / "scores.json").write_text("[1]")
    with pytest.raises(InvalidFile, match="no JSON object"):
        printed(tmp_path)
    (tmp_path / "scores.json").write_text("{")
    with pytest.raises(InvalidFile, match="not readable as JSON"):
        printed(tmp_path)
