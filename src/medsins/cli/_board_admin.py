"""``medsins board team|token|version``: who may submit, and for what."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ._board_common import ACTOR, a_reason, add_folder, moment, opened
from ._common import add_verb, err_console, out_console, print_json, whole_number

_DATES, _LONG = ("created", "expires", "from", "until"), ("team", "name", "title")


def build(verbs: Any) -> None:
    """Add these verbs."""
    _build_team(_group(verbs, "team", "the teams that submit", "medsins board team add 'My lab'"))
    _build_token(_group(verbs, "token", "what opens the board for a team", "medsins board token add my-lab"))
    _build_version(
        _group(verbs, "version", "dated states of the benchmark", "medsins board version add mini --id mini@2026.12")
    )


def _group(verbs: Any, name: str, summary: str, example: str) -> Any:
    group = verbs.add_parser(name, help=summary, description=summary, example=example)
    return group.add_subparsers(title="verbs", metavar="VERB", required=True)


def _build_team(verbs: Any) -> None:
    add = add_verb(verbs, "add", _add_team, "a team", "medsins board team add 'My lab' --contact lab@example.org")
    add.add_argument("name", metavar="NAME", help="as readers see it")
    add.add_argument("--id", default="", metavar="ID", help="short id (default: made from the name)")
    add.add_argument("--contact", default="", metavar="TEXT", help="how to reach it; never shown")
    show = add_verb(verbs, "list", _list_teams, "all teams", "medsins board team list")
    ban = add_verb(
        verbs, "ban", _ban, "take nothing more from a team", "medsins board team ban my-lab --reason 'copied answers'"
    )
    ban.add_argument("team", metavar="TEAM", help="its id")
    ban.add_argument("--reason", required=True, type=a_reason, metavar="TEXT", help="why; it is shown")
    for parser in (add, show, ban):
        add_folder(parser)


def _build_token(verbs: Any) -> None:
    add = add_verb(
        verbs, "add", _add_token, "a token for a team, told once", "medsins board token add my-lab --days 365"
    )
    add.add_argument("team", metavar="TEAM", help="its id")
    add.add_argument("--scope", choices=["read", "submit", "maintain"], default="submit", help="what it may (submit)")
    add.add_argument("--days", type=whole_number, metavar="N", help="days until it expires (default: never)")
    show = add_verb(verbs, "list", _list_tokens, "all tokens, never their secrets", "medsins board token list my-lab")
    show.add_argument("team", metavar="TEAM", nargs="?", help="only this team's")
    revoke = add_verb(
        verbs, "revoke", _revoke, "a token opens nothing any more", "medsins board token revoke 6e060882e9e7ba01"
    )
    revoke.add_argument("token", metavar="TOKEN", help="its public id, as list tells")
    revoke.add_argument("--reason", default="revoked", type=a_reason, metavar="TEXT", help="why, for the audit log")
    for parser in (add, show, revoke):
        add_folder(parser)


def _build_version(verbs: Any) -> None:
    add = add_verb(
        verbs,
        "add",
        _add_version,
        "a version from a suite or task files",
        "medsins board version add MedS-Bench/ --id meds-bench@2026.12 --private 0.3 --from 2026-12-01",
    )
    add.add_argument("source", metavar="SOURCE", help="bundled suite, suite file, task file or folder of them")
    add.add_argument("--id", required=True, metavar="NAME@LABEL", help="its id")
    add.add_argument("--title", default="", metavar="TEXT", help="as readers see it (default: from the id)")
    add.add_argument("--private", type=_share, default=0.0, metavar="SHARE", help="share of instances kept private (0)")
    add.add_argument("--seed", type=whole_number, default=0, metavar="N", help="of the choice of private instances (0)")
    add.add_argument("--from", dest="start", type=moment, metavar="DATE", help="takes submissions from then on (now)")
    add.add_argument("--until", type=moment, metavar="DATE", help="takes none from then on (default: until closed)")
    add.add_argument("--notes", default="", metavar="TEXT", help="what changed, for the changelog")
    show = add_verb(verbs, "list", _list_versions, "all versions", "medsins board version list")
    amend = add_verb(
        verbs,
        "amend",
        _amend,
        "correct references of a version; all that was scored on it is scored again",
        "medsins board version amend mini@2026.11 errata.jsonl --reason 'two keys were wrong'",
    )
    amend.add_argument("version", metavar="VERSION", help="its id")
    amend.add_argument("errata", metavar="ERRATA", type=Path, help="corrections, as `medsins audit run` writes them")
    amend.add_argument("--reason", required=True, type=a_reason, metavar="TEXT", help="why; it is shown")
    close = add_verb(verbs, "close", _close, "take no submissions any more", "medsins board version close mini@2026.11")
    close.add_argument("version", metavar="VERSION", help="its id")
    close.add_argument("--at", type=moment, metavar="DATE", help="from then on (now)")
    for parser in (add, show, amend, close):
        add_folder(parser)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no share from 0 to below 1")
    return value


def _add_team(args: argparse.Namespace) -> int:
    import re

    from medsins.core.errors import Problem, UsageError

    team_id = args.id or re.sub(r"[^a-z0-9]+", "-", args.name.lower()).strip("-")[:40]
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", team_id):
        raise UsageError(Problem(f"'{team_id}' is no id of a team", mend="--id with lower-case letters, digits and -"))
    if not args.name.strip() or len(args.name) > 100 or not args.name.isprintable():
        raise UsageError(Problem("the name must be one line of 1 to 100 characters"))
    with opened(args) as (store, _):
        from medsins.leaderboard.records import Team

        store.add_team(Team(team_id, args.name.strip(), args.contact), ACTOR)
    if args.json:
        print_json({"team": team_id})
    else:
        out_console().print(team_id, markup=False)
        err_console(args).print(f"now give it a token: medsins board token add {team_id}", markup=False)
    return 0


def _list_teams(args: argparse.Namespace) -> int:
    with opened(args) as (store, _):
        rows = [asdict(team) for team in store.teams()]
    _show(args, rows, ("id", "name", "banned"))
    return 0


def _ban(args: argparse.Namespace) -> int:
    with opened(args) as (store, _):
        store.ban_team(args.team, args.reason, ACTOR)
    return _done(args, {"banned": args.team})


def _add_token(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime, timedelta

    from medsins.core.errors import Problem, UsageError

    if args.days is not None and not 1 <= args.days <= 3_650:
        raise UsageError(Problem("--days must be from 1 to 3,650"))
    expires = datetime.now(UTC) + timedelta(days=args.days) if args.days else None
    with opened(args) as (store, _):
        token, secret = store.add_token(args.team, args.scope, expires, ACTOR)
    if args.json:
        print_json({**_token_row(token), "secret": secret})
    else:
        err_console(args).print("told this once; whoever has it may submit as this team", markup=False)
        out_console().print(secret, markup=False, soft_wrap=True)
    return 0


def _list_tokens(args: argparse.Namespace) -> int:
    with opened(args) as (store, _):
        rows = [_token_row(token) for token in store.tokens(args.team)]
    _show(args, rows, ("id", "team", "scope", "created", "expires", "revoked"))
    return 0


def _token_row(token: Any) -> dict[str, Any]:
    row = asdict(token)
    return row | {name: row[name] and row[name].isoformat(timespec="seconds") for name in ("created", "expires")}


def _revoke(args: argparse.Namespace) -> int:
    with opened(args) as (store, _):
        store.revoke_token(args.token, args.reason, ACTOR)
    return _done(args, {"revoked": args.token})


def _add_version(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    with opened(args) as (store, _):
        from medsins.leaderboard.versions import VersionSpec, make_version

        spec = VersionSpec(
            args.id,
            args.source,
            args.start or datetime.now(UTC),
            args.until,
            args.title,
            args.private,
            seed=args.seed,
            notes=args.notes,
        )
        with err_console(args).status("reading the task files"):
            version, items = make_version(spec)
            store.add_version(version, items, ACTOR)
    told = _version_row(version)
    if args.json:
        print_json(told)
    else:
        what = f"{told['tasks']} tasks, {told['rows']:,} instances, {told['private']:,} of them private"
        out_console().print(f"{version.id}: {what}", markup=False)
    return 0


def _list_versions(args: argparse.Namespace) -> int:
    with opened(args) as (store, _):
        rows = [_version_row(version) for version in store.versions()]
    _show(args, rows, ("id", "title", "tasks", "rows", "private", "from", "until"))
    return 0


def _version_row(version: Any) -> dict[str, Any]:
    until = version.active_until
    return {
        "id": version.id,
        "title": version.title,
        "tasks": len(version.tasks),
        "rows": sum(task.rows for task in version.tasks),
        "private": sum(task.private_rows for task in version.tasks),
        "from": version.active_from.isoformat(timespec="minutes"),
        "until": until.isoformat(timespec="minutes") if until else None,
        "digest": version.digest,
    }


def _amend(args: argparse.Namespace) -> int:
    from medsins.tasks.errata import read_errata

    errata = read_errata(args.errata)
    with opened(args) as (store, _):
        from medsins.leaderboard.amending import amend

        version = store.version(args.version)
        amended = amend(version, list(store.items(version.id)), errata, args.reason)
        jobs = store.amend_version(amended, ACTOR)
    corrected = dict(amended.corrected)
    if args.json:
        print_json({"amended": version.id, "corrected": corrected, "digest": amended.version.digest, "queued": jobs})
    else:
        what = ", ".join(f"{task} {count:,}" for task, count in corrected.items())
        out_console().print(f"{version.id}: corrected {what}; {jobs:,} submissions are scored again", markup=False)
    return 0


def _close(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    with opened(args) as (store, _):
        store.close_version(args.version, args.at or datetime.now(UTC), ACTOR)
    return _done(args, {"closed": args.version})


def _done(args: argparse.Namespace, told: dict[str, str]) -> int:
    if args.json:
        print_json(told)
    else:
        out_console().print("\n".join(f"{what}: {name}" for what, name in told.items()), markup=False)
    return 0


def _show(args: argparse.Namespace, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    if args.json:
        print_json([{name: row[name] for name in columns} for row in rows])
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, no_wrap=name not in _LONG, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(name, row[name])) for name in columns))
    out_console().print(table)


def _cell(name: str, value: Any) -> str:
    """A value for people: moments by their day, which leaves room for names; ``--json`` has all of it."""
    return "" if value in (None, False) else str(value)[:10] if name in _DATES else str(value)
