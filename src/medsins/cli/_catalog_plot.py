"""``medsins catalog plot``: the article's two figures, for the catalogue or for a folder of task files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ._common import add_verb, out_console, print_json
from ._outputs import output_file

EXAMPLE = """\
medsins catalog plot --kind sankey -o meds-ins.html
medsins catalog plot --kind sunburst -o mine.svg my_tasks/"""


def add_plot(verbs: Any) -> None:
    """Add the verb to the group ``catalog``."""
    plot = add_verb(verbs, "plot", _plot, "what a collection is made of, as a figure", EXAMPLE)
    plot.add_argument(
        "paths", metavar="TASK_DIR", type=Path, nargs="*", help="folder of task files (default: MedS-Ins)"
    )
    plot.add_argument("--kind", required=True, choices=["sankey", "sunburst"], help="which of the article's figures")
    plot.add_argument("-o", "--output", required=True, type=output_file, metavar="FILE", help=".html, .svg or .png")


def _plot(args: argparse.Namespace) -> int:
    from medsins.tasks.plot import folder_composition, published_composition, write_plot

    made_of = folder_composition(args.paths) if args.paths else published_composition()
    write_plot(args.kind, made_of, args.output)
    if args.json:
        print_json({"file": str(args.output), "instances": sum(flow.instances for flow in made_of.categories)})
    else:
        out_console().print(str(args.output), markup=False, soft_wrap=True)
    return 0
