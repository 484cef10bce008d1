"""``medsins audit labels``: what the answers of every task are, and what a score on them is worth."""

from __future__ import annotations

import argparse
from typing import Any

from ._audit_paths import add_paths, task_paths
from ._audit_show import add_report, show
from ._common import add_verb, err_console
from ._file_progress import file_progress

EXAMPLE = """\
medsins audit labels my_tasks/
medsins audit labels mini --html labels.html"""


def build(verbs: Any) -> None:
    """Add the verb."""
    verb = add_verb(verbs, "labels", _labels, "baselines, one-sided tasks, cues, labels that may be wrong", EXAMPLE)
    add_paths(verb)
    add_report(verb)


def _labels(args: argparse.Namespace) -> int:
    from medsins.audit.labels import audit_labels

    with file_progress(err_console(args), "reading") as advance:
        section = audit_labels(task_paths(args.paths), advance)
    return show([section], args.paths, args)
