"""Where the parts of a Sankey diagram and of a sunburst go: polygons and texts, drawn later in any format."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

INK = "#1d2430"
MUTED = "#5b6675"
_PITCH = 15.0  # pixels between two labels of a column
_SMALLEST = 2.0  # pixels a part is drawn at least
_STEPS = 32
_CONTENT = 520.0  # pixels that all instances of a column take


@dataclass(frozen=True, slots=True)
class Flow:
    """So many instances go from one named thing to another. ``known`` is False where the number is only a bound."""

    source: str
    target: str
    instances: int
    known: bool = True


@dataclass(frozen=True, slots=True)
class Shape:
    """A filled polygon with what it stands for; ``parts`` are the names that it belongs to."""

    points: tuple[tuple[float, float], ...]
    fill: str
    opacity: float
    title: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A label; ``anchor`` is ``start``, ``middle`` or ``end``, ``turn`` in degrees clockwise."""

    x: float
    y: float
    text: str
    size: float = 12.0
    anchor: str = "start"
    turn: float = 0.0
    color: str = INK
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure: its size in pixels, polygons in drawing order, labels."""

    width: float
    height: float
    title: str
    shapes: list[Shape] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)


def colors(names: Sequence[str]) -> dict[str, str]:
    """A colour for each name: hues by the golden angle, so that neighbours differ, in two depths."""
    found = {}
    for number, name in enumerate(names):
        red, green, blue = colorsys.hls_to_rgb((number * 0.381966) % 1.0, 0.46 + 0.12 * (number % 2), 0.48)
        found[name] = f"#{round(255 * red):02x}{round(255 * green):02x}{round(255 * blue):02x}"
    return found


def amount(instances: int, known: bool = True) -> str:
    """A number of instances as people read it."""
    if not known:
        return "few instances"
    return f"{instances:,} instance{'' if instances == 1 else 's'}"


def totals(flows: Iterable[Flow], side: str) -> dict[str, int]:
    """Instances by source or by target, the largest first."""
    found: dict[str, int] = {}
    for flow in flows:
        name = flow.source if side == "source" else flow.target
        found[name] = found.get(name, 0) + flow.instances
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def sankey(levels: Sequence[Sequence[Flow]], title: str) -> Drawing:
    """Columns of names from left to right, ribbons as wide as the instances that flow between them.

    ``levels[0]`` flows from the first column to the second, ``levels[1]`` from the second to the third, and so on.
    """
    columns = [totals(levels[0], "source"), *(totals(level, "target") for level in levels)]
    for number, level in enumerate(levels[1:], start=1):  # a middle column is as high as its larger side
        out = totals(level, "source")
        columns[number] = {name: max(size, out.get(name, 0)) for name, size in columns[number].items()}
    for number, level in enumerate(levels):  # what flows from the top of one column stands high in the next
        columns[number + 1] = _ordered(columns[number + 1], level, list(columns[number]))
    scale = _CONTENT / max(1, *(sum(column.values()) for column in columns))
    width, bar = 1120.0, 14.0
    height = 90 + max(sum(max(size * scale, _PITCH) for size in column.values()) for column in columns)
    height = max(_CONTENT + 160, height)
    lefts = [190 + (width - 430) * number / (len(columns) - 1) for number in range(len(columns))]
    tops = [_stack(column, scale, height) for column in columns]
    shades = colors(list(columns[min(1, len(columns) - 1)]))
    drawing = Drawing(width, height, title)
    drawing.texts.append(Text(16, 26, title, 16, bold=True))
    for number, level in enumerate(levels):
        _ribbons(
            drawing, level, (lefts[number] + bar, lefts[number + 1]), (tops[number], tops[number + 1]), scale, shades
        )
    for number, column in enumerate(columns):
        last = number == len(columns) - 1
        for name, size in column.items():
            top, high = tops[number][name], max(_SMALLEST, size * scale)
            corners = _box(lefts[number], top, bar, high)
            told = f"{name}: {amount(size)}"
            drawing.shapes.append(Shape(corners, shades.get(name, MUTED), 1.0, told, (name,)))
            x = lefts[number] + bar + 6 if last else lefts[number] - 6
            drawing.texts.append(Text(x, top + high / 2 + 4, name, 12, "start" if last else "end"))
    return drawing


def _ordered(column: dict[str, int], level: Sequence[Flow], before: Sequence[str]) -> dict[str, int]:
    """A column in the order of the mean place its instances come from."""
    place = {name: number for number, name in enumerate(before)}
    mean = {
        name: sum(place[flow.source] * flow.instances for flow in level if flow.target == name) / max(1, size)
        for name, size in column.items()
    }
    return dict(sorted(column.items(), key=lambda item: (round(mean[item[0]], 3), -item[1])))


def _box(left: float, top: float, wide: float, high: float) -> tuple[tuple[float, float], ...]:
    return ((left, top), (left + wide, top), (left + wide, top + high), (left, top + high))


def _stack(column: dict[str, int], scale: float, height: float) -> dict[str, float]:
    """The top of every bar of a column, spread over the height, labels never closer than they can be read."""
    highs = [max(_SMALLEST, size * scale) for size in column.values()]
    room = height - 70 - sum(max(high, _PITCH) for high in highs)
    gap = max(0.0, min(26.0, room / max(1, len(highs) - 1)))
    used = sum(max(high, _PITCH) for high in highs) + gap * (len(highs) - 1)
    tops, at = {}, 46 + max(0.0, (height - 70 - used) / 2)
    for name, high in zip(column, highs, strict=True):
        tops[name] = at + max(0.0, _PITCH - high) / 2
        at += max(high, _PITCH) + gap
    return tops


def _ribbons(
    drawing: Drawing,
    level: Sequence[Flow],
    across: tuple[float, float],
    tops: tuple[dict[str, float], dict[str, float]],
    scale: float,
    shades: dict[str, str],
) -> None:
    out, into = dict(tops[0]), dict(tops[1])
    for flow in sorted(level, key=lambda one: (tops[0][one.source], tops[1][one.target])):
        high = max(1.0, flow.instances * scale)
        upper = _curve((across[0], out[flow.source]), (across[1], into[flow.target]))
        lower = _curve((across[0], out[flow.source] + high), (across[1], into[flow.target] + high))
        out[flow.source] += flow.instances * scale
        into[flow.target] += flow.instances * scale
        shade = shades.get(flow.target) or shades.get(flow.source, MUTED)
        told = f"{flow.source} → {flow.target}: {amount(flow.instances, flow.known)}"
        drawing.shapes.append(Shape((*upper, *reversed(lower)), shade, 0.38, told, (flow.source, flow.target)))


def _curve(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    points = []
    for step in range(_STEPS + 1):
        share = step / _STEPS
        eased = share * share * (3 - 2 * share)
        points.append((start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * eased))
    return points


def sunburst(levels: Sequence[Sequence[Flow]], title: str) -> Drawing:
    """Rings from the inside out: the sources of ``levels[0]``, their targets, the targets of those.

    A target that several sources share stands once within each, as wide as what that source gives it.
    """
    width, height, centre = 1020.0, 760.0, (370.0, 396.0)
    drawing = Drawing(width, height, title)
    drawing.texts.append(Text(16, 26, title, 16, bold=True))
    outermost, hole = 330.0, 74.0
    ring = (outermost - hole) / (len(levels) + 1)
    roots = totals(levels[0], "source")
    shades = colors(list(roots))
    whole = max(1, sum(roots.values()))
    at = 0.0
    for name, size in roots.items():
        turn = size / whole
        _sector(
            drawing,
            centre,
            (hole, hole + ring),
            (at, at + turn),
            (f"{name}: {amount(size)}", name, shades[name], (name,)),
        )
        _rings(drawing, levels, (name,), (at, turn), (centre, hole + ring, ring, shades[name]))
        at += turn
    drawing.texts.append(Text(centre[0], centre[1] - 2, f"{whole:,}", 18, "middle", bold=True))
    drawing.texts.append(Text(centre[0], centre[1] + 16, "instances", 12, "middle", color=MUTED))
    _legend(drawing, roots, shades)
    return drawing


def _rings(
    drawing: Drawing,
    levels: Sequence[Sequence[Flow]],
    path: tuple[str, ...],
    span: tuple[float, float],
    ring: tuple[tuple[float, float], float, float, str],
) -> None:
    """The sectors outside of one, and those outside of them."""
    centre, inner, wide, shade = ring
    flows = sorted((one for one in levels[0] if one.source == path[-1]), key=lambda one: -one.instances)
    total = sum(flow.instances for flow in flows)
    at = span[0]
    for number, flow in enumerate(flows):
        turn = span[1] * flow.instances / max(1, total)
        told = f"{' → '.join((*path, flow.target))}: {amount(flow.instances, flow.known)}"
        tint = _mixed(shade, 0.18 + 0.1 * (number % 3))
        parts = (*path, flow.target)
        _sector(drawing, centre, (inner, inner + wide), (at, at + turn), (told, flow.target, tint, parts))
        if len(levels) > 1:
            _rings(drawing, levels[1:], parts, (at, turn), (centre, inner + wide, wide, tint))
        at += turn


def _mixed(shade: str, white: float) -> str:
    parts = [int(shade[place : place + 2], 16) for place in (1, 3, 5)]
    return "#" + "".join(f"{round(part + (255 - part) * white):02x}" for part in parts)


def _sector(
    drawing: Drawing,
    centre: tuple[float, float],
    radii: tuple[float, float],
    turns: tuple[float, float],
    what: tuple[str, str, str, tuple[str, ...]],
) -> None:
    told, name, shade, parts = what
    inner, outer = radii
    start, end = turns
    steps = max(2, math.ceil(_STEPS * 4 * (end - start)))
    angles = [2 * math.pi * (start + (end - start) * step / steps) for step in range(steps + 1)]
    rim = [(centre[0] + outer * math.sin(a), centre[1] - outer * math.cos(a)) for a in angles]
    base = [(centre[0] + inner * math.sin(a), centre[1] - inner * math.cos(a)) for a in reversed(angles)]
    drawing.shapes.append(Shape((*rim, *base), shade, 1.0, told, parts))
    middle, radius = math.pi * (start + end), (inner + outer) / 2
    if 2 * math.pi * (end - start) * radius < 13:
        return
    room = int((outer - inner) / 6.2)
    label = name if len(name) <= room else f"{name[: room - 1].rstrip()}…"
    degrees = math.degrees(middle) - 90
    turned = degrees + 180 if 90 < degrees % 360 < 270 else degrees
    x, y = centre[0] + radius * math.sin(middle), centre[1] - radius * math.cos(middle)
    dark = sum(int(shade[place : place + 2], 16) for place in (1, 3, 5)) < 390
    drawing.texts.append(Text(x, y, label, 11, "middle", turned, "#ffffff" if dark else INK))


def _legend(drawing: Drawing, roots: dict[str, int], shades: dict[str, str]) -> None:
    for number, (name, size) in enumerate(list(roots.items())[:32]):
        top = 70 + 21 * number
        told = f"{name}: {amount(size)}"
        drawing.shapes.append(Shape(_box(738, top - 10, 12, 12), shades[name], 1.0, told, (name,)))
        drawing.texts.append(Text(757, top, f"{name}  {size:,}", 12))
