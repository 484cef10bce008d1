"""``medsins audit run``: what a score hides, and which answers and references a reader has to judge."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._audit_show import add_report, show
from ._common import add_verb, err_console
from ._outputs import output_file

if TYPE_CHECKING:
    from medsins.audit import Section
    from medsins.audit.run_answers import RunFacts

EXAMPLE = """\
medsins audit run runs/mine
medsins audit run runs/mine --html audit.html
medsins audit run runs/first runs/other-wording runs/other-shots
medsins audit run runs/mine --adjudicate --errata reviewed.jsonl"""


def build(verbs: Any) -> None:
    """Add the verb."""
    verb = add_verb(verbs, "run", _run, "what a score hides", EXAMPLE)
    verb.add_argument("runs", metavar="RUN", type=Path, nargs="+", help="run directory, scored")
    verb.add_argument(
        "--adjudicate", action="store_true", help="open a local page to judge doubtful answers and references"
    )
    verb.add_argument(
        "--errata", type=output_file, metavar="FILE", help="corrections from that page (default: RUN/errata.jsonl)"
    )
    verb.add_argument("--reviewer", default="", metavar="NAME", help="who judges (default: the name of the account)")
    add_report(verb)


def _run(args: argparse.Namespace) -> int:
    from medsins.audit.run import audit_run

    from ._audit_run_read import read_run

    if args.adjudicate:
        from ._audit_adjudicate import adjudicate

        return adjudicate(args)
    with err_console(args).status("reading"):
        runs = [read_run(path) for path in args.runs]
        sections = [section for run in runs for section in audit_run(run, named=len(runs) > 1)]
        sections.append(_spread(args.runs, runs))
    return show(sections, [run.name for run in runs], args)


def _spread(paths: Sequence[Path], runs: Sequence[RunFacts]) -> Section:
    """Several runs of one model show how far its score moves; for one, or for others, how to find out."""
    from medsins.audit.run_spread import no_spread_section, spread_section
    from medsins.bench.compare import spread
    from medsins.core import UsageError

    if len(runs) < 2:
        return no_spread_section(runs[0])
    try:
        return spread_section(spread(paths))
    except UsageError as error:
        return no_spread_section(runs[0], f"These runs cannot be set side by side: {error.problems[0].what}.")
