"""``medsins pull``: fetch published data from the hub, with checksums."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._common import add_shared, err_console, out_console, print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from medsins.tasks.pull import Progress, Published

EXAMPLE = """\
medsins pull meds-bench --list
medsins pull meds-bench -o MedS-Bench
medsins pull meds-bench --category NER --task task1 -o MedS-Bench
medsins pull meds-ins --offline -o MedS-Ins"""


def build(commands: Any, name: str, summary: str) -> None:
    """Add the command."""
    parser = commands.add_parser(name, help=summary, description=summary, example=EXAMPLE)
    parser.add_argument("name", metavar="NAME", help="meds-bench, meds-ins, or owner/name of a data set on the hub")
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="folder to fetch into")
    parser.add_argument("--list", action="store_true", help="show what there is and fetch nothing")
    parser.add_argument("--task", default=[], nargs="+", metavar="ID", help="only these tasks")
    parser.add_argument("--category", default=[], nargs="+", metavar="NAME", help="only tasks of these categories")
    parser.add_argument("--revision", default="main", metavar="REV", help="branch, tag or commit (default main)")
    parser.add_argument("--offline", action="store_true", help="use no network: check what an earlier pull brought")
    add_shared(parser, _pull)


def _pull(args: argparse.Namespace) -> int:
    from medsins.core import Problem, UsageError
    from medsins.tasks.pull import Choice, is_offline, published_files, pull, repository_name, select, terms, verify
    from medsins.tasks.pull_hub import Hub

    name, choice = repository_name(args.name), Choice(tuple(args.task), tuple(args.category))
    if not args.list and not args.output:
        raise UsageError(Problem("where to is not said", mend="give a folder with -o, or --list to only look"))
    console = err_console(args)
    if args.offline or is_offline():
        if args.list:
            raise UsageError(Problem("a listing needs the network", mend="leave --list out, or unset HF_HUB_OFFLINE"))
        return _show(verify(args.output, name, choice), args)
    hub = Hub()
    try:
        with console.status(f"listing {name}"):
            repository = hub.repository(name, args.revision)
            files = select(published_files(hub.files(repository)), choice)
        if args.list:
            return _list(files, repository.commit, args)
        for line in terms(files):
            err_console().print(f"access terms – {line}", markup=False, soft_wrap=True)
        with _bar(args) as listen:
            return _show(pull(hub, repository, files, args.output, listen), args)
    except KeyboardInterrupt:
        err_console().print("\ninterrupted, what came is kept; run the same command again to go on")
        return 130
    finally:
        hub.close()


@contextmanager
def _bar(args: argparse.Namespace) -> Iterator[Callable[[Progress], None]]:
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    console = err_console(args)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bars(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as bars:
        bar = bars.add_task("fetching", total=None)
        yield lambda progress: bars.update(
            bar, completed=progress.done, total=progress.total, description=Path(progress.path).name
        )


def _list(files: list[Published], commit: str, args: argparse.Namespace) -> int:
    rows: list[dict[str, Any]] = [
        {"path": f.file.path, "size": f.file.size, "task": f.task_id, "category": f.category, "access": f.access}
        for f in files
    ]
    if args.json:
        print_json({"commit": commit, "files": rows})
        return 0
    from rich.table import Table

    table = Table("task", "category", "access", "MB", "file", box=None)
    table.columns[3].justify = "right"
    for row in rows:
        table.add_row(row["task"], row["category"], row["access"], f"{row['size'] / 1e6:.1f}", row["path"])
    out_console().print(table)
    err_console(args).print(f"{len(rows)} files, {sum(row['size'] for row in rows) / 1e9:.2f} GB, commit {commit}")
    return 0


def _show(pulled: Any, args: argparse.Namespace) -> int:
    from dataclasses import asdict

    console = err_console(args)
    for notice in pulled.notices:
        console.print(f"note: {notice}", markup=False, soft_wrap=True)
    if args.json:
        print_json(asdict(pulled))
    else:
        out_console().print(
            f"{len(pulled.files)} files of {pulled.repository} at {pulled.commit} in {args.output}, checked; "
            f"{pulled.fetched} fetched now",
            markup=False,
            soft_wrap=True,
        )
    return 0
