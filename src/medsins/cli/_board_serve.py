"""``medsins board init|serve|worker``: make a board and run it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ._board_common import ACTOR, add_folder, needs_board, opened
from ._common import add_verb, err_console, out_console, print_json, whole_number

if TYPE_CHECKING:
    from medsins.leaderboard.interface import Store

INIT_EXAMPLE = """\
medsins board init
medsins board init --dir /srv/board --database postgresql://board@/board --public-url https://board.example.org"""

SERVE_EXAMPLE = """\
medsins board serve
medsins board serve --dir /srv/board --processes 4 --workers 0"""

MAINTAINERS = "maintainers"


def build(verbs: Any) -> None:
    """Add these verbs."""
    init = add_verb(verbs, "init", _init, "make a board, with a suite as its first version", INIT_EXAMPLE)
    add_folder(init)
    init.add_argument("--database", metavar="URL", help="sqlite:///FILE (default: a file in D) or postgresql://…")
    init.add_argument("--public-url", metavar="URL", help="address as readers see it, behind a reverse proxy")
    init.add_argument(
        "--suite", default="mini", metavar="S", help="first version: a bundled suite (mini) or task files"
    )
    init.add_argument("--upgrade", action="store_true", help="bring the database of an earlier medsins up to date")
    serve = add_verb(verbs, "serve", _serve, "answer readers and submitters", SERVE_EXAMPLE)
    add_folder(serve)
    serve.add_argument("--host", metavar="ADDRESS", help="address to listen on (default: as in board.toml)")
    serve.add_argument("--port", type=_port, metavar="N", help="port to listen on, 0 for any (default: board.toml)")
    serve.add_argument("--processes", type=_some, default=1, metavar="N", help="server processes (default 1)")
    serve.add_argument("--workers", type=_any, default=1, metavar="N", help="worker processes beside them (default 1)")
    worker = add_verb(verbs, "worker", _worker, "score what is queued", "medsins board worker --dir /srv/board")
    add_folder(worker)


def _port(text: str) -> int:
    value = whole_number(text)
    if not 0 <= value <= 65_535:
        raise argparse.ArgumentTypeError("must be from 0 to 65,535")
    return value


def _some(text: str) -> int:
    value = whole_number(text)
    if not 1 <= value <= 64:
        raise argparse.ArgumentTypeError("must be from 1 to 64")
    return value


def _any(text: str) -> int:
    return 0 if text == "0" else _some(text)


def _init(args: argparse.Namespace) -> int:
    from medsins.core.errors import AssetUnavailable

    with needs_board():
        from medsins.leaderboard._assets import keep_assets
        from medsins.leaderboard.settings import create_folder
        from medsins.leaderboard.store import open_store, upgrade_store

    given = {name: value for name in ("database", "public_url") if (value := getattr(args, name)) is not None}
    settings = create_folder(args.dir, **given)
    if args.upgrade:
        upgrade_store(settings.database_url)
    store = open_store(settings.database_url, create=True)
    try:
        added = _first_version(store, args.suite)
        secret = _first_token(store)
    finally:
        store.close()
    try:
        keep_assets(settings)
    except AssetUnavailable as error:
        err_console(args).print(f"note: workers will need what is not here: {error}", markup=False, soft_wrap=True)
    told = {"folder": str(args.dir), "database": settings.database, "version": added, "token": secret}
    if args.json:
        print_json(told)
        return 0
    console = err_console(args)
    console.print(
        f"the board is in {args.dir}, its settings in {args.dir / 'board.toml'}", soft_wrap=True, markup=False
    )
    if added:
        console.print(f"its first version is {added}", markup=False)
    if secret:
        console.print("the maintainers' token, told this once (it opens everything; keep it safe):", markup=False)
        out_console().print(secret, markup=False, soft_wrap=True)
    console.print(f"start it with: medsins board serve --dir {args.dir}", soft_wrap=True, markup=False)
    return 0


def _first_version(store: Store, suite: str) -> str:
    """Add a version to a board that has none; its id."""
    from datetime import UTC, datetime

    from medsins.leaderboard.versions import VersionSpec, make_version

    if store.versions():
        return ""
    now = datetime.now(UTC)
    name = "".join(c if c.isalnum() else "-" for c in suite.split("@")[0].rstrip("/").rsplit("/", 1)[-1].lower()).strip(
        "-"
    )
    version, items = make_version(VersionSpec(f"{name or 'board'}@{now:%Y.%m}", suite, now))
    store.add_version(version, items, ACTOR)
    return version.id


def _first_token(store: Store) -> str:
    """A maintainers' token for a board that has none; its secret."""
    from medsins.leaderboard.records import Team

    if any(token.scope == "maintain" for token in store.tokens()):
        return ""
    if not any(team.id == MAINTAINERS for team in store.teams()):
        store.add_team(Team(MAINTAINERS, "Maintainers"), ACTOR)
    return store.add_token(MAINTAINERS, "maintain", None, ACTOR)[1]


def _serve(args: argparse.Namespace) -> int:
    with opened(args) as (store, settings):
        from medsins.leaderboard.serving import listening, serve

        settings = listening(settings, args.host, args.port)
        err_console(args).print(f"the board answers at {settings.url} (Ctrl-C ends it)", soft_wrap=True)
        serve(store, settings, args.processes, args.workers)
    return 0


def _worker(args: argparse.Namespace) -> int:
    import signal
    import threading

    with opened(args) as (store, settings):
        from medsins.leaderboard.serving import end_with_parent, work

        stop = threading.Event()
        for kind in (signal.SIGINT, signal.SIGTERM):
            signal.signal(kind, lambda *_: stop.set())
        end_with_parent(stop)
        err_console(args).print("scoring what is queued (Ctrl-C ends it)")
        work(store, settings, stop)
    return 0
