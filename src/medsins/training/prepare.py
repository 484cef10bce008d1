"""From a recipe to packed rows: the mixture, then its tokens; what has not changed is not done again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from medsins import __version__
from medsins.core import InvalidFile, Problem, UsageError, digest, sha256_file, write_json
from medsins.tasks import find_task_files

from .mixture import Mixed, mix, read_left_out, read_mixed, read_mixture
from .recipe import Recipe
from .shards import Packed, read_packed, tokenizer_digest, write_packed
from .tokens import Tokens

MIXTURE, PACKED, PREPARED = "mixture", "packed", "prepared.json"

Told = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and of how much (bytes read, then samples)."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The data of a recipe; ``mixed_now`` and ``packed_now`` say what was made just now and what stood there."""

    mixed: Mixed
    packed: Packed
    mixed_now: bool = False
    packed_now: bool = False


def prepare(
    recipe: Recipe, tokens: Tokens, suites: Sequence[Path], told: Told = lambda what, done, of: None
) -> Prepared:
    """Mix and pack what the recipe names, in bounded memory.

    Args:
        tokens: of the model that is tuned, with the recipe's capacity as window.
        suites: files or folders of the recipe's suites.

    Raises:
        UsageError, InvalidFile, RunError: as ``mix`` and ``write_packed``.
    """
    folder = recipe.folder
    kept = _kept(folder)
    mixing = _mixture_key(recipe, suites)
    mixed = _same_mixture(folder / MIXTURE, kept, mixing)
    mixed_now = mixed is None
    if mixed is None:
        (folder / PREPARED).unlink(missing_ok=True)
        left_out = read_left_out(recipe.place(recipe.leave_out)) if recipe.leave_out else set()
        tasks = [recipe.place(name) for name in recipe.tasks]
        mixed = mix(tasks, recipe.mixture, folder / MIXTURE, suites, left_out, partial(told, "mixing"))
    packing = digest([mixed.digest, asdict(recipe.packing), tokenizer_digest(tokens), __version__])
    packed = None if mixed_now else _same_packed(folder / PACKED, kept, packing)
    packed_now = packed is None
    if packed is None:
        samples, total = read_mixture(folder / MIXTURE), mixed.samples
        packed = write_packed(
            samples, tokens, recipe.packing, folder / PACKED, lambda done: told("packing", done, total)
        )
    document = {
        "recipe": data_digest(recipe),
        MIXTURE: {"key": mixing, "digest": mixed.digest},
        PACKED: {"key": packing, "digest": packed.digest},
    }
    write_json(folder / PREPARED, document)
    return Prepared(mixed, packed, mixed_now, packed_now)


def read_prepared(recipe: Recipe) -> Prepared:
    """The data that ``prepare`` made for a recipe.

    Raises:
        UsageError: there are none, or they were made for other tasks or settings.
        InvalidFile: they are damaged.
    """
    mend = f"medsins train prepare {recipe.path}"
    kept = _kept(recipe.folder)
    if not kept:
        raise UsageError(Problem("no data are prepared", str(recipe.folder), mend))
    if kept.get("recipe") != data_digest(recipe):
        what = "the data were prepared for other tasks, suites, mixture or packing than the recipe names"
        raise UsageError(Problem(what, str(recipe.folder), mend))
    prepared = Prepared(read_mixed(recipe.folder / MIXTURE), read_packed(recipe.folder / PACKED))
    if [prepared.mixed.digest, prepared.packed.digest] != [kept[MIXTURE]["digest"], kept[PACKED]["digest"]]:
        raise InvalidFile(Problem("holds other data than were prepared", str(recipe.folder), mend))
    return prepared


def data_digest(recipe: Recipe) -> str:
    """SHA-256 of what a recipe says of the data."""
    named = [recipe.model, recipe.tasks, recipe.suites, recipe.leave_out]
    return digest([*named, recipe.mixture.document(), asdict(recipe.packing)])


def _mixture_key(recipe: Recipe, suites: Sequence[Path]) -> str:
    """Changes with any input of the mixture."""
    files = [find_task_files([recipe.place(name) for name in recipe.tasks]), find_task_files(suites) if suites else []]
    left_out = recipe.place(recipe.leave_out)
    listed = sha256_file(left_out) if recipe.leave_out and left_out.is_file() else ""
    read = [[[path.name, sha256_file(path)] for path in some] for some in files]
    return digest([recipe.mixture.document(), read, listed, __version__])


def _kept(folder: Path) -> dict[str, Any]:
    """What was written of the last preparation; nothing where that is not there or cannot be read."""
    try:
        document = json.loads((folder / PREPARED).read_text(encoding="utf-8"))
        return document if {MIXTURE, PACKED} <= document.keys() else {}
    except (OSError, ValueError, AttributeError):
        return {}


def _same_mixture(folder: Path, kept: dict[str, Any], key: str) -> Mixed | None:
    if not kept or kept[MIXTURE]["key"] != key:
        return None
    try:
        mixed = read_mixed(folder)
    except (UsageError, InvalidFile):
        return None
    return mixed if mixed.digest == kept[MIXTURE]["digest"] else None


def _same_packed(folder: Path, kept: dict[str, Any], key: str) -> Packed | None:
    if not kept or kept[PACKED]["key"] != key:
        return None
    try:
        packed = read_packed(folder)
    except (UsageError, InvalidFile):
        return None
    whole = all((folder / shard["name"]).is_file() for shard in packed.shards)
    return packed if whole and packed.digest == kept[PACKED]["digest"] else None
