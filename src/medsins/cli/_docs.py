"""The command reference, made from the parsers themselves.

python -m medsins.cli._docs > docs/commands.md
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from .main import build_parser

HEAD = """\
# Commands

Exit codes: **0** done; **1** the work was done and found problems (an invalid file, failed samples); **2** wrong
usage; **3** refused by policy (restricted data, remote code); **130** interrupted, resumable. With `--json` a command
prints one JSON document on stdout and everything else on stderr.

This page is made by `python -m medsins.cli._docs`.
"""

SHARED = ("--help", "--json", "--quiet", "--verbose", "--debug")


def reference() -> str:
    """The whole page as Markdown."""
    sections = [HEAD, _shared_options()]
    for name, parser in _commands(build_parser(), "medsins"):
        sections.append(_section(name, parser))
    return "\n".join(sections)


def _commands(parser: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield name, parser
    for action in groups:
        for child, subparser in action.choices.items():
            yield from _commands(subparser, f"{name} {child}")


def _shared_options() -> str:
    return (
        "Every command also takes `-h, --help`, `--json`, `-q, --quiet` (no progress), `-v, --verbose` and `--debug` "
        "(show the traceback of an error); `medsins --version` prints the version.\n"
    )


def _section(name: str, parser: argparse.ArgumentParser) -> str:
    lines = [f"## `{name}`", "", _sentence(parser.description or ""), ""]
    rows = [_row(action) for action in parser._actions if not set(action.option_strings) & set(SHARED)]
    if rows:
        lines += ["| argument | meaning |", "|---|---|", *rows, ""]
    example = (parser.epilog or "").removeprefix("example:\n")
    lines += ["```console", *(f"$ {line.strip()}" for line in example.splitlines() if line.strip()), "```", ""]
    return "\n".join(lines)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _row(action: argparse.Action) -> str:
    if action.choices and not action.metavar:
        value = "{" + ",".join(map(str, action.choices)) + "}"
    else:
        metavar = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
        value = metavar if isinstance(metavar, str) else " ".join(metavar)
    if not action.option_strings:
        head = value
    elif action.nargs == 0:
        head = ", ".join(action.option_strings)
    else:
        head = f"{', '.join(action.option_strings)} {value}"
    meaning = (action.help or "") % {"default": action.default} if "%(" in (action.help or "") else action.help or ""
    return f"| `{head}` | {meaning.replace('|', chr(92) + '|')} |"


if __name__ == "__main__":
    sys.stdout.write(reference())
