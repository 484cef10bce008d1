"""``medsins corpora import``: a corpus of a known shape, described by a short TOML file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ._common import add_verb, err_console, out_console, print_json


def add_verbs(verbs: Any) -> None:
    """Add the verb to the group ``corpora``."""
    parser = add_verb(
        verbs,
        "import",
        _import,
        "a corpus of a known shape, described by a short TOML file, into a task file",
        "medsins corpora import genes.toml --raw genes -o tasks",
    )
    parser.add_argument("spec", metavar="SPEC.toml", type=Path, help="the description, see docs/importing.md")
    parser.add_argument("--raw", type=Path, required=True, metavar="DIR", help="the folder of the corpus's files")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help="where the task file goes")
    parser.add_argument(
        "--split",
        default="all",
        metavar="S",
        help="all (default), train, validation or test; 9:1 where none is given",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the 9:1 split (default 0)")
    parser.add_argument(
        "--empty-answer",
        default="released",
        metavar="SPELLING",
        help="of NER answers without entity: released ('enetity', as in the published files; default) or converter",
    )


def _import(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from medsins.corpora import BuildOptions, import_corpus

    options = BuildOptions(seed=args.seed, split=args.split, empty_answer=args.empty_answer)
    with err_console(args).status("reading") as status:
        report = import_corpus(
            args.spec, args.raw, args.out, options, lambda number: status.update(f"{number:,} records")
        )
    if args.json:
        print_json(asdict(report))
    else:
        for counts in report.written:
            lost = f", {counts.dropped:,} dropped (see {counts.task_id}.dropped.jsonl)" if counts.dropped else ""
            line = f"{args.out / counts.task_id}.json: {counts.instances:,} instances{lost}"
            out_console().print(line, markup=False, soft_wrap=True)
        for task in report.finished_before:
            out_console().print(f"{args.out / task}.json: already built", markup=False, soft_wrap=True)
    for note in report.notes:
        err_console(args).print(f"note: {note}", markup=False, soft_wrap=True)
    return 0
