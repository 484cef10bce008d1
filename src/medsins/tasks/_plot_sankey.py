"""The Sankey diagram: columns of names, ribbons as wide as the instances that flow between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ._plot_shapes import HEADING, MUTED, Drawing, Flow, Shape, Text, amount, colors, text_width, totals

_PITCH = 15.0  # pixels between two labels of a column
_SMALLEST = 2.0  # pixels a part is drawn at least
_STEPS = 32
_CONTENT = 520.0  # pixels that all instances of a column take
_BETWEEN, _CLOSE = 330.0, 60.0  # pixels between two columns, and on narrow screens
_BAR = 14.0
_LONGEST = 48  # characters of a name that are drawn

Tops = dict[str, float]


@dataclass(frozen=True, slots=True)
class _Scale:
    """Pixels to an instance, and the colour of every name."""

    pixels: float
    shades: dict[str, str]


def sankey(levels: Sequence[Sequence[Flow]], title: str) -> Drawing:
    """Columns of names from left to right, ribbons as wide as the instances that flow between them.

    ``levels[0]`` flows from the first column to the second, ``levels[1]`` from the second to the third, and so on.
    Colours are those of the first column; what comes from several has that of the largest.
    """
    return _draw(levels, title, _shades(levels), _BETWEEN)


def sankey_pairs(levels: Sequence[Sequence[Flow]], title: str) -> list[Drawing]:
    """The same as one diagram for every two columns, for narrow screens."""
    shades = _shades(levels)
    return [_draw([level], title, shades, _CLOSE) for level in levels]


def _draw(levels: Sequence[Sequence[Flow]], title: str, shades: dict[str, str], between: float) -> Drawing:
    columns = _columns(levels)
    scale = _Scale(_CONTENT / max(1, *(sum(column.values()) for column in columns)), shades)
    content = max(sum(max(size * scale.pixels, _PITCH) for size in column.values()) for column in columns)
    height = max(_CONTENT + 160, 90 + content)
    first = 22 + max(text_width(_short(name), 12) for name in columns[0])
    lefts = [first + (between + _BAR) * number for number in range(len(columns))]
    width = lefts[-1] + _BAR + 22 + max(text_width(_short(name), 12) for name in columns[-1])
    tops = [_stack(column, scale.pixels, height) for column in columns]
    drawing = Drawing(width, height, title)
    for number, level in enumerate(levels):
        across = (lefts[number] + _BAR, lefts[number + 1])
        _ribbons(drawing, level, across, (tops[number], tops[number + 1]), scale)
    for number, column in enumerate(columns):
        last = number == len(columns) - 1
        x = lefts[number] + _BAR + 6 if last else lefts[number] - 6
        for name, size in column.items():
            top, high = tops[number][name], max(_SMALLEST, size * scale.pixels)
            told = f"{name}: {amount(size)}"
            corners = _box(lefts[number], top, _BAR, high)
            drawing.shapes.append(Shape(corners, scale.shades[name], 1.0, told, (name,)))
            ground = "ribbons" if number > 0 and not last else "page"
            anchor = "start" if last else "end"
            drawing.texts.append(Text(x, top + high / 2 + 4, _short(name), 12, anchor, ground=ground))
    return drawing


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…"


def _columns(levels: Sequence[Sequence[Flow]]) -> list[dict[str, int]]:
    """Names and sizes of every column, from the top to the bottom."""
    columns = [totals(levels[0], "source"), *(totals(level, "target") for level in levels)]
    for number, level in enumerate(levels[1:], start=1):  # a middle column is as high as its larger side
        out = totals(level, "source")
        columns[number] = {name: max(size, out.get(name, 0)) for name, size in columns[number].items()}
    for number, level in enumerate(levels):  # what flows from the top of one column stands high in the next
        columns[number + 1] = _ordered(columns[number + 1], level, list(columns[number]))
    return columns


def _shades(levels: Sequence[Sequence[Flow]]) -> dict[str, str]:
    """The colours of the first column (where that is one name, of the second), handed on along the widest ribbons."""
    columns = _columns(levels)
    alone = len(columns[0]) == 1 and len(columns) > 2
    shades = colors(list(columns[1 if alone else 0]))
    if alone:
        shades.update(dict.fromkeys(columns[0], MUTED))
    for level in levels[1 if alone else 0 :]:
        for flow in sorted(level, key=lambda one: one.instances):
            shades[flow.target] = shades[flow.source]
    return shades


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


def _stack(column: dict[str, int], scale: float, height: float) -> Tops:
    """The top of every bar of a column, spread over the height, labels never closer than they can be read."""
    highs = [max(_SMALLEST, size * scale) for size in column.values()]
    room = height - 70 - sum(max(high, _PITCH) for high in highs)
    gap = max(0.0, min(26.0, room / max(1, len(highs) - 1)))
    used = sum(max(high, _PITCH) for high in highs) + gap * (len(highs) - 1)
    tops, at = {}, HEADING + max(0.0, (height - 70 - used) / 2)
    for name, high in zip(column, highs, strict=True):
        tops[name] = at + max(0.0, _PITCH - high) / 2
        at += max(high, _PITCH) + gap
    return tops


def _ribbons(
    drawing: Drawing, level: Sequence[Flow], across: tuple[float, float], tops: tuple[Tops, Tops], scale: _Scale
) -> None:
    out, into = dict(tops[0]), dict(tops[1])
    for flow in sorted(level, key=lambda one: (tops[0][one.source], tops[1][one.target])):
        high = max(1.0, flow.instances * scale.pixels)
        upper = _curve((across[0], out[flow.source]), (across[1], into[flow.target]))
        lower = _curve((across[0], out[flow.source] + high), (across[1], into[flow.target] + high))
        out[flow.source] += flow.instances * scale.pixels
        into[flow.target] += flow.instances * scale.pixels
        told = f"{flow.source} → {flow.target}: {amount(flow.instances, flow.known)}"
        shade = scale.shades[flow.source]
        drawing.shapes.append(Shape((*upper, *reversed(lower)), shade, 0.42, told, (flow.source, flow.target)))


def _curve(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    points = []
    for step in range(_STEPS + 1):
        share = step / _STEPS
        eased = share * share * (3 - 2 * share)
        points.append((start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * eased))
    return points
