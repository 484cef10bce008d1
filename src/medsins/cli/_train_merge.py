"""``medsins train merge``: a tuned adapter put into its base model."""

from __future__ import annotations

import argparse
from typing import Any

from ._common import add_verb, err_console, out_console, print_json
from ._train_common import add_recipe, base_folder, bench_line, open_recipe, shown


def build(verbs: Any) -> None:
    """Add the verb."""
    summary = "put a tuned adapter into its base model: a folder that bench run takes"
    verb = add_verb(verbs, "merge", _merge, summary, "medsins train merge my.toml")
    add_recipe(verb)


def _merge(args: argparse.Namespace) -> int:
    from medsins.core import Problem, UsageError
    from medsins.models._local_quiet import quiet
    from medsins.training.model import merge
    from medsins.training.run import MODEL, read_trained

    recipe = open_recipe(args.recipe)
    trained = read_trained(recipe)
    if trained is None:
        mend = f"medsins train run {shown(args.recipe)}"
        raise UsageError(Problem("no tuning is finished", str(recipe.folder), mend))
    target = recipe.folder / MODEL
    base = base_folder(recipe)
    with err_console(args).status("merging"), quiet():
        merge(trained.folder, base, target)
    then = bench_line(target, recipe)
    if args.json:
        print_json({"folder": str(target), "next": [then]})
        return 0
    for line in (f"model: {target}", f"evaluate it: {then}"):
        out_console().print(line, markup=False, soft_wrap=True)
    return 0
