"""How far the score moves with the wording of the instruction and the choice and order of shots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .document import Finding, Section, Table
from .run_answers import RunFacts, greatest_first

POINTS = 5.0
"""Percentage points between runs from which on a category's movement is a warning."""


def spread_section(spread: Mapping[str, Any]) -> Section:
    """Several runs of one model on the same questions: ``bench.compare.spread`` as a section."""
    names = [str(run["name"]) for run in spread["runs"]]
    varied = {str(name): [str(value) for value in values] for name, values in spread["varied"].items()}
    moved = {name: entry for name, entry in spread["categories"].items() if entry["range"] >= POINTS}
    told = "; ".join(f"{name}: {', '.join(values)}" for name, values in varied.items()) or "nothing but chance"
    widest = max(spread["categories"].values(), key=lambda entry: entry["range"], default={"range": 0.0})
    return Section(
        check="run.spread",
        title="Wording, shots and seeds",
        summary=f"Over {len(names)} runs ({told}) categories move by up to {widest['range']:.1f} points.",
        findings=tuple(
            Finding(
                "warning",
                category,
                f"moves by {entry['range']:.1f} points between runs ({entry['min']:.1f} to {entry['max']:.1f})",
                "report the range, not one run; smaller differences between models are none",
            )
            for category, entry in moved.items()
        ),
        tables=(_table(spread["categories"], names, "category"), _table(spread["tasks"], names, "task")),
        settings={"runs": names, "warning from": f"{POINTS:g} points"},
    )


def no_spread_section(run: RunFacts, why: str = "") -> Section:
    """One run alone, or runs that cannot be set side by side: how to see what wording and shots change."""
    again = run.again or "medsins bench run …"
    return Section(
        check="run.spread",
        title="Wording, shots and seeds",
        summary=why or "One run cannot say how much of its score is the wording or the choice of shots.",
        findings=(
            Finding(
                "note",
                run.name,
                "not looked at: how far the score moves with wording and shots",
                f"{again} --protocol strict:wording=2 -o other; {again} --seed 1 -o third; "
                f"then: medsins audit run {run.name} other third",
            ),
        ),
    )


def _table(entries: Mapping[str, Mapping[str, Any]], names: list[str], scope: str) -> Table:
    rows = [
        (name, str(entry["metric"]), entry["median"], entry["min"], entry["max"], entry["range"], *entry["values"])
        for name, entry in entries.items()
    ]
    return Table(
        title=f"By {scope}",
        columns=(scope, "metric", "median", "least", "most", "range", *names),
        rows=greatest_first(rows, 5),
        units=("", "", "%", "%", "%", "points", *("%" for _ in names)),
        note="The bar goes from the least to the most of the runs; it is no interval of chance.",
        value="median",
        low="least",
        high="most",
    )
