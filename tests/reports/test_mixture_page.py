"""A mixture's page and its lines in the terminal: the numbers of the manifest, whole and in any state."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from medsins.reports import print_mixture, write_mixture
from medsins.reports.mixture_page import FOLDED, read_mixture_view

from .test_browser import CONTRAST, PAYLOADS
from .test_figures import json_values


def entry(name: str, samples: int, **changes: Any) -> dict[str, Any]:
    """One task of a manifest."""
    return {
        "id": name, "file": f"{name}.json", "category": "MCQA", "language": "English", "domains": ["exams"],
        "access": "open", "licence": "", "instances": 500, "usable": 400, "gated": 10, "left_out": 20, "held_out": 30,
        "repeated": 25, "empty": 15, "weight": 0.5, "samples": samples, "distinct": min(samples, 400),
        "repeats": -(-samples // 400), "few_shot": samples // 4, "wordings": 3, "words": 100 * samples,
        "tokens": 130 * samples, "answer_tokens": 5 * samples, **changes,
    }  # fmt: skip


def document(text: str = "", tasks: int = 3) -> dict[str, Any]:
    """A manifest; ``text`` stands wherever users' texts may stand."""
    french = {"language": f"French{text}", "domains": ["clinic", f"exams{text}"], "category": f"Rationale{text}"}
    pair = {"task": f"task1{text}", "test_task": f"bench{text}"}
    sides = {
        f"{side}{name}": f"{side}{name} {text}" for side in ("", "test_") for name in ("instance", "input", "output")
    }
    return {
        "format": 1,
        "mixture": {"samples": 0, "temperature": 2.0, "cap": 5000, "languages": {"english": 0.85}, "seed": 7},
        "access": "open",
        "tasks": [
            entry(f"task1{text}", 1000),
            entry(f"task2{text}", 250, **french),
            *(entry(f"task_{n}", 10) for n in range(tasks - 2)),
        ],
        "gate": {
            "files": [f"bench{text}.json"], "inputs": 1234, "findings": [{**pair, "instances": 10, "inputs": 9}],
            "examples": [{**pair, **sides}],
        },
        "shards": [],
        "digest": "ab12",
    }  # fmt: skip


def printed(manifest: dict[str, Any], width: int = 100, verbose: bool = False) -> str:
    stream = io.StringIO()
    print_mixture(manifest, Console(file=stream, width=width), verbose)
    return stream.getvalue()


def test_groups_add_up() -> None:
    view = read_mixture_view(document())
    assert view.total.samples == 1260
    assert [(g.name, g.samples, g.tasks) for g in view.groups["language"]] == [("English", 1010, 2), ("French", 250, 1)]
    assert [g.quota for g in view.groups["language"]] == [85.0, None]
    assert [(g.name, g.samples) for g in view.groups["domain"]] == [("exams", 1260), ("clinic", 250)]
    assert sum(g.share for g in view.groups["category"]) == pytest.approx(100)
    assert view.kept_out == {"gated": 30, "left_out": 60, "held_out": 90, "repeated": 75, "empty": 45}
    assert [task.group.name for task in view.repeated] == ["task1"]
    assert view.terms == {"open": ["task1", "task2", "task_0"]}


def test_the_terminal_tells_the_same() -> None:
    text = printed(document(), verbose=True)
    assert "1,260 samples of 3 tasks (660 instances), 24.9 % few-shot" in text
    assert re.search(r"English +1,010 +80\.2 +85\.0 +", text)
    assert re.search(r"task1 +1,000 +79\.4", text)
    assert "not used: 30 inputs of test instances, 60 found by an audit" in text
    assert "instances used again: task1 (3 times)" in text
    assert not re.search(r"task1 +1,000", printed(document()))


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_lines_fit_the_terminal(width: int) -> None:
    assert all(cell_len(line) <= width for line in printed(document(tasks=30), width, verbose=True).splitlines())


def test_restricted_terms_are_said() -> None:
    manifest = {**document(), "access": "credentialed"}
    assert "access: credentialed (so is a model tuned on it)" in printed(manifest)


@settings(max_examples=6)
@given(st.dictionaries(st.sampled_from(sorted(document())), json_values))
def test_any_json_makes_a_page(tmp_path_factory: pytest.TempPathFactory, part: dict[str, Any]) -> None:
    path = tmp_path_factory.mktemp("any") / "mixture.html"
    assert "What is in it?" in write_mixture({**document(), **part}, path).read_text(encoding="utf-8")
    printed({**document(), **part}, verbose=True)


@given(st.dictionaries(st.sampled_from(sorted(document())), json_values))
def test_any_json_is_read(part: dict[str, Any]) -> None:
    for manifest in (part, {**document(), **part}):
        assert read_mixture_view(manifest).total.samples >= 0


def test_a_mixture_without_suites_says_so(tmp_path: Path) -> None:
    manifest = {**document(), "gate": {"files": [], "inputs": 0, "findings": [], "examples": []}}
    assert "No test suite was named" in write_mixture(manifest, tmp_path / "a.html").read_text()
    assert "No test suite was named" not in write_mixture(document(), tmp_path / "b.html").read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_in_a_browser(watched: Any, tmp_path: Path, scheme: str, width: int) -> None:
    path = write_mixture({**document(tasks=FOLDED + 10), "access": "private"}, tmp_path / "mixture.html")
    page = watched(viewport={"width": width, "height": 800}, color_scheme=scheme).open(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for item in page.locator("summary").all():
        item.click()
    seen, poor = page.evaluate(CONTRAST)
    assert seen > 60
    assert poor == []
    assert page.locator("#tasks tbody tr:visible").count() == FOLDED
    page.get_by_role("button", name="Show all").click()
    assert page.locator("#tasks tbody tr:visible").count() == FOLDED + 10
    assert "held to the same terms" in page.inner_text(".notice")


def test_bars_are_as_long_as_their_numbers(watched: Any, tmp_path: Path) -> None:
    page = watched(viewport={"width": 1280, "height": 800}).open(write_mixture(document(), tmp_path / "mixture.html"))
    measured = """item => { const track = item.querySelector('svg.track').getBoundingClientRect(),
      bar = item.querySelector('rect').getBoundingClientRect(); return bar.width / track.width; }"""
    rows = page.locator("ul.plot:has(.label:has-text('English')) li:has(.value)")
    assert rows.count() == 2
    for row in rows.all():
        assert 100 * row.evaluate(measured) == pytest.approx(float(row.locator(".value").inner_text()), abs=0.5)
    quota = "item => { const t = item.querySelector('svg.track').getBoundingClientRect(), \
      q = item.querySelector('path').getBoundingClientRect(); return 100 * (q.x - t.x) / t.width; }"
    assert rows.first.evaluate(quota) == pytest.approx(85, abs=0.5)


@pytest.mark.parametrize("payload", PAYLOADS[::4])
def test_hostile_texts_stay_texts(watched: Any, tmp_path: Path, payload: str) -> None:
    page = watched().open(write_mixture(document(payload), tmp_path / "mixture.html"))
    page.locator("summary").first.click()
    assert page.locator(".evidence .text").first.inner_text().startswith("input")
