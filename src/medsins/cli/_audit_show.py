"""What every verb of ``medsins audit`` ends with: the findings as a table, as JSON or as a page, and the exit code."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ._common import err_console, out_console, print_json
from ._outputs import output_file

if TYPE_CHECKING:
    from medsins.audit import Section


def add_report(verb: argparse.ArgumentParser) -> None:
    """The option of every verb that names the page to write."""
    verb.add_argument("--html", type=output_file, metavar="FILE", help="also write the findings as a page")


def show(sections: Sequence[Section], sources: Sequence[str], args: argparse.Namespace) -> int:
    """Print the sections (``--json``: one document), write the page of ``--html``; 1 where there are findings, else 0.

    Args:
        sections: what the checks found.
        sources: what was looked at, as the user named it.
        args: parsed options, with ``json``, ``html``, ``verbose`` and ``quiet``.
    """
    from medsins.audit import audit_document
    from medsins.reports.audit import print_audit, write_audit

    document = audit_document(sections, sources)
    if args.html:
        write_audit(document, args.html)
        err_console(args).print(f"page: {args.html}", markup=False, soft_wrap=True)
    if args.json:
        print_json(document)
    else:
        print_audit(document, out_console(), args.verbose)
    return 0 if document["clean"] else 1
