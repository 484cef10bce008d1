"""Views to bytes: HTML by templates, JSON from the same data, CSV and LaTeX from a page's tables, badges as SVG."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from medsins import __version__
from medsins.leaderboard.interface import NotFound, Store
from medsins.reports import figures
from medsins.reports.html import TEMPLATES as REPORT_TEMPLATES
from medsins.reports.tables import Cell, escape_latex, inert

from ._links import Links
from ._page import Form, Page, Query, Table

ROOM = Path(__file__).resolve().parents[1]
TEMPLATES, STATIC = ROOM / "templates", ROOM / "static"

_MEDIA = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "tex": "application/x-tex; charset=utf-8",
    "svg": "image/svg+xml",
}
_WHAT = {
    403: "Not allowed",
    404: "Not here",
    405: "Not that way",
    413: "Too large",
    422: "Cannot be taken like this",
    429: "Too many requests",
    500: "Something broke",
    503: "Busy",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent: HTTP status, media type, bytes."""

    status: int
    media_type: str
    body: bytes
    frameable: bool = False


def render(page: Page, kind: str, store: Store, query: Query, links: Links, form: Form | None = None) -> Answer:
    """One page in one kind.

    Raises:
        NotFound: what it is about is not on the board, or it has no table of the name asked for.
    """
    if kind in ("html", "svg") and (kind == "svg") != page.template.endswith(".svg"):
        raise NotFound("there is no such page")
    return show(page, kind, page.view(store, query), query, links, form)


def show(page: Page, kind: str, view: Any, query: Query, links: Links, form: Form | None = None) -> Answer:
    """What a page's view has found, in one kind.

    Raises:
        NotFound: it has no table of the name asked for.
    """
    if kind in ("html", "svg"):
        at = (page.path.format_map({name: query.one(name) for name in query.values}), _state(page, query))
        text = _html(page.template, {"view": view, "page": page, "form": form or Form(), "links": links, "at": at})
    elif kind == "json":
        text = to_json(view)
    else:
        table = _choose(page.tables(view), query.one("table"))
        text = to_csv(table) if kind == "csv" else to_latex(table)
    return Answer(200, _MEDIA[kind], _encoded(text), page.frameable)


def render_error(status: int, message: str, links: Links, kind: str = "html") -> Answer:
    """The page of an error. The message is for readers: it holds nothing that is not to be shown."""
    what = _WHAT.get(status, "Not possible")
    if kind == "html":
        text = _html("error.html", {"status": status, "what": what, "message": message, "form": Form(), "links": links})
    else:
        kind, text = "json", json.dumps({"error": what, "message": message}) + "\n"
    return Answer(status, _MEDIA[kind], _encoded(text))


def to_json(view: Any) -> str:
    """The JSON twin of a view: its fields, times in ISO 8601, figures that are not finite as null."""
    return json.dumps(_plain(view), ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def to_csv(table: Table) -> str:
    """A table for spreadsheets: RFC 4180, every cell inert."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow([inert(cell) for cell in table.header])
    writer.writerows([inert(cell) for cell in row] for row in table.rows)
    return stream.getvalue()


def to_latex(table: Table) -> str:
    """A ``booktabs`` table; numbers are rounded to one digit and stand on the right."""
    columns = "".join("r" if _numeric(column) else "l" for column in zip(*table.rows, strict=True)) or "l"
    lines = [" & ".join(_latex_cell(cell) for cell in row) + r" \\" for row in table.rows]
    head = " & ".join(escape_latex(name) for name in table.header)
    body = "\n".join(["% needs \\usepackage{booktabs}", "% " + " ".join(table.title.split()),
                      f"\\begin{{tabular}}{{{columns}}}", "\\toprule", head + r" \\", "\\midrule",
                      *lines, "\\bottomrule", "\\end{tabular}"])  # fmt: skip
    return body + "\n"


@cache
def static_files() -> Mapping[str, tuple[str, bytes]]:
    """Every static file by its name, with its media type. Names hold a digest, so they may be kept for ever."""
    sources = {
        "board.css": (REPORT_TEMPLATES / "style.css").read_bytes() + (STATIC / "board.css").read_bytes(),
        "theme.js": (REPORT_TEMPLATES / "theme.js").read_bytes(),
        "board.js": (STATIC / "board.js").read_bytes(),
        "icon.svg": (STATIC / "icon.svg").read_bytes(),
    }
    media = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": _MEDIA["svg"]}
    found = {}
    for name, content in sources.items():
        stem, suffix = name.split(".")
        found[f"{stem}-{hashlib.sha256(content).hexdigest()[:12]}.{suffix}"] = (media[suffix], content)
    return found


def _state(page: Page, query: Query) -> dict[str, str]:
    """What else the reader chose on this page, for links that keep it."""
    kept = [name for name in page.parameters if name not in ("version", "profile", "table")]
    return {name: ",".join(query.many(name)) if name == "m" else query.one(name) for name in kept if query.one(name)}


@cache
def _assets() -> dict[str, str]:
    """Plain names of static files to those with a digest."""
    return {f"{name.split('-')[0]}.{name.split('.')[-1]}": name for name in static_files()}


def _html(template: str, context: Mapping[str, Any]) -> str:
    links: Links = context["links"]
    frame = getattr(context.get("view"), "frame", None)

    def to(path: str, kind: str = "html", **query: str) -> str:
        """The address of a page that keeps the version and profile of this one, unless told otherwise."""
        kept = frame.kept() if frame is not None else {}
        return links.page(path, {**kept, **query}, kind)

    path, state = context.get("at", ("/", {}))

    def here(kind: str = "html", **query: str) -> str:
        """The address of this page as it is, in a kind, with some parameters changed."""
        return to(path, kind, **{**state, **query})

    shared = {
        "to": to,
        "here": here,
        "asset": lambda name: links.asset(_assets()[name]),
        "version": __version__,
        "live": links.live,
    }
    return str(_environment().get_template(template).render({"view": None, "page": None, **shared, **context}))


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup, escape

    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {"percent": figures.percent, "interval": figures.interval, "metric": figures.metric_name}
    env.filters["breakable"] = lambda name: escape(name).replace("_", Markup("_<wbr>"))
    env.filters["count"] = lambda n: f"{n:,}"
    env.filters["day"] = lambda at: at.strftime("%Y-%m-%d") if at else "–"
    env.filters["minute"] = lambda at: at.strftime("%Y-%m-%d %H:%M") if at else "–"
    env.filters["billions"] = lambda n: "–" if n is None else f"{n:g} B"
    env.filters["things"] = lambda n, one, many="": f"{n:,} {one if n == 1 else many or one + 's'}"
    return env


def _choose(tables: Sequence[Table], name: str) -> Table:
    found = [table for table in tables if not name or table.name == name]
    if not found:
        raise NotFound("there is no such table")
    return found[0]


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _encoded(text: str) -> bytes:
    """UTF-8; lone surrogates, which it cannot hold, become question marks."""
    return text.encode("utf-8", "replace")


def _numeric(column: Sequence[Cell]) -> bool:
    return all(cell is None or isinstance(cell, int | float) for cell in column)


def _latex_cell(cell: Cell) -> str:
    if cell is None:
        return "--"
    return f"{cell:.1f}" if isinstance(cell, float) else escape_latex(str(cell)).replace("–", "--")
