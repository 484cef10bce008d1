from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from medsins.bench.compare import compare
from medsins.reports import print_comparison, write_comparison
from medsins.reports.comparison import FINDINGS, Difference, Pair, p_text, read_pairs, signed, span

from .fake_run import make_run
from .test_browser import PAYLOADS
from .test_figures import json_values


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Three real comparisons' worth of runs: the same twice (alike as can be) and another."""
    folder = tmp_path_factory.mktemp("compared")
    return compare(
        [make_run(folder / name, rows=8, seed=seed) for name, seed in (("first", 1), ("same", 1), ("other", 2))]
    )


def difference(value: float | None = 4.0, p: float | None = 0.5, equivalent: bool = False) -> Difference:
    return Difference("name", "accuracy", 10, 50.0, 54.0, value, 1.0, 7.0, p, equivalent, 9.0, 3, 1)


def printed(comparison: dict[str, Any], width: int) -> str:
    stream = io.StringIO()
    print_comparison(comparison, Console(file=stream, width=width))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        (difference(4.0, 0.01), "better"),
        (difference(-4.0, 0.01), "worse"),
        (difference(0.5, 0.01, equivalent=True), "better"),
        (difference(0.5, 0.05, equivalent=True), "alike"),
        (difference(4.0, 0.05), "unclear"),
        (difference(4.0, None), "unclear"),
        (difference(None, 0.01), "unclear"),
    ],
)
def test_findings(line: Difference, finding: str) -> None:
    assert line.finding == finding


def test_numbers_in_print() -> None:
    assert [signed(v) for v in (None, 0.0, -0.04, 2.25, -12.0)] == ["–", "0.0", "0.0", "+2.2", "−12.0"]
    assert [p_text(p) for p in (None, 0.0, 0.0009, 0.05, 1.0)] == ["–", "< 0.001", "< 0.001", "0.050", "1.000"]
    assert span(difference()) == "+1.0 to +7.0"


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=5), st.floats(0, 20))
def test_the_axis_holds_every_interval(values: list[float], margin: float) -> None:
    lines = [Difference("n", "f1", 1, 0, 0, v, v, v, None, False, None, None, None) for v in values]
    assert Pair("a", "b", tuple(lines), ()).scale(margin) >= max(abs(v) for v in values)


@given(st.fixed_dictionaries({}, optional={"pairs": st.lists(st.dictionaries(
    st.sampled_from(["a", "b", "categories", "tasks"]), st.dictionaries(st.text(max_size=5), json_values) | json_values
)) | json_values}))  # fmt: skip
def test_any_comparison_is_read(comparison: dict[str, Any]) -> None:
    for pair in read_pairs(comparison):
        assert sum(pair.findings().values()) == len(pair.categories)
        assert sorted(pair.ranked(), key=id) == sorted(pair.categories, key=id)


def test_a_run_against_itself_differs_nowhere(comparison: dict[str, Any]) -> None:
    same, other = read_pairs(comparison)
    assert {signed(line.value) for line in same.categories} == {"0.0"}
    assert same.findings()["better"] == same.findings()["worse"] == 0
    assert any(line.value for line in other.categories)


@pytest.mark.parametrize("width", [40, 64, 80, 100, 130])
def test_the_terminal_shows_every_difference_at_every_width(comparison: dict[str, Any], width: int) -> None:
    text = printed(comparison, width)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    for pair in read_pairs(comparison):
        assert f"{pair.b} against {pair.a}" in text
        for line in pair.categories:
            assert signed(line.value) in text
            assert FINDINGS[line.finding] in text


@pytest.mark.parametrize("width", [375, 1440])
def test_the_page_draws_what_was_found(watched: Any, comparison: dict[str, Any], tmp_path: Path, width: int) -> None:
    path = write_comparison(comparison, tmp_path / "deeper" / "comparison.html")
    page = watched(viewport={"width": width, "height": 900}).open(path)
    pairs = read_pairs(comparison)
    assert page.locator(".plot").count() == len(pairs)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    place = "svg => { const r = svg.getBoundingClientRect(), c = svg.querySelector('circle').getBoundingClientRect();"
    for number, pair in enumerate(pairs):
        items = page.locator(".plot").nth(number).locator("li").all()
        assert [item.locator(".value").text_content() for item in items] == [
            signed(line.value) for line in pair.ranked()
        ]
        for item, line in zip(items, pair.ranked(), strict=True):
            drawn = item.locator("svg.track").evaluate(place + " return (c.x + c.width / 2 - r.x) / r.width; }")
            assert 2 * drawn - 1 == pytest.approx((line.value or 0) / pair.scale(comparison["margin"]), abs=0.02)


def test_untrusted_names_stay_text(watched: Any, comparison: dict[str, Any], tmp_path: Path) -> None:
    evil = "".join(PAYLOADS)
    pair = comparison["pairs"][1]
    entry = {**next(iter(pair["tasks"].values())), "metric": evil}
    spoiled = {
        **comparison,
        "runs": [{"name": evil, "model": evil, "signature": evil}] * 2,
        "profile": evil,
        "pairs": [{"a": evil, "b": evil, "categories": {evil: entry}, "tasks": {evil: entry}}],
    }
    page = watched().open(write_comparison(spoiled, tmp_path / "c.html"))
    assert "<script>alert(1)" in page.inner_text("h1")
    assert page.locator("main script, main iframe, main object, main img, main style").count() == 0
