"""``medsins tasks card`` and ``medsins tasks export``: task files for other people and other tools."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._common import add_verb, err_console, out_console, print_json, whole_number
from ._outputs import output_folder, release

if TYPE_CHECKING:
    from medsins.core import Task

CARD_EXAMPLE = """\
medsins tasks card my_tasks/ --name my-tasks --license "CC BY 4.0"
medsins tasks card test/task1.json train/task1.json -o ."""


EXPORT_EXAMPLE = """\
medsins tasks export test/ --to lm-eval -o for-lm-eval
medsins tasks export train/ --to trl --seed 1 -o for-trl
medsins tasks export train/ test/ --to hub --name me/my-tasks -o for-the-hub"""

FORMAT_HELP = "hub, lm-eval, inspect (evaluation), trl, axolotl or llama-factory (tuning)"


def add_verbs(verbs: Any) -> None:
    """Add the verbs to the group ``tasks``."""
    card = add_verb(verbs, "card", _card, "dataset card for the hub (README.md) and Croissant", CARD_EXAMPLE)
    card.add_argument("paths", metavar="PATH", type=Path, nargs="+", help="task file, or folder of them")
    card.add_argument(
        "-o",
        "--output",
        type=output_folder,
        metavar="DIR",
        help="folder of the card (default: the folder of the task files)",
    )
    _add_about(card)
    export = add_verb(verbs, "export", _export, "task files for other evaluation and tuning tools", EXPORT_EXAMPLE)
    export.add_argument("paths", metavar="PATH", type=Path, nargs="+", help="task file, or folder of them")
    export.add_argument("--to", required=True, metavar="FORMAT", help=FORMAT_HELP)
    export.add_argument(
        "-o", "--output", required=True, type=output_folder, metavar="DIR", help="new folder to write into"
    )
    export.add_argument("--protocol", default="strict", metavar="P", help="prompts of lm-eval and inspect (strict)")
    export.add_argument("--shots-from", type=Path, metavar="PATH", help="task file, or folder, that shots come from")
    seed = "seed of shots and of drawn wordings (0)"
    export.add_argument("--seed", type=whole_number, default=0, metavar="N", help=seed)
    _add_about(export)


def _add_about(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", default="", help="name of the data set (default: the folder's or the task's)")
    parser.add_argument("--url", default="", help="where it is or will be published")
    version = "MAJOR.MINOR.PATCH (default 1.0.0)"
    parser.add_argument("--release", type=release, default="1.0.0", metavar="VERSION", help=version)
    parser.add_argument("--license", default="", metavar="NAME", help="licence of the whole set, e.g. 'CC BY 4.0'")


def _card(args: argparse.Namespace) -> int:
    from medsins.tasks.card import About, write_card

    folder = args.output or (args.paths[0] if args.paths[0].is_dir() else args.paths[0].parent)
    with err_console(args).status("reading") as status:
        report = write_card(
            args.paths,
            folder,
            About(args.name, args.url, args.release, args.license),
            lambda path: status.update(f"reading {path.name}"),
        )
    return _show(report.files, report.notices, args)


def _export(args: argparse.Namespace) -> int:
    from medsins.prompts import find_pool, get_protocol
    from medsins.tasks.card import About
    from medsins.tasks.export import Asked, Options, export_tasks

    protocol = get_protocol(args.protocol)

    def ask(task: Task) -> Asked:
        pool = find_pool(task, args.shots_from)
        tokens = protocol.max_new_tokens(task.category)
        return Asked(protocol.spec, lambda: protocol.build(task, pool, args.seed), tokens)

    about = About(args.name or args.output.name, args.url, args.release, args.license)
    with err_console(args).status("reading") as status:
        exported = export_tasks(
            args.paths,
            args.to,
            args.output,
            Options(ask, about, args.seed),
            lambda path: status.update(f"reading {path.name}"),
        )
    return _show([args.output / path for path in exported.files], exported.notices, args)


def _show(paths: Sequence[Path], notices: Sequence[str], args: argparse.Namespace) -> int:
    console = err_console(args)
    for notice in notices:
        console.print(f"note: {notice}", markup=False, soft_wrap=True)
    if args.json:
        print_json({"files": [str(path) for path in paths], "notices": list(notices)})
    else:
        for path in paths:
            out_console().print(str(path), markup=False, soft_wrap=True)
    return 0
