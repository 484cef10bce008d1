"""Answers without a judgement: how many, why, and what the score would be if they were left out or all right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from .document import Finding, Section, Table
from .run_answers import Cells, RunFacts, TaskFacts, greatest_first, share

KINDS = ("empty", "truncated", "refused", "unparsed", "missing", "error")
MANY, MOST = 5.0, 50.0
"""Percent of a task's rows from which on answers without a judgement are a warning (the lower end of the interval), and
an error."""


def unscored_section(run: RunFacts) -> Section:
    """What could not be judged, by kind and task, with the bounds of each score."""
    lost = {task_id: _lost(run, task) for task_id, task in run.tasks.items()}
    total = sum(sum(kinds.values()) for kinds in lost.values())
    asked = sum(task.expected for task in run.tasks.values())
    kinds = [kind for kind in KINDS if any(found[kind] for found in lost.values())]
    rows: list[Cells] = []
    for task_id, task in run.tasks.items():
        found = lost[task_id]
        n = sum(found.values())
        if n:
            bounds = (task.score, task.dropped, task.all_right)
            counts = (found[kind] for kind in kinds)
            rows.append((task_id, task.expected, *share(n, task.expected), *bounds, task.metric, *counts))
    table = Table(
        title="Answers without a judgement, and what the score would be",
        columns=("task", "rows", "share", "low", "high", "as wrong", "left out", "all right", "metric", *kinds),
        rows=greatest_first(rows, 2),
        units=("", "", "%", "%", "%", "%", "%", "%", "", *("" for _ in kinds)),
        note="The reported score counts them as wrong. The true one lies between “as wrong” and “all right”; “left "
        "out” is what a report without them would say.",
        value="share",
        low="low",
        high="high",
    )
    told = ", ".join(f"{sum(found[kind] for found in lost.values())} {kind}" for kind in kinds)
    part, low, high = share(total, asked)
    return Section(
        check="run.unscored",
        title="Answers without a judgement",
        summary=f"{total} of {asked} answers ({part:.1f} %, {low:.1f} to {high:.1f}) have none"
        f"{': ' if told else ''}{told}.",
        findings=tuple(_findings(run, lost)),
        tables=(*((table,) if rows else ()), *_reviewed(run)),
        settings={"warning from": f"{MANY:g} % of a task, surely", "error from": f"{MOST:g} % of a task"},
    )


def _reviewed(run: RunFacts) -> Iterator[Table]:
    judged = [task for task in run.tasks.values() if task.reviewed is not None]
    if judged:
        yield Table(
            title="As readers judged",
            columns=("task", "metric", "as scored", "as reviewed"),
            rows=tuple((task.id, task.metric, task.score, task.reviewed) for task in judged),
            units=("", "", "%", "%"),
            note="Answers that a reader accepted on the adjudication page count as right here, and nowhere else.",
        )


def _lost(run: RunFacts, task: TaskFacts) -> Counter[str]:
    answers = run.by_task[task.id]
    found = Counter(answer.strict.unscored for answer in answers if answer.strict.unscored)
    found["missing"] += max(0, task.expected - len(answers))
    return found


def _findings(run: RunFacts, lost: dict[str, Counter[str]]) -> Iterator[Finding]:
    gone = sum(found["missing"] + found["error"] for found in lost.values())
    if gone:
        yield Finding(
            "error",
            run.name,
            f"{gone} answers never came and count as wrong",
            "medsins bench resume RUN --retry-failed",
        )
    for task_id, found in lost.items():
        task = run.tasks[task_id]
        n = sum(found.values()) - found["missing"] - found["error"]
        part, low, _ = share(n, task.expected)
        if low < MANY:
            continue
        bounds = f"{task.metric} is {task.score:.1f} as reported, {task.all_right:.1f} if all of them were right"
        if task.dropped is not None:
            bounds += f", {task.dropped:.1f} without them"
        told = ", ".join(f"{found[kind]} {kind}" for kind in KINDS[:4] if found[kind])
        yield Finding(
            "error" if part >= MOST else "warning",
            task_id,
            f"{part:.0f} % of the answers cannot be read ({told}): {bounds}",
            "read some of them: medsins audit run RUN --adjudicate",
        )
