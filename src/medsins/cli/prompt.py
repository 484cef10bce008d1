"""``medsins prompt``: show exactly what will be sent to a model."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medsins.core import Problem, Task, UsageError, unknown_name
from medsins.models import find_preset
from medsins.prompts import DEFAULT, FORMATS, PROTOCOLS, SOURCE_NAMES, find_pool, get_protocol, mark, render, shot_id

from ._common import Parser, add_shared, err_console, out_console, print_json

if TYPE_CHECKING:
    from medsins.core import Example, Prompt
    from medsins.prompts import Part

EXAMPLE = """\
medsins prompt mini_mcqa_en --protocol strict --index 2
medsins prompt my_task.json --shots-from my_train.json --format llama3
medsins prompt my_task.json --protocol strict:shots=0 --json"""

# Cyan for shots, bold yellow for the question.
STYLES: dict[Part, str] = {"plain": "{}", "shot": "\x1b[36m{}\x1b[0m", "question": "\x1b[1;33m{}\x1b[0m"}


def build(commands: Any, name: str, summary: str) -> None:
    """Add the command to the parser."""
    parser: Parser = commands.add_parser(name, help=summary, description=summary, example=EXAMPLE)
    add_shared(parser, show)
    parser.add_argument("task", metavar="TASK", help="a task file, or the id of a task of a bundled suite")
    parser.add_argument(
        "--protocol",
        default=DEFAULT,
        metavar="P",
        help=f"{', '.join(PROTOCOLS.names())}; settings may follow, as in strict:shots=0 (default: {DEFAULT})",
    )
    parser.add_argument("--index", type=int, default=0, metavar="I", help="position of the instance, from 0")
    parser.add_argument(
        "--format",
        type=_chat_format,
        metavar="F",
        default="messages",
        help=f"chat format: {', '.join(sorted(FORMATS))}, plain, or a model that has a preset; messages (the default) "
        "shows turns as they are handed to a chat endpoint",
    )
    parser.add_argument("--shots-from", type=Path, metavar="PATH", help="task file or folder that shots come from")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the run (default: 0)")


def _chat_format(name: str) -> str:
    """A chat format by its name, or that of the model whose preset names it."""
    known = (*FORMATS, "plain")
    found = name if name in known else find_preset(name).chat_format
    if not found:
        raise unknown_name("chat format", name, known)
    return found


def show(args: argparse.Namespace) -> int:
    """Print one prompt on stdout and what it holds on stderr."""
    task = _find(args.task)
    if not 0 <= args.index < len(task.instances):
        last = len(task.instances) - 1
        raise UsageError(Problem(f"{task.id} has no instance {args.index}", mend=f"--index takes 0 to {last}"))
    protocol = get_protocol(args.protocol)
    pool = find_pool(task, args.shots_from)
    chosen = protocol.select(task, pool, args.seed)
    prompt = next(protocol.build(task, pool, args.seed, positions=[args.index]))
    text = render(prompt, args.format)
    facts = {
        "task_id": task.id,
        "index": args.index,
        "instance_id": task.instances[args.index].id,
        "protocol": protocol.spec,
        "seed": args.seed,
        "shots": list(prompt.shots),
        "dropped_shots": prompt.dropped_shots,
        "shots_source": chosen.source,
        "shots_digest": chosen.digest,
        "leaked_candidates": chosen.leaked,
        "characters": len(text),
        "max_new_tokens": protocol.max_new_tokens(task.category),
    }
    if args.json:
        exact = {"text": text} if prompt.text is not None or args.format != "messages" else {}
        messages = {"messages": [asdict(message) for message in prompt.messages]} if prompt.messages else {}
        print_json({"format": args.format, **facts, **messages, **exact})
    else:
        instruction = protocol.definition_of(task)
        _write(mark(text, _first_shot(prompt, chosen.shots), instruction, task.instances[args.index].input))
    err_console(args).print(_line(facts, protocol.shots_for(task.category)), soft_wrap=True)
    return 0


def _find(name: str) -> Task:
    """The task of a path, or of a bundled suite by its id."""
    from medsins.bench.suites import load_suite, names
    from medsins.tasks import read_task

    if Path(name).exists() or Path(name).name != name or Path(name).suffix:
        return read_task(Path(name))
    bundled = {task.id: task for suite in map(load_suite, names()) for task in suite.tasks}
    if name not in bundled:
        raise unknown_name("task file or bundled task", name, bundled)
    return bundled[name]


def _line(facts: dict[str, Any], wanted: int) -> str:
    source = f" from {SOURCE_NAMES[facts['shots_source']]}" if facts["shots"] else ""
    leaked = f", {facts['leaked_candidates']} left out as test inputs" if facts["leaked_candidates"] else ""
    lacking = wanted and facts["shots_source"] == "none"
    notice = " (no train split, named file or Positive Examples)" if lacking else ""
    return (
        f"{facts['task_id']} #{facts['index']}: {len(facts['shots'])} shots{source}{notice}, "
        f"{facts['dropped_shots']} dropped{leaked}; {facts['characters']:,} characters; "
        f"answer up to {facts['max_new_tokens']:,} tokens; shots digest {facts['shots_digest'][:12]}"
    )


def _write(parts: list[tuple[Part, str]]) -> None:
    """The text, byte for byte; on a terminal with shots and question coloured and control characters made visible."""
    console = out_console()
    for part, piece in parts:
        text = piece
        if console.is_terminal:
            text = "".join(c if c in "\n\t" or c.isprintable() else ascii(c)[1:-1] for c in piece)
            text = text if console.no_color else STYLES[part].format(text)
        sys.stdout.write(text.encode("utf-8", "replace").decode("utf-8"))
    sys.stdout.write("\n")


def _first_shot(prompt: Prompt, shots: tuple[Example, ...]) -> str:
    """The input of the shot that stands first in a prompt; empty where there is none."""
    return next((shot.input for shot in shots if prompt.shots and shot_id(shot) == prompt.shots[0]), "")
