"""``medsins board submit|withdraw``: predictions to a board anywhere, and back."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._board_common import a_reason
from ._common import add_verb, err_console, out_console, print_json

if TYPE_CHECKING:
    from medsins.leaderboard.client import BoardClient

TOKEN_VARIABLE = "MEDSINS_BOARD_TOKEN"

SUBMIT_EXAMPLE = """\
medsins board submit runs/smollm2 --board https://board.example.org --token-file token.txt
medsins board submit predictions.csv --board https://board.example.org --model my-model --parameters 8 --weights open"""

_NOT_SHOWN = "the board goes on showing an earlier attempt: this one is no better by more than noise"
_CARD = ("parameters", "weights", "licence", "training_data", "link", "protocol", "sampling", "remarks")


def build(verbs: Any) -> None:
    """Add these verbs."""
    submit = add_verb(verbs, "submit", _submit, "send predictions and wait for their scores", SUBMIT_EXAMPLE)
    submit.add_argument(
        "path", metavar="RUN|FILE", type=Path, help="run directory, CSV (plain or gzip), Parquet or zipped run"
    )
    add_board(submit)
    submit.add_argument("--version", default="", metavar="V", help="benchmark version (default: the active one)")
    submit.add_argument("--model", default="", metavar="NAME", help="the model's name (default: as the run says)")
    submit.add_argument("--parameters", metavar="N", help="its size in billions of parameters")
    submit.add_argument("--weights", choices=["open", "closed", "unknown"], help="whether its weights are published")
    submit.add_argument("--licence", metavar="TEXT", help="licence of its weights")
    submit.add_argument("--training-data", metavar="TEXT", help="what it was trained on, above all of this benchmark")
    submit.add_argument("--link", metavar="URL", help="where it is described")
    submit.add_argument("--medical", choices=["yes", "no"], help="whether it was trained for medicine")
    submit.add_argument("--protocol", metavar="TEXT", help="how it was prompted")
    submit.add_argument("--shots", metavar="N", help="worked examples in each prompt")
    submit.add_argument("--sampling", metavar="TEXT", help="how answers were drawn")
    submit.add_argument("--remarks", metavar="TEXT", help="anything else readers should know")
    submit.add_argument("--no-wait", action="store_true", help="do not wait for the scores")
    withdraw = add_verb(
        verbs,
        "withdraw",
        _withdraw,
        "delete answers and scores of a submission; a dated note stays",
        "medsins board withdraw 3f9c2ab41d0e77aa --board https://board.example.org --reason 'wrong checkpoint'",
    )
    withdraw.add_argument("submission", metavar="SUBMISSION", help="its id")
    add_board(withdraw)
    withdraw.add_argument("--reason", required=True, type=a_reason, metavar="TEXT", help="why; it is shown")


def add_board(parser: argparse.ArgumentParser) -> None:
    """The options that say which board, and who asks."""
    parser.add_argument("--board", required=True, metavar="URL", help="address of the board")
    parser.add_argument(
        "--token-file", type=Path, metavar="F", help=f"file with the token (default: the variable {TOKEN_VARIABLE})"
    )


@contextmanager
def connected(args: argparse.Namespace) -> Iterator[BoardClient]:
    """The board that the options name, with the token they name.

    Raises:
        UsageError: there is no token.
    """
    from medsins.core.errors import Problem, UsageError
    from medsins.leaderboard.client import BoardClient

    text = args.token_file.read_text(encoding="utf-8", errors="replace") if args.token_file else ""
    token = (text or os.environ.get(TOKEN_VARIABLE, "")).strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        place = str(args.token_file or TOKEN_VARIABLE)
        mend = "one token, as the maintainers gave it; name its file with --token-file"
        raise UsageError(Problem("there is no token" if not token else "this is no token", place, mend))
    client = BoardClient(args.board, token)
    if args.board.startswith("http://") and not _is_here(args.board):
        err_console(args).print("note: this address is not encrypted; others on the way can read the token")
    try:
        yield client
    finally:
        client.close()


def _is_here(url: str) -> bool:
    from urllib.parse import urlsplit

    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def _submit(args: argparse.Namespace) -> int:
    with connected(args) as board, err_console(args).status("asking the board") as status:

        def listen(what: str, share: float) -> None:
            status.update(f"{what} {share:.0%}")

        fields = _fields(args, board)
        kept = board.submit(args.path, fields, listen)
        if not args.no_wait:
            kept = {**board.wait(kept["id"], listen), "noticed": kept["noticed"]}
    if args.json:
        print_json(kept)
    else:
        _tell(kept, args)
    return 1 if kept["state"] == "failed" else 0


def _fields(args: argparse.Namespace, board: BoardClient) -> dict[str, str]:
    from medsins.core.errors import Problem, UsageError

    if not args.path.exists():
        raise UsageError(Problem("no such file or run", str(args.path), "check the path"))
    model = args.model or _name_of(args.path)
    if not model:
        raise UsageError(Problem("the model has no name", str(args.path), "name it with --model"))
    fields = {"model": model, **{name: getattr(args, name) for name in _CARD}, "shots": args.shots}
    fields["name"] = fields.pop("model")
    fields["medical"] = {"yes": "true", "no": "false"}.get(args.medical or "", "")
    fields["version"] = board.active_version(args.version)
    return {name: value for name, value in fields.items() if value}


def _name_of(path: Path) -> str:
    """The model's name in a run directory; empty where the path is none."""
    if not (path / "manifest.json").is_file():
        return ""
    from medsins.bench.spec import read_manifest

    return str(read_manifest(path).get("model", {}).get("name", ""))


def _tell(kept: dict[str, Any], args: argparse.Namespace) -> None:
    from medsins.leaderboard.noticed import noticed
    from medsins.reports import print_scores

    console, results = err_console(args), out_console()
    for line in noticed(kept.get("noticed") or {}):
        console.print(line, markup=False, soft_wrap=True)
    if kept["state"] == "failed":
        err_console().print(f"scoring failed: {kept['reason']}", markup=False, soft_wrap=True)
    elif kept["state"] == "scored":
        shown = [one for one in kept["published"] if one["part"] == "open"]
        if shown:
            print_scores(shown[0]["document"], results, args.verbose)
        said = shown[0]["note"] if shown else _NOT_SHOWN
        results.print(f"attempt {kept['attempt']}" + (f": {said}" if said else ""), markup=False, soft_wrap=True)
    results.print(kept["url"], markup=False, soft_wrap=True)


def _withdraw(args: argparse.Namespace) -> int:
    from medsins.core.errors import Problem, UsageError

    if not args.submission.isalnum():
        raise UsageError(Problem(f"'{args.submission}' is no id of a submission", mend="it is in its address"))
    with connected(args) as board:
        kept = board.post(f"/submissions/{args.submission}/withdraw", {"reason": args.reason})
    if args.json:
        print_json(kept)
    else:
        out_console().print(f"{args.submission} is withdrawn; the note stays at {kept['url']}", soft_wrap=True)
    return 0
