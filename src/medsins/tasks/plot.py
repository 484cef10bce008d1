"""The article's two figures of what MedS-Ins is made of, a Sankey diagram and a sunburst: for the published collection
as catalogued, or for any folder of task files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from medsins.catalog import FigureLink, figure_links, find_task, resolve_category
from medsins.core import Problem, UsageError, atomic_open, write_text

from ._bytes import split_name
from ._plot_render import page, png, svg, whole
from ._plot_sankey import sankey, sankey_pairs
from ._plot_shapes import Drawing, Flow, Part
from ._plot_sunburst import sunburst
from .reader import find_task_files
from .stream import open_reader

Kind = Literal["sankey", "sunburst"]
ENDINGS = (".html", ".svg", ".png")
_FEW = 800  # instances that stand for a flow the published figure only shows to be small

_PUBLISHED_NOTE = (
    "Instances read off the widths drawn in Wu et al., npj Digital Medicine 8, 58 (2025), to about one percent. "
    "'Few' is below 1,700, the smallest width drawn there."
)


@dataclass(frozen=True, slots=True)
class Composition:
    """What a collection is made of: flows from domains to categories, and from categories to corpora or tasks; and
    how much belongs to a domain and a category (and a task, where that is known) at once.
    """

    title: str
    domains: tuple[Flow, ...]
    categories: tuple[Flow, ...]
    parts: tuple[Part, ...]
    note: str = ""


def published_composition() -> Composition:
    """MedS-Ins as the article draws it."""
    flows = {
        level: tuple(_flow(link) for link in figure_links() if link.level == level) for level in ("domain", "category")
    }
    joint = tuple(Part((flow.source, flow.target), flow.instances, flow.known) for flow in flows["domain"])
    return Composition("MedS-Ins", flows["domain"], flows["category"], joint, _PUBLISHED_NOTE)


def _flow(link: FigureLink) -> Flow:
    known = link.instances is not None
    return Flow(link.source, link.target, link.instances if link.instances is not None else _FEW, known)


def folder_composition(paths: Sequence[Path]) -> Composition:
    """The task files of some folders: their domains, categories and tasks, by instances.

    Raises:
        UsageError: no task files there.
        InvalidFile: every problem of the first file that cannot be read.
    """
    parts: list[Part] = []
    for path in find_task_files(paths):
        reader = open_reader(path)
        instances = 0
        for batch in reader.batches():
            instances += len(batch.columns)
        reader.check()
        found = resolve_category(reader.name, reader.card.categories)
        category = "Category unknown" if isinstance(found, Problem) else found
        entry = find_task(reader.name)
        domain = (reader.card.domains or ((entry.domain if entry else "") or "domain not stated",))[0]
        parts.append(Part((domain[:1].upper() + domain[1:], category, split_name(path)[0]), instances))
    domains = _joined([Flow(part.path[0], part.path[1], part.instances) for part in parts])
    tasks = _joined([Flow(part.path[1], part.path[2], part.instances) for part in parts])
    return Composition(", ".join(path.resolve().name for path in paths), domains, tasks, tuple(parts))


def _joined(flows: Sequence[Flow]) -> tuple[Flow, ...]:
    found: dict[tuple[str, str], int] = {}
    for flow in flows:
        key = flow.source, flow.target
        found[key] = found.get(key, 0) + flow.instances
    return tuple(Flow(source, target, instances) for (source, target), instances in found.items())


def draw(kind: Kind, made_of: Composition) -> Drawing:
    """The figure: a Sankey diagram of domains, categories and corpora or tasks, or a sunburst with a ring of domains
    and one of their categories around it (and one of tasks, for a folder).
    """
    last = "corpora" if len(made_of.parts[0].path) == 2 else "tasks"
    if kind == "sankey":
        return sankey([made_of.domains, made_of.categories], f"{made_of.title}: domains, categories, {last}")
    rings = "domains, categories" + (", tasks" if last == "tasks" else "")
    return sunburst(made_of.parts, f"{made_of.title}: {rings}")


def write_plot(kind: Kind, made_of: Composition, path: Path) -> None:
    """Draw a figure into a file: ``.html`` (answers to the pointer, opens offline), ``.svg`` or ``.png``.

    Raises:
        UsageError: another ending.
        MissingExtra: a PNG needs matplotlib.
    """
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(
            Problem("a figure is HTML, SVG or PNG", str(path), f"give a name ending in {', '.join(ENDINGS)}")
        )
    drawing = draw(kind, made_of)
    narrow = sankey_pairs([made_of.domains, made_of.categories], drawing.title) if kind == "sankey" else []
    if path.suffix.lower() == ".png":
        content = png(whole(drawing))
        with atomic_open(path, "wb") as stream:
            stream.write(content)
    else:
        write_text(path, svg(whole(drawing)) if path.suffix.lower() == ".svg" else page(drawing, made_of.note, narrow))
