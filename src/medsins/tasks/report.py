"""The contributor's report: what a check found, as one HTML page that opens offline."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from medsins.core import write_text

from .validate import Finding, Validation


def write_report(found: Sequence[Validation], path: Path) -> None:
    """Write the findings of some files as one HTML page, without scripts and without any outside request."""
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((files("medsins.tasks") / "templates/findings.html").read_text(encoding="utf-8"))
    totals = {
        "files": len(found),
        "instances": sum(one.instances for one in found),
        "errors": sum(one.errors for one in found),
        "warnings": sum(one.warnings for one in found),
    }
    shown = [{"name": one.path.name, "of": one, "findings": [_row(one, f) for f in one.findings]} for one in found]
    write_text(path, template.render(totals=totals, shown=shown))


def _row(one: Validation, finding: Finding) -> dict[str, object]:
    place = finding.problem.place.removeprefix(str(one.path)).removeprefix(": ")
    return {
        "level": finding.level,
        "kind": finding.kind,
        "place": place or "whole file",
        "what": finding.problem.what,
        "mend": finding.problem.mend,
        "more": finding.more,
    }
