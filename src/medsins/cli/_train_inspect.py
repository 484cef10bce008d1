"""``medsins train inspect``: a packed row with its samples and its mask, in the terminal or as a page."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._common import add_verb, err_console, out_console, print_json, whole_number
from ._outputs import output_file
from ._train_common import add_recipe, base_folder, open_recipe, open_tokens

if TYPE_CHECKING:
    from rich.console import Console

    from medsins.training.recipe import Recipe

EXAMPLE = """\
medsins train inspect my.toml
medsins train inspect my.toml --row 17 --html row.html"""

STYLES = {
    "instruction": "cyan",
    "shot": "blue",
    "shot answer": "blue",
    "question": "bold yellow",
    "prompt": "yellow",
    "frame": "dim",
    "answer": "bold green",
}
"""Of each kind of piece; only answers bear loss."""


def build(verbs: Any) -> None:
    """Add the verb."""
    verb = add_verb(
        verbs, "inspect", _inspect, "show a packed row: samples, shots, answers, where attention is cut", EXAMPLE
    )
    add_recipe(verb)
    verb.add_argument("--row", type=whole_number, default=0, metavar="N", help="its number, from 0 (default 0)")
    verb.add_argument("--html", type=output_file, metavar="FILE", help="write a page, with a picture of the mask")


def _inspect(args: argparse.Namespace) -> int:
    recipe = open_recipe(args.recipe)
    document = _document(recipe, base_folder(recipe), args.row)
    if args.html:
        from medsins.reports.row_page import write_row

        page = write_row(document, args.html)
        err_console(args).print(f"page: {page}", markup=False, soft_wrap=True)
    if args.json:
        print_json(document)
    else:
        _print(document, out_console())
    return 0


def _document(recipe: Recipe, base: Path, number: int) -> dict[str, Any]:
    from medsins.core import Problem, UsageError
    from medsins.training.inspect import Reader
    from medsins.training.prepare import read_prepared
    from medsins.training.shards import PackedRows

    rows = PackedRows(read_prepared(recipe).packed, verify=False)
    if not 0 <= number < len(rows):
        raise UsageError(Problem(f"there is no row {number}", mend=f"--row takes 0 to {len(rows) - 1}"))
    row = rows[number]
    groups = Reader(open_tokens(recipe, base)).groups(row)
    return {
        "recipe": recipe.path.name,
        "row": number,
        "rows": len(rows),
        "shard": rows.shard_of(number),
        "tokens": len(row),
        "capacity": recipe.packing.capacity,
        "answer_tokens": int(row.loss.sum()),
        "samples": sum(len(group.samples) for group in groups),
        "groups": [asdict(group) for group in groups],
    }


def _print(document: dict[str, Any], console: Console) -> None:
    head = (
        f"row {document['row']} of {document['rows']:,} ({document['shard']}): {document['tokens']:,} of "
        f"{document['capacity']:,} tokens, {document['samples']} samples, "
        f"{document['answer_tokens']:,} tokens with loss"
    )
    console.print(head, markup=False, soft_wrap=True)
    number = 0
    for group in document["groups"]:
        if group["prefix"]:
            _print_part(f"computed once for {len(group['samples'])} samples", group["prefix"], console)
        for sample in group["samples"]:
            number += 1
            sees = "sees itself and what is computed once" if group["prefix"] else "sees nothing before"
            _print_part(f"sample {number}, {sees}", sample, console)


def _print_part(title: str, part: dict[str, Any], console: Console) -> None:
    from rich.text import Text

    console.print(Text(f"── {title}, {part['tokens']:,} tokens", style="bold"), soft_wrap=True)
    for piece in part["pieces"]:
        label = "with loss" if piece["kind"] == "answer" else piece["kind"]
        text = "".join(c if c in "\n\t" or c.isprintable() else ascii(c)[1:-1] for c in piece["text"])
        shown = text if piece["kind"] != "frame" else text.replace("\n", "↵")
        console.print(Text.assemble((f"{label:>12}  ", "dim"), (shown, STYLES[piece["kind"]])), soft_wrap=True)
