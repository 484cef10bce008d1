"""``medsins train prepare``: mixture, tokens, packed rows; what is in them, and what tuning on them will take."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ._common import add_verb, err_console, out_console, print_json
from ._train_common import add_recipe, base_folder, open_recipe, open_tokens, size, suite_paths

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from medsins.training.prepare import Prepared
    from medsins.training.recipe import Recipe

EXAMPLE = """\
medsins train prepare my.toml
medsins train prepare my.toml --teraflops 300"""

PAGE = "mixture.html"
PLAIN_INTERVAL = 10.0  # seconds


def build(verbs: Any) -> None:
    """Add the verb."""
    verb = add_verb(
        verbs, "prepare", _prepare, "mix, tokenise and pack the data, and say what tuning will take", EXAMPLE
    )
    add_recipe(verb)
    add_pace(verb)


def add_pace(parser: argparse.ArgumentParser) -> None:
    """How fast the machine is that will train."""
    parser.add_argument(
        "--teraflops",
        type=_above_zero,
        metavar="N",
        help="10^12 operations a second that a device really does in training (default: measured here)",
    )


def _above_zero(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is no number above 0")
    return value


def _prepare(args: argparse.Namespace) -> int:
    from medsins.reports.mixture_page import print_mixture, write_mixture
    from medsins.training.prepare import prepare

    console = err_console(args)
    recipe = open_recipe(args.recipe)
    suites = suite_paths(recipe)
    base = base_folder(recipe)
    tokens = open_tokens(recipe, base)
    if not tokens.template:
        told = "the tokenizer has no chat template: samples get the plain format, as in evaluations"
        console.print(f"note: {told}", markup=False, soft_wrap=True)
    with _progress(console) as advance:
        prepared = prepare(recipe, tokens, suites, advance)
    page = write_mixture(prepared.mixed.document(), recipe.folder / PAGE)
    takes = what_it_takes(prepared, recipe, base, args.teraflops)
    document = {**_document(prepared), "page": str(page), "estimate": takes}
    if args.json:
        print_json(document)
    else:
        print_mixture(prepared.mixed.document(), out_console(), args.verbose)
        _print(document, prepared, out_console())
        out_console().print(f"next: medsins train run {args.recipe}", markup=False, soft_wrap=True)
    return 0


def what_it_takes(prepared: Prepared, recipe: Recipe, base: Path, teraflops: float | None) -> dict[str, Any]:
    """Steps, memory, arithmetic and hours of a tuning, and what the hours are taken from."""
    from medsins.training.estimate import estimate
    from medsins.training.measure import REACHED, model_sizes, operations_per_second, steps_of, work_of

    sizes = model_sizes(base, recipe.adapter, recipe.training.frozen_layers)
    work = work_of(prepared.packed, recipe.training, recipe.adapter)
    found = estimate(sizes, work)
    if teraflops is None:
        products = operations_per_second(sizes, work.row_tokens, work.bfloat16)
        pace = REACHED * products
        source = f"{REACHED:.0%} of this machine's matrix products ({products / 1e9:,.3g} · 10^9 operations/s)"
    else:
        pace, source = teraflops * 1e12, f"{teraflops:g} · 10^12 operations/s, as given"
    return {
        "parameters": sizes.parameters,
        "tuned_parameters": sizes.tuned,
        "steps": steps_of(int(prepared.packed.counts["rows"]), recipe.training),
        "tokens": work.tokens,
        "devices": recipe.training.devices,
        "memory_bytes": round(found.memory),
        "operations": found.operations,
        "hours": found.hours(pace, recipe.training.devices),
        "hours_from": source,
    }


def _document(prepared: Prepared) -> dict[str, Any]:
    counts = prepared.packed.counts
    names = ("samples", "rows", "tokens", "useful", "answer", "dropped_shots", "cut", "left_out")
    return {
        "mixture": {"digest": prepared.mixed.digest, "samples": prepared.mixed.samples, "made": prepared.mixed_now},
        "packed": {
            "digest": prepared.packed.digest,
            "made": prepared.packed_now,
            **{name: counts[name] for name in names},
            "fill": prepared.packed.fill,
        },
        "access": prepared.mixed.access,
        "kept_out": prepared.mixed.total("gated"),
    }


def _print(document: dict[str, Any], prepared: Prepared, console: Console) -> None:
    packed, takes = document["packed"], document["estimate"]
    parts = [("mixture", prepared.mixed_now), ("rows", prepared.packed_now)]
    for name, made in parts:
        if not made:
            console.print(f"{name}: unchanged since it was made last", style="dim")
    lines = [
        f"{packed['tokens']:,} tokens in {packed['rows']:,} rows of {prepared.packed.packing.capacity:,} "
        f"({packed['fill']:.1%} filled), {packed['answer']:,} with loss",
        f"{packed['dropped_shots']:,} shots did not fit, {packed['cut']:,} samples were cut from the left, "
        f"{packed['left_out']:,} left out (the answer alone was too long)",
        f"tuning: {takes['steps']:,} steps, {takes['tokens']:,} tokens, {takes['tuned_parameters']:,} of "
        f"{takes['parameters']:,} parameters",
        f"about {size(takes['memory_bytes'])} of memory a device, about {hours(takes['hours'])} on "
        f"{takes['devices']} {'device' if takes['devices'] == 1 else 'devices'}",
        f"  hours: {takes['hours_from']}",
        f"what is in it: {document['page']}",
    ]
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def hours(amount: float) -> str:
    """Hours, or minutes where there are few."""
    if amount >= 1:
        return f"{amount:,.1f} hours"
    minutes = max(1, round(60 * amount))
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """A function to call with what is done: a bar on a terminal, a plain line every ten seconds elsewhere."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    printed = time.monotonic()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=None)

        def advance(what: str, done: int, of: int) -> None:
            nonlocal printed
            bar.update(task, description=what, completed=done, total=of)
            now = time.monotonic()
            if not console.is_terminal and now - printed >= PLAIN_INTERVAL:
                printed = now
                console.print(f"{what}: {done / max(1, of):.0%}", soft_wrap=True)

        yield advance
