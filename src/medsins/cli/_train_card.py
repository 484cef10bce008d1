"""``medsins train card``: the tuned model's card, with what it was tuned on and how much better it became."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ._common import add_verb, err_console, out_console, print_json
from ._train_common import add_recipe, base_folder, open_recipe, shown

EXAMPLE = """\
medsins train card my.toml
medsins train card my.toml --before runs/base --after runs/tuned"""


def build(verbs: Any) -> None:
    """Add the verb."""
    verb = add_verb(verbs, "card", _card, "write the model's card, README.md in its folder", EXAMPLE)
    add_recipe(verb)
    verb.add_argument("--before", type=Path, metavar="RUN", help="run directory of the base model")
    verb.add_argument("--after", type=Path, metavar="RUN", help="run directory of the tuned model, same questions")


def _card(args: argparse.Namespace) -> int:
    from medsins.core import Problem, UsageError, write_text
    from medsins.training.card import Facts, model_card
    from medsins.training.prepare import read_prepared
    from medsins.training.run import MODEL, read_trained

    if bool(args.before) != bool(args.after):
        mend = "name both --before RUN and --after RUN, or neither"
        raise UsageError(Problem("one run is no comparison", mend=mend))
    recipe = open_recipe(args.recipe)
    trained = read_trained(recipe)
    if trained is None:
        mend = f"medsins train run {shown(args.recipe)}"
        raise UsageError(Problem("no tuning is finished", str(recipe.folder), mend))
    merged = recipe.folder / MODEL
    folders = [trained.folder, *([merged] if trained.adapter and merged.is_dir() else [])]
    comparison = None
    if args.after:
        from medsins.bench.compare import compare

        _check_model(args.after, folders)
        with err_console(args).status("comparing"):
            comparison = compare([args.before, args.after])
    text = model_card(Facts(recipe, base_folder(recipe), read_prepared(recipe), trained, comparison))
    for folder in folders:
        write_text(folder / "README.md", text)
    paths = [str(folder / "README.md") for folder in folders]
    if args.json:
        print_json({"cards": paths})
    else:
        for path in paths:
            out_console().print(path, markup=False, soft_wrap=True)
    return 0


def _check_model(run: Path, folders: list[Path]) -> None:
    """Refuse a run whose weights are known and are not those that were tuned.

    Raises:
        UsageError: it is of another model.
        RunError: it is no run.
    """
    from medsins.bench.spec import read_manifest
    from medsins.core import Problem, UsageError, digest, sha256_file
    from medsins.models._local_load import check_folder

    told = str((read_manifest(run).get("model") or {}).get("weights") or "")
    whole = [folder for folder in folders if (folder / "config.json").is_file()]
    known = {digest([[path.name, sha256_file(path)] for path in check_folder(folder)]) for folder in whole}
    if told and known and told not in known:
        mend = f"run it with --model transformers:{whole[-1]}"
        raise UsageError(Problem("is a run of another model than the one that was tuned", str(run), mend))
