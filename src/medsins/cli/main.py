"""Entry point: finds the command group, imports only its file, and turns user errors into messages and exit codes."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from medsins import __version__
from medsins.core.errors import MedsinsError, Problem

from ._common import Parser

GROUPS = {
    "demo": "a real small LLM on the bundled mini suite, scored, with a report",
    "catalog": "what exists: tasks, corpora, categories, published results",
    "tasks": "look at, check and count task files",
    "corpora": "the source corpora, and task files from them",
    "instructions": "variants of a task's instruction: import, rewrite, check, sample",
    "prompt": "show exactly what will be sent to a model",
    "bench": "run a model on a suite, resume, score, report, compare",
    "score": "score any predictions file",
    "train": "from a recipe to a tuned model: data, tuning, merge, card",
    "audit": "is the benchmark clean, is the training set clean, is this score believable",
    "board": "a leaderboard of one's own, and submissions to any",
    "pull": "fetch published data from the hub, with checksums",
}

DESCRIPTION = """\
medsins evaluates, builds, tunes and ranks medical language models.

One command shows all of it:  medsins demo"""


def build_parser(groups: Sequence[str] = tuple(GROUPS)) -> Parser:
    """The parser of the named groups; each group's file is imported to build its part."""
    parser = Parser(prog="medsins", description=DESCRIPTION, example="medsins demo -o demo\nmedsins bench run --help")
    parser.add_argument("--version", action="version", version=f"medsins {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    for name, summary in GROUPS.items():
        if name in groups:
            importlib.import_module(f"medsins.cli.{name}").build(commands, name, summary)
        else:
            commands.add_parser(name, help=summary, description=summary)
    return parser


def main(argv: Sequence[str]) -> int:
    """Run one command line; returns the exit code (0 done, 1 problems, 2 usage, 3 policy, 130 interrupted)."""
    debug, code = "--debug" in argv, 0
    argv = [word for word in argv if word != "--debug"]  # it may stand anywhere, before the verb too
    try:
        code = _dispatch(argv)
        sys.stdout.flush()  # here rather than at exit, where a reader that left would be an error
        return code
    except (MedsinsError, KeyboardInterrupt, OSError) as error:
        if debug:
            import traceback

            traceback.print_exc()
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return code
        return _told(error)


def _told(error: BaseException) -> int:
    """Say what went wrong; the exit code."""
    if isinstance(error, MedsinsError):
        return _report(error.problems, error.exit_code)
    if isinstance(error, OSError):
        place = str(error.filename or "")
        return _report((Problem(error.strerror or str(error), place=place, mend=_os_hint(error)),), 1)
    sys.stderr.write("\ninterrupted\n")
    return 130


def _dispatch(argv: Sequence[str]) -> int:
    wanted = next((word for word in argv if not word.startswith("-")), "")
    parser = build_parser([wanted] if wanted in GROUPS else [])
    try:
        args = parser.parse_args(argv)
    except SystemExit:  # --help and --version, which have printed
        sys.stdout.flush()
        raise
    handler = getattr(args, "handler", None)
    if handler is None:
        (parser if not wanted else build_parser([wanted])).print_help()
        return 2
    return int(handler(args))


def _report(problems: Sequence[Problem], code: int) -> int:
    for problem in problems:
        sys.stderr.write(f"error: {problem}\n")
    return code


def _os_hint(error: OSError) -> str:
    import errno

    hints = {
        errno.ENOSPC: "the disk is full: free some space and run the same command again",
        errno.EACCES: "no permission: choose a place you may write to, or mend the permission",
        errno.EROFS: "the disk is read-only: choose another place with -o",
        errno.ENOENT: "check the path",
    }
    return hints.get(error.errno or 0, "")


def run() -> None:
    """The console script."""
    sys.exit(main(sys.argv[1:]))
