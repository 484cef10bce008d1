"""What the verbs of ``medsins train`` share: a recipe with the places it names, its base model, its tokenizer."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medsins.core import MissingExtra, Problem, UsageError

if TYPE_CHECKING:
    from medsins.training.recipe import Recipe


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """The one argument that every verb takes."""
    parser.add_argument("recipe", metavar="RECIPE", type=Path, help="the recipe, a TOML file")


def open_recipe(path: Path) -> Recipe:
    """The recipe, after its suites were looked up too. Errors as in ``read_recipe``, all at once."""
    from medsins.training.recipe import read_recipe

    recipe = read_recipe(path)
    suite_paths(recipe)
    return recipe


def suite_paths(recipe: Recipe) -> list[Path]:
    """The files and folders of the recipe's suites.

    Raises:
        UsageError: every suite that is neither there nor bundled, that of the evaluation too.
    """
    chosen = [recipe.evaluation.suite] if recipe.evaluation.suite else []
    problems = [problem for name in (*recipe.suites, *chosen) for problem in _absent(recipe, name)]
    if problems:
        raise UsageError(*dict.fromkeys(problems))
    return [suite_path(recipe, name) for name in recipe.suites]


def suite_path(recipe: Recipe, name: str) -> Path:
    """The test files of a suite: those of a path, or of a bundled suite."""
    from medsins.bench.suites import FOLDER, names

    path = recipe.place(name)
    if not path.exists() and name.partition("@")[0] in names():
        path = FOLDER / name.partition("@")[0]
    return path / "test" if (path / "suite.json").is_file() else path


def _absent(recipe: Recipe, name: str) -> Iterator[Problem]:
    from medsins.bench.suites import names

    if not suite_path(recipe, name).exists():
        known = f"bundled: {', '.join(names())}; anything else is a path from the recipe's folder"
        yield Problem(f"no such suite: {name}", str(recipe.path), known)


def base_folder(recipe: Recipe) -> Path:
    """The folder of the base model, fetched where it must be, after every check that needs no model code.

    Raises:
        UsageError: no such model, or files are missing.
        RefusedByPolicy: it needs remote code, or has pickled weights only.
        MissingExtra: no torch or transformers.
    """
    from importlib.util import find_spec

    if not all(map(find_spec, ("torch", "transformers", "accelerate"))):
        raise MissingExtra("tuning", "train")
    from medsins.models._local_load import check_folder, find_folder

    beside = recipe.place(recipe.model)
    folder = find_folder(str(beside) if beside.is_dir() else recipe.model)
    check_folder(folder)
    return folder


def open_tokens(recipe: Recipe, base: Path) -> Any:
    """The base model's ``Tokens``, with the recipe's capacity as window."""
    from medsins.models._local_quiet import quiet
    from medsins.training.model import load_tokenizer
    from medsins.training.tokens import Tokens

    with quiet():
        return Tokens(load_tokenizer(base), recipe.packing.capacity)


def bench_line(model: Path, recipe: Recipe) -> str:
    """The command that evaluates a tuned model on the recipe's first suite."""
    suites = (recipe.evaluation.suite, *recipe.suites, "mini")
    suite = next(name for name in suites if name)
    bundled = not recipe.place(suite).exists()
    named = f"--suite {suite}" if bundled else f"--tasks {shown(suite_path(recipe, suite))}"
    return f"medsins bench run --model transformers:{shown(model)} {named} -o runs/{recipe.path.stem}"


def shown(path: Path) -> str:
    """A path as a user types it in a shell."""
    import shlex

    return shlex.quote(str(path))


def size(amount: float) -> str:
    """Bytes as gigabytes."""
    return f"{amount / 1e9:,.1f} GB" if amount >= 1e8 else f"{amount / 1e6:,.0f} MB"


def sentence(parts: Sequence[str]) -> str:
    """Parts that are not empty, with commas."""
    return ", ".join(part for part in parts if part)
