"""``medsins audit duplicates``: inputs that come again, within tasks, across tasks and across splits."""

from __future__ import annotations

import argparse
from typing import Any

from ._audit_paths import add_paths, task_paths
from ._audit_show import add_report, show
from ._common import add_verb, err_console
from ._file_progress import file_progress

EXAMPLE = """\
medsins audit duplicates my_tasks/
medsins audit duplicates train/ test/ --html duplicates.html"""


def build(verbs: Any) -> None:
    """Add the verb."""
    verb = add_verb(verbs, "duplicates", _duplicates, "inputs that come again, and those with other answers", EXAMPLE)
    add_paths(verb)
    verb.add_argument(
        "--group", default="", metavar="KEY", help="further key (patient, document) that no split should part"
    )
    add_report(verb)


def _duplicates(args: argparse.Namespace) -> int:
    from medsins.audit.duplicates import audit_duplicates

    with file_progress(err_console(args), "reading") as advance:
        section = audit_duplicates(task_paths(args.paths), args.group, advance)
    return show([section], args.paths, args)
