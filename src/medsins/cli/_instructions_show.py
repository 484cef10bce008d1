"""What ``medsins instructions`` says of judged wordings."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._common import err_console, out_console, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from medsins.instructions import TaskCheck


def write_dropped(path: Path, checks: Sequence[TaskCheck]) -> None:
    """Write what was dropped, with the reasons, beside the file of what was kept."""
    import json

    from medsins.core import atomic_open

    with atomic_open(path.with_name(f"{path.name}.dropped.jsonl")) as stream:
        for item in (item for check in checks for item in check.judged if item.faults):
            stream.write(json.dumps(item.document(), ensure_ascii=False) + "\n")


def show_checks(checks: Sequence[TaskCheck], args: argparse.Namespace) -> None:
    """Print what every task keeps, what each rule drops, and how diverse the rest is."""
    from dataclasses import asdict

    from medsins.instructions import ALL_RULES

    total = sum(len(check.judged) for check in checks)
    kept = sum(len(check.kept) for check in checks)
    rules = {rule: sum(check.rules[rule] for check in checks) for rule in ALL_RULES}
    if args.json:
        tasks = {
            check.task_id: {
                "wordings": len(check.judged),
                "kept": len(check.kept),
                "rules": dict(check.rules),
                "diversity": asdict(check.diversity),
                "dropped": [item.document() for item in check.judged if item.faults],
            }
            for check in checks
        }
        print_json({"wordings": total, "kept": kept, "rules": rules, "tasks": tasks})
        return
    out_console().print(_table(checks))
    for rule, number in rules.items():
        if number:
            out_console().print(f"{rule}: {number:,} ({number / total:.1%})", markup=False)
    out_console().print(f"{kept:,} of {total:,} wordings are good", markup=False)
    if args.verbose:
        for check in checks:
            for item in check.judged:
                for fault in item.faults:
                    text = " ".join(item.variant.text.split())
                    line = f"{check.task_id}: {fault.rule}: {fault.what}: {text}"
                    err_console(args).print(line, markup=False, soft_wrap=True)


def _table(checks: Sequence[TaskCheck]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("task", overflow="fold")
    for title in ("wordings", "good", "distinct-1", "distinct-2", "similarity"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("dropped most by", overflow="fold")
    for check in checks:
        spread = check.diversity
        shares = (spread.distinct_1, spread.distinct_2, spread.similarity)
        numbers = [f"{share:.2f}" if share == share else "" for share in shares]
        most = ", ".join(f"{rule} {number}" for rule, number in check.rules.most_common(2))
        table.add_row(check.task_id, str(len(check.judged)), str(len(check.kept)), *numbers, most)
    return table
