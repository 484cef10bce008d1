"""``medsins bench spread``: how far results move between runs of one model."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ._common import add_verb, out_console, print_json

EXAMPLE = """\
medsins bench run --model smollm2 --suite mini --protocol strict:wording=1 -o runs/first
medsins bench run --model smollm2 --suite mini --protocol strict:wording=2 -o runs/second
medsins bench spread runs/first runs/second"""


def build(verbs: Any) -> None:
    """Add the verb."""
    summary = "how far results move between runs of one model with other wordings, shots or seeds"
    spread = add_verb(verbs, "spread", _spread, summary, EXAMPLE)
    spread.add_argument("runs", metavar="RUN", type=Path, nargs="+", help="run directory; all of one model and suite")
    spread.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the result as an HTML page")


def _spread(args: argparse.Namespace) -> int:
    from medsins.bench.compare import spread
    from medsins.reports import print_spread, write_spread

    found = spread(args.runs)
    if args.output:
        write_spread(found, args.output)
    if args.json:
        print_json(found)
    else:
        print_spread(found, out_console())
    return 0
