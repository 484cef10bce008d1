"""``medsins train``: from a recipe to a tuned model, its card, and what is in its data."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from . import _train_card, _train_inspect, _train_merge, _train_prepare, _train_run
from ._common import add_verb, print_json

EXAMPLE = """\
medsins train recipe tiny-cpu > my.toml
medsins train prepare my.toml
medsins train run my.toml
medsins train card my.toml --before runs/base --after runs/tuned"""

VERBS = (_train_prepare, _train_run, _train_merge, _train_card, _train_inspect)
"""A module for each further verb, in the order of the help; ``build`` adds its verb."""


def build(commands: Any, name: str, summary: str) -> None:
    """Add the group's verbs."""
    group = commands.add_parser(name, help=summary, description=summary, example=EXAMPLE)
    verbs = group.add_subparsers(title="verbs", metavar="VERB", required=True)
    example = "medsins train recipe\nmedsins train recipe tiny-cpu > my.toml"
    recipe = add_verb(verbs, "recipe", _recipe, "print a recipe to begin with", example)
    recipe.add_argument("name", metavar="NAME", nargs="?", default="", help="which; without, what there is")
    for verb in VERBS:
        verb.build(verbs)


def _recipe(args: argparse.Namespace) -> int:
    from medsins.training.recipe import bundled, bundled_text

    if args.name and args.json:
        import tomllib

        print_json(tomllib.loads(bundled_text(args.name)))
    elif args.name:
        sys.stdout.write(bundled_text(args.name))
    elif args.json:
        print_json({"recipes": list(bundled())})
    else:
        for name in bundled():
            first = bundled_text(name).partition("\n")[0].removeprefix("# ")
            sys.stdout.write(f"{name:14}{first}\n")
    return 0
