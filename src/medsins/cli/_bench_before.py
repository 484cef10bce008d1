"""What ``medsins bench run`` can say before it sends anything: which task may go where, and what it would take."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ._common import err_console, out_console, print_json
from ._progress import dollars

if TYPE_CHECKING:
    from rich.table import Table

    from medsins.bench.costs import TaskEstimate
    from medsins.bench.spec import RunSpec


def explain_guard(spec: RunSpec, args: argparse.Namespace) -> int:
    """Print the guard's decision for every task and endpoint; nothing is loaded or sent. 3 where any is refused."""
    from rich.text import Text

    from medsins.bench.guard import explain
    from medsins.bench.plans import describe_model, make_plan

    decisions = explain(make_plan(spec).leaving, describe_model(spec), args.allow_restricted)
    refused = [decision for decision in decisions if not decision.allowed]
    if args.json:
        entries = [{**asdict(d), "decision": "allowed" if d.allowed else "refused"} for d in decisions]
        print_json({"allowed": not refused, "tasks": entries})
    else:
        table = _table()
        for title in ("access", "decision", "rule"):
            table.add_column(title, no_wrap=True)
        table.add_column("endpoint", overflow="fold")
        for d in decisions:
            verdict = Text("may go" if d.allowed else "refused", style="" if d.allowed else "bold red")
            table.add_row(Text(d.task_id), d.access, verdict, d.rule, Text(d.endpoint))
        console = out_console()
        console.print(table)
        for reason in dict.fromkeys(d.reason for d in decisions if not d.allowed or d.by != "rule"):
            console.print(reason, markup=False, soft_wrap=True)
        held, asked = len({d.task_id for d in refused}), len({d.task_id for d in decisions})
        console.print(
            f"refused: {held} of {asked} {'task' if asked == 1 else 'tasks'}" if held else "every task may go"
        )
    return 3 if refused else 0


def dry_run(spec: RunSpec, args: argparse.Namespace) -> int:
    """Print requests, tokens and money by task; nothing is sent."""
    from rich.text import Text

    from medsins.bench.costs import estimate_run

    with err_console(args).status("building prompts") as status:
        found = estimate_run(
            spec, args.output, lambda task, done, total: status.update(f"building prompts {done}/{total} {task}")
        )
    if args.json:
        print_json(found.document())
        return 0
    priced = any(found.prices)
    table = _table()
    money = ("USD\nlikely", "USD\nat most") if priced else ()
    for title in ("requests", "prompt\ntokens", "answer\nlikely", "tokens\nat most", *money):
        table.add_column(title, justify="right", no_wrap=True)
    for task in found.tasks:
        table.add_row(Text(task.task_id), *_cells(task, priced))
    table.add_section()
    table.add_row("all", *_cells(found.total, priced), style="bold")
    out_console().print(table)
    answered = [f"{found.answered:,} samples are answered already and not counted"] if found.answered else []
    for note in (*answered, *found.notes):
        out_console().print(note, style="dim", markup=False)
    return 0


def _table() -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("task", overflow="fold")
    return table


def _cells(task: TaskEstimate, priced: bool) -> list[Any]:
    numbers = (task.requests, task.prompt_tokens, task.likely_tokens, task.most_tokens)
    money = (dollars(task.likely_cost), dollars(task.most_cost)) if priced else ()
    return [*(f"{number:,}" for number in numbers), *money]
