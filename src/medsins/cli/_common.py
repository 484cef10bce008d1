"""What every command shares: parser conventions, verbosity, one JSON document on stdout, everything else on stderr."""

from __future__ import annotations

import argparse
import difflib
import json
import math
import re
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from medsins.core.errors import Problem, UsageError

if TYPE_CHECKING:
    from rich.console import Console

Handler = Callable[[argparse.Namespace], int]


class Parser(argparse.ArgumentParser):
    """An argument parser whose help ends with an example and whose wrong usage raises ``UsageError``."""

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        kwargs.setdefault("allow_abbrev", False)
        if example:
            kwargs["epilog"] = "example:\n" + "\n".join(f"  {line}" for line in example.splitlines())
        super().__init__(*args, **kwargs)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As usual, but an unknown option is reported by the command it was given to, which knows its own options."""
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown and self._subparsers is None:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return parsed, unknown

    def error(self, message: str) -> NoReturn:
        """Wrong usage, with the nearest option or choice where one is close."""
        raise UsageError(Problem(message, mend=self._hint(message) or f"see {self.prog} --help"))

    def _hint(self, message: str) -> str:
        if "required" in message:
            return ""
        known = list(self._option_string_actions)
        for action in self._actions:
            known += [str(choice) for choice in action.choices or ()]
        for word in re.split(r"[\s',/:]+", message):
            close = [] if word in known else difflib.get_close_matches(word, known, n=1, cutoff=0.75)
            if close:
                return f"did you mean {close[0]}? see {self.prog} --help"
        return ""


def add_verb(verbs: Any, name: str, handler: Handler, summary: str, example: str) -> Parser:
    """Add a verb with its help, its example, and the options every command has."""
    parser: Parser = verbs.add_parser(name, help=summary, description=summary, example=example)
    add_shared(parser, handler)
    return parser


def add_shared(parser: argparse.ArgumentParser, handler: Handler) -> None:
    """The options every command has."""
    parser.set_defaults(handler=handler)
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout, all else on stderr")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress, only results and errors")
    parser.add_argument("-v", "--verbose", action="store_true", help="say more on stderr")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")


def print_json(value: Any) -> None:
    """Write one JSON document to stdout. Neither lone surrogates (``?``) nor non-finite numbers (null) break it."""
    text = json.dumps(_finite(value), ensure_ascii=False, indent=2, allow_nan=False)
    sys.stdout.write(text.encode("utf-8", "replace").decode("utf-8") + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def whole_number(text: str) -> int:
    """The type of an option that takes a whole number, in words for a user where it is none."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number") from None


def out_console() -> Console:
    """The console for results (stdout). A reader that leaves is for ``main`` to handle, not an exit code of rich's."""
    from rich.console import Console

    class Results(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Results(highlight=False)


def err_console(args: argparse.Namespace | None = None) -> Console:
    """The console for everything else (stderr); silent with ``--quiet``."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, quiet=bool(args and args.quiet))
