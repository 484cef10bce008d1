"""The figures: nothing is lost between the numbers and the drawing, and the page answers to the pointer."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.catalog import categories, figure_links
from medsins.cli.main import main
from medsins.core import Card, Instance, InvalidFile, UsageError
from medsins.tasks import open_writer
from medsins.tasks._plot_render import svg, whole
from medsins.tasks._plot_sankey import sankey, sankey_pairs
from medsins.tasks._plot_shapes import Drawing, Flow, Part, Shape
from medsins.tasks._plot_sunburst import sunburst
from medsins.tasks.plot import draw, folder_composition, published_composition, write_plot

names = st.sampled_from(["a", "b & c", "<d>", "é", 'e"', "f" * 40])
levels = st.lists(
    st.builds(Flow, names.map(lambda n: f"1{n}"), names.map(lambda n: f"2{n}"), st.integers(0, 10**7)), min_size=1
)
paths = st.lists(
    st.builds(
        Part,
        st.tuples(*(names.map(lambda n, ring=ring: f"{ring}{n}") for ring in "123")),
        st.integers(0, 10**7),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


def area(shape: Shape) -> float:
    pairs = zip(shape.points, (*shape.points[1:], shape.points[0]), strict=True)
    return abs(sum(x * v - y * u for (x, y), (u, v) in pairs)) / 2


def folder(path: Path) -> Path:
    for name, category, domain, rows in (
        ("task1_drugs.json", "NER", "clinical texts", 5),
        ("terms.parquet", "Explanation", "exams", 20),
        ("more.jsonl", "NER", "clinical texts", 15),
    ):
        with open_writer(path / name, Card(categories=(category,), domains=(domain,))) as writer:
            writer.write([Instance(f"i{n}", f"text {n}", ("x",)) for n in range(rows)])
    return path


def test_the_published_figure_has_its_flows() -> None:
    links = figure_links()
    assert len(links) == 113
    made_of = published_composition()
    assert len({flow.target for flow in made_of.domains}) == 19
    assert len({flow.target for flow in made_of.categories}) == 58
    assert {flow.source for flow in made_of.categories} == {flow.target for flow in made_of.domains}
    known = set(categories()) | {alias for category in categories().values() for alias in category.also}
    assert {flow.target for flow in made_of.domains} <= known
    for category in {flow.target for flow in made_of.domains}:
        into = sum(flow.instances for flow in made_of.domains if flow.target == category)
        out = sum(flow.instances for flow in made_of.categories if flow.source == category)
        assert math.isclose(into, out, rel_tol=0.02, abs_tol=8000)


def test_a_folder_counts_its_instances(tmp_path: Path) -> None:
    made_of = folder_composition([folder(tmp_path)])
    assert set(made_of.domains) == {
        Flow("Clinical texts", "Named Entity Recognition", 20),
        Flow("Exams", "Explanation", 20),
    }
    assert {flow.target: flow.instances for flow in made_of.categories} == {"task1_drugs": 5, "terms": 20, "more": 15}
    assert Part(("Exams", "Explanation", "terms"), 20) in made_of.parts
    assert sum(part.instances for part in made_of.parts) == 40


def test_joint_shares_are_those_of_the_published_figure() -> None:
    drawing = draw("sunburst", published_composition())
    flows = {(link.source, link.target): link.instances for link in figure_links() if link.level == "domain"}
    every = sum(size or 800 for size in flows.values())
    outer = {shape.parts: area(shape) for shape in drawing.shapes if len(shape.parts) == 2}
    inner = {shape.parts: area(shape) for shape in drawing.shapes if len(shape.parts) == 1}
    assert set(outer) == set(flows)
    for parts, size in flows.items():
        assert outer[parts] / sum(outer.values()) == pytest.approx((size or 800) / every, rel=0.02)
    for (domain,), size in inner.items():
        share = sum(flows[parts] or 800 for parts in flows if parts[0] == domain) / every
        assert size / sum(inner.values()) == pytest.approx(share, rel=0.02)
    # The article gives the domains' shares of all tokens: 43, 35, 13, 7 and 2 percent.
    shares = [float(entry.title.rpartition(", ")[2].rstrip("%")) for entry in drawing.legend if entry.depth == 0]
    assert shares == pytest.approx([43, 35, 13, 7, 2], abs=1)


@settings(deadline=None, max_examples=60)
@given(parts=paths)
def test_sectors_are_as_large_as_their_numbers(parts: list[Part]) -> None:
    drawing = sunburst(parts, "t")
    every = sum(part.instances for part in parts)
    for ring in (1, 2, 3):
        sizes: dict[tuple[str, ...], int] = {}
        for part in parts:
            sizes[part.path[:ring]] = sizes.get(part.path[:ring], 0) + part.instances
        drawn = {shape.parts: area(shape) for shape in drawing.shapes if len(shape.parts) == ring}
        assert set(drawn) == set(sizes)
        total = sum(drawn.values())
        for path, size in sizes.items():
            if every and size > 0.01 * every:
                assert math.isclose(drawn[path] / total, size / every, rel_tol=0.05)
    assert {entry.parts for entry in drawing.legend} == {part.path[:ring] for part in parts for ring in (1, 2)}


@settings(deadline=None, max_examples=60)
@given(flows=levels)
def test_bars_are_as_high_as_their_numbers_and_labels_do_not_touch(flows: list[Flow]) -> None:
    drawing = sankey([flows], "t")
    bars = {shape.parts[0]: shape for shape in drawing.shapes if len(shape.parts) == 1}
    sizes = dict.fromkeys(bars, 0)
    for flow in flows:
        sizes[flow.source] += flow.instances
        sizes[flow.target] += flow.instances
    large = [name for name, size in sizes.items() if size * 520 > 10 * sum(flow.instances for flow in flows) > 0]
    for one in large:
        for other in large:
            assert math.isclose(area(bars[one]) * sizes[other], area(bars[other]) * sizes[one], rel_tol=0.05)
    for column in {text.x for text in drawing.texts}:
        tops = sorted(text.y for text in drawing.texts if text.x == column)
        assert all(below - above >= 12 for above, below in pairwise(tops))
    assert all(0 <= y <= drawing.height for shape in drawing.shapes for _, y in shape.points)


@settings(deadline=None)
@given(flows=levels)
def test_svg_is_xml_with_every_part_told(flows: list[Flow]) -> None:
    parts = [Part((flow.source, flow.target), flow.instances) for flow in flows]
    drawings = [sankey([flows], "a <title> & more"), *sankey_pairs([flows], "t"), sunburst(parts, "t")]
    for drawing in [*drawings, whole(drawings[-1])]:
        root = ET.fromstring(svg(drawing))
        polygons = [node for node in root if node.tag.endswith("polygon")]
        assert len(polygons) == len(drawing.shapes)
        for node, shape in zip(polygons, drawing.shapes, strict=True):
            assert node[0].text == shape.title
            assert tuple(json.loads(node.attrib["data-parts"])) == shape.parts


@pytest.mark.parametrize("kind", ["sankey", "sunburst"])
@pytest.mark.parametrize("suffix", [".svg", ".png", ".html"])
def test_files(tmp_path: Path, kind: Any, suffix: str) -> None:
    if suffix == ".png":
        pytest.importorskip("matplotlib", reason="the extra 'plots' is not installed")
    path = tmp_path / f"figure{suffix}"
    write_plot(kind, published_composition(), path)
    raw = path.read_bytes()
    assert raw.startswith({".svg": b"<svg", ".png": b"\x89PNG", ".html": b"<!doctype html>"}[suffix])
    if suffix == ".html":
        text = raw.decode().replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
        assert "http" not in text
        assert ("MIMIC4ED" if kind == "sankey" else "Clinical Outcome Prediction") in text


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder(tmp_path / "mine")
    words = ["catalog", "plot", "--kind", "sankey", "-o", str(tmp_path / "a.svg"), str(tmp_path / "mine")]
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["instances"] == 40
    assert "task1_drugs" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert main(["catalog", "plot", "--kind", "sunburst", "-o", str(tmp_path / "a.gif")]) == 2
    assert "ending in .html, .svg, .png" in capsys.readouterr().err
    (tmp_path / "mine" / "bad.json").write_text("{")
    with pytest.raises(InvalidFile):
        folder_composition([tmp_path / "mine"])
    with pytest.raises(UsageError):
        folder_composition([tmp_path / "none"])


@pytest.mark.parametrize("kind", ["sankey", "sunburst"])
def test_the_page_answers_to_pointer_and_keyboard(tmp_path: Path, browser: Any, kind: Any) -> None:
    path = tmp_path / "figure.html"
    write_plot(kind, published_composition(), path)
    page = browser.new_page()
    faults: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    name = "Diagnosis" if kind == "sankey" else "Medical Knowledge → Diagnosis"
    part = page.locator(f"figure:not(.narrow) polygon[data-parts='{json.dumps(name.split(' → '))}']").first
    part.hover()
    assert page.locator("#told").inner_text().startswith(f"{name}: 1,025,600 instances")
    assert page.locator("polygon.on").count() >= 2
    part.click()
    page.keyboard.press("Escape")
    assert page.locator("polygon.on").count() == 0
    page.keyboard.press("Tab")
    assert page.locator("#told").inner_text() != ""
    page.close()
    assert faults == []
    assert requests == [path.as_uri()]


def test_drawings_of_one_flow() -> None:
    made_of = published_composition()
    assert isinstance(draw("sankey", made_of), Drawing)
    alone = sunburst([Part(("a", "b"), 1)], "t")
    assert [text.text for text in alone.texts[-2:]] == ["1", "instance"]
    assert [(entry.name, entry.size) for entry in alone.legend] == [("a", "1"), ("b", "1")]
