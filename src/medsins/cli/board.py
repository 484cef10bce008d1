"""``medsins board``: a leaderboard of one's own, and submissions to any."""

from __future__ import annotations

from typing import Any

from . import _board_serve

EXAMPLE = """\
medsins board init
medsins board serve
medsins board submit runs/smollm2 --board http://127.0.0.1:8000 --token-file token.txt"""


def build(commands: Any, name: str, summary: str) -> None:
    """Add the group's verbs."""
    group = commands.add_parser(name, help=summary, description=summary, example=EXAMPLE)
    verbs = group.add_subparsers(title="verbs", metavar="VERB", required=True)
    _board_serve.build(verbs)
