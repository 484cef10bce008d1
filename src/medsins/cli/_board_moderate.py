"""``medsins board moderate``: what maintainers decide about single submissions, from the board's own machine."""

from __future__ import annotations

import argparse
from typing import Any

from ._board_common import ACTOR, a_reason, add_folder, opened
from ._common import add_verb, out_console, print_json, whole_number

EXAMPLE = """\
medsins board moderate flags
medsins board moderate hide 3f9c2ab41d0e77aa --reason 'answers of another team'"""


def build(verbs: Any) -> None:
    """Add this group of verbs."""
    summary = "flags, hiding, scoring again, the audit log"
    group = verbs.add_parser("moderate", help=summary, description=summary, example=EXAMPLE)
    own = group.add_subparsers(title="verbs", metavar="VERB", required=True)
    flags = add_verb(own, "flags", _flags, "what waits for a look", "medsins board moderate flags --all")
    flags.add_argument("--all", action="store_true", help="settled ones too")
    settle = add_verb(
        own, "settle", _settle, "note a decision", "medsins board moderate settle 3 --verdict 'same base model'"
    )
    settle.add_argument("flag", type=whole_number, metavar="FLAG", help="its number")
    settle.add_argument("--verdict", required=True, type=a_reason, metavar="TEXT", help="what was decided")
    hide = add_verb(own, "hide", _hide, "show it nowhere, keep everything", EXAMPLE.splitlines()[1])
    restore = add_verb(
        own, "restore", _restore, "show again", "medsins board moderate restore 3f9c2ab41d0e77aa --reason 'settled'"
    )
    for parser in (hide, restore):
        parser.add_argument("submission", metavar="SUBMISSION", help="its id")
        parser.add_argument("--reason", required=True, type=a_reason, metavar="TEXT", help="why; it is shown")
    rescore = add_verb(own, "rescore", _rescore, "score again", "medsins board moderate rescore 3f9c2ab41d0e77aa")
    rescore.add_argument("submissions", metavar="SUBMISSION", nargs="+", help="its id")
    log = add_verb(own, "log", _log, "the audit log", "medsins board moderate log --after 100")
    log.add_argument("--after", type=whole_number, default=0, metavar="SEQ", help="only entries after this one (0)")
    for parser in (flags, settle, hide, restore, rescore, log):
        add_folder(parser)


def _flags(args: argparse.Namespace) -> int:
    with opened(args) as (store, _):
        found = [flag for flag in store.flags() if args.all or not flag.settled]
    rows = [
        {
            "flag": flag.id,
            "kind": flag.kind,
            "submission": flag.submission,
            "at": flag.at.isoformat(timespec="seconds"),
            "detail": dict(flag.detail),
            "settled": flag.settled,
        }
        for flag in found
    ]
    if args.json:
        print_json(rows)
    for row in [] if args.json else rows:
        said = f"{row['flag']}  {row['at']}  {row['kind']}  {row['submission']}  {row['detail']}  {row['settled']}"
        out_console().print(said.rstrip(), markup=False, soft_wrap=True)
    return 0


def _settle(args: argparse.Namespace) -> int:
    with opened(args) as (store, _):
        store.settle_flag(args.flag, args.verdict, ACTOR)
    return _told(args, {"settled": args.flag})


def _hide(args: argparse.Namespace) -> int:
    with opened(args) as (store, _):
        store.hide(args.submission, args.reason, ACTOR)
    return _told(args, {"hidden": args.submission})


def _restore(args: argparse.Namespace) -> int:
    with opened(args) as (store, _):
        store.restore(args.submission, args.reason, ACTOR)
    return _told(args, {"restored": args.submission})


def _rescore(args: argparse.Namespace) -> int:
    with opened(args) as (store, _):
        for submission in args.submissions:
            store.submission(submission)
        queued = store.queue(args.submissions, "rescore", ACTOR)
    return _told(args, {"queued": queued})


def _log(args: argparse.Namespace) -> int:
    with opened(args) as (store, _):
        entries, after = [], args.after
        while block := store.entries(after):
            entries += block
            after = block[-1].seq
    rows = [{"seq": e.seq, "at": e.at.isoformat(timespec="seconds"), "actor": e.actor, "action": e.action,
             "subject": e.subject, "detail": dict(e.detail), "hash": e.hash} for e in entries]  # fmt: skip
    if args.json:
        print_json(rows)
    for row in [] if args.json else rows:
        said = f"{row['seq']}  {row['at']}  {row['actor']}  {row['action']}  {row['subject']}"
        out_console().print(said, markup=False, soft_wrap=True)
    return 0


def _told(args: argparse.Namespace, told: dict[str, Any]) -> int:
    if args.json:
        print_json(told)
    else:
        out_console().print("\n".join(f"{name}: {value}" for name, value in told.items()), markup=False)
    return 0
