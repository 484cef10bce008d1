"""The sunburst: rings of names from the inside out, every sector as wide as its share of all instances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ._plot_shapes import MUTED, Drawing, Entry, Part, Shape, Text, amount, colors, mixed, readable_on, text_width

_CENTRE = (380.0, 420.0)
_OUTERMOST, _HOLE = 360.0, 80.0
_STEPS = 128  # straight lines to a full circle
_LABEL = 11.0
_LINE = 13.0  # pixels from one line of a label to the next
_LEGEND_DEPTH = 2  # rings that the legend lists


@dataclass(frozen=True, slots=True)
class _Sector:
    """One sector: the names it stands for, where it is (turns of the circle, radii in pixels), its colour."""

    path: tuple[str, ...]
    turns: tuple[float, float]
    radii: tuple[float, float]
    shade: str
    title: str


def sunburst(parts: Sequence[Part], title: str) -> Drawing:
    """A ring for every name of a path, the first innermost; within a sector the largest comes first.

    Labels stand where they fit whole; the legend has the names of the two inner rings and their sizes.
    """
    drawing = Drawing(2 * _CENTRE[0], _CENTRE[1] + _OUTERMOST + 20, title)
    whole = sum(part.instances for part in parts)
    rings = max((len(part.path) for part in parts), default=1)
    _sectors(drawing, parts, (), (0.0, 1.0), (whole, rings, ""))
    size = f"{whole / 1e6:.2f} million" if whole >= 1e6 else f"{whole:,}"
    drawing.texts.append(Text(_CENTRE[0], _CENTRE[1], size, 19, "middle", bold=True))
    drawing.texts.append(
        Text(_CENTRE[0], _CENTRE[1] + 19, "instance" if whole == 1 else "instances", 13, "middle", color=MUTED)
    )
    return drawing


def _sectors(
    drawing: Drawing,
    parts: Sequence[Part],
    path: tuple[str, ...],
    turns: tuple[float, float],
    of: tuple[int, int, str],
) -> None:
    """The sectors outside of ``path``, and those outside of them. ``of``: all instances, rings, the colour inside."""
    whole, rings, inside = of
    depth = len(path)
    found: dict[str, list[Part]] = {}
    for part in parts:
        if len(part.path) > depth:
            found.setdefault(part.path[depth], []).append(part)
    ordered = sorted(found.items(), key=lambda item: -sum(part.instances for part in item[1]))
    shades = {name: mixed(inside, 0.15 + 0.14 * (number % 3)) for number, (name, _) in enumerate(ordered) if inside}
    shades = shades or colors([name for name, _ in ordered])
    wide = (_OUTERMOST - _HOLE) / rings
    total = sum(part.instances for group in found.values() for part in group)
    at = turns[0]
    for name, group in ordered:
        size, known = sum(part.instances for part in group), any(part.known for part in group)
        turn = (turns[1] - turns[0]) * size / max(1, total)
        here, radii = (*path, name), (_HOLE + wide * depth, _HOLE + wide * (depth + 1))
        told = f"{' → '.join(here)}: {amount(size, known)}"
        if known:
            told += f", {size / max(1, whole):.1%}"
        _draw(drawing, _Sector(here, (at, at + turn), radii, shades[name], told))
        if depth < _LEGEND_DEPTH:
            listed = f"{size:,}" if known else "few"
            drawing.legend.append(Entry(name, listed, shades[name], depth, told, here))
        _sectors(drawing, group, here, (at, at + turn), (whole, rings, shades[name]))
        at += turn


def _draw(drawing: Drawing, sector: _Sector) -> None:
    start, end = sector.turns
    inner, outer = sector.radii
    steps = max(2, math.ceil(_STEPS * (end - start)))
    turns = [start + (end - start) * step / steps for step in range(steps + 1)]
    rim = [_point(outer, turn) for turn in turns]
    back = [_point(inner, turn) for turn in reversed(turns)]
    drawing.shapes.append(Shape((*rim, *back), sector.shade, 1.0, sector.title, sector.path))
    lines = _lines(sector)
    middle, radius = (start + end) / 2, (inner + outer) / 2
    degrees = 360 * middle - 90
    flipped = 90 < degrees % 360 < 270
    ink = readable_on(sector.shade)
    for number, line in enumerate(lines):
        off = (number - (len(lines) - 1) / 2) * _LINE * (-1 if flipped else 1)
        turn = middle + off / (2 * math.pi * radius)
        x, y = _point(radius, turn)
        turned = degrees + 180 if flipped else degrees
        drawing.texts.append(Text(x, y, line, _LABEL, "middle", turned, ink, ground="part"))


def _point(radius: float, turn: float) -> tuple[float, float]:
    angle = 2 * math.pi * turn
    return _CENTRE[0] + radius * math.sin(angle), _CENTRE[1] - radius * math.cos(angle)


def _lines(sector: _Sector) -> list[str]:
    """The name in one line or two along the radius, as fits the sector; none where it does not fit."""
    name = sector.path[-1]
    inner, outer = sector.radii
    room = outer - inner - 8
    arc = 2 * math.pi * (sector.turns[1] - sector.turns[0]) * inner
    if text_width(name, _LABEL) <= room and arc >= _LINE:
        return [name]
    words = name.split()
    halves = [(" ".join(words[:cut]), " ".join(words[cut:])) for cut in range(1, len(words))]
    best: tuple[float, list[str]] = (room, [])
    for up, down in halves:
        wide = max(text_width(up, _LABEL), text_width(down, _LABEL))
        if wide <= best[0] and arc >= 2 * _LINE:
            best = (wide, [up, down])
    return best[1]
