"""What the strict rules against copies and contradictions hit: real answers, perfect answers, and copies.

    python benchmarks/copies.py PREDICTIONS.csv TASK.json ...

For predictions: how many answers each rule takes for no answer, and how like its question the likest is. For task
files: the same of their references (perfect answers), and what repeating the question gains over chance, in points.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from medsins.bench.scoring_source import source_of_csv
from medsins.metrics import Row, TaskSpec
from medsins.metrics.strict import infer_spec, language_code, majority_rows, random_rows, score_task
from medsins.metrics.strict._copies import last_query, likeness
from medsins.metrics.strict._statements import after_statement
from medsins.metrics.strict._text import own_turn, visible
from medsins.metrics.strict.entities import copied
from medsins.metrics.strict.mcqa import contradictory, read_questions
from medsins.metrics.strict.text import ADDING, repeats
from medsins.metrics.text import tokens
from medsins.tasks import read_task


def hits(rows: Sequence[Row], spec: TaskSpec) -> tuple[list[Row], float]:
    """The rows that a rule takes for no answer, and the greatest likeness of a rationale or explanation."""
    if spec.scorer == "mcqa":
        questions = read_questions(rows)
        return [r for r, q in zip(rows, questions, strict=True) if contradictory(visible(r.output or ""), q)], 0.0
    if spec.scorer == "entities":
        return [r for r in rows if copied(after_statement(own_turn(visible(r.output or ""))), r.input)], 0.0
    if spec.scorer != "text" or spec.category not in ADDING:
        return [], 0.0
    asked = [last_query(r.input) for r in rows]
    alike = [likeness(tokens(r.output or "", spec.language), tokens(q, spec.language))
             for r, q in zip(rows, asked, strict=True)]  # fmt: skip
    found = [r for r, q in zip(rows, asked, strict=True) if repeats(q, r.output or "", (), spec.language)]
    return found, max(alike, default=0.0)


def of_predictions(path: Path) -> None:
    source = source_of_csv([path], [], lambda *_: None)
    by_task: dict[str, list[Row]] = {}
    for row in source.rows:
        if row.output and row.output.strip():
            by_task.setdefault(row.task_id, []).append(row)
    told(path.name, by_task, source.specs)


def of_tasks(paths: Sequence[Path]) -> None:
    rows: dict[str, list[Row]] = {}
    specs: dict[str, TaskSpec] = {}
    for path in paths:
        task = read_task(path)
        given = [(i.input, i.reference) for i in task.instances if i.reference]
        specs[task.id] = infer_spec(task.id, task.category, [r for _, r in given], language_code(task.language))
        rows[task.id] = [Row(n, task.id, text, reference, (reference,)) for n, (text, reference) in enumerate(given)]
    told("references", rows, specs)
    for name, found in rows.items():
        spec = specs[name]
        gain = value([replace(row, output=row.input) for row in found], spec)
        print(f"{name}: repeating the question {gain - chance(found, spec):+.1f} points over chance", flush=True)


def value(rows: list[Row], spec: TaskSpec) -> float:
    scored = score_task(rows, spec)
    return 100 * scored.table.point()[scored.primary]


def chance(rows: list[Row], spec: TaskSpec) -> float:
    return max(value(made(rows, spec), spec) for made in (majority_rows, random_rows))


def told(what: str, by_task: Mapping[str, Sequence[Row]], specs: Mapping[str, TaskSpec]) -> None:
    for name, rows in by_task.items():
        found, alike = hits(rows, specs[name])
        print(f"{what} {name}: {len(found)} of {len(rows):,} hit" + (f", likest {alike:.2f}" if alike else ""))
        for row in found[:10]:
            print(f"    {last_query(row.input)[-120:]!r} => {(row.output or '')[:120]!r}")


if __name__ == "__main__":
    given = [Path(name) for name in sys.argv[1:]]
    for path in given:
        if path.suffix == ".csv":
            of_predictions(path)
    of_tasks([path for path in given if path.suffix != ".csv"])
