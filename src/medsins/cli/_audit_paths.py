"""What ``medsins audit`` looks through: task files, folders of them, and bundled suites by name."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path


def add_paths(verb: argparse.ArgumentParser) -> None:
    """The argument that names them."""
    verb.add_argument(
        "paths", metavar="PATH", nargs="+", help="task file, folder of them, or bundled suite (test tasks and shots)"
    )


def task_paths(names: Sequence[str]) -> list[Path]:
    """Paths as they are; what is no path but a suite is its folders of test tasks and of shots.

    Raises:
        UsageError: no such path.
    """
    from medsins.bench.suites import FOLDER
    from medsins.bench.suites import names as suites

    found = []
    for name in names:
        base = name.partition("@")[0]
        if not Path(name).exists() and base in suites():
            found += [FOLDER / base / "test", FOLDER / base / "train"]
        else:
            found.append(Path(name))
    return found
