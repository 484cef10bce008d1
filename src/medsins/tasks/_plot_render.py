"""Drawings as files: SVG by itself, PNG by matplotlib, HTML that answers to the pointer without outside requests."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
from importlib.resources import files
from typing import Any

from medsins.core import MissingExtra

from ._plot_layout import Drawing, Shape, Text

PNG_SCALE = 2.0  # pixels of the PNG to one of the drawing


def svg(drawing: Drawing) -> str:
    """The drawing as SVG 1.1; every shape has its meaning as a title."""
    size = f'width="{drawing.width:.0f}" height="{drawing.height:.0f}"'
    view = f'viewBox="0 0 {drawing.width:.0f} {drawing.height:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} role="img" font-family="system-ui, sans-serif">'
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
    turn = f' transform="rotate({text.turn:.1f} {text.x:.1f} {text.y:.1f})"' if text.turn else ""
    weight = ' font-weight="600"' if text.bold else ""
    middle = ' dominant-baseline="central"' if text.turn else ""
    place = f'x="{text.x:.1f}" y="{text.y:.1f}" font-size="{text.size:g}" text-anchor="{text.anchor}"'
    return (
        f'<text {place} fill="{text.color}"{weight}{middle}{turn} pointer-events="none">{html.escape(text.text)}</text>'
    )


def page(drawing: Drawing, note: str) -> str:
    """The drawing as an HTML page: pointing at a part tells what it is and shows what it is joined to; a table below
    says the same in words.
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
        figure=svg(drawing),
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
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.patches import Polygon
    except ModuleNotFoundError as error:
        raise MissingExtra("drawing a PNG", "plots") from error
    dots = 100.0
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
        axes.text(
            *(text.x, text.y, text.text.replace("$", r"\$")),
            fontsize=text.size * 72 / dots,
            color=text.color,
            ha={"start": "left", "middle": "center", "end": "right"}[text.anchor],
            va="center" if text.turn else "baseline",
            rotation=-text.turn,
            rotation_mode="anchor",
            fontweight="bold" if text.bold else "normal",
        )
    content = io.BytesIO()
    figure.savefig(content, format="png", facecolor="white", metadata={"Software": None})
    return content.getvalue()
