"""``medsins demo``: a real small LLM on the bundled mini suite, scored, with a report."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ._common import add_shared

# A model this small tends to ramble; answers end early so that two cores need only a few minutes.
PROTOCOL = "strict:max_answer_tokens=64"


def build(commands: Any, name: str, summary: str) -> None:
    """Add the command."""
    parser = commands.add_parser(name, help=summary, description=summary, example="medsins demo -o demo")
    add_shared(parser, _demo)
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("demo"), metavar="DIR", help="run directory (default demo)"
    )


def _demo(args: argparse.Namespace) -> int:
    from medsins.bench.spec import RunSpec

    from .bench import execute

    return execute(RunSpec(model="smollm2", suite="mini", protocol=PROTOCOL), args)
