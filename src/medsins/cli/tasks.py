"""``medsins tasks``: look at task files, check, count, convert and split them, and hand out the contributor's Excel."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._common import add_verb, err_console, out_console, print_json, whole_number
from ._file_progress import file_progress
from ._outputs import output_file, output_folder
from ._tasks_exchange import add_verbs

if TYPE_CHECKING:
    from medsins.tasks import TaskStats, Validation

VALIDATE_EXAMPLE = """\
medsins tasks validate my_tasks/
medsins tasks validate my_task.xlsx --html report.html"""

CONVERT_EXAMPLE = """\
medsins tasks convert my_task.xlsx my_task.json
medsins tasks convert task78.json task78.parquet"""


def build(commands: Any, name: str, summary: str) -> None:
    """Add the group's verbs."""
    group = commands.add_parser(name, help=summary, description=summary, example="medsins tasks validate my_tasks/")
    verbs = group.add_subparsers(title="verbs", metavar="VERB", required=True)
    validate = add_verb(verbs, "validate", _validate, "every problem of every file", VALIDATE_EXAMPLE)
    validate.add_argument("paths", metavar="PATH", type=Path, nargs="+", help="task file, or folder of them")
    validate.add_argument("--html", type=output_file, metavar="FILE", help="also write the findings as a page")
    convert = add_verb(verbs, "convert", _convert, "into another format, streaming and resumable", CONVERT_EXAMPLE)
    convert.add_argument("source", metavar="SRC", type=Path, help="task file of any size")
    convert.add_argument("target", metavar="DST", type=output_file, help=".json .jsonl (.gz, .zst), .xlsx or .parquet")
    show = add_verb(verbs, "show", _show, "the card and one instance", "medsins tasks show task1.json --index 3")
    show.add_argument("path", metavar="PATH", type=Path, help="task file")
    show.add_argument("--index", type=whole_number, default=0, metavar="I", help="which instance (0-based, default 0)")
    stats = add_verb(verbs, "stats", _stats, "count instances, lengths, labels, languages", "medsins tasks stats my/")
    stats.add_argument("paths", metavar="PATH", type=Path, nargs="+", help="task file, or folder of them")
    stats.add_argument("--tokenizer", type=Path, metavar="FILE", help="tokenizer.json to count tokens with")
    _add_split(verbs)
    template = add_verb(
        verbs, "template", _template, "Excel for contributors", "medsins tasks template -o my_task.xlsx"
    )
    template.add_argument("--category", metavar="NAME", help="fill in the category")
    template.add_argument(
        "-o", "--output", required=True, type=output_file, metavar="FILE", help="the .xlsx file to write"
    )
    add_verbs(verbs)


def _add_split(verbs: Any) -> None:
    summary = "into train and test, no input on both sides"
    split = add_verb(verbs, "split", _split, summary, "medsins tasks split my_task.json --test 0.1")
    split.add_argument("path", metavar="PATH", type=Path, help="task file")
    split.add_argument("--test", type=float, default=0.1, metavar="SHARE", help="share for test (default 0.1)")
    split.add_argument(
        "--seed", type=whole_number, default=0, metavar="N", help="another seed, another split (default 0)"
    )
    split.add_argument("--group", default="", metavar="KEY", help="further key whose equal values stay together")
    split.add_argument(
        "-o", "--output", type=output_folder, metavar="DIR", help="folder for the two files (default: beside it)"
    )


def _validate(args: argparse.Namespace) -> int:
    from medsins.tasks import find_task_files, validate
    from medsins.tasks.report import write_report

    found = []
    for path in find_task_files(args.paths):
        with file_progress(err_console(args), path.name) as advance:
            found.append(validate(path, advance))
    if args.html:
        write_report(found, args.html)
    errors, warnings = sum(one.errors for one in found), sum(one.warnings for one in found)
    if args.json:
        totals = {"files": len(found), "instances": sum(one.instances for one in found)}
        rows = [row for one in found for row in _finding_rows(one)]
        print_json({**totals, "errors": errors, "warnings": warnings, "problems": rows})
    else:
        for one in found:
            _print_findings(one)
        counts = {"file": len(found), "error": errors, "warning": warnings}
        err_console(args).print(", ".join(f"{n:,} {what}{'' if n == 1 else 's'}" for what, n in counts.items()))
    return 1 if errors else 0


def _finding_rows(one: Validation) -> list[dict[str, Any]]:
    return [
        {"level": f.level, "kind": f.kind, "file": str(one.path), **asdict(f.problem), "more": f.more}
        for f in one.findings
    ]


def _print_findings(one: Validation) -> None:
    console = out_console()
    for finding in one.findings:
        style = "bold red" if finding.level == "error" else "yellow"
        console.print(f"{finding.level}: ", style=style, end="")
        console.print(f"{finding.problem.place}: {finding.problem.what}", markup=False, soft_wrap=True)
        if finding.problem.mend:
            console.print(f"    {finding.problem.mend}", markup=False, soft_wrap=True)
        if finding.more:
            console.print(f"    and {finding.more:,} more of this kind", markup=False)


def _convert(args: argparse.Namespace) -> int:
    from medsins.tasks import convert

    with file_progress(err_console(args), args.source.name) as advance:
        done = convert(args.source, args.target, advance=advance)
    if args.json:
        print_json({**asdict(done), "source": str(done.source), "target": str(done.target)})
    else:
        resumed = f" (the first {done.resumed_at:,} by an earlier, interrupted run)" if done.resumed_at else ""
        err_console(args).print(f"{done.instances:,} instances{resumed}")
        out_console().print(str(done.target), markup=False, soft_wrap=True)
    return 0


def _show(args: argparse.Namespace) -> int:
    from medsins.tasks import card_document, instance_document, show_instance

    shown = show_instance(args.path, args.index)
    document = {
        "id": shown.task_id,
        "category": shown.category,
        "language": shown.language,
        "access": shown.access,
        "card": card_document(shown.card),
        "index": args.index,
        "instance": instance_document(shown.instance),
    }
    if args.json:
        print_json(document)
        return 0
    import json

    out_console().print_json(json.dumps(document, ensure_ascii=False))
    return 0


def _stats(args: argparse.Namespace) -> int:
    from medsins.tasks import find_task_files, task_stats

    found = []
    for path in find_task_files(args.paths):
        with file_progress(err_console(args), path.name) as advance:
            found.append(task_stats(path, args.tokenizer, advance))
    if args.json:
        print_json([{**asdict(stats), "path": str(stats.path)} for stats in found])
        return 0
    _print_stats(found)
    return 0


def _print_stats(found: list[TaskStats]) -> None:
    from rich.table import Table

    table = Table(title=f"Task files ({len(found)})", title_justify="left")
    for column in ("file", "category", "instances", "words in", "words out"):
        table.add_column(column, overflow="fold")
    estimated = any(stats.tokens_estimated for stats in found)
    for side in ("in", "out"):
        table.add_column(f"tokens {side}{'*' if estimated else ''}", justify="right")
    for stats in found:
        words = [f"{stats.lengths[side]['words'].mean:,.0f}" for side in ("input", "output")]
        tokens = [f"{stats.lengths[side]['tokens'].total:,}" for side in ("input", "output")]
        table.add_row(stats.path.name, stats.category, f"{stats.instances:,}", *words, *tokens)
    console = out_console()
    console.print(table)
    if estimated:
        console.print("words: mean of an instance; * tokens of all instances, estimated (count with --tokenizer)")
    for stats in found if len(found) == 1 else ():
        for label, count in stats.labels.items():
            console.print(f"{count:>9,}  {label}", markup=False, overflow="fold")


def _split(args: argparse.Namespace) -> int:
    from medsins.tasks import split_task

    with file_progress(err_console(args), args.path.name) as advance:
        done = split_task(
            args.path,
            args.output or args.path.parent,
            test_share=args.test,
            seed=args.seed,
            group=args.group,
            advance=advance,
        )
    if args.json:
        print_json({**asdict(done), "train": str(done.train), "test": str(done.test)})
    else:
        err_console(args).print(f"{done.train_instances:,} train, {done.test_instances:,} test")
        for path in (done.train, done.test):
            out_console().print(str(path), markup=False, soft_wrap=True)
    return 0


def _template(args: argparse.Namespace) -> int:
    from medsins.catalog import categories, find_category
    from medsins.core import Problem, UsageError, unknown_name
    from medsins.tasks import write_template

    if args.output.suffix.lower() != ".xlsx":
        raise UsageError(Problem("the template is an Excel workbook", str(args.output), "give a name ending in .xlsx"))
    category = find_category(args.category) if args.category else ""
    if category is None:
        raise unknown_name("category", args.category, categories())
    write_template(args.output, category)
    if args.json:
        print_json({"file": str(args.output)})
    else:
        out_console().print(str(args.output), markup=False, soft_wrap=True)
    return 0
