"""``medsins audit leakage``: which training instances hold what a benchmark asks, and a training set without them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ._audit_show import add_report, show
from ._common import add_verb, err_console
from ._file_progress import file_progress
from ._outputs import output_folder

EXAMPLE = """\
medsins audit leakage train/ --test test/
medsins audit leakage train/ --test mini --html leakage.html
medsins audit leakage train/*.jsonl.gz --test test/ --clean cleaned/"""


def build(verbs: Any) -> None:
    """Add the verb."""
    verb = add_verb(verbs, "leakage", _leakage, "which training instances hold what a benchmark asks", EXAMPLE)
    verb.add_argument("train", metavar="TRAIN", type=Path, nargs="+", help="task file, or folder of them, to train on")
    verb.add_argument(
        "--test",
        metavar="BENCH",
        nargs="+",
        required=True,
        help="task file, folder of them, or bundled suite to test on",
    )
    verb.add_argument(
        "--clean",
        type=output_folder,
        metavar="DIR",
        help="write the training files again without what leaks, and removals.jsonl",
    )
    verb.add_argument(
        "--engine",
        choices=("here", "ray"),
        default="here",
        help="here: all processors of this machine (default); ray: a Ray cluster",
    )
    add_report(verb)


def _leakage(args: argparse.Namespace) -> int:
    from medsins.audit.leakage import check_clean, find_leakage, write_clean

    console = err_console(args)
    if args.clean:
        check_clean(args.train, args.clean)
    with file_progress(console, "comparing") as advance:
        found = find_leakage(args.train, _bench(args.test), engine=args.engine, advance=advance)
    if args.clean:
        with file_progress(console, "writing") as advance:
            cleaned = write_clean(found, args.clean, advance)
        for path in cleaned.emptied:
            console.print(f"note: every instance of {path} leaks: not written", markup=False, soft_wrap=True)
        told = f"{args.clean}: kept {cleaned.kept:,}, left out {cleaned.removed:,} (removals.jsonl)"
        console.print(told, markup=False, soft_wrap=True)
    return show([found.section()], [*map(str, args.train), *args.test], args)


def _bench(names: list[str]) -> list[Path]:
    """Paths as they are; what is no path is a bundled suite."""
    from medsins.bench.suites import FOLDER, load_suite
    from medsins.tasks import SUFFIXES

    found = []
    for name in names:
        is_path = Path(name).exists() or "/" in name or name.lower().endswith(SUFFIXES)
        found.append(Path(name) if is_path else FOLDER / load_suite(name).name / "test")
    return found
