"""An audit's page and its lines in the terminal: all of the JSON is there, and nothing else runs."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from medsins.audit import Evidence, Finding, Section, Table
from medsins.reports import print_audit, write_audit
from medsins.reports.audit_view import by_severity, cell_text, marked_pieces, read_sections

from .fake_audit import document, labels, leakage
from .test_browser import CONTRAST, PAYLOADS
from .test_figures import json_values


def printed(audit: dict[str, Any], width: int = 90, verbose: bool = False) -> str:
    stream = io.StringIO()
    print_audit(audit, Console(file=stream, width=width), verbose)
    return stream.getvalue()


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_audit(document(), tmp_path_factory.mktemp("audit") / "audit.html")


@given(st.text(max_size=60), st.lists(st.text(max_size=8), max_size=5))
def test_marking_loses_nothing(text: str, words: list[str]) -> None:
    pieces = marked_pieces(text, words)
    assert "".join(piece for piece, _ in pieces) == text
    assert all(piece for piece, _ in pieces)


def test_whole_words_are_marked_whatever_their_case() -> None:
    pieces = marked_pieces("Urine, urinary, URINE.", ["urine"])
    assert [piece for piece, mark in pieces if mark] == ["Urine", "URINE"]
    assert [piece for piece, mark in marked_pieces("伴有干咳和乏力", ["干咳"]) if mark] == ["干咳"]
    assert [piece for piece, mark in marked_pieces("a b", [" ", ""]) if mark] == []


def test_cells_as_text() -> None:
    cells = [
        (None, ""),
        (12345, "instances"),
        (4.25, "%"),
        (-0.5, "points"),
        (0.12345, ""),
        (float("nan"), "%"),
        ("x", ""),
    ]
    assert [cell_text(value, unit) for value, unit in cells] == ["–", "12,345", "4.2", "-0.5", "0.123", "–", "x"]


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e5), st.floats(0, 1e5)), min_size=1, max_size=6))
def test_bars_stay_in_their_track_and_keep_order(rows: list[tuple[float, float, float]]) -> None:
    table = Table("t", ("v", "l", "h"), tuple((v, v - a, v + b) for v, a, b in rows), value="v", low="l", high="h")
    (view,) = read_sections(document(Section("x", "x", "", tables=(table,))))[0].tables
    assert view.start < view.end
    for bar in view.bars:
        assert bar is not None
        assert -1e-6 <= bar.low <= bar.value <= bar.high <= 100 + 1e-6


def test_shares_never_go_beyond_a_hundred_percent() -> None:
    table = Table("t", ("v", "l", "h"), ((99.0, 97.0, 100.0),), ("%", "%", "%"), value="v", low="l", high="h")
    (view,) = read_sections(document(Section("x", "x", "", tables=(table,))))[0].tables
    assert (view.start, view.end) == (0.0, 100.0)


def test_findings_stand_worst_first_and_decide_the_verdict() -> None:
    sections = read_sections(document())
    assert [section.verdict for section in sections] == ["error", "clean", "warning"]
    assert [finding.severity for finding in by_severity(sections)] == ["error", "warning", "warning", "note"]


parts = st.dictionaries(
    st.sampled_from(["check", "title", "summary", "findings", "tables", "evidence", "settings"]),
    st.lists(
        st.dictionaries(
            st.sampled_from(["severity", "what", "columns", "rows", "units", "value", "low", "high", "left", "marked"]),
            json_values,
            max_size=4,
        ),
        max_size=2,
    )
    | json_values,
)


@given(st.fixed_dictionaries({}, optional={"sections": st.lists(parts, max_size=2) | json_values}))
def test_any_document_is_read(audit: dict[str, Any]) -> None:
    for section in read_sections(audit):
        for table in section.tables:
            assert all(len(row) == len(table.columns) for row in table.rows)


@pytest.mark.parametrize("width", [40, 72, 140])
def test_the_terminal_tells_every_finding_within_its_width(width: int) -> None:
    text = printed(document(), width)
    flat = " ".join(text.split())
    for section in document()["sections"]:
        assert section["title"] in text
        assert all(finding["what"] in flat for finding in section["findings"])
    assert "1 error, 2 warnings, 1 note" in flat
    assert max(map(cell_len, text.splitlines())) <= width


def test_long_lists_are_cut_in_the_terminal_unless_asked_for() -> None:
    many = replace(leakage(), findings=tuple(Finding("note", f"place {k}", "seen") for k in range(30)))
    short, whole = printed(document(many), 120), printed(document(many), 120, verbose=True)
    assert "18 more findings" in short
    assert "28 more rows" in short
    assert "place 29" not in short
    assert "place 29" in whole
    assert "task939" in whole


def test_the_page_has_everything_and_asks_for_nothing(watched: Any, page_file: Path) -> None:
    page = watched(viewport={"width": 1280, "height": 900}).open(page_file)
    assert page.locator("h1").inner_text() == "1 error, 2 warnings"
    assert page.locator(".findings > li").count() == 4
    assert page.locator("details.evidence").count() == 3
    assert page.locator("table").first.locator("tbody tr").count() == 40
    assert page.locator("table").first.locator("tbody tr:visible").count() == 12
    page.get_by_role("button", name="Show all 40 rows").click()
    assert page.locator("table").first.locator("tbody tr:visible").count() == 40
    for region in page.locator("main > section").all():
        assert page.locator(f"#{region.get_attribute('aria-labelledby')}").inner_text()


def test_filters_and_search(watched: Any, page_file: Path) -> None:
    page = watched().open(page_file)
    visible = page.locator(".findings > li:visible")
    page.select_option("#filter-severity", "warning")
    assert visible.count() == 2
    page.select_option("#filter-check", "run")
    assert visible.count() == 1
    page.select_option("#filter-check", "")
    page.select_option("#filter-severity", "")
    page.fill("#filter-words", "dark URINE")
    page.wait_for_selector("html.searching")
    assert visible.count() == 0
    assert page.locator("details.evidence:visible").count() == 1
    page.fill("#filter-words", "task938")  # beyond the rows shown at first
    page.wait_for_selector("details.evidence", state="hidden")
    assert page.locator("tbody tr:visible").count() == 1


def test_evidence_opens_by_keyboard_with_shared_words_marked(watched: Any, page_file: Path) -> None:
    page = watched().open(page_file)
    first = page.locator("details.evidence").first
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    left, right = first.locator(".text").all()
    assert left.locator("mark").all_inner_texts() == [
        "woman", "dull", "ache", "below", "ribs", "three", "weeks", "notices", "dark", "urine",
    ]  # fmt: skip
    assert "urine" in right.locator("mark").all_inner_texts()
    page.locator("[data-unfold]").click()
    assert page.locator("details.evidence[open]").count() == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1440])
def test_the_page_is_legible_and_fits(watched: Any, page_file: Path, scheme: str, width: int) -> None:
    page = watched(color_scheme=scheme, viewport={"width": width, "height": 900}).open(page_file)
    page.locator("[data-unfold]").first.click()
    seen, poor = page.evaluate(CONTRAST)
    assert seen > 100
    assert poor == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_prints_with_every_row(watched: Any, page_file: Path) -> None:
    page = watched().open(page_file)
    page.emulate_media(media="print")
    assert page.locator("table").first.locator("tbody tr:visible").count() == 40
    assert page.locator("#audit-filters").is_hidden()


def hostile(bad: str) -> Section:
    return Section(
        check=bad, title=bad, summary=bad,
        findings=(Finding("error", bad, bad, bad),),
        tables=(Table(bad, (bad, "n"), ((bad, 1),), ("", bad), bad),),
        evidence=(Evidence(bad, bad, bad, bad, bad, 1.0, (bad, "script")),),
        settings={bad: bad},
    )  # fmt: skip


def test_hostile_texts_stay_texts(watched: Any, tmp_path: Path) -> None:
    audit = {**document(*map(hostile, PAYLOADS)), "sources": list(PAYLOADS)}
    page = watched().open(write_audit(audit, tmp_path / "bad.html"))
    shown = [page.locator(f"#section-{k} .evidence .text").first.text_content() for k in range(1, len(PAYLOADS) + 1)]
    assert shown == [bad.replace("\0", "") for bad in PAYLOADS]  # no HTML page can hold NUL
    page.fill("#filter-words", PAYLOADS[0])
    page.wait_for_selector("html.searching")
    assert page.locator(".findings > li:visible").count() >= 1
    assert "settle first" in printed(audit)


def test_a_clean_audit_says_so(watched: Any, tmp_path: Path) -> None:
    page = watched().open(write_audit(document(labels()), tmp_path / "clean.html"))
    assert page.locator("h1").inner_text() == "Nothing to settle"
    assert page.locator("#findings").count() == 0
    assert "0 errors" in printed(document(labels()))
