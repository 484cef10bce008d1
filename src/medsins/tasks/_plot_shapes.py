"""What a figure is made of: flows and parts in, polygons, labels and a legend out; drawn later in any format."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

INK = "#1d2430"
MUTED = "#5b6675"
WHITE = "#ffffff"
HEADING = 46.0  # pixels above a drawing that its title takes
LEGEND_WIDTH = 330.0
LEGEND_PITCH = 17.0

# Okabe and Ito's colours, which people with any colour vision can tell apart (jfly.uni-koeln.de/color), without black.
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#f0e442", "#8a8a8a")


@dataclass(frozen=True, slots=True)
class Flow:
    """So many instances go from one named thing to another. ``known`` is False where the number is only a bound."""

    source: str
    target: str
    instances: int
    known: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """So many instances belong to all names of ``path``, from the widest to the narrowest."""

    path: tuple[str, ...]
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
    """A label; ``anchor`` is ``start``, ``middle`` or ``end``, ``turn`` in degrees clockwise. ``ground``: what it
    stands on, the page, a part of the figure, or ribbons, from which a rim sets it off.
    """

    x: float
    y: float
    text: str
    size: float = 12.0
    anchor: str = "start"
    turn: float = 0.0
    color: str = INK
    bold: bool = False
    ground: str = "page"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the legend; ``depth`` 0 stands for the innermost ring."""

    name: str
    size: str
    color: str
    depth: int
    title: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure: its size in pixels without the legend, polygons in drawing order, labels, the legend."""

    width: float
    height: float
    title: str
    shapes: list[Shape] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    legend: list[Entry] = field(default_factory=list)


def colors(names: Sequence[str]) -> dict[str, str]:
    """A colour for each name; after eight names they come again, paler."""
    found = {}
    for number, name in enumerate(names):
        again, place = divmod(number, len(PALETTE))
        found[name] = mixed(PALETTE[place], min(0.75, 0.35 * again))
    return found


def mixed(shade: str, white: float) -> str:
    """A colour with some share of white."""
    return "#" + "".join(f"{round(part + (255 - part) * white):02x}" for part in _channels(shade))


def readable_on(shade: str) -> str:
    """White or ink, whichever has more contrast on a colour (WCAG 2, relative luminance)."""
    light = _luminance(shade) + 0.05
    return WHITE if 1.05 / light > light / (_luminance(INK) + 0.05) else INK


def _luminance(shade: str) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _fractions(shade)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _fractions(shade: str) -> list[float]:
    return [part / 255 for part in _channels(shade)]


def _channels(shade: str) -> list[int]:
    return [int(shade[place : place + 2], 16) for place in (1, 3, 5)]


def text_width(text: str, size: float) -> float:
    """Pixels that a text takes, rather too many than too few."""
    return size * sum(1.02 if unicodedata.east_asian_width(sign) in "WF" else 0.61 for sign in text)


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
