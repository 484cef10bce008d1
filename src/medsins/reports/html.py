"""The HTML report: one file that opens offline and asks no other for anything.

Model answers are untrusted text. They reach the page escaped by the templates or as packed data that the script writes
as text nodes; a content security policy with the hashes of the page's own style and scripts forbids everything else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from medsins import __version__
from medsins.core import atomic_open

from . import figures
from .rundata import RunData, Usage, add_bills, load_run, predictions, read_judgements
from .samples import Packed, pack_samples
from .terminal import VERDICTS

TEMPLATES = Path(__file__).parent / "templates"


def write_html(run_dir: Path) -> Path:
    """Write ``report.html`` of a run directory; an unfinished run shows what there is.

    Raises:
        UsageError, InvalidFile: as ``load_run``.
    """
    run = load_run(run_dir)
    packed = pack_samples(predictions(run_dir), read_judgements(run_dir), run.sheet)
    add_bills(run_dir, packed.usage)
    return render("report.html", run_dir / "report.html", report_context(run, packed))


def report_context(run: RunData, packed: Packed) -> dict[str, Any]:
    """Everything the report's template names."""
    model = figures.mapping(run.manifest.get("model"))
    tasks = [figures.mapping(task) for task in figures.sequence(run.manifest.get("tasks"))]
    # ``spec`` is for resuming on this machine and holds its paths; a report is passed on.
    manifest = {key: value for key, value in run.manifest.items() if key != "spec"}
    return {
        "title": str(model.get("name") or model.get("spec") or run.sheet.source or "Run"),
        "manifest": manifest,
        "manifest_text": json.dumps(manifest, ensure_ascii=False, indent=2),
        "facts": _facts(run.manifest),
        "sheet": run.sheet,
        "touched": figures.touched,
        "expected": run.expected,
        "packed": packed,
        "usage": packed.usage,
        "total": _total(packed.usage),
        "sent": _sent(run.manifest),
        "restricted": sorted({str(task.get("access")) for task in tasks} & {"credentialed", "private"}),
    }


def render(template: str, path: Path, context: Mapping[str, Any], script: str = "") -> Path:
    """Render a page of ``templates/`` into one file, streaming. Undefined names are errors, all values are escaped.

    ``script`` names a script that this page has besides those of all pages.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup, escape

    loader = FileSystemLoader(TEMPLATES)
    page = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page.filters |= {"percent": figures.percent, "interval": figures.interval, "metric": figures.metric_name}
    page.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
    page.filters["breakable"] = lambda name: escape(name).replace("_", Markup("_<wbr>"))
    page.filters["count"] = lambda n: f"{n:,}"
    page.filters["dollars"] = lambda n: f"{n:,.2f}" if n >= 0.01 or not n else f"{n:.2g}"
    page.filters["of_tasks"] = lambda n: f"{n} task" if n == 1 else f"{n} tasks"
    page.filters["of_categories"] = lambda n: f"{n} category" if n == 1 else f"{n} categories"
    style, theme, *scripts = (
        (TEMPLATES / name).read_text(encoding="utf-8")
        for name in ("style.css", "theme.js", "report.js", script)
        if name
    )
    shared = {
        "bar_scale": bar_scale,
        "version": __version__,
        "verdicts": VERDICTS,
        "policy": content_policy([style], [theme, *scripts]),
        "style": Markup(style),
        "theme_script": Markup(theme),
        "scripts": [Markup(text) for text in scripts],
    }
    with atomic_open(path) as stream:
        for piece in page.get_template(template).generate({**shared, **context}):
            stream.write(piece.encode("utf-8", "replace").decode("utf-8"))
    return path


def content_policy(styles: Iterable[str], scripts: Iterable[str]) -> str:
    """A content security policy under which only these inline styles and scripts run and nothing is fetched (CSP 3)."""
    return (
        "default-src 'none'; "
        f"style-src {' '.join(_hashes(styles))}; script-src {' '.join(_hashes(scripts))}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def bar_scale(lines: Sequence[figures.Line]) -> int:
    """The share (percent) at the end of the bars of unscored answers: the first round number no line exceeds."""
    share = max((100 * line.unscored_total / line.rows for line in lines if line.rows), default=0.0)
    return next((end for end in (10, 25, 50) if share <= end), 100)


def _hashes(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _sent(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Where text of the run went that is not this machine, each with terms, rule and reason: the guard's record."""
    sessions = [figures.mapping(entry) for entry in figures.sequence(manifest.get("guard"))]
    found = [figures.mapping(d) for session in sessions for d in figures.sequence(session.get("decisions"))]
    names = ("access", "endpoint", "rule", "by", "reason")
    return [
        {**{name: str(d.get(name, "")) for name in names}, "tasks": len(figures.sequence(d.get("tasks")))}
        for d in found
        if d.get("rule") not in ("in-process", "loopback")
    ]


def _facts(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The line under the title: what was run, how, when; parts that are not known are left out."""
    suite, model = figures.mapping(manifest.get("suite")), figures.mapping(manifest.get("model"))
    protocol = figures.mapping(manifest.get("protocol"))
    sampling, limit = figures.mapping(manifest.get("sampling")), figures.number(manifest.get("limit"))
    name = "@".join(str(suite[key]) for key in ("name", "version") if suite.get(key) not in (None, ""))
    facts = {
        "Suite": name,
        "Protocol": str(protocol.get("spec") or protocol.get("name") or ""),
        "Questions": f"first {limit:.0f} of every task" if limit else "",
        "Date": str(manifest.get("created") or "")[:10],
        "Engine": " ".join(str(model[key]) for key in ("engine", "precision") if model.get(key)),
        "Sampling": _sampling(sampling),
    }
    return {label: value for label, value in facts.items() if value}


def _sampling(sampling: Mapping[str, Any]) -> str:
    temperature = figures.number(sampling.get("temperature"))
    if temperature is None:
        return ""
    how = "greedy" if temperature == 0 else f"temperature {temperature:g}"
    limit = figures.number(sampling.get("max_new_tokens"))
    return how if limit is None else f"{how}, ≤ {limit:.0f} tokens"


def _total(usages: Iterable[Usage]) -> Usage:
    total = Usage("")
    for usage in usages:
        total.merge(usage)
    return total
