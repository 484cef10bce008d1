"""``medsins audit run --adjudicate``: a page on this machine, and a summary when it is finished."""

from __future__ import annotations

import argparse
import getpass
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from medsins.core import Problem, UsageError

from ._common import err_console, out_console, print_json

if TYPE_CHECKING:
    from medsins.audit.adjudication import Case, DecisionLog


def adjudicate(args: argparse.Namespace) -> int:
    """Serve the page until it is finished (its button, or Ctrl-C); every decision is kept at once."""
    from medsins.audit.adjudication import FILE_NAME, DecisionLog, find_cases
    from medsins.audit.adjudication_server import AdjudicationServer, Session
    from medsins.tasks.errata import read_errata

    from ._audit_run_read import read_run

    if len(args.runs) > 1:
        raise UsageError(Problem("--adjudicate takes one run", mend="judge one run after the other"))
    (run_dir,) = args.runs
    run = read_run(run_dir)
    errata = args.errata or run_dir / "errata.jsonl"
    if errata.exists():
        read_errata(errata)  # told now, not at the first decision
    session = Session(
        name=run.name,
        cases=find_cases(run),
        log=DecisionLog(run_dir / FILE_NAME),
        errata=errata,
        reviewer=args.reviewer.strip() or _account(),
        expresses=_scorer(run_dir),
    )
    with AdjudicationServer(session) as server:
        say = err_console()
        say.print(f"{len(session.cases)} answers to judge; open this address in a browser of this machine:")
        say.print(server.url, markup=False, soft_wrap=True)
        say.print("everything is saved at once; Finish on the page, or Ctrl-C, ends")
        try:
            server.serve_forever(poll_interval=0.1)
        except KeyboardInterrupt:
            say.print("")
    return _summary(session.log, session.errata, run_dir, args)


def _summary(log: DecisionLog, errata: Path, run_dir: Path, args: argparse.Namespace) -> int:
    from medsins.audit.adjudication import VERDICTS

    counts = Counter(decision.verdict for decision in log.latest.values())
    if args.json:
        written = str(errata) if errata.exists() else None
        print_json({"decisions": {verdict: counts[verdict] for verdict in VERDICTS}, "errata": written})
        return 0
    out = out_console()
    out.print(", ".join(f"{verdict}: {counts[verdict]}" for verdict in VERDICTS))
    if errata.exists():
        out.print(f"scores with them: medsins bench score {run_dir} --errata {errata}", markup=False, soft_wrap=True)
    return 0


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unnamed"


def _scorer(run_dir: Path) -> Callable[[Case], bool]:
    """Whether the strict scorer takes an answer for right once it is among its question's references."""
    from medsins.bench.errata import correct
    from medsins.bench.scoring_profiles import by_task
    from medsins.bench.scoring_source import source_of_run
    from medsins.metrics.strict import score_task
    from medsins.tasks.errata import Correction, Errata, references_digest

    source = source_of_run(run_dir)

    def expresses(case: Case) -> bool:
        correction = Correction(
            case.task, case.instance, references_digest(case.references), "", "", "", also_accept=(case.answer.strip(),)
        )
        corrected = correct(source, Errata((correction,))).source
        scored = score_task(by_task(corrected.rows)[case.task], corrected.specs[case.task])
        score = next(score for score in scored.scores if score.row == case.row)
        return not score.unscored and score.metrics.get(scored.primary, next(iter(score.metrics.values()))) >= 1

    return expresses
