"""What was noticed while a file was matched, in words: for submitters on a terminal and readers of a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SHOWN = 10
_MATCHED = {"id": "by instance_id", "input": "by their input", "prompt": "by the question their prompt ends with"}


def noticed(report: Mapping[str, Any]) -> list[str]:
    """The lines of a report (``Intake.report``); none where it is empty."""
    lines = [f"{report['rows']:,} rows were taken"] if "rows" in report else []
    if lines and (matched := report.get("matched_by")):
        lines[0] += ": " + ", ".join(f"{count:,} {_MATCHED.get(how, how)}" for how, count in matched.items())
    if count := _count(report, "missing"):
        tasks = report["missing"].get("tasks") or {}
        lines.append(f"{count:,} instances have no row and count as wrong{_named(tasks)}")
    if count := _count(report, "references_changed"):
        rows = ", ".join(map(str, report["references_changed"].get("rows", [])[:_SHOWN]))
        lines.append(f"{count:,} references differ from the board's, which alone count (rows {rows})")
    if count := report.get("empty", 0):
        lines.append(f"{count:,} answers are empty")
    if count := report.get("truncated", 0):
        lines.append(f"{count:,} answers were cut at their length limit")
    if count := report.get("nul", 0):
        lines.append(f"{count:,} answers held NUL characters, which were replaced")
    if count := report.get("equal_questions", 0):
        lines.append(f"{count:,} rows ask what several instances ask, and were shared out among them")
    return lines


def _count(report: Mapping[str, Any], name: str) -> int:
    told = report.get(name)
    return int(told.get("count", 0)) if isinstance(told, Mapping) else 0


def _named(tasks: Mapping[str, int]) -> str:
    most = sorted(tasks, key=lambda task: -tasks[task])[:_SHOWN]
    left = f" and {len(tasks) - len(most)} more tasks" if len(tasks) > len(most) else ""
    return f" ({', '.join(f'{task}: {tasks[task]:,}' for task in most)}{left})" if most else ""
