"""``medsins board evaluate``: maintainers run a model that was handed in as a link, and send its answers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._board_submit import add_board, connected
from ._common import add_verb, err_console, out_console, print_json

if TYPE_CHECKING:
    from medsins.leaderboard.client import BoardClient

EXAMPLE = """\
medsins board evaluate 3f9c2ab41d0e77aa --model vllm:models/theirs -o runs/theirs --board https://board.example.org
medsins board evaluate 3f9c2ab41d0e77aa -o runs/theirs --board https://board.example.org"""


def build(verbs: Any) -> None:
    """Add this verb."""
    evaluate = add_verb(verbs, "evaluate", _evaluate, "run a model handed in as a link and send its answers", EXAMPLE)
    evaluate.add_argument("submission", metavar="SUBMISSION", help="its id")
    evaluate.add_argument("--model", metavar="M", help="backend:model[@base_url]; without it, the run in RUN is sent")
    evaluate.add_argument("-o", "--output", required=True, type=Path, metavar="RUN", help="run directory")
    evaluate.add_argument("--protocol", default="strict", metavar="P", help="how prompts are built (default strict)")
    evaluate.add_argument("--shots-from", default="", metavar="PATH", help="task file, or folder, that shots come from")
    evaluate.add_argument(
        "--precision", default="auto", choices=["auto", "float32", "bfloat16", "float16"], help="of local weights"
    )
    evaluate.add_argument("--no-wait", action="store_true", help="do not wait for the scores")
    add_board(evaluate)


def _evaluate(args: argparse.Namespace) -> int:
    with connected(args) as board:
        _check(args, board.get(f"/submissions/{args.submission}"))
        if args.model:
            _run(args, board)
        path = _answers(args.output)
        with err_console(args).status("sending the answers") as status:
            kept = board.attach(args.submission, path)
            if not args.no_wait:
                said = board.wait(args.submission, lambda what, share: status.update(f"{what} {share:.0%}"))
                kept = {**said, "noticed": kept["noticed"]}
    if args.json:
        print_json(kept)
    else:
        from medsins.leaderboard.noticed import noticed

        for line in noticed(kept["noticed"]):
            err_console(args).print(line, markup=False, soft_wrap=True)
        out_console().print(f"{kept['state']}: {kept['url']}", markup=False, soft_wrap=True)
    return 1 if kept["state"] == "failed" else 0


def _check(args: argparse.Namespace, submission: dict[str, Any]) -> None:
    from medsins.core.errors import Problem, UsageError

    if submission["kind"] != "link" or submission["state"] not in ("queued", "failed"):
        said = f"this submission came as {submission['kind']} and is {submission['state']}"
        raise UsageError(Problem(said, args.submission, "only links that wait for their run are evaluated"))
    if not args.model and not (args.output / "manifest.json").is_file():
        raise UsageError(Problem("there is no run there", str(args.output), "name the --model to run"))


def _run(args: argparse.Namespace, board: BoardClient) -> None:
    """Run the model on the version's tasks; what a killed run answered already is kept."""
    from medsins.bench.runner import run
    from medsins.bench.spec import RunSpec
    from medsins.core.errors import Problem, RunError
    from medsins.leaderboard.evaluating import write_tasks

    from ._progress import RunProgress

    version = board.get(f"/versions/{board.get(f'/submissions/{args.submission}')['version']}")
    folder = args.output.with_name(f"{args.output.name}-tasks")
    paths = write_tasks(version, board.lines(f"/versions/{version['id']}/instances"), folder)
    spec = RunSpec(
        model=args.model,
        tasks=tuple(map(str, paths)),
        protocol=args.protocol,
        shots_from=args.shots_from,
        precision=args.precision,
    )
    with RunProgress(err_console(args)) as progress:
        outcome = run(spec, args.output, progress.update, True, progress.say)
    if outcome.failed:
        said = f"{outcome.failed} of {outcome.total} samples failed"
        raise RunError(Problem(said, str(args.output), "run the same command again: it asks only those"))


def _answers(run_dir: Path) -> Path:
    """The run's predictions without the column of references, which a run without them has only in name."""
    import csv

    from medsins.reports import write_predictions

    path = run_dir / "answers.csv"
    with (
        write_predictions(run_dir).open(encoding="utf-8", newline="") as given,
        path.open("w", encoding="utf-8", newline="") as sent,
    ):
        rows = csv.reader(given)
        kept = [place for place, name in enumerate(next(rows)) if name in ("task_id", "input", "output", "instance_id")]
        given.seek(0)
        csv.writer(sent).writerows([row[place] for place in kept] for row in csv.reader(given))
    return path
