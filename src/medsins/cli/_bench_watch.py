"""``medsins bench watch``: a run that goes on elsewhere, drawn every second on a terminal, as plain lines otherwise."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ._common import out_console, print_json
from ._progress import PLAIN_INTERVAL, clock, dollars

if TYPE_CHECKING:
    from rich.table import Table

    from medsins.bench.watch import Snapshot

INTERVAL = 1.0  # seconds between looks
ENDED = ("finished", "stopped")


def watch(args: argparse.Namespace) -> int:
    """Show a run until it ends or the user leaves; with ``--once`` or ``--json`` one look."""
    from medsins.bench.watch import look

    snapshot = look(args.run)
    if args.json:
        print_json(_document(snapshot))
        return 0
    console = out_console()
    if args.once:
        console.print(_table(snapshot))
        console.print(_line(snapshot), soft_wrap=True)
        return 0
    try:
        if console.is_terminal:
            _draw(args, snapshot)
        else:
            _lines(args, snapshot)
    except KeyboardInterrupt:
        return 0
    return 0


def _draw(args: argparse.Namespace, snapshot: Snapshot) -> None:
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    from medsins.bench.watch import look

    def picture(now: Snapshot) -> Group:
        return Group(_table(now), Text(_line(now)))

    with Live(picture(snapshot), console=out_console(), auto_refresh=False) as live:
        while snapshot.state not in ENDED:
            time.sleep(INTERVAL)
            snapshot = look(args.run)
            live.update(picture(snapshot), refresh=True)


def _lines(args: argparse.Namespace, snapshot: Snapshot) -> None:
    from medsins.bench.watch import look

    printed = time.monotonic()
    out_console().print(_line(snapshot), soft_wrap=True)
    while snapshot.state not in ENDED:
        time.sleep(INTERVAL)
        snapshot = look(args.run)
        if snapshot.state in ENDED or time.monotonic() - printed >= PLAIN_INTERVAL:
            printed = time.monotonic()
            out_console().print(_line(snapshot), soft_wrap=True)


def _line(snapshot: Snapshot) -> str:
    total = snapshot.total
    parts = [f"{total.done}/{total.total} done", f"{total.failed} failed" if total.failed else ""]
    parts += [f"{total.cached} from the cache" if total.cached else ""]
    parts += [f"{snapshot.rate:.2f} samples/s" if snapshot.rate else ""]
    parts += [f"{clock(snapshot.left)} left" if snapshot.left is not None else ""]
    parts += [dollars(total.cost) if total.cost else "", _state(snapshot)]
    return ", ".join(part for part in parts if part)


def _state(snapshot: Snapshot) -> str:
    if snapshot.state == "stopped":
        return "no process works on it: medsins bench resume goes on"
    if snapshot.state == "unknown":
        return f"last held by {snapshot.holder}"
    return snapshot.state


def _table(snapshot: Snapshot) -> Table:
    from rich.table import Table
    from rich.text import Text

    priced = bool(snapshot.total.cost)
    table = Table(box=None, pad_edge=False)
    table.add_column("task", overflow="fold")
    for title in ("done", "of", "failed", *(("cost",) if priced else ())):
        table.add_column(title, justify="right")
    for task in snapshot.tasks:
        numbers = [str(task.done), str(task.total), str(task.failed or "–")]
        table.add_row(Text(task.task_id), *numbers, *([dollars(task.cost)] if priced else []))
    return table


def _document(snapshot: Snapshot) -> dict[str, Any]:
    total = asdict(snapshot.total)
    del total["task_id"]
    return {
        "state": snapshot.state,
        "holder": snapshot.holder,
        **total,
        "samples_per_second": snapshot.rate,
        "seconds_left": snapshot.left,
        "tasks": [asdict(task) for task in snapshot.tasks],
    }
