"""``medsins bench``: run a model on a suite, resume, score, report, compare."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from . import _bench_spread
from ._common import add_verb, err_console, out_console, print_json, whole_number

RUN_EXAMPLE = """\
medsins bench run --model smollm2 --suite mini -o runs/smollm2
medsins bench run --model transformers:models/my-llama --tasks MedS-Bench/NER --shots-from train/NER -o runs/ner
medsins bench run --model anthropic:claude-sonnet-4-5 --suite mini --dry-run
medsins bench run --model anthropic:claude-sonnet-4-5 --suite mini --budget 5 -o runs/claude
medsins bench resume runs/ner"""

IMPORT_EXAMPLE = """\
medsins bench import lm-eval-output/ --tasks MedS-Bench/NER -o runs/from-lm-eval
medsins bench import logs/2026-01-31_task1.eval --tasks task1.json -o runs/from-inspect"""


def build(commands: Any, name: str, summary: str) -> None:
    """Add the group's verbs."""
    group = commands.add_parser(name, help=summary, description=summary, example=RUN_EXAMPLE)
    verbs = group.add_subparsers(title="verbs", metavar="VERB", required=True)
    run = add_verb(verbs, "run", _run, "generate (resumes if RUN exists), score, report", RUN_EXAMPLE)
    add_run_options(run)
    resume = add_verb(verbs, "resume", _resume, "finish a run", "medsins bench resume runs/ner --retry-failed")
    resume.add_argument("run", metavar="RUN", type=Path, help="run directory")
    resume.add_argument("--retry-failed", action="store_true", help="ask failed samples again")
    add_operational_options(resume)
    watch = add_verb(verbs, "watch", _watch, "follow a run that goes on elsewhere", "medsins bench watch runs/ner")
    watch.add_argument("run", metavar="RUN", type=Path, help="run directory")
    watch.add_argument("--once", action="store_true", help="look once and end")
    score = add_verb(verbs, "score", _score, "score runs again, no model needed", "medsins bench score runs/*")
    score.add_argument("runs", metavar="RUN", type=Path, nargs="+", help="run directory")
    score.add_argument("--resamples", type=int, default=1000, metavar="N", help="bootstrap resamples (default 1000)")
    score.add_argument("--errata", type=Path, metavar="FILE", help="also score against the references it corrects")
    report = add_verb(verbs, "report", _report, "write report.html and tables", "medsins bench report runs/ner")
    report.add_argument("runs", metavar="RUN", type=Path, nargs="+", help="run directory")
    compare = add_verb(
        verbs, "compare", _compare, "paired comparison of runs on the same suite", "medsins bench compare runs/a runs/b"
    )
    compare.add_argument(
        "runs", metavar="RUN", type=Path, nargs="+", help="run directory; differences are to the first"
    )
    compare.add_argument(
        "--profile", choices=["strict", "official"], default="strict", help="by whose rules rows are scored (strict)"
    )
    compare.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the comparison as an HTML page")
    _bench_spread.build(verbs)
    export = add_verb(verbs, "export", _export, "predictions.csv and tables", "medsins bench export runs/ner")
    export.add_argument("runs", metavar="RUN", type=Path, nargs="+", help="run directory")
    imported = add_verb(verbs, "import", _import, "read logs of lm-eval and inspect as a run", IMPORT_EXAMPLE)
    imported.add_argument("logs", metavar="LOG", type=Path, nargs="+", help="log file, or folder of them")
    _add_suite_options(imported)
    imported.add_argument("-o", "--output", required=True, type=Path, metavar="RUN", help="run directory")


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """The options that describe a run."""
    parser.add_argument("--model", required=True, help="backend:model[@base_url], or the alias smollm2")
    _add_suite_options(parser)
    parser.add_argument("-o", "--output", type=Path, metavar="RUN", help="run directory; needed to run")
    parser.add_argument(
        "--protocol", default="strict", metavar="P", help="strict (default), paper, official-code; P:shots=5"
    )
    parser.add_argument("--shots-from", default="", metavar="PATH", help="task file, or folder, that shots come from")
    parser.add_argument("--limit", type=_count, default=0, metavar="N", help="only the first N instances of every task")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of everything drawn (default 0)")
    parser.add_argument(
        "--precision", default="auto", choices=["auto", "float32", "bfloat16", "float16"], help="of local weights"
    )
    parser.add_argument(
        "--batch-size", type=_count, default=0, metavar="N", help="prompts a batch (default: by length)"
    )
    parser.add_argument(
        "--window", type=_count, default=0, metavar="N", help="tokens a prompt may take with its answer"
    )
    parser.add_argument("--reasoning", type=_reasoning, metavar="R", help="thinking: low, medium, high or N tokens")
    parser.add_argument("--likelihood", action="store_true", help="compare options by log-probability too")
    parser.add_argument("--retry-failed", action="store_true", help="ask failed samples of an existing run again")
    add_operational_options(parser)
    look = parser.add_mutually_exclusive_group()
    look.add_argument("--dry-run", action="store_true", help="only say what it would take: requests, tokens, money")
    look.add_argument("--explain-guard", action="store_true", help="only say which task may go where, and why")


def add_operational_options(parser: argparse.ArgumentParser) -> None:
    """The options that say how a run is carried out; ``resume`` may change them."""
    parser.add_argument(
        "--concurrency", type=_count, metavar="N", help="most requests at a time at a server (0: adapts)"
    )
    parser.add_argument(
        "--stream", action=argparse.BooleanOptionalAction, help="have servers send answers in pieces (default: whole)"
    )
    parser.add_argument("--budget", type=_dollars, metavar="USD", help="stop before the run has cost more than this")
    parser.add_argument("--price", type=_price, metavar="IN,OUT", help="USD for a million prompt and completion tokens")
    parser.add_argument("--engine", choices=["local", "ray"], help="where local models run: here, or on a Ray cluster")
    parser.add_argument("--no-cache", action="store_true", help="ask again what an earlier run has asked already")
    parser.add_argument(
        "--allow-restricted",
        default="",
        metavar="REASON",
        help="send restricted text too; say who allowed it",
    )


def _add_suite_options(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--suite", default="", metavar="S", help="bundled suite, e.g. mini or mini@1")
    what.add_argument("--tasks", default=[], nargs="+", metavar="PATH", help="task files or folders of them")


def _count(text: str) -> int:
    value = whole_number(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return value


def _dollars(text: str) -> float:
    try:
        value = float(text.removeprefix("$"))
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is no amount of dollars above 0")
    return value


def _price(text: str) -> tuple[float, float]:
    try:
        given, answered = (float(part) for part in text.split(","))
    except ValueError:
        given = answered = -1.0
    if not (0 <= given < float("inf") and 0 <= answered < float("inf")):
        raise argparse.ArgumentTypeError(f"'{text}' is no pair of prices, write IN,OUT as in 0.15,0.60")
    return given, answered


def _reasoning(text: str) -> str:
    if text not in ("low", "medium", "high") and not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is none of low, medium, high and no number of tokens")
    return text


def _operational(spec: Any, args: argparse.Namespace) -> Any:
    """The description of a run with what was given on the command line about carrying it out."""
    from dataclasses import replace

    given = {
        name: getattr(args, name)
        for name in ("concurrency", "stream", "budget", "price", "engine")
        if getattr(args, name) is not None
    }
    return replace(spec, **given, cache=spec.cache and not args.no_cache)


def _run(args: argparse.Namespace) -> int:
    from medsins.bench.spec import RunSpec
    from medsins.core import Problem, UsageError

    spec = RunSpec(
        model=args.model,
        suite=args.suite,
        tasks=tuple(args.tasks),
        protocol=args.protocol,
        shots_from=args.shots_from,
        limit=args.limit,
        seed=args.seed,
        precision=args.precision,
        batch_size=args.batch_size,
        window=args.window,
        reasoning=args.reasoning or "",
        likelihood=args.likelihood,
    )
    spec = _operational(spec, args)
    if args.explain_guard or args.dry_run:
        from ._bench_before import dry_run, explain_guard

        return explain_guard(spec, args) if args.explain_guard else dry_run(spec, args)
    if args.output is None:
        raise UsageError(Problem("no run directory named", mend="name one: -o RUN"))
    return execute(spec, args)


def execute(spec: Any, args: argparse.Namespace) -> int:
    """Generate, score, report; the exit code says whether any sample failed."""
    from medsins.bench.runner import run
    from medsins.core import Problem, RunError

    from ._progress import RunProgress, dollars

    console = err_console(args)
    again = f"medsins bench resume {args.output}"
    try:
        with RunProgress(console) as progress:
            retry, override = getattr(args, "retry_failed", False), getattr(args, "allow_restricted", "")
            outcome = run(spec, args.output, progress.update, retry, progress.say, override)
    except RunError as error:
        if "cannot write predictions" in str(error):
            raise RunError(*error.problems, Problem(f"resume with: {again}")) from error
        raise
    except KeyboardInterrupt:
        err_console().print(f"\ninterrupted, nothing answered is lost; resume with: {again}", soft_wrap=True)
        return 130
    if outcome.failed:
        console.print(
            f"{outcome.failed} of {outcome.total} samples failed; ask them again with: {again} --retry-failed",
            soft_wrap=True,
        )
    if outcome.cost:
        console.print(f"cost: {dollars(outcome.cost)}")
    if outcome.missing:
        err_console().print(_stopped(outcome, spec.budget, again), soft_wrap=True)
    _finish(args.output, args)
    return 1 if outcome.failed or outcome.missing else 0


def _stopped(outcome: Any, budget: float, again: str) -> str:
    from ._progress import dollars

    return (
        f"the budget of {dollars(budget)} has no room for another request: {outcome.missing} of {outcome.total} "
        f"samples were not asked; go on with: {again} --budget MORE"
    )


def _finish(run_dir: Path, args: argparse.Namespace) -> None:
    from medsins.bench.scoring import score_run
    from medsins.reports import print_scores, write_report

    console = err_console(args)
    with console.status("scoring"):
        scores = score_run(run_dir)
    with console.status("writing the report"):
        report = write_report(run_dir)
    if args.json:
        print_json(scores)
    else:
        print_scores(scores, out_console(), args.verbose)
        out_console().print(f"report: {report}", soft_wrap=True)


def _resume(args: argparse.Namespace) -> int:
    from medsins.bench.spec import read_manifest, spec_of

    args.output = args.run
    return execute(_operational(spec_of(read_manifest(args.run)), args), args)


def _watch(args: argparse.Namespace) -> int:
    from ._bench_watch import watch

    return watch(args)


def _score(args: argparse.Namespace) -> int:
    from medsins.bench.scoring import score_run
    from medsins.reports import print_scores
    from medsins.tasks.errata import read_errata

    errata = read_errata(args.errata) if args.errata else None
    results = {}
    for run_dir in args.runs:
        with err_console(args).status(f"scoring {run_dir}"):
            results[str(run_dir)] = score_run(run_dir, resamples=args.resamples, errata=errata)
        if not args.json:
            out_console().rule(str(run_dir))
            print_scores(results[str(run_dir)], out_console(), args.verbose)
    if args.json:
        print_json(results if len(results) > 1 else next(iter(results.values())))
    return 0


def _report(args: argparse.Namespace) -> int:
    from medsins.reports import write_report

    paths = [str(write_report(run_dir)) for run_dir in args.runs]
    if args.json:
        print_json({"reports": paths})
    else:
        for path in paths:
            out_console().print(path, soft_wrap=True)
    return 0


def _compare(args: argparse.Namespace) -> int:
    from medsins.bench.compare import compare
    from medsins.reports import print_comparison, write_comparison

    comparison = compare(args.runs, profile=args.profile)
    if args.output:
        write_comparison(comparison, args.output)
    if args.json:
        print_json(comparison)
    else:
        print_comparison(comparison, out_console())
    return 0


def _export(args: argparse.Namespace) -> int:
    from medsins.reports import write_tables

    paths = [str(path) for run_dir in args.runs for path in write_tables(run_dir)]
    if args.json:
        print_json({"files": paths})
    else:
        for path in paths:
            out_console().print(path, soft_wrap=True)
    return 0


def _import(args: argparse.Namespace) -> int:
    from medsins.bench.imports import import_logs
    from medsins.bench.spec import RunSpec

    spec = RunSpec(model="", suite=args.suite, tasks=tuple(args.tasks))
    with err_console(args).status("reading logs"):
        imported = import_logs(args.logs, spec, args.output)
    for notice in imported.notices:
        err_console(args).print(f"note: {notice}", markup=False, soft_wrap=True)
    _finish(args.output, args)
    return 0
