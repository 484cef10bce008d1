"""``medsins audit identifiers``: text that looks as if it names a person."""

from __future__ import annotations

import argparse
from typing import Any

from ._audit_paths import add_paths, task_paths
from ._audit_show import add_report, show
from ._common import add_verb, err_console
from ._file_progress import file_progress

EXAMPLE = """\
medsins audit identifiers my_tasks/
medsins audit identifiers my_tasks/ --show-text --html identifiers.html"""


def build(verbs: Any) -> None:
    """Add the verb."""
    verb = add_verb(verbs, "identifiers", _identifiers, "text that looks as if it names a person", EXAMPLE)
    add_paths(verb)
    verb.add_argument(
        "--show-text", action="store_true", help="put the finds, with what stands around them, into page and JSON"
    )
    add_report(verb)


def _identifiers(args: argparse.Namespace) -> int:
    from medsins.audit.identifiers import audit_identifiers

    with file_progress(err_console(args), "reading") as advance:
        section = audit_identifiers(task_paths(args.paths), args.show_text, advance)
    return show([section], args.paths, args)
