"""How the figures look: labels on every screen, legends, colours that everyone can tell apart."""

from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import Card, Instance
from medsins.tasks import open_writer
from medsins.tasks._plot_render import whole
from medsins.tasks._plot_shapes import INK, PALETTE, WHITE, Part, colors, mixed, readable_on
from medsins.tasks._plot_sunburst import sunburst
from medsins.tasks.plot import folder_composition, published_composition, write_plot


def folder(path: Path) -> Path:
    for number in range(12):
        name = f"task{number}_{'with_a_long_name_' * (number % 4)}end.jsonl"
        card = Card(categories=("NER",), domains=(("exams", "门诊病历", "a long name of a domain " * 4)[number % 3],))
        with open_writer(path / name, card) as writer:
            writer.write([Instance(f"i{n}", f"text {n}", ("x",)) for n in range(1 + number**2)])
    return path


@pytest.mark.parametrize("many", [3, 70, 300])
def test_a_legend_never_leaves_the_figure(many: int) -> None:
    drawing = whole(sunburst([Part((f"domain {n}", f"category {n % 7}"), n + 1) for n in range(many)], "t"))
    assert all(text.y <= drawing.height for text in drawing.texts)
    assert all(x <= drawing.width for shape in drawing.shapes for x, _ in shape.points)
    assert any(text.text.startswith("and ") for text in drawing.texts) == (many > 45)


LAYOUT = """() => {
  const seen = [...document.querySelectorAll("figure text")].filter(n => n.getBoundingClientRect().width);
  const level = seen.filter(n => !n.getAttribute("transform")), faults = [];
  const box = n => n.getBoundingClientRect();
  for (const [number, one] of level.entries()) {
    const a = box(one), f = box(one.closest("svg")), name = one.textContent;
    if (a.left < f.left || a.right > f.right || a.top < f.top || a.bottom > f.bottom) faults.push("cut " + name);
    for (const other of level.slice(number + 1)) {
      const c = box(other);
      const wide = Math.min(a.right, c.right) - Math.max(a.left, c.left);
      const high = Math.min(a.bottom, c.bottom) - Math.max(a.top, c.top);
      if (wide > 1 && high > a.height / 3) faults.push(name + " on " + other.textContent);
    }
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push("wider than the screen");
  return {faults, labels: level.length, ink: getComputedStyle(level[0]).fill};
}"""


@pytest.mark.parametrize("kind", ["sankey", "sunburst"])
def test_labels_are_whole_and_apart_on_every_screen(tmp_path: Path, browser: Any, kind: Any) -> None:
    made_of = {"all": published_composition(), "mine": folder_composition([folder(tmp_path / "mine")])}
    for name, composition in made_of.items():
        path = tmp_path / f"{name}.html"
        write_plot(kind, composition, path)
        inks = set()
        for scheme in ("light", "dark"):
            for width in (375, 768, 1280):
                page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 800})
                page.goto(path.as_uri())
                found = page.evaluate(LAYOUT)
                page.close()
                assert found["faults"] == [], (name, scheme, width)
                assert found["labels"] >= (2 if kind == "sunburst" else 16)
                inks.add(found["ink"])
        assert len(inks) == 2


# What people without one kind of cone see (Machado, Oliveira and Fernandes 2009, table 1), on linear red, green, blue.
DEFICIENCIES = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
USUAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
TO_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
WHITE_POINT = (0.9505, 1.0, 1.089)


def times(matrix: tuple[tuple[float, ...], ...], vector: list[float]) -> list[float]:
    return [max(0.0, sum(a * b for a, b in zip(row, vector, strict=True))) for row in matrix]


def lab(shade: str, kind: str = "") -> tuple[float, float, float]:
    """A colour as it is seen, in CIE L*a*b*."""
    values = [int(shade[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    scaled = [t / w for t, w in zip(times(TO_XYZ, times(DEFICIENCIES.get(kind, USUAL), linear)), WHITE_POINT)]  # noqa: B905
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in scaled)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("kind", ["usual", *DEFICIENCIES])
def test_domains_can_be_told_apart_by_everyone(kind: str) -> None:
    shades = [lab(shade, kind) for shade in PALETTE[:6]]  # the article has five domains
    assert min(math.dist(one, other) for one, other in combinations(shades, 2)) > 8


@given(number=st.integers(0, 30), white=st.floats(0, 0.9))
def test_labels_stand_out_from_their_sector(number: int, white: float) -> None:
    shade = mixed(colors([str(n) for n in range(31)])[str(number)], white)
    chosen = readable_on(shade)
    assert chosen in (INK, WHITE)
    assert abs(lab(chosen)[0] - lab(shade)[0]) > 30
