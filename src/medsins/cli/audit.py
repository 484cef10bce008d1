"""``medsins audit``: is the benchmark clean, is the training set clean, is this score believable."""

from __future__ import annotations

from typing import Any

from . import _audit_duplicates, _audit_identifiers, _audit_labels, _audit_leakage, _audit_run

VERBS = (_audit_leakage, _audit_duplicates, _audit_labels, _audit_identifiers, _audit_run)
"""A module for each verb, in the order of the help; ``build`` adds its verb."""


def build(commands: Any, name: str, summary: str) -> None:
    """Add the group's verbs."""
    example = "medsins audit leakage train/ --test test/ --html leakage.html"
    group = commands.add_parser(name, help=summary, description=summary, example=example)
    verbs = group.add_subparsers(title="verbs", metavar="VERB", required=True)
    for verb in VERBS:
        verb.build(verbs)
