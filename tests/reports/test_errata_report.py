"""Corrected scores in the report and the terminal: beside the others, never in their place."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from medsins.reports import print_scores, write_html
from medsins.reports.figures import read_sheet, touched

from .fake_run import edit_json, make_run
from .test_browser import CONTRAST, PAYLOADS
from .test_figures import json_values

DIGEST = "ab12cd34" * 8


def overlay(scores: dict[str, Any], shift: float = 7.0, **named: str) -> dict[str, Any]:
    """Errata that raise the scores of the first task of the first category, and leave its second task out."""
    first = next(iter(scores["profiles"]["strict"]["categories"].values()))["tasks"]
    correction = {"task": first[0], "instance": f"{first[0]}-3", "reason": "a slip", "reviewer": "R. Viewer",
                  "date": "2026-02-14", **named}  # fmt: skip
    profiles = json.loads(json.dumps(scores["profiles"]))
    for profile in profiles.values():
        for part in (profile["categories"], profile["tasks"]):
            for entry in part.values():
                entry["metrics"] = {name: value + shift for name, value in entry["metrics"].items()}
        profile["signature"] += f"|errata:#{DIGEST[:8]}"
    dropped = {**correction, "task": first[1], "instance": f"{first[1]}-1"}
    return {"file": named.get("file", "errata.jsonl"), "digest": DIGEST, "changed": [correction], "dropped": [dropped],
            "unused": 0, "profiles": profiles}  # fmt: skip


@pytest.fixture
def corrected(tmp_path: Path) -> Path:
    run = make_run(tmp_path / "run", rows=6)
    edit_json(run / "scores.json", lambda scores: scores.update(errata=overlay(scores)))
    return run


def printed(run: Path, width: int) -> str:
    stream = io.StringIO()
    print_scores(run, Console(file=stream, width=width))
    return stream.getvalue()


def scores_of(run: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((run / "scores.json").read_text())
    return document


def test_the_sheet_keeps_both(corrected: Path) -> None:
    sheet = read_sheet(scores_of(corrected))
    assert sheet.errata is not None
    assert (sheet.errata.changed, sheet.errata.dropped) == (1, 1)
    (line,) = touched(sheet)
    twin = sheet.errata.twin(line)
    assert twin is not None
    assert twin.main.value == pytest.approx((line.main.value or 0) + 7)
    task = next(task for task in sheet.tasks if task.name == line.tasks[0])
    other = sheet.errata.twin(task)
    assert other is not None
    assert other.name == task.name


def test_a_line_of_which_nothing_is_left_has_no_twin(corrected: Path) -> None:
    scores = scores_of(corrected)
    name = next(iter(scores["profiles"]["strict"]["categories"]))
    for profile in scores["errata"]["profiles"].values():
        del profile["categories"][name]
    sheet = read_sheet(scores)
    assert sheet.errata is not None
    assert sheet.errata.twin(touched(sheet)[0]) is None


@given(json_values | st.fixed_dictionaries({"profiles": json_values}, optional={"changed": json_values}))
def test_any_errata_are_read(value: Any) -> None:
    sheet = read_sheet({"profiles": {}, "errata": value})
    assert touched(sheet) == []


def test_without_errata_nothing_is_said(tmp_path: Path) -> None:
    run = make_run(tmp_path / "plain", rows=4)
    assert "rrata" not in printed(run, 100)
    assert "What corrected references change" not in write_html(run).read_text()


@pytest.mark.parametrize("width", [44, 80, 140])
def test_the_terminal_shows_both(corrected: Path, width: int) -> None:
    text = printed(corrected, width)
    assert "With errata" in text
    assert f"#{DIGEST[:8]}" in text
    assert "not scored: 1" in " ".join(text.split())
    table = [line for line in text.splitlines() if not line.startswith("signature")]
    assert max(map(cell_len, table)) <= width


def test_the_page_shows_both(watched: Any, corrected: Path) -> None:
    page = watched(viewport={"width": 1280, "height": 900}).open(write_html(corrected))
    region = page.locator("#errata")
    scores = scores_of(corrected)
    name, entry = next(iter(scores["profiles"]["strict"]["categories"].items()))
    value = entry["metrics"][entry["primary"]]
    cells = region.locator("tbody tr").first.locator("th, td").all_inner_texts()
    assert cells[0] == name
    assert cells[2:4] == [f"{value:.1f}", f"{value + 7:.1f}"]
    assert region.locator("tbody tr").count() == 1
    region.locator("summary").click()
    assert "a slip" in region.inner_text()
    assert f"errata:#{DIGEST[:8]}" in region.inner_text()
    plain = page.locator("#overview .plot:not([hidden]) li", has_text=name).locator(".value").inner_text()
    assert plain == f"{value:.1f}"
    assert page.locator("nav a[href='#errata']").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_legible_on_a_phone(watched: Any, corrected: Path, scheme: str) -> None:
    page = watched(color_scheme=scheme, viewport={"width": 375, "height": 800}).open(write_html(corrected))
    page.locator("#errata summary").click()
    _, poor = page.evaluate(CONTRAST)
    assert poor == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_hostile_names_and_reasons_stay_texts(watched: Any, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", rows=2)
    bad = "".join(PAYLOADS)

    def spoil(scores: dict[str, Any]) -> None:
        scores["errata"] = overlay(scores, reason=bad, reviewer=bad, date=bad, instance=bad, file=bad)

    edit_json(run / "scores.json", spoil)
    page = watched().open(write_html(run))
    page.locator("#errata summary").click()
    assert "alert(1)" in page.locator("#errata").inner_text()
    printed(run, 100)
