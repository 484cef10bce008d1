"""``medsins score``: score any predictions file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ._common import add_shared, err_console, out_console, print_json, whole_number

EXAMPLE = """\
medsins score predictions.csv
medsins score run_a.csv run_b.csv --profile strict --samples rows.jsonl
medsins score mine.csv --tasks my_tasks/ --json
medsins score predictions.csv --scorer NamedEntityRecognition --json"""

_SHOWN = 20


def build(commands: Any, name: str, summary: str) -> None:
    """Add the command."""
    parser = commands.add_parser(name, help=summary, description=summary, example=EXAMPLE)
    parser.add_argument("files", metavar="FILE.csv", type=Path, nargs="+", help="columns task_id, input, GT, output")
    parser.add_argument("--profile", choices=["official", "strict", "both"], default="both", help="default: both")
    parser.add_argument("--samples", type=Path, metavar="OUT.jsonl", help="write every row's scores, one JSON a line")
    parser.add_argument("--scorer", metavar="NAME", help="run one published script's rule on the file as it would")
    parser.add_argument("--tasks", type=Path, nargs="+", default=[], metavar="PATH", help="task files of the tasks")
    parser.add_argument(
        "--resamples", type=_resamples, default=1000, metavar="N", help="of the bootstrap, default 1000"
    )
    add_shared(parser, _score)


def _resamples(text: str) -> int:
    value = whole_number(text)
    if not 10 <= value <= 1_000_000:
        raise argparse.ArgumentTypeError("must be from 10 to 1,000,000")
    return value


def _score(args: argparse.Namespace) -> int:
    if args.scorer:
        return _run_scorer(args)
    from medsins.bench.scoring import score_csv, write_samples
    from medsins.metrics import PROFILES

    profiles = PROFILES if args.profile == "both" else (args.profile,)
    console = err_console(args)
    with console.status("reading") as status:
        scoring = score_csv(
            args.files,
            args.tasks,
            profiles,
            args.resamples,
            lambda what, done, of: status.update(_step(what, done, of)),
        )
    if args.samples:
        write_samples(args.samples, scoring.samples)
    document = scoring.document
    _tell(document, args)
    if args.json:
        print_json(document)
    else:
        from medsins.reports import print_scores

        print_scores(document, out_console(), verbose=True)
    return 1 if document["problems"] else 0


def _step(what: str, done: int, of: int) -> str:
    return f"{what} {100 * done // of} %" if of else what


def _tell(document: dict[str, Any], args: argparse.Namespace) -> None:
    """Name what could not be scored, on stderr."""
    console = err_console()
    problems = document["problems"]
    for problem in problems if args.verbose else problems[:_SHOWN]:
        console.print(f"{problem['place']}: {problem['what']}\n    {problem['mend']}", markup=False, soft_wrap=True)
    if len(problems) > _SHOWN and not args.verbose:
        console.print(f"… and {len(problems) - _SHOWN} more (-v shows all)")
    if document["lost"]:
        console.print(f"{document['lost']} rows were not scored, {document['rows']} were")
    for note in document["notes"]:
        err_console(args).print(f"note: {note}", markup=False, soft_wrap=True)


def _run_scorer(args: argparse.Namespace) -> int:
    from medsins.core.errors import Problem, UsageError
    from medsins.metrics.official import run_scorer

    if len(args.files) > 1:
        raise UsageError(Problem("--scorer takes one file", mend="a published script scores every file apart"))
    result = run_scorer(args.files[0], args.scorer)
    if args.json:
        print_json(result)
    else:
        _print_result(result)
    return 0


def _print_result(result: dict[str, Any]) -> None:
    console = out_console()
    console.print(f"{result['scorer']}, as the published script computes it")
    for task_id, metrics in result["results"].items():
        values = metrics.items() if isinstance(metrics, dict) else [("", metrics)]
        console.print(f"  {task_id}: " + ", ".join(f"{name} {value:.2f}".strip() for name, value in values))
    if result["avg"] is not None:
        console.print(f"  Avg.: {result['avg']}")
    for crash in result.get("would_crash", []):
        console.print(f"  row {crash['row']}: the published script would stop here ({crash['reason']})", markup=False)
