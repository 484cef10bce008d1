"""``medsins board export|backup|restore|verify``: the board as files, and whether all is well."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ._board_common import add_folder, needs_board, opened
from ._common import add_verb, err_console, out_console, print_json
from ._outputs import output_file, output_folder


def build(verbs: Any) -> None:
    """Add these verbs."""
    export = add_verb(
        verbs, "export", _export, "the whole board as a folder for any static host", "medsins board export -o site/"
    )
    add_folder(export)
    export.add_argument("-o", "--output", required=True, type=output_folder, metavar="DIR", help="folder to write")
    backup = add_verb(
        verbs, "backup", _backup, "all that the board keeps in one file", "medsins board backup -o board.zip"
    )
    add_folder(backup)
    backup.add_argument("-o", "--output", required=True, type=output_file, metavar="FILE", help="the archive to write")
    restore = add_verb(
        verbs,
        "restore",
        _restore,
        "a backup into a board without a database",
        "medsins board restore board.zip --dir /srv/board",
    )
    restore.add_argument("archive", metavar="FILE", type=Path, help="what backup wrote")
    add_folder(restore)
    restore.add_argument("--database", metavar="URL", help="sqlite:///FILE (default: a file in D) or postgresql://…")
    verify = add_verb(
        verbs, "verify", _verify, "does the audit log agree with all the board shows", "medsins board verify"
    )
    add_folder(verify)


def _export(args: argparse.Namespace) -> int:
    with opened(args) as (store, _):
        from medsins.leaderboard.export import export_board

        with err_console(args).status("writing the pages"):
            export_board(store, args.output)
    files = [str(path.relative_to(args.output)) for path in sorted(args.output.rglob("*")) if path.is_file()]
    if args.json:
        print_json({"folder": str(args.output), "files": files})
    else:
        out_console().print(f"{args.output}: {len(files):,} files; index.html is the first page", soft_wrap=True)
    return 0


def _backup(args: argparse.Namespace) -> int:
    with opened(args) as (store, _), err_console(args).status("writing and checking the archive"):
        store.backup(args.output)
    return _told(args, {"archive": str(args.output), "bytes": args.output.stat().st_size})


def _restore(args: argparse.Namespace) -> int:
    with needs_board():
        from medsins.leaderboard.settings import create_folder
        from medsins.leaderboard.store import restore_store
    settings = create_folder(args.dir, **({"database": args.database} if args.database else {}))
    with err_console(args).status("reading and checking the archive"):
        restore_store(args.archive, settings.database_url)
    return _told(args, {"folder": str(args.dir), "database": settings.database})


def _verify(args: argparse.Namespace) -> int:
    with opened(args) as (store, _), err_console(args).status("walking the audit log"):
        problems = store.verify()
    if args.json:
        print_json({"problems": problems})
    else:
        for problem in problems:
            out_console().print(problem, markup=False, soft_wrap=True)
        said = f"{len(problems)} things are wrong" if problems else "the audit log is whole, and all agrees with it"
        err_console(args).print(said)
    return 1 if problems else 0


def _told(args: argparse.Namespace, told: dict[str, Any]) -> int:
    if args.json:
        print_json(told)
    else:
        out_console().print("\n".join(f"{name}: {value}" for name, value in told.items()), markup=False, soft_wrap=True)
    return 0
