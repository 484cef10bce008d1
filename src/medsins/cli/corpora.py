"""``medsins corpora``: the source corpora, and task files from them."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _corpora_import
from ._common import add_verb, err_console, out_console, print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console
    from rich.status import Status

    from medsins.core import MedsinsError
    from medsins.corpora import BuildOptions, BuildReport, Corpus

PLAIN_INTERVAL = 10.0  # seconds between lines of progress where there is no terminal


def build(commands: Any, name: str, summary: str) -> None:
    """Add the group's verbs."""
    group = commands.add_parser(name, help=summary, description=summary, example="medsins corpora show meqsum")
    verbs = group.add_subparsers(title="verbs", metavar="VERB", required=True)
    listing = add_verb(
        verbs, "list", _list, "every corpus with its terms and tasks", "medsins corpora list --access open"
    )
    listing.add_argument("--access", metavar="TERMS", help="only corpora that are open, registration or credentialed")
    show = add_verb(
        verbs, "show", _show, "one corpus: terms, files, tasks, what is inferred", "medsins corpora show hoc"
    )
    show.add_argument("name", metavar="NAME", help="the corpus")
    _add_build(verbs)
    _corpora_import.add_verbs(verbs)


def _add_build(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "build",
        _build,
        "raw files of a corpus into task files",
        "medsins corpora build meqsum --raw MeQSum -o tasks\n"
        "medsins corpora build meqsum hoc --raw downloads -o tasks --jobs 2\n"
        "medsins corpora build bc5cdr --raw MTL-Bioinformatics-2016 -o tasks --task task127 --split test",
    )
    parser.add_argument("names", metavar="NAME", nargs="+", help="the corpora, see medsins corpora list")
    parser.add_argument(
        "--raw",
        type=Path,
        required=True,
        metavar="DIR",
        help="the folder of raw files, as published; of several corpora, each may have its own folder DIR/NAME",
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="corpora built at a time (default 1)")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help="where the task files go")
    parser.add_argument("--task", action="append", default=[], metavar="ID", help="only this task (may be repeated)")
    parser.add_argument(
        "--split",
        default="all",
        metavar="S",
        help="all (default), train, validation or test; 9:1 where none is published",
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of the 9:1 split and of sampling (default 0)"
    )
    parser.add_argument(
        "--empty-answer",
        default="released",
        metavar="SPELLING",
        help="of NER answers without entity: released ('enetity', as in the published files; default) or converter",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the corpus, see corpora show"
    )


def _options(args: argparse.Namespace) -> BuildOptions:
    from medsins.core import Problem, UsageError
    from medsins.corpora import BuildOptions

    bad = [text for text in args.set if "=" not in text]
    if bad:
        raise UsageError(*(Problem(f"'{text}' is no setting", mend="write --set NAME=VALUE") for text in bad))
    return BuildOptions(
        seed=args.seed,
        split=args.split,
        empty_answer=args.empty_answer,
        tasks=tuple(args.task),
        settings=dict(text.split("=", 1) for text in args.set),
    )


def _build(args: argparse.Namespace) -> int:
    from medsins.core import MedsinsError, Problem

    reports: list[BuildReport] = []
    problems: list[Problem] = []
    for outcome in _outcomes(args):
        if isinstance(outcome, MedsinsError):
            if len(args.names) == 1:
                raise outcome
            problems += outcome.problems
        else:
            reports.append(outcome)
            _print_report(outcome, args)
    if args.json:
        from dataclasses import asdict

        print_json({"corpora": [asdict(r) for r in reports], "problems": [asdict(problem) for problem in problems]})
    for problem in problems:
        err_console().print(f"error: {problem}", markup=False, soft_wrap=True)
    return 1 if problems else 0


def _outcomes(args: argparse.Namespace) -> Iterator[BuildReport | MedsinsError]:
    from medsins.corpora import build as build_corpus
    from medsins.corpora import build_many

    options = _options(args)
    console = err_console(args)
    with console.status("reading") as status:
        if len(args.names) == 1:
            name = args.names[0]
            yield build_corpus(name, args.raw, args.out, options, _shower(name, console, status))
            return
        outcomes = build_many(args.names, args.raw, args.out, options, args.jobs)
        for done, (_, outcome) in enumerate(outcomes, start=1):
            status.update(f"{done} of {len(args.names)} corpora")
            yield outcome


def _shower(name: str, console: Console, status: Status) -> Callable[[int], None]:
    """Shows the number of records read: beside a spinner on a terminal, as a line every ten seconds elsewhere."""
    printed = time.monotonic()

    def show(number: int) -> None:
        nonlocal printed
        line = f"reading {name}: {number:,} records"
        if console.is_terminal:
            status.update(line)
        elif time.monotonic() - printed >= PLAIN_INTERVAL:
            printed = time.monotonic()
            console.print(line, soft_wrap=True)

    return show


def _print_report(report: BuildReport, args: argparse.Namespace) -> None:
    if not args.json:
        for counts in report.written:
            dropped = f", {counts.dropped:,} dropped" if counts.dropped else ""
            line = f"{args.out / counts.task_id}.json: {counts.instances:,} instances{dropped}"
            out_console().print(line, markup=False, soft_wrap=True)
        for task in report.finished_before:
            out_console().print(f"{args.out / task}.json: already built", markup=False, soft_wrap=True)
    for note in report.notes:
        err_console(args).print(f"note: {note}", markup=False, soft_wrap=True)


def _list(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from medsins.catalog import ACCESS, corpora
    from medsins.core import unknown_name
    from medsins.corpora import corpus_names

    if args.access and args.access not in ACCESS:
        raise unknown_name("access", args.access, ACCESS)
    known = corpora()
    rows = [corpus for corpus in known.values() if args.access in (None, corpus.access)]
    others = [name for name in corpus_names() if name not in known] if not args.access else []
    if args.json:
        print_json([*map(asdict, rows), *({"name": name} for name in others)])
        return 0
    from rich.table import Table

    table = Table(title=f"Corpora ({len(rows) + len(others)})", title_justify="left")
    for column in ("name", "title", "access", "licence", "tasks"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(row.name, row.title, row.access, row.licence, ", ".join((*row.tasks, *row.on_request)))
    for name in others:
        table.add_row(name, "(installed beside medsins)", "", "", "")
    out_console().print(table)
    return 0


def _show(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from medsins.corpora import load_corpus

    corpus: Corpus = load_corpus(args.name).CORPUS
    if args.json:
        print_json(asdict(corpus))
        return 0
    rows: dict[str, str] = {
        "title": corpus.title,
        "source": corpus.url,
        "access": corpus.access + ("" if corpus.may_leave else " (the text must not leave your machines)"),
        "licence": corpus.licence,
        "agreement": corpus.agreement,
        "data use terms": ", ".join(corpus.duo),
        "to obtain it": corpus.how_to_get,
        "expected": corpus.release,
        "files": "\n".join(corpus.files),
        "tasks": "\n".join(_task_lines(corpus)),
        "settings": "\n".join(f"{name}={'|'.join(values)}" for name, values in corpus.settings.items()),
        "verified": corpus.verified,
        "inferred": "\n".join(corpus.inferred),
    }
    from rich.table import Table
    from rich.text import Text

    table = Table(title=corpus.name, title_justify="left", show_header=False, box=None)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        if value:
            table.add_row(name, Text(value))
    out_console().print(table)
    return 0


def _task_lines(corpus: Corpus) -> list[str]:
    from medsins.catalog import find_task

    lines = []
    for task in corpus.all_tasks:
        entry, own = find_task(task), corpus.own_tasks.get(task)
        category = own.category if own else (entry.scored_as if entry else "")
        lines.append(f"{task}: {category}" + (" (only with --task)" if task in corpus.on_request else ""))
    return lines
