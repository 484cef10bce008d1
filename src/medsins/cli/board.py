"""``medsins board``: a leaderboard of one's own, and submissions to any."""

from __future__ import annotations

from typing import Any

from . import _board_admin, _board_care, _board_evaluate, _board_moderate, _board_serve, _board_submit

EXAMPLE = """\
medsins board init
medsins board serve
medsins board submit runs/smollm2 --board http://127.0.0.1:8000 --token-file token.txt"""


def build(commands: Any, name: str, summary: str) -> None:
    """Add the group's verbs."""
    group = commands.add_parser(name, help=summary, description=summary, example=EXAMPLE)
    verbs = group.add_subparsers(title="verbs", metavar="VERB", required=True)
    for part in (_board_serve, _board_submit, _board_evaluate, _board_admin, _board_moderate, _board_care):
        part.build(verbs)
