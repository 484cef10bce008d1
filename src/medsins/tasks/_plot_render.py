"""Drawings as files: SVG by itself, PNG by matplotlib, HTML that answers to the pointer without outside requests."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import warnings
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from medsins.core import MissingExtra

from ._plot_shapes import HEADING, INK, LEGEND_PITCH, LEGEND_WIDTH, MUTED, Drawing, Entry, Shape, Text, text_width

PNG_SCALE = 2.0  # pixels of the PNG to one of the drawing
_RIM = 3.0  # pixels around a label on ribbons
_WIDER_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans",
)
_KINDS = {INK: "ink", MUTED: "muted"}


def whole(drawing: Drawing) -> Drawing:
    """The drawing with its title and its legend drawn into it."""
    heading = Text(16, 28, drawing.title, 16, bold=True)
    wide = drawing.width + (LEGEND_WIDTH if drawing.legend else 0)
    wide = max(wide, 32 + text_width(drawing.title, 16))
    made = Drawing(wide, drawing.height, drawing.title, [*drawing.shapes], [heading, *drawing.texts])
    rows = int((drawing.height - HEADING - 50) / LEGEND_PITCH)
    listed = drawing.legend
    if len(listed) > rows:
        listed = [entry for entry in drawing.legend if entry.depth == 0]
    if len(listed) > rows:
        listed = listed[: rows - 1]
        left = drawing.width + 20
        more = f"and {sum(entry.depth == 0 for entry in drawing.legend) - len(listed)} more"
        made.texts.append(Text(left, HEADING + 34 + LEGEND_PITCH * len(listed), more, color=MUTED))
    for number, entry in enumerate(listed):
        _entry(made, entry, drawing.width + 4 + 16 * entry.depth, HEADING + 34 + LEGEND_PITCH * number)
    return made


def _entry(drawing: Drawing, entry: Entry, left: float, base: float) -> None:
    corners = ((left, base - 10), (left + 12, base - 10), (left + 12, base + 2), (left, base + 2))
    drawing.shapes.append(Shape(corners, entry.color, 1.0, entry.title, entry.parts))
    name = entry.name if len(entry.name) <= 32 else f"{entry.name[:31].rstrip()}…"
    drawing.texts.append(Text(left + 19, base, name, bold=entry.depth == 0))
    drawing.texts.append(Text(drawing.width - 16, base, entry.size, anchor="end", color=MUTED))


def svg(drawing: Drawing, top: float = 0.0) -> str:
    """The drawing below ``top`` as SVG 1.1; every shape has its meaning as a title."""
    wide, high = drawing.width, drawing.height - top
    size = f'width="{wide:.0f}" height="{high:.0f}" viewBox="0 {top:.0f} {wide:.0f} {high:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="system-ui, sans-serif">'
    parts = [head, f"<title>{html.escape(drawing.title)}</title>"]
    parts += map(_polygon, drawing.shapes)
    parts += map(_label, drawing.texts)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _polygon(shape: Shape) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
    faint = f' fill-opacity="{shape.opacity:g}"' if shape.opacity < 1 else ' stroke="#fff" stroke-width="0.6"'
    parts = html.escape(json.dumps(shape.parts, ensure_ascii=False), quote=True)
    title = html.escape(shape.title)
    return (
        f'<polygon points="{points}" fill="{shape.fill}"{faint} data-parts="{parts}"><title>{title}</title></polygon>'
    )


def _label(text: Text) -> str:
    style = ' font-weight="600"' if text.bold else ""
    if text.ground == "part":
        style += ' dominant-baseline="central" class="part"'
    else:
        style += f' class="{_KINDS[text.color]}"'
    if text.ground == "ribbons":
        style += f' stroke="#fff" stroke-width="{_RIM:g}" stroke-linejoin="round" paint-order="stroke"'
    if text.turn:
        style += f' transform="rotate({text.turn:.1f} {text.x:.1f} {text.y:.1f})"'
    place = f'x="{text.x:.1f}" y="{text.y:.1f}" font-size="{text.size:g}" text-anchor="{text.anchor}"'
    return f'<text {place} fill="{text.color}"{style} pointer-events="none">{html.escape(text.text)}</text>'


def page(drawing: Drawing, note: str, narrow: Sequence[Drawing] = ()) -> str:
    """The drawing as an HTML page: pointing at a part tells what it is and shows what it is joined to; a table below
    says the same in words. ``narrow``: what stands for it on a narrow screen.
    """
    from jinja2 import Environment

    folder = files("medsins.tasks") / "templates"
    script = (folder / "figure.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        (folder / "figure.html").read_text(encoding="utf-8")
    )
    rows = [shape.title.rpartition(": ")[::2] for shape in drawing.shapes]
    return template.render(
        title=drawing.title,
        note=note,
        figure=svg(drawing, HEADING - 8),
        narrow=[svg(one, HEADING - 8) for one in narrow],
        legend=[(entry, json.dumps(entry.parts, ensure_ascii=False)) for entry in drawing.legend],
        rows=list(dict.fromkeys(rows)),
        script=script,
        digest=digest,
    )


def png(drawing: Drawing) -> bytes:
    """The drawing as PNG, at twice its size.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
    except ModuleNotFoundError as error:
        raise MissingExtra("drawing a PNG", "plots") from error
    dots = 100.0
    with rc_context({"font.family": _families()}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a box stands for a sign that no font here has
        return _painted(drawing, dots)


def _painted(drawing: Drawing, dots: float) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Polygon

    figure = Figure(figsize=(drawing.width / dots, drawing.height / dots), dpi=dots * PNG_SCALE)
    FigureCanvasAgg(figure)
    axes: Any = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, drawing.width)
    axes.set_ylim(drawing.height, 0)
    axes.axis("off")
    for shape in drawing.shapes:
        edge = {"linewidth": 0} if shape.opacity < 1 else {"edgecolor": "white", "linewidth": 0.4}
        axes.add_patch(Polygon(shape.points, closed=True, facecolor=shape.fill, alpha=shape.opacity, **edge))
    for text in drawing.texts:
        _write(axes, text, dots)
    content = io.BytesIO()
    figure.savefig(content, format="png", facecolor="white", metadata={"Software": None})
    return content.getvalue()


def _families() -> list[str]:
    """The default font, then those here that have the signs it lacks."""
    from matplotlib.font_manager import get_font_names

    there = set(get_font_names())
    return ["DejaVu Sans", *(name for name in _WIDER_FONTS if name in there)]


def _write(axes: Any, text: Text, dots: float) -> None:
    from matplotlib.patheffects import withStroke

    axes.text(
        *(text.x, text.y, text.text.replace("$", r"\$")),
        fontsize=text.size * 72 / dots,
        color=text.color,
        ha={"start": "left", "middle": "center", "end": "right"}[text.anchor],
        va="center" if text.ground == "part" else "baseline",
        rotation=-text.turn,
        rotation_mode="anchor",
        fontweight="bold" if text.bold else "normal",
        path_effects=[withStroke(linewidth=_RIM * 72 / dots, foreground="white")] if text.ground == "ribbons" else [],
    )
