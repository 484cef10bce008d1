"""``medsins instructions``: variants of a task's instruction."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _instructions_rewrite
from ._common import add_verb, err_console, out_console, print_json, whole_number
from ._instructions_show import show_checks, write_dropped
from ._outputs import output_file, output_folder

if TYPE_CHECKING:
    from medsins.instructions import Variant

SOURCE = "variants file, the published RewriteDefinitions.json, task file, or folder of them"
CHECK_EXAMPLE = """\
medsins instructions check meds-ins.variants.jsonl
medsins instructions check mine.variants.jsonl --tasks tasks/ --clean good.variants.jsonl"""
SAMPLE_EXAMPLE = """\
medsins instructions sample task1.json --limit 5
medsins instructions sample tasks/ --variants good.variants.jsonl --seed 7 --json"""


def build(commands: Any, name: str, summary: str) -> None:
    """Add the group's verbs."""
    group = commands.add_parser(
        name, help=summary, description=summary, example="medsins instructions check meds-ins.variants.jsonl"
    )
    verbs = group.add_subparsers(title="verbs", metavar="VERB", required=True)
    imported = add_verb(
        verbs,
        "import",
        _import,
        "wordings of any source into a variants file",
        "medsins instructions import RewriteDefinitions.json -o meds-ins.variants.jsonl\n"
        "medsins instructions import tasks/ more.variants.jsonl -o all.variants.jsonl",
    )
    imported.add_argument("sources", metavar="SOURCE", type=Path, nargs="+", help=SOURCE)
    imported.add_argument("-o", "--output", type=output_file, required=True, metavar="FILE", help="the variants file")
    _instructions_rewrite.build(verbs, SOURCE)
    check = add_verb(
        verbs, "check", _check, "what is wrong with each wording, and how diverse the good ones are", CHECK_EXAMPLE
    )
    check.add_argument("sources", metavar="SOURCE", type=Path, nargs="+", help=SOURCE)
    check.add_argument(
        "--tasks",
        type=Path,
        nargs="+",
        default=[],
        metavar="PATH",
        help="task files whose Definition decides what must survive",
    )
    check.add_argument(
        "--clean",
        type=output_file,
        metavar="FILE",
        help="write the good wordings, and FILE.dropped.jsonl with the reasons",
    )
    add = add_verb(
        verbs,
        "add",
        _add,
        "write task files again with variants in their Definition",
        "medsins instructions add good.variants.jsonl tasks/ -o tasks-with-variants",
    )
    add.add_argument("variants", metavar="VARIANTS", type=Path, help="variants file")
    add.add_argument("tasks", metavar="TASK", type=Path, nargs="+", help="task file, or folder of them")
    add.add_argument("-o", "--output", type=output_folder, required=True, metavar="DIR", help="where the files go")
    _add_sample(verbs)


def _add_sample(verbs: Any) -> None:
    sample = add_verb(verbs, "sample", _sample, "which wording each instance gets", SAMPLE_EXAMPLE)
    sample.add_argument("tasks", metavar="TASK", type=Path, nargs="+", help="task file, or folder of them")
    sample.add_argument("--variants", type=Path, metavar="FILE", help="wordings beside those of the task files")
    sample.add_argument("--seed", type=whole_number, default=0, metavar="N", help="seed of the draw (default 0)")
    sample.add_argument("--limit", type=whole_number, default=10, metavar="N", help="instances a task (default 10)")


def _import(args: argparse.Namespace) -> int:
    from medsins.instructions import by_task, read_sources, survey, write_variants

    found = survey(read_sources(args.sources))
    counts = {task: len(variants) for task, variants in by_task(found.variants).items()}
    write_variants(args.output, found.variants)
    if args.json:
        odd = {"repeats": found.repeats, "shared": found.shared, "uncatalogued": list(found.uncatalogued)}
        print_json({"file": str(args.output), "wordings": len(found.variants), "tasks": counts, **odd})
        return 0
    told = f"{args.output}: {len(found.variants):,} wordings of {len(counts)} tasks"
    out_console().print(told, markup=False, soft_wrap=True)
    notes = [
        f"{found.repeats:,} repeat another wording of their task" if found.repeats else "",
        f"{found.shared:,} are the wording of several tasks" if found.shared else "",
        f"not in the catalogue: {', '.join(found.uncatalogued)}" if found.uncatalogued else "",
    ]
    for note in filter(None, notes):
        err_console(args).print(f"note: {note}", markup=False, soft_wrap=True)
    return 0


def _check(args: argparse.Namespace) -> int:
    from medsins.instructions import check_variants, cleaned, read_cards, read_sources, write_variants

    variants = read_sources(args.sources)
    definitions = (
        {task: card.definition[0] for task, card, _ in read_cards(args.tasks) if card.definition} if args.tasks else {}
    )
    checks = list(check_variants(variants, definitions))
    if args.clean:
        write_variants(args.clean, cleaned(checks))
        write_dropped(args.clean, checks)
    show_checks(checks, args)
    return 1 if any(item.faults for check in checks for item in check.judged) else 0


def _add(args: argparse.Namespace) -> int:
    from medsins.instructions import add_wordings, by_task, read_variants

    grouped = by_task(read_variants(args.variants))
    written = add_wordings(args.tasks, grouped, args.output)
    if args.json:
        print_json({str(path): count for path, count in written.items()})
    else:
        for path, count in written.items():
            told = f"{path}: {count} wording{'s' * (count != 1)}"
            out_console().print(told, markup=False, soft_wrap=True)
    return 0


def _sample(args: argparse.Namespace) -> int:
    from itertools import islice

    from medsins.instructions import by_task, read_variants, wording_digest
    from medsins.tasks import find_task_files, open_reader
    from medsins.tasks.wordings import draw_wording, with_wordings

    extra: dict[str, list[Variant]] = by_task(read_variants(args.variants)) if args.variants else {}
    rows = []
    for path in find_task_files(args.tasks):
        reader = open_reader(path)
        wordings = with_wordings(reader.card, (variant.text for variant in extra.get(reader.name, ()))).definition
        if not wordings:
            err_console(args).print(f"note: {reader.name} has no wording", markup=False, soft_wrap=True)
            continue
        for instance in islice(reader, max(0, args.limit)):
            text = draw_wording(wordings, args.seed, reader.name, instance.id)
            number = wordings.index(text) + 1
            named = {"task_id": reader.name, "instance_id": instance.id, "wording": number}
            rows.append({**named, "digest": wording_digest(text), "text": text})
    if args.json:
        print_json(rows)
    else:
        for row in rows:
            text = " ".join(str(row["text"]).split())
            line = f"{row['task_id']}  {row['instance_id']}  {row['wording']}  {text}"
            out_console().print(line, markup=False, soft_wrap=True)
    return 0
