"""``medsins board init|serve|worker``: make a board and run it."""

from __future__ import annotations

import argparse
from typing import Any

from ._board_common import add_folder, opened
from ._common import add_verb, err_console, whole_number

INIT_EXAMPLE = """\
medsins board init
medsins board init --dir /srv/board --database postgresql://board@/board --public-url https://board.example.org"""

SERVE_EXAMPLE = """\
medsins board serve
medsins board serve --dir /srv/board --processes 4 --workers 0"""


def build(verbs: Any) -> None:
    """Add these verbs."""
    serve = add_verb(verbs, "serve", _serve, "answer readers and submitters", SERVE_EXAMPLE)
    add_folder(serve)
    serve.add_argument("--host", metavar="ADDRESS", help="address to listen on (default: as in board.toml)")
    serve.add_argument("--port", type=whole_number, metavar="N", help="port to listen on (default: as in board.toml)")


def _serve(args: argparse.Namespace) -> int:
    from dataclasses import replace

    with opened(args) as (store, settings):
        import uvicorn

        from medsins.leaderboard.app import create_app

        given = {name: getattr(args, name) for name in ("host", "port") if getattr(args, name) is not None}
        settings = replace(settings, **given)
        err_console(args).print(f"the board answers at {settings.url}")
        uvicorn.run(create_app(store, settings), host=settings.host, port=settings.port, log_config=None)
    return 0
