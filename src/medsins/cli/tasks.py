"""``medsins tasks``: look at task files and check them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ._common import add_verb, err_console, out_console, print_json
from ._tasks_exchange import add_verbs


def build(commands: Any, name: str, summary: str) -> None:
    """Add the group's verbs."""
    group = commands.add_parser(name, help=summary, description=summary, example="medsins tasks validate my_tasks/")
    verbs = group.add_subparsers(title="verbs", metavar="VERB", required=True)
    validate = add_verb(verbs, "validate", _validate, "every problem of every file", "medsins tasks validate my_tasks/")
    validate.add_argument("paths", metavar="PATH", type=Path, nargs="+", help="task file, or folder of them")
    show = add_verb(verbs, "show", _show, "the card and one instance", "medsins tasks show task1.json --index 3")
    show.add_argument("path", metavar="PATH", type=Path, help="task file")
    show.add_argument("--index", type=int, default=0, metavar="I", help="which instance (0-based, default 0)")
    add_verbs(verbs)


def _validate(args: argparse.Namespace) -> int:
    from medsins.core import InvalidFile
    from medsins.tasks import find_task_files, read_task

    problems: list[dict[str, str]] = []
    files = find_task_files(args.paths)
    for path in files:
        try:
            read_task(path)
        except InvalidFile as error:
            problems += [{"file": str(path), "place": p.place, "what": p.what, "mend": p.mend} for p in error.problems]
    if args.json:
        print_json({"files": len(files), "problems": problems})
    else:
        for problem in problems:
            out_console().print(f"{problem['place']}: {problem['what']}", markup=False, soft_wrap=True)
            if problem["mend"]:
                out_console().print(f"    {problem['mend']}", markup=False, soft_wrap=True)
        err_console(args).print(f"{len(files)} files, {len(problems)} problems")
    return 1 if problems else 0


def _show(args: argparse.Namespace) -> int:
    from medsins.core import Problem, UsageError
    from medsins.tasks import card_document, instance_document, read_task

    task = read_task(args.path)
    if not 0 <= args.index < len(task.instances):
        raise UsageError(Problem(f"there is no instance {args.index}", task.path, f"0 to {len(task.instances) - 1}"))
    instance = instance_document(task.instances[args.index])
    head = {"id": task.id, "category": task.category, "language": task.language, "access": task.access}
    document = {**head, "instances": len(task.instances), "card": card_document(task.card), "instance": instance}
    if args.json:
        print_json(document)
        return 0
    import json

    out_console().print_json(json.dumps(document, ensure_ascii=False))
    return 0
